package main

import (
	"archive/zip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/zipseek"
)

func TestLs(t *testing.T) {
	x := entry{"x.npy", npy(t, []int64{1 << 18}, large())}
	path := npz(t, []zipseek.WriterOption{zipseek.Align(1024)}, x, entry{"note.txt", []byte("text")})
	got := ok(t, "ls", path)
	lines := strings.Split(got, "\n")
	if want := []string{"key", "method", "dtype", "shape", "size", "compressed", "ratio", "offset", "aligned", "seekable"}; !slices.Equal(strings.Fields(lines[0]), want) {
		t.Errorf("the columns are %q", lines[0])
	}
	if want := []string{"x", "stored", "<f8", "(262144,)", "2", "MiB", "-", "-", "1,152", "128", "in", "place"}; !slices.Equal(strings.Fields(lines[1]), want) {
		t.Errorf("x is %q", lines[1])
	}
	if want := []string{"note.txt", "stored", "-", "-", "4", "B", "-", "-", "2,099,200", "2048", "in", "place"}; !slices.Equal(strings.Fields(lines[2]), want) {
		t.Errorf("note.txt is %q", lines[2])
	}
	if got := ok(t, "ls", "--names", path); got != "x\nnote.txt\n" {
		t.Errorf("the names are %q", got)
	}
	if got := ok(t, "ls", path+":note.txt"); strings.Count(got, "\n") != 2 || !strings.Contains(got, "note.txt") {
		t.Errorf("one member is %q", got)
	}
	if got := ok(t, "ls", path, path); strings.Count(got, path+":\n") != 2 {
		t.Errorf("two archives are %q", got)
	}
	if got := ok(t, "ls", "--names", path, path); strings.Count(got, path+":x\n") != 2 {
		t.Errorf("the names of two archives are %q", got)
	}
	if got := ok(t, "ls", foreignNPZ(t, zip.Deflate)); strings.Count(got, "\n") != 1 {
		t.Errorf("an empty archive is %q", got)
	}
}

func TestLsJSON(t *testing.T) {
	x := entry{"x.npy", npy(t, []int64{1 << 18}, large())}
	path := npz(t, nil, x)
	got := decode(t, ok(t, "ls", "--json", path))
	want := map[string]any{
		"path": path, "name": "x.npy", "key": "x", "method": "stored", "descr": "<f8", "shape": []any{num(1 << 18)}, "fortran_order": false,
		"size": num(2<<20 + 128), "compressed_size": num(2<<20 + 128), "offset": num(64 + 128), "aligned": num(64), "seekable": "in place",
		"crc32": got["crc32"], "duplicate": false, "error": nil,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	got = decode(t, ok(t, "ls", "--json", "--names", path))
	for _, name := range []string{"descr", "shape", "fortran_order", "offset", "aligned", "seekable", "error"} {
		if v, has := got[name]; v != nil || !has {
			t.Errorf("--names: %s is %v", name, v)
		}
	}
	foreign := foreignNPZ(t, zip.Deflate, x, entry{"small.npy", npy(t, nil, []int32{1})}, entry{"small.npy", npy(t, nil, []int32{2})})
	seekable := func() (all []any) {
		for _, v := range decodeLines(t, ok(t, "ls", "--json", foreign)) {
			all = append(all, v["seekable"], v["duplicate"])
		}
		return all
	}
	if got, want := seekable(), []any{"no", false, "small", true, "small", false}; !slices.Equal(got, want) {
		t.Errorf("seekable, duplicate: %v, want %v", got, want)
	}
	ok(t, "index", foreign)
	if got := seekable()[0]; got != "sidecar" {
		t.Errorf("with an index file: %v", got)
	}
	if v := decode(t, ok(t, "ls", "--json", npz(t, []zipseek.WriterOption{zipseek.Compressed(1)}, x))); v["seekable"] != "sozip" || v["offset"] != nil {
		t.Errorf("with an index: %v", v)
	}
}

// TestLsHostile lists members that cannot be read, between others that can.
func TestLsHostile(t *testing.T) {
	good := npy(t, nil, []int32{1})
	for _, c := range []struct {
		path, words string
		rows        int
	}{
		{rawNPZ(t, 9, 0, entry{"x.npy", good}), "deflate64: compression method not supported", 1},
		{rawNPZ(t, zip.Store, 1, entry{"x.npy", good}), "encrypted", 1},
		{rawNPZ(t, zip.Deflate, 0, entry{"note.txt", []byte("this is not deflated")}), "deflate: ", 1},
		{foreignNPZ(t, zip.Deflate, entry{"a.npy", good}, entry{"bad.npy", []byte("junk")}, entry{"z.npy", good}), "error: magic: ", 3},
		{damaged(t, foreignNPZ(t, zip.Store, entry{"a.npy", good}, entry{"bad.npy", good}), "PK\x03\x04", 30), "name is", 2},
	} {
		o := lazynpy(t, "ls", c.path)
		if o.code != exitFailure || o.stderr != "" || strings.Count(o.stdout, "\n") != 1+c.rows || strings.Count(o.stdout, c.words) != 1 {
			t.Errorf("want %q: exit %d\n%s%s", c.words, o.code, o.stdout, o.stderr)
		}
		o = lazynpy(t, "ls", "--json", c.path)
		errors := 0
		for _, v := range decodeLines(t, o.stdout) {
			if text, bad := v["error"].(string); bad {
				errors++
				if strings.Contains(text, c.path) {
					t.Errorf("the reason %q repeats the name", text)
				}
			}
		}
		if o.code != exitFailure || errors != 1 {
			t.Errorf("want %q: exit %d, %d errors", c.words, o.code, errors)
		}
		ok(t, "ls", "--names", c.path)
	}
	path := foreignNPZ(t, zip.Store, entry{"a\x1b[2J\nb.npy", good}, entry{"ünïcode.npy", good})
	if got := ok(t, "ls", "--names", path); got != `"a\x1b[2J\nb"`+"\nünïcode\n" {
		t.Errorf("a name that a terminal obeys: %q", got)
	}
	if got := ok(t, "ls", path); strings.Contains(got, "\x1b") || strings.Count(got, "\n") != 3 {
		t.Errorf("a name that a terminal obeys: %q", got)
	}
	if o := lazynpy(t, "head", path+":a\x1b[2J\nbb"); strings.Contains(o.stderr, "\x1b") || o.code != exitFailure {
		t.Errorf("a name that a terminal obeys: %q", o.stderr)
	}
	fails(t, exitFailure, []string{"not a"}, "ls", array(t, nil, []int32{1}))
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{"x": "x", `a"b\c`: `a"b\c`, "é/日本": "é/日本", "a\tb": `"a\tb"`, "a\u202eb": `"a\u202eb"`, "a b": "a b"} {
		if got := printable(in); got != want {
			t.Errorf("%q is shown as %s, want %s", in, got, want)
		}
	}
	for in, want := range map[int64]int64{1: 1, 64: 64, 192: 64, 4096: 4096, 8192: 4096, 0: 4096, 12288: 4096, 6144: 2048} {
		if got := alignment(in); got != want {
			t.Errorf("%d is aligned to %d, want %d", in, got, want)
		}
	}
}
