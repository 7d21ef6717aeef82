package lazy

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/zipseek"
)

// zipFiles puts files into an archive with archive/zip, as they are.
func zipFiles(t testing.TB, method uint16, files map[string]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "foreign.npz")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(f)
	for name, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestMembersAreArrays does the same to a file and to members that hold the same bytes, and expects
// the same results.
func TestMembersAreArrays(t *testing.T) {
	dir := t.TempDir()
	shape := []int64{24, 10, 32, 40}
	for _, descr := range []string{"<u2", ">f4", "<f8", "|b1", "<c8"} {
		for _, fortran := range []bool{false, true} {
			dt, err := mmapnpy.ParseDType(descr)
			if err != nil {
				t.Fatal(err)
			}
			s := makeSample(t, dir, dt, shape, fortran, false, 5)
			ours := filepath.Join(t.TempDir(), "ours.npz")
			file := mustOpen(t, s.path)
			if err := SaveArchive(t.Context(), ours, []Entry{{"x", file}}, Compressed(6), zipseek.ChunkSize(32<<10)); err != nil {
				t.Fatal(err)
			}
			for name, path := range map[string]string{
				"stored":   zipFiles(t, zip.Store, map[string]string{"x.npy": s.path}),
				"deflated": zipFiles(t, zip.Deflate, map[string]string{"x.npy": s.path}),
				"ours":     ours, // in C order, whatever the file's
			} {
				for _, workers := range []int{1, 2, 8} {
					t.Run(descr+" "+name, func(t *testing.T) {
						sameAnswers(t, s.path, path+":x", !fortran || name != "ours", workers)
					})
				}
			}
		}
	}
}

// sameAnswers compares whatever can be asked of two arrays of equal elements. Sums of floats are
// compared where the order in storage, and so the order of adding, is the same.
func sameAnswers(t *testing.T, file, member string, sameOrder bool, workers int) {
	opts := []Option{NavigationAxes(0, 1), Chunks("(5, -1, -1, -1)"), Workers(workers), Zip(zipseek.Span(64 << 10))}
	a, b := mustOpen(t, file, opts...), mustOpen(t, member, opts...)
	if a.DType().Kind() != b.DType().Kind() || !slices.Equal(a.Shape(), b.Shape()) || b.Key() != "x" {
		t.Fatalf("%v and %v", a, b)
	}
	reducers := []Reducer{NewMin(OverNavigation()), NewMax(OverSignal()), NewArgMax(OverAll())}
	if sameOrder {
		reducers = append(reducers, NewSum(OverSignal()), NewStd(OverNavigation(), 0))
	}
	if a.DType().Kind() == mmapnpy.KindComplex {
		reducers = reducers[3:]
	}
	want, err := Run(t.Context(), a, reducers...)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // without an index, and with one
		got, err := Run(t.Context(), b, reducers...)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if !want[i].Equal(got[i]) {
				t.Errorf("reducer %d: %v, want %v", i, got[i], want[i])
			}
		}
	}
	for _, slice := range []string{"...", "3", "2:20:5, ::-1, 7, 1:9", ":, :, ::2, ::-3", "10:10"} {
		sameElements(t, a, b, slice)
	}
}

func sameElements(t *testing.T, a, b *Array, slice string) {
	t.Helper()
	x, err := a.Slice(slice)
	if err != nil {
		t.Fatal(err)
	}
	y, err := b.Slice(slice)
	if err != nil {
		t.Fatal(err)
	}
	want, err := x.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := y.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !want.Equal(got) {
		t.Errorf("[%s] is another", slice)
	}
	n := int64(0)
	for block, err := range y.Blocks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n += block.Region.Len()
	}
	if n != y.Len() {
		t.Errorf("[%s]: blocks of %d elements", slice, n)
	}
}

// exampleArchive has three arrays, one of them twice, a member that is no array, and a folder.
func exampleArchive(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "example.npz")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(f)
	for _, m := range []struct {
		name  string
		value int32
	}{{"a.npy", 1}, {"dir/b.npy", 2}, {"notes.txt", 0}, {"dir/", 0}, {"a.npy", 3}, {"a", 4}} {
		out, err := w.CreateHeader(&zip.FileHeader{Name: m.name})
		if err != nil {
			t.Fatal(err)
		}
		if m.value == 0 {
			if _, err := out.Write([]byte("hello")[:5*(len(m.name)/9)]); err != nil {
				t.Fatal(err)
			}
			continue
		}
		b, err := mmapnpy.BufferOf([]int32{m.value, m.value})
		if err != nil {
			t.Fatal(err)
		}
		if err := mmapnpy.Write(out, b); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func first(t testing.TB, a *Array) int32 {
	t.Helper()
	r, err := a.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v, err := Copy[int32](r)
	if err != nil {
		t.Fatal(err)
	}
	return v[0]
}

// TestArchiveKeys checks NumPy's rules about names.
func TestArchiveKeys(t *testing.T) {
	path := exampleArchive(t)
	z, err := OpenArchive(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if got := strings.Join(z.Keys(), " "); got != "a dir/b notes.txt a a" {
		t.Errorf("keys %s", got)
	}
	for key, want := range map[string]int32{"a": 4, "a.npy": 3, "dir/b": 2, "dir/b.npy": 2} {
		a, err := z.Array(key)
		if err != nil || first(t, a) != want {
			t.Errorf("%s: %v", key, err)
		}
		if _, err := mustOpen(t, path+":"+key).Load(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if b, err := z.Bytes("notes.txt"); err != nil || string(b) != "hello" {
		t.Errorf("notes: %q, %v", b, err)
	}
	if b, err := z.Bytes("dir/"); err != nil || len(b) != 0 {
		t.Errorf("folder: %q, %v", b, err)
	}
	_, err = z.Array("c")
	if !errors.Is(err, ErrNoKey) || !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), `"dir/b"`) {
		t.Errorf("no such key: %v", err)
	}
	bad, ok := errors.AsType[*FormatError](func() error { _, err := z.Array("notes.txt"); return err }())
	if !ok || bad.Path != path || bad.Member != "notes.txt" {
		t.Errorf("not an array: %v", bad)
	}
	var all []string
	for a, err := range z.All() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a.Key())
	}
	if got := strings.Join(all, " "); got != "dir/b a a" {
		t.Errorf("all: %s", got)
	}
	if _, err := Open(path); !errors.Is(err, ErrNoKey) || !strings.Contains(err.Error(), "several arrays") {
		t.Errorf("several arrays and no key: %v", err)
	}
	if _, err := Open(path + ":zz"); !errors.Is(err, ErrNoKey) {
		t.Errorf("no such key: %v", err)
	}
}

// TestArchiveOfMac reads an archive that was zipped again on a Mac: what that adds is not an array.
func TestArchiveOfMac(t *testing.T) {
	const double = "\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        "
	b, err := mmapnpy.BufferOf([]int32{7, 7})
	if err != nil {
		t.Fatal(err)
	}
	var npy bytes.Buffer
	if err := mmapnpy.Write(&npy, b); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "mac.npz")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(f)
	for _, m := range [][2]string{{"data/", ""}, {"data/a.npy", npy.String()}, {"data/._a.npy", double}, {"__MACOSX/", ""},
		{"__MACOSX/data/", ""}, {"__MACOSX/data/._a.npy", double}, {"__MACOSX/._short.npy", "?"}} {
		out, err := w.Create(m[0])
		if err == nil && m[1] != "" {
			_, err = out.Write([]byte(m[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	if got := first(t, mustOpen(t, path)); got != 7 {
		t.Errorf("the only array has %d", got)
	}
	z, err := OpenArchive(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if got := z.Keys(); !slices.Equal(got, []string{"data/a"}) {
		t.Errorf("keys %q", got)
	}
	for a, err := range z.All() {
		if err != nil || a.Key() != "data/a" {
			t.Errorf("%v, %v", a, err)
		}
	}
	// An array that is called so is one.
	if err := SaveArchive(t.Context(), filepath.Join(dir, "odd.npz"), []Entry{{Key: "._b", Array: mustOpen(t, path)}}); err != nil {
		t.Fatal(err)
	}
	if got := first(t, mustOpen(t, filepath.Join(dir, "odd.npz"))); got != 7 {
		t.Errorf("the array has %d", got)
	}
	// The same beside files of a stack.
	for name, content := range map[string]string{"f1.npy": npy.String(), "f2.npy": npy.String(), "._f1.npy": double} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a, err := OpenStack(filepath.Join(dir, "*.npy"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if a.Shape()[0] != 2 {
		t.Errorf("a stack of %d files", a.Shape()[0])
	}
}

// TestSplitPath checks that colons in names of files do no harm.
func TestSplitPath(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.npz", "b:c.npz", "b:c.npz:d"} {
		if runtime.GOOS == "windows" && strings.Contains(name, ":") {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string][2]string{
		"a.npz":       {"a.npz", ""},
		"a.npz:x":     {"a.npz", "x"},
		"a.npz:x:y":   {"a.npz", "x:y"},
		"a.npz:":      {"a.npz", ""},
		"b:c.npz":     {"b:c.npz", ""},
		"b:c.npz:x":   {"b:c.npz", "x"},
		"b:c.npz:d":   {"b:c.npz:d", ""},
		"b:c.npz:d:e": {"b:c.npz", "d:e"},
		"none.npz:x":  {"none.npz:x", ""},
	} {
		if runtime.GOOS == "windows" && strings.HasPrefix(path, "b:") {
			continue
		}
		file, key, named := SplitPath(filepath.Join(dir, path))
		if rel, _ := filepath.Rel(dir, file); rel != want[0] || key != want[1] || named != (path != want[0]) {
			t.Errorf("%s: %s, %q, %v", path, rel, key, named)
		}
	}
}

// TestArchiveFile views a stored member in place, and a deflated one in memory.
func TestArchiveFile(t *testing.T) {
	x, err := mmapnpy.BufferOf(make([]float64, 100_000), 100, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, opts := range [][]ArchiveOption{nil, {Compressed(1)}} {
		path := filepath.Join(t.TempDir(), "x.npz")
		if err := SaveArchive(t.Context(), path, []Entry{{"x", Values(x)}}, opts...); err != nil {
			t.Fatal(err)
		}
		z, err := OpenArchive(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := z.File("x")
		if err != nil {
			t.Fatal(err)
		}
		v, err := mmapnpy.View[float64](f)
		if err != nil || v.At(99, 999) != 0 || !slices.Equal(v.Shape(), []int64{100, 1000}) {
			t.Errorf("%v: %v", opts, err)
		}
		if err := errors.Join(f.Close(), z.Close(), z.Close()); err != nil {
			t.Error(err)
		}
	}
}

// TestSaveArchive saves what can be saved and reads it again.
func TestSaveArchive(t *testing.T) {
	dir := t.TempDir()
	s := makeSample(t, dir, mmapnpy.Float32, []int64{50, 60}, true, true, 1)
	a := mustOpen(t, s.path)
	cast, err := a.AsType(mmapnpy.Float64)
	if err != nil {
		t.Fatal(err)
	}
	sums, err := Sum(t.Context(), a, OverAxes(0))
	if err != nil {
		t.Fatal(err)
	}
	part, err := mmapnpy.BufferOf([]int16{1, 2, 3, 4, 5, 6}, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	entries := append(Entries(map[string]Storable{"a": a, "cast": cast, "sums": sums}), Entry{"ünï/part", Values(part.Transpose())})
	path := filepath.Join(dir, "all.npz")
	for range 2 { // over what is there the second time
		if err := SaveArchive(t.Context(), path, entries, Compressed(0)); err != nil {
			t.Fatal(err)
		}
	}
	if err := AppendArchive(t.Context(), path, []Entry{{"later", a}}); err != nil {
		t.Fatal(err)
	}
	if err := AppendArchive(t.Context(), path, []Entry{{"later", a}}); err == nil {
		t.Error("a key was added twice")
	}
	for key, want := range map[string]*Array{"a": a, "cast": cast, "later": a} {
		sameElements(t, want, mustOpen(t, path+":"+key), "...")
	}
	got, err := mustOpen(t, path+":sums").Load(t.Context())
	if err != nil || !got.Equal(sums) {
		t.Errorf("sums: %v", err)
	}
	r, err := mustOpen(t, path+":ünï/part").Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if v, err := Copy[int16](r); err != nil || !slices.Equal(v, []int16{1, 4, 2, 5, 3, 6}) {
		t.Errorf("transposed part: %v, %v", v, err)
	}
}

// TestSaveArchiveFails checks that nothing is left of an archive that could not be written, and
// that a file is not written over while it is read.
func TestSaveArchiveFails(t *testing.T) {
	dir := t.TempDir()
	s := makeSample(t, dir, mmapnpy.Float32, []int64{500, 600}, false, false, 1)
	a := mustOpen(t, s.path)
	path := filepath.Join(dir, "x.npz")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := SaveArchive(cancelled, path, []Entry{{"a", a}}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := SaveArchive(t.Context(), path, []Entry{{"a", a}, {"a", a}}); err == nil {
		t.Error("two arrays of one key")
	}
	if err := SaveArchive(t.Context(), path, []Entry{{"a", nil}}); err == nil {
		t.Error("nothing was saved")
	}
	if err := SaveArchive(t.Context(), s.path, []Entry{{"a", a}}); err == nil || !strings.Contains(err.Error(), "being read") {
		t.Errorf("over the file being read: %v", err)
	}
	if err := SaveArchive(t.Context(), path, []Entry{{"a", a}}); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	member := mustOpen(t, path+":a")
	if err := SaveArchive(t.Context(), path, []Entry{{"b", member}}); err == nil || !strings.Contains(err.Error(), "being read") {
		t.Errorf("over the archive being read: %v", err)
	}
	if err := AppendArchive(t.Context(), path, []Entry{{"b", member}}); err == nil || !strings.Contains(err.Error(), "being read") {
		t.Errorf("to the archive being read: %v", err)
	}
	if err := AppendArchive(cancelled, path, []Entry{{"b", a}}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the archive was changed by what failed (%v)", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// TestArchiveReplaced overwrites an archive under a lazy array.
func TestArchiveReplaced(t *testing.T) {
	dir := t.TempDir()
	s := makeSample(t, dir, mmapnpy.Float32, []int64{500, 600}, false, false, 1)
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		path := zipFiles(t, method, map[string]string{"x.npy": s.path})
		a := mustOpen(t, path)
		if err := os.WriteFile(path, bytes.Repeat([]byte("other"), 1<<20), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Load(t.Context()); !errors.Is(err, zipseek.ErrChanged) {
			t.Errorf("Load: %v", err)
		}
		if _, err := Sum(t.Context(), a, OverAll()); !errors.Is(err, zipseek.ErrChanged) {
			t.Errorf("Sum: %v", err)
		}
	}
}
