package lazy

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/zipseek"
)

const tortureDir = "../testdata/torture"

// zipDeviations are the archives of which this package says something else than NumPy, and why.
var zipDeviations = map[string]string{
	// Archives with something before them are archives: np.load looks at the first bytes only, and
	// its own NpzFile opens them.
	"zip_prepended_np_load.npz": "a=[0 1 2]",
	// A comment may contain what looks like an end record.
	"zip_comment_containing_sig.npz": "a=[0 1 2]",
	// Folders are no arrays.
	"zip_directory.npz": "d/x=[0 1 2]",
	// Stored data are as long as what they hold, or one of the two numbers is a lie.
	"zip_CEN_usize_big.npz": "a=error",
}

// TestTortureZip reads the archives of the torture table with the checksum policy that Python has.
func TestTortureZip(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(tortureDir, "EXPECT_ZIP.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	rows, deviated := 0, 0
	for line := range strings.Lines(string(data)) {
		row := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(row) != 4 {
			t.Fatalf("%d columns in %q", len(row), line)
		}
		if !strings.HasPrefix(row[0], "zip_") {
			continue // the head, and rules without a file
		}
		rows++
		got := tortureVerdict(t, filepath.Join(tortureDir, row[0]))
		want := numpyVerdict(t, row[2], row[3])
		if deviation, ok := zipDeviations[row[0]]; ok {
			deviated++
			if deviation == want {
				t.Errorf("%s: no deviation", row[0])
			}
			want = deviation
		}
		if got != want {
			t.Errorf("%s: got %s, want %s (%s)", row[0], got, want, row[3])
		}
	}
	if rows != 62 || deviated != len(zipDeviations) {
		t.Errorf("%d files and %d deviations in the table", rows, deviated)
	}
}

// tortureVerdict lists the keys of an archive and what is under each.
func tortureVerdict(t *testing.T, path string) string {
	z, err := OpenArchive(path, Zip(zipseek.Checksums(zipseek.CheckAlways)))
	if err != nil {
		checkZipError(t, path, err)
		return "error"
	}
	defer z.Close()
	var out []string
	seen := map[string]bool{}
	for _, key := range z.Keys() {
		if !seen[key] {
			out = append(out, key+"="+tortureValue(t, z, key))
		}
		seen[key] = true
	}
	return strings.Join(out, ", ")
}

// tortureValue writes the member of a key: the elements of an array, the bytes of anything else, or
// that there is an error.
func tortureValue(t *testing.T, z *Archive, key string) string {
	m, err := z.Member(key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := z.Bytes(key)
	if err != nil {
		checkZipError(t, z.Path(), err)
		return "error"
	}
	if !strings.HasPrefix(string(raw), npyMagic) && (len(raw) < len(npyMagic) || !IsArray(m)) {
		return fmt.Sprintf("%q", raw)
	}
	a, err := z.Array(key)
	if err != nil {
		checkZipError(t, z.Path(), err)
		return "error"
	}
	r, err := a.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := a.Len(); n > 4 {
		sum := 0
		for _, b := range r.Buffer().Data {
			sum += int(b)
		}
		return fmt.Sprintf("%s %s %d", a.DType().Descr(), shapeString(a.Shape()), sum)
	}
	if a.NDim() == 0 {
		return fmt.Sprintf("%s ()", a.DType().Descr())
	}
	values, err := mmapnpy.Numbers[int64](r.Buffer())
	if err != nil {
		t.Fatal(err)
	}
	var list []int64
	for v := range values.All() {
		list = append(list, v)
	}
	return fmt.Sprint(list)
}

// checkZipError checks that an error is one line and tells the file.
func checkZipError(t *testing.T, path string, err error) {
	t.Helper()
	bad, ok := errors.AsType[*FormatError](err)
	if !ok || bad.Path != path || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), filepath.Base(path)) {
		t.Errorf("%s: %v", path, err)
	}
}

var (
	tortureItem   = regexp.MustCompile(`'([^']*)': (\[[^\]]*\]|b'[^']*'|'[^']*'|"[^"]*")`)
	tortureLayout = regexp.MustCompile(`\('([^']*)', ('[^']*'), (\([^)]*\)), (\d+)\)`)
)

// numpyVerdict translates what the table says of NumPy.
func numpyVerdict(t *testing.T, result, detail string) string {
	if result == "ERR" {
		return "error"
	}
	var out []string
	for _, m := range tortureItem.FindAllStringSubmatch(detail, -1) {
		switch v := m[2]; {
		case strings.HasPrefix(v, "["):
			out = append(out, m[1]+"="+strings.ReplaceAll(v, ",", ""))
		case strings.HasPrefix(v, "b'"):
			out = append(out, m[1]+`="`+strings.TrimSuffix(v[2:], "'")+`"`)
		default:
			out = append(out, m[1]+"=error")
		}
	}
	for _, m := range tortureLayout.FindAllStringSubmatch(detail, -1) {
		if m[3] == "()" {
			out = append(out, m[1]+"="+m[2]+" ()")
			continue
		}
		out = append(out, fmt.Sprintf("%s=%s %s %s", m[1], m[2], m[3], m[4]))
	}
	if len(out) == 0 && !strings.Contains(detail, "{}") {
		t.Fatalf("cannot read %q", detail)
	}
	return strings.Join(out, ", ")
}
