package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestRecoverArchive reads and saves what is whole of an archive that was cut off.
func TestRecoverArchive(t *testing.T) {
	a, b, c := npy(t, []int64{4}, []int32{1, 2, 3, 4}), npy(t, []int64{2}, []float64{5, 6}), npy(t, []int64{1 << 12}, large()[:1<<12])
	for _, whole := range []string{
		npz(t, nil, entry{"a.npy", a}, entry{"b.npy", b}, entry{"c.npy", c}),
		foreignNPZ(t, zip.Deflate, entry{"a.npy", a}, entry{"b.npy", b}, entry{"c.npy", c}),
	} {
		bytesOf := read(t, whole)
		at := bytes.LastIndex(bytesOf, []byte("PK\x03\x04"))
		cut := rawNamed(t, bytesOf[:at+300])
		for _, args := range [][]string{{"ls", cut}, {"info", cut}, {"get", cut + ":a"}, {"extract", cut, "-C", t.TempDir()}} {
			fails(t, exitFailure, []string{cut, "2 members can be read with --partial"}, args...)
		}
		o := lazynpy(t, "ls", "--partial", "--names", cut)
		if o.code != exitOK || o.stdout != "a\nb\nc\n" || !strings.Contains(o.stderr, `the archive has no directory; "c.npy" is cut off`) {
			t.Errorf("ls: exit %d, %q, %q", o.code, o.stdout, o.stderr)
		}
		if got := ok(t, "get", "--partial", cut+":a"); got != "[1 2 3 4]\n" {
			t.Errorf("get: %q", got)
		}
		rows := decode(t, ok(t, "plan", "--json", "--partial", cut+":c"))["shape"].([]any)[0].(json.Number)
		elements := func(args ...string) []any {
			return decode(t, ok(t, append([]string{"get", "--json"}, args...)...))["data"].([]any)
		}
		if got := elements("--partial", cut+":c"); len(rows) < 2 || rows == "4096" || !slices.Equal(got, elements(whole+":c", ":"+string(rows))) {
			t.Errorf("get of %v rows: %v", rows, got)
		}
		left := t.TempDir()
		o = lazynpy(t, "extract", "--partial", cut, "c", "-o", filepath.Join(left, "c.npy"))
		if o.code != exitFailure || !strings.Contains(o.stderr, "is cut off after") {
			t.Errorf("extract: exit %d, %q", o.code, o.stderr)
		}
		leftovers(t, left)
		dir := t.TempDir()
		ok(t, "extract", "--partial", cut, "-C", dir)
		leftovers(t, dir, "a.npy", "b.npy")
		fails(t, exitUsage, []string{"--partial is for"}, "validate", "--partial", cut)

		out := filepath.Join(dir, "out.npz")
		o = lazynpy(t, "recover", cut, "--dry-run")
		if o.code != exitOK || !strings.Contains(o.stderr, "2 members are whole") {
			t.Errorf("recover: exit %d, %q", o.code, o.stderr)
		}
		v := decode(t, ok(t, "recover", "--json", cut, "-o", out))
		if v["output"] != out || !slices.Equal(v["members"].([]any), []any{"a.npy", "b.npy"}) || v["cut"] == nil ||
			!slices.Equal(v["rows"].(map[string]any)["now"].([]any), []any{rows}) {
			t.Errorf("recover: %v", v)
		}
		if got := ok(t, "validate", out); got != out+": ok\n" {
			t.Errorf("validate: %q", got)
		}
		if got := ok(t, "get", out+":b"); got != "[5. 6.]\n" {
			t.Errorf("get: %q", got)
		}
		if !slices.Equal(elements(out+":c"), elements("--partial", cut+":c")) {
			t.Error("other rows are saved than there are")
		}
		if !bytes.Equal(read(t, cut), bytesOf[:at+300]) {
			t.Error("the archive that was cut off is another")
		}
		fails(t, exitUsage, []string{"not mended in place"}, "recover", "--in-place", cut)
		fails(t, exitFailure, []string{"as a whole"}, "recover", cut+":a", "-o", out)
		fails(t, exitFailure, []string{"no member is whole"}, "recover", rawNamed(t, bytesOf[:40]), "--dry-run")

		// An archive whose directory is damaged, as a whole and in the checksum of a member: the
		// local headers are right.
		for _, offset := range []int{16, 28} {
			broken := damaged(t, whole, "PK\x01\x02", offset)
			o = lazynpy(t, "recover", broken, "-o", filepath.Join(dir, "all.npz"), "--force")
			if o.code != exitOK || !strings.Contains(o.stderr, "the directory is ") || !strings.Contains(o.stderr, "3 members are whole; written to") {
				t.Errorf("recover: exit %d, %q", o.code, o.stderr)
			}
			if got := ok(t, "ls", "--names", filepath.Join(dir, "all.npz")); got != "a\nb\nc\n" {
				t.Errorf("names: %q", got)
			}
		}
		// Damaged data of a member are damaged both ways, and --partial has no more of it.
		second := bytes.Index(bytesOf[4:], []byte("PK\x03\x04")) + 4
		broken := damaged(t, whole, "PK\x03\x04", second-20)
		if o := lazynpy(t, "extract", broken, "a", "-o", "-"); o.code != exitFailure || strings.Contains(o.stderr, "--partial") {
			t.Errorf("extract: exit %d, %q", o.code, o.stderr)
		}
		o = lazynpy(t, "recover", broken, "-o", filepath.Join(dir, "two.npz"))
		if o.code != exitOK || !strings.Contains(o.stderr, "a.npy: ") || !strings.Contains(o.stderr, "2 members are whole, 1 not; written to") {
			t.Errorf("recover: exit %d, %q", o.code, o.stderr)
		}
		if got := ok(t, "ls", "--names", filepath.Join(dir, "two.npz")); got != "b\nc\n" {
			t.Errorf("names: %q", got)
		}
	}
}
