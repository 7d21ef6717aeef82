package main

import (
	"archive/zip"
	"bytes"
	"context"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/zipseek"
)

// entry is a member that a test puts into an archive.
type entry struct {
	name string
	data []byte
}

// npy is the bytes of a .npy file of elements of T.
func npy[T any](t *testing.T, shape []int64, elements []T) []byte {
	t.Helper()
	dtype, err := mmapnpy.DTypeOf[T]()
	if err != nil {
		t.Fatal(err)
	}
	head, err := mmapnpy.EncodeHeader(mmapnpy.Header{DType: dtype, Shape: shape})
	if err != nil {
		t.Fatal(err)
	}
	return append(head, kernel.Bytes(elements)...)
}

// npz writes an archive in a new directory, as lazynpy does.
func npz(t *testing.T, opts []zipseek.WriterOption, entries ...entry) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.npz")
	w, err := zipseek.Create(path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := w.AddBytes(t.Context(), e.name, e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// foreignNPZ writes an archive in a new directory, as others do: any names, twice if need be,
// deflated without an index unless method says otherwise.
func foreignNPZ(t *testing.T, method uint16, entries ...entry) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		m, err := w.CreateHeader(&zip.FileHeader{Name: e.name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if len(e.data) == 0 {
			continue // a folder takes no bytes
		}
		if _, err := m.Write(e.data); err != nil {
			t.Fatal(err)
		}
	}
	return closeNPZ(t, w, &b)
}

// rawNPZ writes an archive of one member that is a lie: its data are stored, whatever method and
// flags say.
func rawNPZ(t *testing.T, method, flags uint16, e entry) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	m, err := w.CreateRaw(&zip.FileHeader{Name: e.name, Method: method, Flags: flags, CRC32: crc32.ChecksumIEEE(e.data),
		CompressedSize64: uint64(len(e.data)), UncompressedSize64: uint64(len(e.data))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Write(e.data); err != nil {
		t.Fatal(err)
	}
	return closeNPZ(t, w, &b)
}

func closeNPZ(t *testing.T, w *zip.Writer, b *bytes.Buffer) string {
	t.Helper()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "f.npz")
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// damaged changes one byte of a file, counted from what is found in it.
func damaged(t *testing.T, path, find string, at int) string {
	t.Helper()
	b := bytes.Clone(read(t, path))
	i := bytes.Index(b, []byte(find))
	if i < 0 {
		t.Fatalf("no %q in %s", find, path)
	}
	b[i+at] ^= 1
	out := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(out, b, 0o666); err != nil {
		t.Fatal(err)
	}
	return out
}

// large are elements of which an index is made: 2 MiB that deflate to half.
func large() []float64 {
	s := make([]float64, 1<<18)
	for i := range s {
		s[i] = float64(i * i % 1000)
	}
	return s
}

// decodeLines decodes lines of JSON.
func decodeLines(t *testing.T, text string) []map[string]any {
	t.Helper()
	var out []map[string]any
	for line := range strings.Lines(text) {
		out = append(out, decode(t, line))
	}
	return out
}

// TestMembers runs every verb on an array in a file of its own and in archives, and compares what
// they print.
func TestMembers(t *testing.T) {
	elements := count[float64](600)
	path := array(t, []int64{20, 30}, elements)
	x, y := entry{"x.npy", npy(t, []int64{20, 30}, elements)}, entry{"y.npy", npy(t, []int64{2}, []int32{7, 8})}
	for _, name := range []string{
		npz(t, nil, x, y) + ":x",
		npz(t, []zipseek.WriterOption{zipseek.Compressed(0), zipseek.ChunkSize(4 << 10)}, y, x) + ":x.npy",
		foreignNPZ(t, zip.Deflate, y, x) + ":x",
		foreignNPZ(t, zip.Deflate, x), // the only array
	} {
		for _, args := range [][]string{
			{"head"}, {"head", "--json"}, {"get"}, {"get", "--json"}, {"get", "--format", "npy"}, {"stats"}, {"stats", "--json"},
			{"hist", "--bins", "3"}, {"hist", "--json"}, {"reduce", "--op", "sum", "--over", "0"}, {"reduce", "--op", "max", "--json"},
			{"checksum"}, {"checksum", "--slice", "3"}, {"png"}, {"validate"},
		} {
			key := name
			if !strings.Contains(name, ".npz:") && args[0] != "validate" && args[0] != "head" {
				key += ":x"
			}
			want := ok(t, append(args, path)...)
			got := ok(t, append(args, name)...)
			for _, called := range []string{key, name + ":x", name, strings.TrimSuffix(name, ".npy")} {
				got = strings.ReplaceAll(got, called+`"`, path+`"`)
				got = strings.ReplaceAll(got, called+"\n", path+"\n")
				got = strings.ReplaceAll(got, called+"[", path+"[")
				got = strings.ReplaceAll(got, called+": ok", path+": ok")
			}
			if got != want {
				t.Errorf("%q of %s:\n%s\nwant\n%s", args, name, got, want)
			}
		}
		out := filepath.Join(t.TempDir(), "out.npy")
		ok(t, "convert", name, out)
		if !bytes.Equal(read(t, out), read(t, path)) {
			t.Errorf("%s was converted to something else", name)
		}
		v := decode(t, ok(t, "info", "--json", name))
		if v["descr"] != "<f8" || v["member"] != "x.npy" || v["archive"] == nil {
			t.Errorf("info of %s: %v", name, v)
		}
	}
}

func TestMemberErrors(t *testing.T) {
	x, y := entry{"x.npy", npy(t, []int64{2}, []int32{1, 2})}, entry{"y.npy", npy(t, []int64{2}, []int32{3, 4})}
	path := npz(t, nil, x, y)
	dir := filepath.Dir(path)
	none := npz(t, nil, entry{"a.txt", []byte("text")}, entry{"b.txt", []byte("text")})
	for _, verb := range []string{"head", "get", "stats", "hist", "plan", "png", "info", "checksum", "validate", "ls", "extract"} {
		fails(t, exitFailure, []string{path, `"nope"`, `"x"`}, verb, path+":nope")
	}
	for _, verb := range []string{"head", "get", "stats", "hist", "plan", "png"} {
		fails(t, exitFailure, []string{path, `"x"`, path + ":KEY"}, verb, path)
		fails(t, exitFailure, []string{none}, verb, none)
	}
	for _, verb := range []string{"info", "checksum"} {
		fails(t, exitFailure, []string{none, "no array"}, verb, none)
	}
	fails(t, exitFailure, []string{path + ":x"}, "get", path+":x", "9")
	for _, args := range [][]string{
		{"get", path + ":x", "-o", path}, {"reduce", "--op", "sum", path + ":x", "-o", path}, {"convert", path + ":x", path},
	} {
		if o := lazynpy(t, args...); o.code != exitUsage {
			t.Errorf("%q: exit %d, %s", args, o.code, o.stderr)
		}
	}
	missing := filepath.Join(dir, "missing.npz")
	for _, verb := range []string{"ls", "index", "repack", "extract", "info", "checksum", "validate"} {
		fails(t, exitFailure, []string{missing}, verb, missing)
		fails(t, exitFailure, []string{missing}, verb, missing+":x")
	}
	leftovers(t, dir, "a.npz")
}

// TestArchiveOfMac looks at an archive that was zipped again on a Mac: it has one array.
func TestArchiveOfMac(t *testing.T) {
	double := []byte("\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        ")
	a := npy(t, []int64{2}, []int32{1, 2})
	path := foreignNPZ(t, zip.Deflate, entry{"data/", nil}, entry{"data/a.npy", a}, entry{"__MACOSX/", nil}, entry{"__MACOSX/data/._a.npy", double})
	if got := ok(t, "ls", "--names", path); got != "data/a\n" {
		t.Errorf("names: %q", got)
	}
	if got := ok(t, "ls", path); strings.Count(got, "\n") != 2 {
		t.Errorf("ls: %q", got)
	}
	if got := ok(t, "ls", "--all", path); strings.Count(got, "\n") != 5 || strings.Contains(got, "error") {
		t.Errorf("ls --all: %q", got)
	}
	for _, verb := range []string{"info", "stats", "checksum", "get"} {
		if got := ok(t, verb, path); strings.Contains(got, "MACOSX") {
			t.Errorf("%s: %q", verb, got)
		}
	}
	if got := ok(t, "validate", path); got != path+": ok\n" {
		t.Errorf("validate: %q", got)
	}
	dir := t.TempDir()
	ok(t, "extract", path, "-C", dir)
	leftovers(t, dir, "data")
	leftovers(t, filepath.Join(dir, "data"), "a.npy")
	out := filepath.Join(t.TempDir(), "a.npy")
	ok(t, "convert", path, out)
	if !bytes.Equal(read(t, out), a) {
		t.Error("convert makes another array")
	}
}

// TestArchiveNamedAlone runs verbs that take an archive as all its arrays.
func TestArchiveNamedAlone(t *testing.T) {
	objects, err := mmapnpy.EncodeHeader(mmapnpy.Header{DType: dtype(t, "O"), Shape: []int64{1}})
	if err != nil {
		t.Fatal(err)
	}
	path := foreignNPZ(t, zip.Deflate, entry{"x.npy", npy(t, []int64{2}, []int32{1, 2})}, entry{"note.txt", []byte("text")},
		entry{"x.npy", npy(t, []int64{1}, []int32{9})}, entry{"folder/", nil}, entry{"folder/plain", npy(t, nil, []int32{5})},
		entry{"o.npy", append(objects, "pickle"...)})
	var names []any
	for _, v := range decodeLines(t, ok(t, "info", "--json", path)) {
		names = append(names, v["path"], v["descr"])
	}
	if want := []any{path + ":x", "<i4", path + ":folder/plain", "<i4", path + ":o", "|O"}; !slices.Equal(names, want) {
		t.Errorf("info is of %q, want %q", names, want)
	}
	o := lazynpy(t, "checksum", path)
	if o.code != exitFailure || strings.Count(o.stdout, "\n") != 2 || !strings.Contains(o.stdout, path+":x\n") || !strings.Contains(o.stderr, "o.npy") {
		t.Errorf("checksum: exit %d, %s%s", o.code, o.stdout, o.stderr)
	}
}

func TestInfoMember(t *testing.T) {
	x := entry{"x.npy", npy(t, []int64{1 << 18}, large())}
	stored := npz(t, []zipseek.WriterOption{zipseek.Align(4096)}, x)
	deflated := npz(t, []zipseek.WriterOption{zipseek.Compressed(1)}, x)
	for _, want := range []string{
		"x\n", "  archive      " + stored + "\n", "  member       x.npy\n", "  method       stored\n", "bytes at 4096)\n", "  elements at  4224, aligned to 128\n",
		"  seekable     in place\n", "  CRC-32       ",
	} {
		if got := ok(t, "info", stored); !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	for _, want := range []string{"  method    deflated\n", " %  (", "  seekable  sozip\n", "SOZip index\n"} {
		if got := ok(t, "info", deflated+":x"); !strings.Contains(got, want) || strings.Contains(got, "elements at") {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	v := decode(t, ok(t, "info", "--json", stored))["archive"].(map[string]any)
	sum := crcText(crc32.ChecksumIEEE(x.data))
	if v["path"] != stored || v["method"] != "stored" || v["offset"] != num(4224) || v["aligned"] != num(128) || v["member_offset"] != num(4096) ||
		v["size"] != num(int64(len(x.data))) || v["compressed_size"] != v["size"] || v["seekable"] != "in place" || v["crc32"] != sum {
		t.Errorf("got %v", v)
	}
	v = decode(t, ok(t, "info", "--json", deflated))["archive"].(map[string]any)
	if v["method"] != "deflated" || v["offset"] != nil || v["aligned"] != nil || v["seekable"] != "sozip" || v["crc32"] != sum {
		t.Errorf("got %v", v)
	}
}

// TestChecksums checks that --checksums reaches the reader: a stored member is compared only on
// demand.
func TestChecksums(t *testing.T) {
	x := entry{"x.npy", npy(t, []int64{2}, []int32{1, 2})}
	path := damaged(t, foreignNPZ(t, zip.Store, x), "PK\x01\x02", 16)
	ok(t, "get", path)
	ok(t, "get", "--checksums", "never", path)
	fails(t, exitFailure, []string{path, "CRC-32"}, "get", "--checksums", "always", path)
	path = damaged(t, foreignNPZ(t, zip.Deflate, x), "PK\x01\x02", 16)
	fails(t, exitFailure, []string{path, "CRC-32"}, "get", path)
	ok(t, "get", "--checksums", "never", path)
}

func TestPlanMember(t *testing.T) {
	x := entry{"x.npy", npy(t, []int64{10}, count[int32](10))}
	at := func(path string) any {
		v := decode(t, ok(t, "plan", "--json", path))
		return v["blocks"].([]any)[0].(map[string]any)["offset"]
	}
	if got := at(npz(t, []zipseek.WriterOption{zipseek.Align(512)}, x)); got != num(512+128) {
		t.Errorf("the first block of a stored member is at %v", got)
	}
	if got := at(foreignNPZ(t, zip.Deflate, x) + ":x"); got != num(128) {
		t.Errorf("the first block of a deflated member is at %v", got)
	}
}

// TestHostileArchives runs every verb on archives that are broken in every known way.
func TestHostileArchives(t *testing.T) {
	files, err := filepath.Glob("../../testdata/torture/*.npz")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d torture archives, %v", len(files), err)
	}
	for _, path := range files {
		dir := t.TempDir()
		before := read(t, path)
		for _, args := range [][]string{
			{"ls"}, {"ls", "--json"}, {"ls", "--names"}, {"info"}, {"info", "--json"}, {"checksum"}, {"validate"}, {"validate", "--json", "--no-crc"},
			{"get"}, {"stats"}, {"plan"}, {"extract", "-C", filepath.Join(dir, "x")},
			{"repack", "-o", filepath.Join(dir, "r.npz")}, {"repack", "--store", "-o", filepath.Join(dir, "s.npz")},
		} {
			o := lazynpy(t, append(slices.Clone(args), path)...)
			if o.code != exitOK && o.code != exitFailure || strings.Contains(o.stderr, "internal error") {
				t.Errorf("%q of %s: exit %d, %s", args, path, o.code, o.stderr)
			}
			for line := range strings.Lines(o.stderr) {
				if o.code == exitFailure && !strings.Contains(line, path) && !strings.Contains(line, dir) {
					t.Errorf("%q of %s: error %q does not name the file", args, path, line)
				}
			}
			if strings.ContainsFunc(o.stdout+o.stderr, func(r rune) bool { return r < ' ' && r != '\n' }) {
				t.Errorf("%q of %s prints control characters: %q", args, path, o.stdout+o.stderr)
			}
		}
		if !bytes.Equal(read(t, path), before) {
			t.Errorf("%s has changed", path)
		}
		for _, out := range []string{"r.npz", "s.npz"} { // what was written is whole
			if _, err := os.Stat(filepath.Join(dir, out)); err == nil {
				ok(t, "ls", "--names", filepath.Join(dir, out))
				if o := lazynpy(t, "validate", "--json", filepath.Join(dir, out)); strings.Contains(o.stdout, `"field":"CRC-32"`) {
					t.Errorf("%s was repacked to a damaged archive: %s", path, o.stdout)
				}
			}
		}
	}
}

func TestArchivesInterrupted(t *testing.T) {
	path := npz(t, []zipseek.WriterOption{zipseek.Compressed(1)}, entry{"x.npy", npy(t, []int64{1 << 18}, large())}, entry{"y.npy", npy(t, nil, []int32{1})})
	foreign := foreignNPZ(t, zip.Deflate, entry{"x.npy", npy(t, []int64{1 << 18}, large())})
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{
		{"ls", path}, {"checksum", path}, {"validate", path}, {"index", foreign}, {"repack", path}, {"extract", path, "-C", filepath.Join(dir, "x")},
		{"add", filepath.Join(dir, "new.npz"), path + ":x"}, {"add", path, "z=" + foreign}, {"convert", foreign, filepath.Join(dir, "new.npz")},
	} {
		before := read(t, path)
		var stdout, stderr bytes.Buffer
		code := run(ctx, args, strings.NewReader(""), &stdout, &stderr)
		if code != exitInterrupted || stderr.String() != "lazynpy: interrupted\n" {
			t.Errorf("%q: exit %d, %q", args, code, stderr.String())
		}
		if !bytes.Equal(read(t, path), before) {
			t.Errorf("%q has changed the archive", args)
		}
	}
	leftovers(t, filepath.Dir(path), "a.npz")
	leftovers(t, filepath.Dir(foreign), "f.npz")
	leftovers(t, dir, "x")
	leftovers(t, filepath.Join(dir, "x"))
}
