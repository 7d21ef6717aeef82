package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// twoArrays makes x.npy, a 2-d array, z.npz of x and y, and links to both, in a folder of their
// own.
func twoArrays(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	v := make([]float64, 24)
	for i := range v {
		v[i] = float64(i)
	}
	b, err := mmapnpy.BufferOf(v, 4, 6)
	if err == nil {
		err = mmapnpy.Save(at("x.npy"), b)
	}
	if err == nil {
		err = lazy.SaveArchive(t.Context(), at("z.npz"), []lazy.Entry{{Key: "x", Array: lazy.Values(b)}, {Key: "y", Array: lazy.Values(b)}})
	}
	if err == nil {
		err = errors.Join(os.Symlink("x.npy", at("soft.npy")), os.Symlink("soft.npy", at("softer.npy")), os.Link(at("x.npy"), at("hard.npy")),
			os.Symlink("z.npz", at("soft.npz")), os.Link(at("z.npz"), at("hard.npz")))
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// contents are the files of a folder and the links, by name.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if d.Type()&fs.ModeSymlink != 0 {
			to, err := os.Readlink(path)
			all[path] = "-> " + to
			return err
		}
		all[path] = string(read(t, path))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// same checks that nothing in a folder has changed.
func same(t *testing.T, what, dir string, before map[string]string) {
	t.Helper()
	after := contents(t, dir)
	for path, b := range before {
		if after[path] != b {
			t.Errorf("%s: %s has changed", what, path)
		}
	}
	for path := range after {
		if _, ok := before[path]; !ok {
			t.Errorf("%s: %s is new", what, path)
		}
	}
}

// writing are the verbs that write to a file which the user names: IN and OUT stand for the names.
var writing = map[string][]string{
	"get":         {"get", "IN", "-o", "OUT", "--format", "npy"},
	"get raw":     {"get", "IN", "-o", "OUT", "--format", "raw"},
	"get csv":     {"get", "IN", "-o", "OUT", "--format", "csv"},
	"reduce":      {"reduce", "--op", "sum", "--over", "0", "IN", "-o", "OUT", "--format", "npy"},
	"reduce png":  {"reduce", "--op", "sum", "--over", "2", "IN", "newaxis", "-o", "OUT", "--format", "png"},
	"png":         {"png", "IN", "-o", "OUT"},
	"convert":     {"convert", "IN", "OUT", "--format", "npy"},
	"convert npz": {"convert", "IN", "OUT", "--format", "npz"},
	"convert csv": {"convert", "IN", "OUT", "--format", "csv"},
	"add":         {"add", "OUT", "new=IN"},
}

// verb fills in a command of the table.
func verb(words []string, in, out string) []string {
	words = slices.Clone(words)
	for i, w := range words {
		words[i] = strings.NewReplacer("IN", in, "OUT", out).Replace(w)
	}
	return words
}

// TestOutputIsInput lets every verb write to what it reads, under every name that this has, to its
// sidecars, and to names by which the input would be called from then on.
func TestOutputIsInput(t *testing.T) {
	dir := twoArrays(t)
	before := contents(t, dir)
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, words := range writing {
		for _, c := range []struct {
			in   string
			outs []string
		}{
			{"x.npy", []string{"x.npy", "soft.npy", "softer.npy", "hard.npy", "x.npy.signal.json", "soft.npy.signal.json", "x.npy.lzidx"}},
			{"softer.npy", []string{"x.npy", "hard.npy", "x.npy.signal.json"}},
			{"z.npz:x", []string{"z.npz", "soft.npz", "hard.npz", "z.npz.lzidx", "z.npz.append", "z.npz.signal.json", "soft.npz.lzidx", "z.npz:y", "z.npz:new"}},
			{"hard.npz:x", []string{"z.npz"}},
		} {
			for _, out := range c.outs {
				for _, force := range []bool{false, true} {
					args := verb(words, at(c.in), at(out))
					if force && name != "add" {
						args = append(args, "--force")
					}
					if o := lazynpy(t, args...); o.code == exitOK || strings.Count(o.stderr, "\n") != 1 || !strings.Contains(o.stderr, out) {
						t.Errorf("%q: exit %d, %s", args, o.code, o.stderr)
					}
				}
			}
			same(t, name, dir, before)
		}
	}
	for _, args := range [][]string{
		{"repack", at("z.npz"), "-o", at("z.npz")}, {"repack", at("z.npz"), "-o", at("hard.npz")}, {"repack", at("soft.npz"), "-o", at("z.npz"), "--force"},
		{"repack", at("z.npz"), "-o", at("z.npz.lzidx"), "--force"}, {"extract", at("z.npz"), "x", "-o", at("hard.npz"), "--force"},
		{"extract", at("z.npz"), "x", "-o", at("z.npz.lzidx"), "--force"},
	} {
		if o := lazynpy(t, args...); o.code == exitOK || strings.Count(o.stderr, "\n") != 1 {
			t.Errorf("%q: exit %d, %s", args, o.code, o.stderr)
		}
	}
	same(t, "repack and extract", dir, before)
}

// TestExtractOverItself lets members be called as the archive, and as its sidecars.
func TestExtractOverItself(t *testing.T) {
	for _, member := range []string{"in.npz", "in.npz.lzidx", "in.npz.append", "in.npz.signal.json", "deep/../in.npz"} {
		dir := t.TempDir()
		path, inner := filepath.Join(dir, "in.npz"), filepath.Join(t.TempDir(), "inner")
		if err := os.WriteFile(inner, []byte("hello\n"), 0o666); err != nil {
			t.Fatal(err)
		}
		add := lazynpy(t, "add", "--raw", path, member+"="+inner)
		if strings.Contains(member, "..") {
			if add.code != exitUsage || !strings.Contains(add.stderr, `".."`) {
				t.Errorf("add %s: exit %d, %s", member, add.code, add.stderr)
			}
			continue
		}
		before := contents(t, dir)
		for _, args := range [][]string{nil, {"--force"}} {
			fails(t, exitFailure, []string{member}, append([]string{"extract", path, "-C", dir}, args...)...)
		}
		same(t, member, dir, before)
	}
}

// TestWhatIsReplaced checks the one rule by which files that exist are replaced: every format over
// every kind of file.
func TestWhatIsReplaced(t *testing.T) {
	dir := twoArrays(t)
	in := filepath.Join(dir, "x.npy")
	kinds := map[string]string{}
	for kind, args := range map[string][]string{
		"npy": {"convert", in, "OUT", "--format", "npy"}, "npz": {"convert", in, "OUT", "--format", "npz"}, "png": {"png", in, "-o", "OUT"},
		"csv": {"convert", in, "OUT", "--format", "csv"}, "json": {"convert", in, "OUT", "--format", "json"}, "raw": {"convert", in, "OUT", "--format", "raw"},
	} {
		path := filepath.Join(t.TempDir(), "new")
		ok(t, verb(args, "", path)...)
		kinds[kind] = string(read(t, path))
	}
	kinds["two"] = string(read(t, filepath.Join(dir, "z.npz")))
	kinds["hdf5"], kinds["broken"], kinds["note"], kinds["empty"] = "\x89HDF\r\n\x1a\n\x00\x00", "PK\x03\x04 and no more", "a letter\n", ""
	may := map[string][]string{
		"npy": {"npy", "empty"}, "png": {"png", "empty"}, "npz": {"npz", "empty"},
		"csv": {"csv", "json", "note", "empty"}, "json": {"csv", "json", "note", "empty"}, "raw": {"raw", "empty"},
	}
	for format, allowed := range may {
		for kind, content := range kinds {
			out := filepath.Join(t.TempDir(), "out")
			args := []string{"convert", in, out, "--format", format}
			if format == "png" {
				args = []string{"png", in, "-o", out}
			}
			if format == "npz" {
				args = append(args, "--key", "x")
			}
			if err := os.WriteFile(out, []byte(content), 0o666); err != nil {
				t.Fatal(err)
			}
			o := lazynpy(t, args...)
			if want := slices.Contains(allowed, kind); want != (o.code == exitOK) || !want && string(read(t, out)) != content {
				t.Errorf("%s over %s: exit %d, %s", format, kind, o.code, o.stderr)
			}
			if o.code != exitOK && (o.code != exitFailure || !strings.Contains(o.stderr, "--force") || !strings.Contains(o.stderr, out)) {
				t.Errorf("%s over %s: exit %d, %s", format, kind, o.code, o.stderr)
			}
			ok(t, append(args, "--force")...)
		}
	}
}

// TestRefusedBeforeWork checks that what cannot be written is told before anything is computed: the
// input is damaged behind its header, which every pass over it finds.
func TestRefusedBeforeWork(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "z.npz"), filepath.Join(dir, "out")
	v := make([]uint8, 3<<20)
	for i := range v {
		v[i] = uint8(i * i >> 7)
	}
	data, err := mmapnpy.BufferOf(v, 3, 1<<20)
	if err == nil {
		err = lazy.SaveArchive(t.Context(), in, []lazy.Entry{{Key: "x", Array: lazy.Values(data)}}, lazy.Compressed(1))
	}
	if err != nil {
		t.Fatal(err)
	}
	b := read(t, in)
	for i := len(b) / 4; i < len(b)*3/4; i++ {
		b[i] = 0xff // no block of deflate begins so
	}
	if err := errors.Join(os.WriteFile(in, b, 0o666), os.WriteFile(out, nil, 0o666), os.Chmod(out, 0o444)); err != nil {
		t.Fatal(err)
	}
	for name, words := range writing {
		if name == "add" {
			continue
		}
		fails(t, exitFailure, []string{out, "write-protected"}, verb(words, in+":x", out)...)
		fails(t, exitFailure, []string{in}, verb(words, in+":x", filepath.Join(t.TempDir(), "new"))...)
	}
}

// TestIndexReplaces checks that index replaces index files only, and follows no link.
func TestIndexReplaces(t *testing.T) {
	for name, put := range map[string]func(archive, sidecar string) error{
		"link to the archive": os.Symlink,
		"link to nothing":     func(_, sidecar string) error { return os.Symlink("nothing", sidecar) },
		"hard link":           os.Link,
		"a letter":            func(_, sidecar string) error { return os.WriteFile(sidecar, []byte("dear"), 0o600) },
		"a folder":            func(_, sidecar string) error { return os.Mkdir(sidecar, 0o700) },
		"write-protected": func(_, sidecar string) error {
			return errors.Join(os.WriteFile(sidecar, []byte("LZIDX\r\n\x1a"), 0o600), os.Chmod(sidecar, 0o444))
		},
	} {
		path := foreignNPZ(t, 8, entry{"x.npy", npyBytes(t, 2<<20)})
		if err := put(path, path+".lzidx"); err != nil {
			t.Fatal(err)
		}
		before := contents(t, filepath.Dir(path))
		fails(t, exitFailure, []string{path + ".lzidx"}, "index", path)
		same(t, name, filepath.Dir(path), before)
	}
}

// TestPrivateOutputs checks that what is made of a private file is private, and the sidecars of
// one.
func TestPrivateOutputs(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no such permissions")
	}
	path := foreignNPZ(t, 8, entry{"x.npy", npyBytes(t, 2<<20)})
	dir := filepath.Dir(path)
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, args := range [][]string{
		{"index", path}, {"get", path, ":10", "-o", at("get.npy")}, {"convert", path, at("convert.npy")}, {"convert", path, at("convert.npz")}, {"convert", path, at("convert.raw")},
		{"reduce", "--op", "sum", path, "-o", at("reduce.npy")}, {"png", path, "newaxis, :10", "-o", at("png.png")}, {"repack", path, "-o", at("repack.npz")},
		{"extract", path, "-C", at("dir")}, {"extract", path, "x", "-o", at("extract.npy")}, {"add", at("add.npz"), path}, {"add", at("add.npz"), "y=" + path}, {"add", "--raw", at("raw.npz"), path},
		{"repack", path},
	} {
		ok(t, args...)
	}
	for name := range contents(t, dir) {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

// npyBytes is a .npy file of so many bytes of elements.
func npyBytes(t *testing.T, n int) []byte {
	t.Helper()
	v := make([]uint8, n)
	for i := range v {
		v[i] = uint8(i * i >> 7)
	}
	b, err := mmapnpy.BufferOf(v, int64(n))
	var out bytes.Buffer
	if err == nil {
		err = mmapnpy.Write(&out, b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestStandardOutputIsInput lets what is printed go to the file that is read, as ">>" of a shell
// does.
func TestStandardOutputIsInput(t *testing.T) {
	dir := twoArrays(t)
	before := contents(t, dir)
	for _, args := range [][]string{{"info"}, {"head"}, {"get"}, {"get", "-o", "-"}, {"stats"}, {"hist"}, {"checksum"}, {"validate"}, {"ls"}, {"index"}, {"plan"}, {"png"}, {"reduce", "--op", "sum"}} {
		for _, file := range []string{"hard.npy", "z.npz:x"} {
			to, _, _ := strings.Cut(file, ":")
			if args[0] == "ls" || args[0] == "index" {
				file = to
			}
			f, err := os.OpenFile(filepath.Join(dir, to), os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				t.Fatal(err)
			}
			var stderr bytes.Buffer
			code := run(t.Context(), append(slices.Clone(args), filepath.Join(dir, file)), strings.NewReader(""), f, &stderr)
			if err := f.Close(); err != nil || code != exitUsage && code != exitFailure || !strings.Contains(stderr.String(), "the output is the input") {
				t.Errorf("%q of %s: exit %d, %s", args, file, code, stderr.String())
			}
		}
	}
	same(t, "standard output", dir, before)
}

// TestRecoverReplaces checks that what recover writes replaces what other verbs may replace, and
// nothing else without --force.
func TestRecoverReplaces(t *testing.T) {
	dir := twoArrays(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	array, archive := read(t, at("x.npy")), read(t, at("z.npz"))
	if err := errors.Join(os.WriteFile(at("cut.npy"), array[:len(array)-50], 0o600), os.WriteFile(at("cut.npz"), archive[:len(archive)-100], 0o600),
		os.WriteFile(at("letter"), []byte("dear"), 0o600), os.Link(at("cut.npy"), at("hardcut.npy"))); err != nil {
		t.Fatal(err)
	}
	ok(t, "convert", at("x.npy"), at("other.npz"))
	before := contents(t, dir)
	for _, c := range []struct{ in, out string }{
		{"cut.npy", "letter"}, {"cut.npy", "z.npz"}, {"cut.npy", "hardcut.npy"}, {"cut.npy", "z.npz:new"}, {"cut.npz", "letter"},
		{"cut.npz", "x.npy"}, {"cut.npz", "soft.npy"}, {"cut.npz", "cut.npz"},
	} {
		if o := lazynpy(t, "recover", at(c.in), "-o", at(c.out)); o.code == exitOK || !strings.Contains(o.stderr, c.out) {
			t.Errorf("recover %s -o %s: exit %d, %s", c.in, c.out, o.code, o.stderr)
		}
	}
	same(t, "recover", dir, before)
	fails(t, exitUsage, []string{"the output is the input"}, "recover", "--force", at("cut.npy"), "-o", at("hardcut.npy"))
	same(t, "recover --force", dir, before)
	ok(t, "recover", at("cut.npy"), "-o", at("soft.npy"))
	ok(t, "recover", at("cut.npz"), "-o", at("z.npz"))
	ok(t, "recover", "--force", at("cut.npy"), "-o", at("letter"))
	ok(t, "recover", "--force", at("cut.npz"), "-o", at("letter"))
	ok(t, "recover", at("cut.npz"), "-o", at("other.npz"))
}

// TestEmptyPaths gives paths as unset variables of a shell give them. Nothing may be taken for what
// the flag is by default, least of all the input.
func TestEmptyPaths(t *testing.T) {
	dir := twoArrays(t)
	array, archive := filepath.Join(dir, "x.npy"), filepath.Join(dir, "z.npz")
	before := contents(t, dir)
	for _, args := range [][]string{
		{"repack", archive, "--output"},
		{"get", array, "--output"},
		{"png", array, "--output"},
		{"reduce", array, "--op", "sum", "--output"},
		{"recover", array, "--dry-run", "--output"},
		{"extract", archive, "x", "--output"},
		{"extract", archive, "--directory"},
		{"demo", "--out"},
		{"run", array, "--op", "sum", "--output"},
		{"run", array, "--apply", "negative", "--output", filepath.Join(dir, "o.npy"), "--map-output"},
		{"work", "--plan"},
	} {
		fails(t, exitUsage, []string{args[0], args[len(args)-1] + " names no"}, append(args, "")...)
	}
	same(t, "an empty path", dir, before)
}
