package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/zipseek"
)

func TestIndex(t *testing.T) {
	x := entry{"x.npy", npy(t, []int64{1 << 18}, large())}
	small := entry{"small.npy", npy(t, nil, []int32{1})}
	path := foreignNPZ(t, zip.Deflate, x, small)
	got := ok(t, "index", path)
	if !strings.HasPrefix(got, path+".lzidx  ") || !strings.Contains(got, " %") || !strings.Contains(got, "1 deflated member takes") {
		t.Errorf("index says %q", got)
	}
	v := decode(t, ok(t, "index", "--json", "--span", "64KiB", path))
	info, err := os.Stat(path + ".lzidx")
	if err != nil || v["path"] != path || v["index"] != path+".lzidx" || v["size"] != num(info.Size()) || v["indexed"] != num(1) {
		t.Errorf("index says %v (%v)", v, err)
	}
	if others := v["others"].(map[string]any); len(others) != 1 || others["small"] != num(1) {
		t.Errorf("the others are %v", others)
	}
	if got := ok(t, "info", path+":x"); !strings.Contains(got, "sidecar") {
		t.Errorf("the index is not used:\n%s", got)
	}
	for want, path := range map[string]string{
		"2 stored": npz(t, nil, x, small), "1 with an index in the archive, 1 small": npz(t, []zipseek.WriterOption{zipseek.Compressed(1)}, x, small),
		"there are none": foreignNPZ(t, zip.Deflate),
	} {
		if got := ok(t, "index", path); got != path+": no member needs an index: "+want+"\n" {
			t.Errorf("index says %q, want %q", got, want)
		}
		if v := decode(t, ok(t, "index", "--json", path)); v["index"] != nil || v["size"] != num(0) {
			t.Errorf("index says %v", v)
		}
		leftovers(t, filepath.Dir(path), filepath.Base(path))
	}
	bad := damaged(t, foreignNPZ(t, zip.Deflate, x), "PK\x01\x02", 16)
	fails(t, exitFailure, []string{bad, "x.npy", "CRC-32"}, "index", bad)
	leftovers(t, filepath.Dir(bad), "f.npz")
}

func TestRepackVerb(t *testing.T) {
	x, note := entry{"x.npy", npy(t, []int64{1 << 18}, large())}, entry{"note.txt", []byte("text")}
	path := foreignNPZ(t, zip.Deflate, x, entry{"y.npy", npy(t, []int64{3}, []int32{0, 0, 0})}, note, entry{"folder/", nil})
	sums := func(path string) string { return strings.ReplaceAll(ok(t, "checksum", path), path, "") }
	want := sums(path)
	seekable := func(path string) (all []any) {
		for _, v := range decodeLines(t, ok(t, "ls", "--all", "--json", path)) {
			all = append(all, v["seekable"])
		}
		return all
	}
	dir := t.TempDir()
	out := filepath.Join(dir, "out.npz")
	for _, c := range []struct {
		args []string
		want []any
	}{
		{nil, []any{"sozip", "small", "small", "in place"}},
		{[]string{"--store", "--align", "4096"}, []any{"in place", "in place", "in place", "in place"}},
		{[]string{"--deflate", "--chunk", "4KiB"}, []any{"sozip", "small", "small", "in place"}},
		{[]string{"--deflate=huffman"}, []any{"sozip", "small", "small", "in place"}},
	} {
		o := lazynpy(t, append([]string{"repack", path, "-o", out}, c.args...)...)
		if o.code != exitOK || o.stdout != "" || !strings.HasPrefix(o.stderr, out+": 4 members, ") || strings.Count(o.stderr, "\n") != 1 {
			t.Fatalf("%q: exit %d, %q, %q", c.args, o.code, o.stdout, o.stderr)
		}
		if got := seekable(out); !slices.Equal(got, c.want) {
			t.Errorf("%q: members are %q, want %q", c.args, got, c.want)
		}
		if got := sums(out); got != want {
			t.Errorf("%q: checksums are\n%s\nwant\n%s", c.args, got, want)
		}
		ok(t, "validate", out)
		leftovers(t, dir, "out.npz")
	}

	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	v := decode(t, ok(t, "repack", "--json", path))
	after, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if v["path"] != path || v["output"] != path || v["members"] != num(4) || v["bytes_before"] != num(before.Size()) || v["bytes_after"] != num(after.Size()) {
		t.Errorf("in place: %v", v)
	}
	if got := seekable(path)[0]; got != "sozip" || sums(path) != want {
		t.Errorf("in place: %v", got)
	}
	leftovers(t, filepath.Dir(path), "f.npz")

	fails(t, exitFailure, []string{out, `"y.npy"`, "--force"}, "repack", "--only", "note.txt,x", path, "-o", out)
	ok(t, "repack", "--only", "note.txt,x", path, "-o", out, "--force")
	if got := ok(t, "ls", "--names", out); got != "x\nnote.txt\n" {
		t.Errorf("--only kept %q", got)
	}
	kept := read(t, path)
	for _, args := range [][]string{{"--only", "x"}, {"--only", "x", "-o", path}, {"-o", "-"}, {"--store", "--deflate"}, {"--deflate=0"}, {"--align", "3"}, {"--chunk", "1"}} {
		if o := lazynpy(t, append([]string{"repack", path}, args...)...); o.code != exitUsage {
			t.Errorf("%q: exit %d, %s", args, o.code, o.stderr)
		}
	}
	fails(t, exitFailure, []string{path, `"nope"`}, "repack", "--only", "nope", path, "-o", out)
	if !bytes.Equal(read(t, path), kept) {
		t.Error("the archive has changed")
	}
	bad := damaged(t, foreignNPZ(t, zip.Store, x), "PK\x01\x02", 16)
	was := read(t, bad)
	fails(t, exitFailure, []string{bad, "x.npy", "CRC-32"}, "repack", bad)
	if !bytes.Equal(read(t, bad), was) {
		t.Error("a damaged archive was replaced")
	}
	leftovers(t, filepath.Dir(bad), "f.npz")
}

func TestExtract(t *testing.T) {
	x, y, note := entry{"x.npy", npy(t, []int64{1 << 18}, large())}, entry{"deep/y.npy", npy(t, nil, []int32{5})}, entry{"note.txt", []byte("text")}
	for _, path := range []string{
		npz(t, nil, x, y, note), npz(t, []zipseek.WriterOption{zipseek.Compressed(1)}, x, y, note),
		foreignNPZ(t, zip.Deflate, entry{"note.txt", []byte("an older one")}, x, entry{"deep/", nil}, y, note),
	} {
		dir := filepath.Join(t.TempDir(), "new", "dir")
		o := lazynpy(t, "extract", path, "-C", dir)
		if o.code != exitOK || o.stdout != "" || !strings.Contains(o.stderr, filepath.Join(dir, "deep", "y.npy")+": ") {
			t.Fatalf("exit %d, %q, %q", o.code, o.stdout, o.stderr)
		}
		leftovers(t, dir, "deep", "note.txt", "x.npy")
		leftovers(t, filepath.Join(dir, "deep"), "y.npy")
		for _, e := range []entry{x, y, note} {
			if !bytes.Equal(read(t, filepath.Join(dir, e.name)), e.data) {
				t.Errorf("%s is another", e.name)
			}
		}
		// What is there stays, all of it, unless --force says otherwise.
		if err := errors.Join(os.Remove(filepath.Join(dir, "x.npy")), os.WriteFile(filepath.Join(dir, "note.txt"), []byte("mine"), 0o600)); err != nil {
			t.Fatal(err)
		}
		fails(t, exitFailure, []string{dir, "exists already"}, "extract", path, "-C", dir)
		leftovers(t, dir, "deep", "note.txt")
		if got := string(read(t, filepath.Join(dir, "note.txt"))); got != "mine" {
			t.Errorf("a file that exists has become %q", got)
		}
		ok(t, "extract", path, "-C", dir, "--force")
		if got := string(read(t, filepath.Join(dir, "note.txt"))); got != "text" {
			t.Errorf("with --force it is %q", got)
		}

		one := t.TempDir()
		v := decode(t, ok(t, "extract", "--json", path, "deep/y", "-C", one))
		if v["path"] != path || v["member"] != "deep/y.npy" || v["output"] != filepath.Join(one, "deep", "y.npy") || v["size"] != num(132) || v["crc32"] == "" {
			t.Errorf("got %v", v)
		}
		ok(t, "extract", path+":note.txt", "x.npy", "x", "-C", one)
		leftovers(t, one, "deep", "note.txt", "x.npy")
		out := filepath.Join(one, "out")
		ok(t, "extract", path, "x", "-o", out)
		if !bytes.Equal(read(t, out), x.data) {
			t.Error("-o wrote something else")
		}
		fails(t, exitFailure, []string{out, "exists already"}, "extract", path, "x", "-o", out)
		ok(t, "extract", path, "note.txt", "-o", out, "--force")
		if got := ok(t, "extract", path+":note.txt", "-o", "-"); got != "text" || string(read(t, out)) != "text" {
			t.Errorf("-o - gave %q", got)
		}
		for _, args := range [][]string{{path, "-o", out}, {path, "x", "deep/y", "-o", out}, {path, "x", "-o", path, "--force"}} {
			if o := lazynpy(t, append([]string{"extract"}, args...)...); o.code != exitUsage {
				t.Errorf("%q: exit %d, %s", args, o.code, o.stderr)
			}
		}
	}
}

// TestExtractHostile extracts members whose names lead elsewhere, or into each other.
func TestExtractHostile(t *testing.T) {
	for _, name := range []string{
		"../evil", "a/../../evil", "..", "/tmp/evil", "//evil", `..\evil`, `a\b`, `C:\evil`, "C:/evil", "./", "a/..", "",
	} {
		path := foreignNPZ(t, zip.Store, entry{"good.txt", []byte("good")}, entry{name, nil})
		dir := filepath.Join(t.TempDir(), "in")
		fails(t, exitFailure, []string{path, "is not extracted"}, "extract", path, "-C", dir)
		leftovers(t, filepath.Dir(dir))
		ok(t, "extract", path, "good.txt", "-C", dir)
		leftovers(t, dir, "good.txt")
		leftovers(t, filepath.Dir(dir), "in")
	}

	// A name that a terminal obeys is not an order.
	path := foreignNPZ(t, zip.Store, entry{"../\x1b[2J", []byte("x")})
	if o := lazynpy(t, "extract", path, "-C", t.TempDir()); o.code != exitFailure || strings.Contains(o.stderr, "\x1b") {
		t.Errorf("exit %d, %q", o.code, o.stderr)
	}

	// Two names for one file: the first is written, and not replaced.
	path = foreignNPZ(t, zip.Store, entry{"a/b", []byte("first")}, entry{"a//b", []byte("second")})
	for _, args := range [][]string{nil, {"--force"}} {
		dir := t.TempDir()
		fails(t, exitFailure, []string{path, filepath.Join(dir, "a", "b")}, append([]string{"extract", "--json", path, "-C", dir}, args...)...)
		if got := string(read(t, filepath.Join(dir, "a", "b"))); got != "first" {
			t.Errorf("%q: a/b is %q", args, got)
		}
	}

	// A folder that is a file.
	path = foreignNPZ(t, zip.Store, entry{"a", []byte("file")}, entry{"A", []byte("file")}, entry{"a/", nil})
	o := lazynpy(t, "extract", path, "-C", t.TempDir())
	if o.code != exitFailure || !strings.Contains(o.stderr, path) {
		t.Errorf("exit %d, %q", o.code, o.stderr)
	}
}

// TestExtractLinks checks that links below the directory do not lead out of it.
func TestExtractLinks(t *testing.T) {
	path := foreignNPZ(t, zip.Store, entry{"sub/evil", []byte("x")})
	outside, dir := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "sub")); err != nil {
		t.Fatal(err)
	}
	fails(t, exitFailure, []string{dir}, "extract", path, "-C", dir, "--force")
	leftovers(t, outside)

	file := foreignNPZ(t, zip.Store, entry{"file", []byte("x")})
	for _, target := range []string{filepath.Join(outside, "new"), filepath.Join(outside, "old")} {
		link := filepath.Join(dir, "file")
		if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if err := errors.Join(os.WriteFile(filepath.Join(outside, "old"), []byte("mine"), 0o600), os.Symlink(target, link)); err != nil {
			t.Fatal(err)
		}
		fails(t, exitFailure, []string{link}, "extract", file, "-C", dir, "--force")
		leftovers(t, outside, "old")
		if got := string(read(t, filepath.Join(outside, "old"))); got != "mine" {
			t.Errorf("a file outside has become %q", got)
		}
	}
}

// TestExtractDamaged checks that a member with a wrong checksum does not become a file, and that
// the others do.
func TestExtractDamaged(t *testing.T) {
	for _, path := range []string{
		foreignNPZ(t, zip.Store, entry{"a.txt", []byte("text")}, entry{"b.txt", []byte("text")}),
		foreignNPZ(t, zip.Deflate, entry{"a.txt", []byte("text")}, entry{"b.txt", []byte("text")}),
	} {
		bad := damaged(t, path, "PK\x01\x02", 16)
		dir := t.TempDir()
		fails(t, exitFailure, []string{bad, "a.txt", "CRC-32"}, "extract", "--json", bad, "-C", dir)
		leftovers(t, dir, "b.txt")
		fails(t, exitFailure, []string{bad, "a.txt", "CRC-32"}, "extract", bad, "a.txt", "-o", filepath.Join(dir, "out"))
		leftovers(t, dir, "b.txt")
	}
}

func TestAdd(t *testing.T) {
	x := array(t, []int64{3}, []int32{1, 2, 3})
	dir := t.TempDir()
	path := filepath.Join(dir, "new.npz")
	o := lazynpy(t, "add", path, x, "y="+x)
	if o.code != exitOK || o.stdout != "" || o.stderr != path+": a, (3,) <i4, 12 B, stored\n"+path+": y, (3,) <i4, 12 B, stored\n" {
		t.Fatalf("exit %d, %q, %q", o.code, o.stdout, o.stderr)
	}
	other := npz(t, nil, entry{"z.npy", npy(t, []int64{1 << 18}, large())}, entry{"w.npy", npy(t, nil, []int32{1})})
	v := decode(t, ok(t, "add", "--json", "--deflate=1", "--chunk", "64KiB", path, "big="+other+":z"))
	if v["path"] != path || v["key"] != "big" || v["source"] != other+":z" || v["method"] != "deflated" || v["descr"] != "<f8" || v["nbytes"] != num(2<<20) {
		t.Errorf("got %v", v)
	}
	ok(t, "add", "--align", "512", path, other+":z")
	equals := filepath.Join(dir, "k=v.npy")
	if err := os.WriteFile(equals, read(t, x), 0o600); err != nil {
		t.Fatal(err)
	}
	ok(t, "add", path, equals)
	ok(t, "add", path, "also="+equals)
	if got := ok(t, "ls", "--names", path); got != "a\ny\nbig\nz\nk=v\nalso\n" {
		t.Errorf("the keys are %q", got)
	}
	if got := ok(t, "get", path+":y"); got != "[1 2 3]\n" {
		t.Errorf("y is %q", got)
	}
	ok(t, "validate", path)
	rows := decodeLines(t, ok(t, "ls", "--json", path))
	if rows[2]["seekable"] != "sozip" || rows[3]["aligned"] != num(128) {
		t.Errorf("big is %v, z is %v", rows[2], rows[3])
	}

	note := filepath.Join(dir, "note.txt")
	if err := os.WriteFile(note, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	ok(t, "add", "--raw", path, note, "docs/read.me="+note)
	if v := decode(t, ok(t, "add", "--raw", "--json", "--deflate", path, "x.npy="+x)); v["key"] != "x.npy" || v["descr"] != nil || v["shape"] != nil || v["nbytes"] != num(140) {
		t.Errorf("got %v", v)
	}
	if got := ok(t, "extract", path, "docs/read.me", "-o", "-"); got != "text" {
		t.Errorf("docs/read.me is %q", got)
	}
	if got := ok(t, "get", path+":x"); got != "[1 2 3]\n" {
		t.Errorf("x is %q", got)
	}
	fresh := filepath.Join(dir, "fresh.npz")
	ok(t, "add", "--raw", fresh, note)

	before := read(t, path)
	missing := filepath.Join(dir, "missing.npy")
	for _, args := range [][]string{
		{path, x}, {path, "b=" + x, "y=" + x}, {path, "b=" + x, missing}, {path, "b=" + other}, {path, "b=" + other + ":nope"},
		{"--raw", path, note}, {"--raw", path, missing}, {"--raw", path, dir},
	} {
		o := lazynpy(t, append([]string{"add"}, args...)...)
		if o.code != exitFailure || strings.Count(o.stderr, "\n") != 1 {
			t.Errorf("add %q: exit %d, %s", args, o.code, o.stderr)
		}
	}
	for _, args := range [][]string{{path, "=" + x}, {path, "b="}, {path}, {"--raw", path, "b=" + path}, {path, path + ":y"}, {x, x}, {"--deflate=10", path, x}} {
		if o := lazynpy(t, append([]string{"add"}, args...)...); o.code != exitUsage {
			t.Errorf("add %q: exit %d, %s", args, o.code, o.stderr)
		}
	}
	if !bytes.Equal(read(t, path), before) {
		t.Error("the archive has changed")
	}
	leftovers(t, dir, "new.npz", "k=v.npy", "note.txt", "fresh.npz")
}

func TestConvertArchive(t *testing.T) {
	x := array(t, []int64{2, 3}, count[int32](6))
	dir := t.TempDir()
	out := filepath.Join(dir, "out.npz")
	ok(t, "convert", x, out)
	if got := ok(t, "get", out+":a"); got != "[[0 1 2]\n [3 4 5]]\n" {
		t.Errorf("a is %q", got)
	}
	ok(t, "convert", "--key", "w.npy", "--dtype", ">f8", "--deflate", out+":a", filepath.Join(dir, "second.npz"))
	v := decode(t, ok(t, "ls", "--json", filepath.Join(dir, "second.npz")))
	if v["key"] != "w" || v["descr"] != ">f8" || v["method"] != "deflated" {
		t.Errorf("got %v", v)
	}
	ok(t, "convert", filepath.Join(dir, "second.npz"), "--format", "npz", filepath.Join(dir, "third"))
	if got := ok(t, "ls", "--names", filepath.Join(dir, "third")); got != "w\n" {
		t.Errorf("the key is %q", got)
	}
	before := read(t, out)
	for _, args := range [][]string{
		{"--format", "npz", x, "-"}, {"--order", "F", x, out}, {"--key", "k", x, filepath.Join(dir, "out.npy")}, {"--deflate", x, filepath.Join(dir, "out.npy")},
		{out + ":a", out},
	} {
		if o := lazynpy(t, append([]string{"convert"}, args...)...); o.code != exitUsage {
			t.Errorf("convert %q: exit %d, %s", args, o.code, o.stderr)
		}
	}
	if !bytes.Equal(read(t, out), before) {
		t.Error("the archive has changed")
	}
	leftovers(t, dir, "out.npz", "second.npz", "third")
}

// indexLies moves an offset in the SOZip index of an archive of one member, whose checksum is right
// again then.
func indexLies(t *testing.T, path string) {
	t.Helper()
	b := read(t, path)
	name := bytes.Index(b, []byte(".x.npy.sozip.idx"))
	header, payload := b[name-30:], b[name+len(".x.npy.sozip.idx"):]
	payload = payload[binary.LittleEndian.Uint16(header[28:]):][:binary.LittleEndian.Uint32(header[22:])]
	payload[len(payload)-8]++
	binary.LittleEndian.PutUint32(header[14:], crc32.ChecksumIEEE(payload))
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestValidateArchive(t *testing.T) {
	x, b := npy(t, []int64{3}, []float64{1, nan(), 3}), npy(t, []int64{2}, []bool{true, false})
	bools := func() []byte {
		c := bytes.Clone(b)
		c[len(c)-1] = 7
		return c
	}()
	objects, err := mmapnpy.EncodeHeader(mmapnpy.Header{DType: dtype(t, "O"), Shape: []int64{1}})
	if err != nil {
		t.Fatal(err)
	}
	good := foreignNPZ(t, zip.Deflate, entry{"x.npy", x}, entry{"b.npy", b})
	overlapping := bytes.Clone(read(t, foreignNPZ(t, zip.Store, entry{"a.npy", x}, entry{"b.npy", x})))
	second := bytes.LastIndex(overlapping, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(overlapping[second+42:], 0) // where the first lies
	stale := foreignNPZ(t, zip.Deflate, entry{"x.npy", npy(t, []int64{1 << 18}, large())})
	ok(t, "index", stale)
	ok(t, "validate", stale)
	if err := os.Chtimes(stale, time.Time{}, time.Unix(1e9, 0)); err != nil {
		t.Fatal(err)
	}
	lying := npz(t, []zipseek.WriterOption{zipseek.Compressed(0)}, entry{"x.npy", npy(t, []int64{1 << 18}, large())})
	indexLies(t, lying)
	for _, c := range []struct {
		name, path string
		valid      bool
		words      []string
	}{
		{"lying index", lying, false, []string{":x.npy: error: ", "sozip index: "}},
		{"good", good, true, []string{good + ": ok\n"}},
		{"member", good + ":x", true, []string{good + ":x: ok\n"}},
		{"ours", npz(t, []zipseek.WriterOption{zipseek.Compressed(0)}, entry{"x.npy", x}), true, []string{": ok\n"}},
		{"empty", foreignNPZ(t, zip.Store), true, []string{": ok\n"}},
		{"no archive", func() string { p := foreignNPZ(t, zip.Store); return damaged(t, p, "PK", 0) }(), false, []string{"f.npz: error: "}},
		{"truncated", rawNamed(t, read(t, good)[:200]), false, []string{"error: "}},
		{"checksum", damaged(t, good, "PK\x01\x02", 16), false, []string{":x.npy: error: CRC-32: "}},
		{"stored checksum", damaged(t, foreignNPZ(t, zip.Store, entry{"x.npy", x}), "\x93NUMPY", 130), false, []string{":x.npy: error: CRC-32: "}},
		{"local header", damaged(t, good, "PK\x03\x04", 30), false, []string{":x.npy: error: offset 30: local header: name is"}},
		{"overlap", rawNamed(t, overlapping), false, []string{":a.npy: error: ", "overlap"}},
		{"encrypted", rawNPZ(t, zip.Store, 1, entry{"x.npy", x}), false, []string{":x.npy: error: ", "encrypted"}},
		{"deflate64", rawNPZ(t, 9, 0, entry{"x.npy", x}), false, []string{"deflate64: compression method not supported"}},
		{"no lzma", rawNPZ(t, 14, 0, entry{"x.npy", x}), false, []string{"lzma: 19797 bytes of properties"}},
		{"two ends", ambiguousNPZ(t, "two_ends"), false, []string{": error: offset 137: end record: there is another", ": warning: offset 226: comment: is cut off: 1 bytes are missing"}},
		{"sizes", ambiguousNPZ(t, "local_sizes_differ"), false, []string{":a: error: offset 14: local header: sizes or checksum"}},
		{"count", ambiguousNPZ(t, "count_1"), false, []string{": error: offset 295: end record: states 1 members"}},
		{"backslash", ambiguousNPZ(t, "name_backslash"), true, []string{`d\a: warning: offset`, `contains a "\", which is a "/" on Windows`}},
		{"duplicate", foreignNPZ(t, zip.Store, entry{"x.npy", []byte("junk")}, entry{"x.npy", x}), true, []string{":x.npy: warning: name: a later member"}},
		{"no array", foreignNPZ(t, zip.Store, entry{"x.txt", x[1:]}), true, []string{":x.txt: warning: member: is not an array"}},
		{"array without .npy", foreignNPZ(t, zip.Store, entry{"x", x}), true, []string{": ok\n"}},
		{"header", foreignNPZ(t, zip.Deflate, entry{"x.npy", []byte("junk")}), false, []string{":x.npy: error: magic: ", "(at byte 0 of the content)"}},
		{"shape", foreignNPZ(t, zip.Store, entry{"x.npy", []byte(strings.Replace(string(x), "(3,), }", "(3), } ", 1))}), false, []string{"shape", "--lenient"}},
		{"short", foreignNPZ(t, zip.Store, entry{"x.npy", x[:len(x)-1]}), false, []string{":x.npy: error: "}},
		{"trailing", foreignNPZ(t, zip.Deflate, entry{"x.npy", append(bytes.Clone(x), "xy"...)}), false, []string{"data: 2 bytes follow the data (at byte 152"}},
		{"bools", npz(t, nil, entry{"b.npy", bools}), false, []string{":b.npy: error: offset 193: data: boolean is the byte 7"}},
		{"deflated bools", foreignNPZ(t, zip.Deflate, entry{"b.npy", bools}), false, []string{":b.npy: error: data: boolean is the byte 7 (1 such in all) (at byte 129"}},
		{"objects", foreignNPZ(t, zip.Deflate, entry{"o.npy", append(objects, "pickle"...)}), true, []string{":o.npy: warning: descr: Python objects"}},
		{"stale index", stale, true, []string{stale + ": warning: index file: " + stale + ".lzidx: "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := exitFailure
			if c.valid {
				want = exitOK
			}
			o := lazynpy(t, "validate", c.path)
			if o.code != want || o.stderr != "" {
				t.Errorf("exit %d, %q, %q", o.code, o.stdout, o.stderr)
			}
			for _, w := range c.words {
				if !strings.Contains(o.stdout, w) {
					t.Errorf("no %q in %q", w, o.stdout)
				}
			}
			o = lazynpy(t, "validate", "--json", c.path)
			v := decode(t, o.stdout)
			if o.code != want || v["valid"] != c.valid || v["path"] != c.path {
				t.Errorf("exit %d, %v", o.code, v)
			}
			for _, f := range v["findings"].([]any) {
				for _, name := range []string{"level", "member", "field", "offset", "message"} {
					if _, has := f.(map[string]any)[name]; !has {
						t.Errorf("a finding lacks %q: %v", name, f)
					}
				}
			}
			o = lazynpy(t, "validate", "--no-crc", c.path)
			if skipped := c.name == "stored checksum" || c.name == "lying index"; skipped != (o.code == exitOK && !c.valid) {
				t.Errorf("--no-crc: exit %d, %q", o.code, o.stdout)
			}
		})
	}
}

// ambiguousNPZ writes an archive of the table of archives that programs read differently.
func ambiguousNPZ(t *testing.T, name string) string {
	t.Helper()
	table, err := os.ReadFile("../../testdata/zip/ambiguous.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(table) {
		var row struct {
			Name    string `json:"name"`
			Archive []byte `json:"archive"`
		}
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		if row.Name == name {
			return rawNamed(t, row.Archive)
		}
	}
	t.Fatalf("no archive %q", name)
	return ""
}

// rawNamed writes bytes to a new file that is called as an archive is.
func rawNamed(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f.npz")
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCompleteKeys(t *testing.T) {
	path := npz(t, nil, entry{"x.npy", npy(t, nil, []int32{1})}, entry{"note.txt", nil})
	if got := ok(t, "__complete", "extract", path, ""); !strings.HasPrefix(got, "x\nnote.txt\n") {
		t.Errorf("the keys are %q", got)
	}
	if got := ok(t, "__complete", "extract", path, "x", ""); !strings.HasPrefix(got, "note.txt\n") {
		t.Errorf("the keys left are %q", got)
	}
	if got := ok(t, "__complete", "extract", path+".missing", ""); !strings.HasPrefix(got, ":") {
		t.Errorf("the keys of no archive are %q", got)
	}
}
