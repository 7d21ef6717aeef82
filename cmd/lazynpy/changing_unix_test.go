//go:build unix

package main

import (
	"archive/zip"
	"bytes"
	"context"
	"hash/crc32"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/zipseek"
)

// changes are what happens to a file while it is read: it is cut or grows at a byte, another takes
// its place, or it is deleted.
var changes = map[string]func(path, other string, at int64) error{
	"cut": func(path, _ string, at int64) error { return os.Truncate(path, at) },
	"grown": func(path, other string, at int64) error {
		b, err := os.ReadFile(other)
		if err != nil {
			return err
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return err
		}
		if _, err := f.Write(b[:at]); err != nil {
			return err
		}
		return f.Close()
	},
	"replaced":  func(path, other string, _ int64) error { return os.Rename(other, path) },
	"deleted":   func(path, _ string, _ int64) error { return os.Remove(path) },
	"signalled": func(string, string, int64) error { return nil },
}

// readers are the verbs that read arrays: IN is the file, and OUT a name in the same folder. What
// some print is about nothing but the content.
var readers = []struct {
	args     string
	archives bool // only
	says     bool
}{
	{args: "info IN"}, {args: "head IN", says: true}, {args: "get IN ::2 -o OUT.npy"}, {args: "stats IN", says: true}, {args: "hist IN", says: true},
	{args: "plan IN"}, {args: "reduce --op sum,std --over 0 IN -o OUT-{op}.npy"}, {args: "checksum IN", says: true}, {args: "validate IN"},
	{args: "png IN 0 -o OUT.png"}, {args: "convert IN OUT.npy --order F"}, {args: "convert IN OUT.npz --deflate"},
	{args: "run IN --op sum --over 0 -o OUT.npy"}, {args: "add OUT.npz x=IN"}, {args: "recover IN -o OUT.npy"},
	{args: "ls IN", archives: true}, {args: "index IN", archives: true}, {args: "repack IN", archives: true},
	{args: "repack IN -o OUT.npz --deflate", archives: true}, {args: "extract IN -C OUT", archives: true},
}

// changingFiles are the same elements in files of all kinds, and others of the same shape.
func changingFiles(t *testing.T) map[string][2][]byte {
	t.Helper()
	shape := []int64{4, 256, 512}
	x := large()[:4*256*512/2]
	x = append(x, x...)
	y := make([]float64, len(x))
	for i := range y {
		y[i] = x[i] + 1
	}
	a, b := npy(t, shape, x), npy(t, shape, y)
	files := map[string][2][]byte{"npy": {a, b}}
	add := func(kind string, write func(data []byte) string) {
		files[kind] = [2][]byte{read(t, write(a)), read(t, write(b))}
	}
	add("stored", func(data []byte) string { return npz(t, nil, entry{"x.npy", data}) })
	add("sozip", func(data []byte) string {
		return npz(t, []zipseek.WriterOption{zipseek.Compressed(1)}, entry{"x.npy", data})
	})
	add("deflated", func(data []byte) string { return foreignNPZ(t, zip.Deflate, entry{"x.npy", data}) })
	add("zstd", func(data []byte) string { return rawZstd(t, data) })
	return files
}

// rawZstd writes an archive of one zstd member, in blocks that are not compressed.
func rawZstd(t *testing.T, data []byte) string {
	t.Helper()
	const block = 128 << 10
	packed := []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 0x50} // magic, no options, a window of 1 MiB
	for rest := data; len(rest) > 0; {
		n := min(len(rest), block)
		head := uint32(n) << 3
		if n == len(rest) {
			head |= 1 // the last
		}
		packed = append(packed, byte(head), byte(head>>8), byte(head>>16))
		packed, rest = append(packed, rest[:n]...), rest[n:]
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: "x.npy", Method: uint16(zipseek.Zstd), CRC32: crc32.ChecksumIEEE(data), UncompressedSize64: uint64(len(data)), CompressedSize64: uint64(len(packed))}
	m, err := w.CreateRaw(h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Write(packed); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return rawNamed(t, b.Bytes())
}

// TestRunNotesStreams asks that run says what a member costs that every worker has to decode from
// its start.
func TestRunNotesStreams(t *testing.T) {
	dir := t.TempDir()
	path := rawZstd(t, read(t, array(t, []int64{16, 8, 8}, noise(1024))))
	for engine, want := range map[string]bool{"pool": false, "proc": true} {
		out := filepath.Join(dir, engine+".npy")
		o := lazynpy(t, "run", path+":x", "--op", "sum", "--over", "0", "-o", out, "--engine", engine)
		if o.code != 0 || strings.Contains(o.stderr, "zstd member, decoded from its start by each worker; repack ") != want {
			t.Errorf("%s: exit %d, %s", engine, o.code, o.stderr)
		}
	}
}

// TestFileChanges changes files at random moments under each verb, and interrupts it: it ends, in
// one line if with an error, says nothing of other bytes than those of one file, and leaves nothing
// half done.
func TestFileChanges(t *testing.T) {
	// of every verb, kind and change; without them one of each verb, and of each kind and change
	// some
	trials := 0
	if os.Getenv("LAZYNPY_LONG") != "" {
		trials = 20
	}
	rng := rand.New(rand.NewPCG(51, 52))
	files, kinds := changingFiles(t), []string{"npy", "stored", "sozip", "deflated", "zstd"}
	for v, verb := range readers {
		for k, kind := range kinds {
			if kind == "npy" && verb.archives || kind != "npy" && strings.HasPrefix(verb.args, "recover") {
				continue
			}
			if trials == 0 && k != v%len(kinds) && (k != 1+v%4 || !verb.archives) {
				continue
			}
			d := &changeTest{kind: kind, content: files[kind], verb: verb.args, says: verb.says}
			took := d.learn(t)
			moment := func() (time.Duration, int64) {
				return time.Duration(rng.Int64N(int64(took) + 1)), rng.Int64N(int64(min(len(d.content[0]), len(d.content[1]))))
			}
			for c, change := range slices.Sorted(maps.Keys(changes)) {
				n := trials
				if n == 0 && (c-v-k)%len(changes) == 0 {
					n = 1
				}
				for range n {
					after, at := moment()
					d.trial(t, change, after, at)
				}
			}
		}
	}
}

// changeTest is one verb over one kind of file.
type changeTest struct {
	kind    string
	content [2][]byte
	verb    string
	says    bool
	said    [2]string // of each content
}

// files puts both contents into a folder and returns the command line.
func (d *changeTest) files(t *testing.T, first int) (dir, path, other string, args []string) {
	t.Helper()
	dir = t.TempDir()
	path, other = filepath.Join(dir, "in.npz"), filepath.Join(dir, "other")
	if d.kind == "npy" {
		path = filepath.Join(dir, "in.npy")
	}
	for i, name := range []string{path, other} {
		if err := os.WriteFile(name, d.content[(first+i)%2], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, arg := range strings.Fields(d.verb) {
		arg = strings.ReplaceAll(arg, "IN", path)
		args = append(args, strings.ReplaceAll(arg, "OUT", filepath.Join(dir, "out")))
	}
	return dir, path, other, args
}

// learn runs the verb undisturbed, and returns how long it takes.
func (d *changeTest) learn(t *testing.T) time.Duration {
	t.Helper()
	var took time.Duration
	for i := range d.said {
		if i > 0 && !d.says {
			break
		}
		dir, _, _, args := d.files(t, i)
		began := time.Now()
		o := lazynpy(t, args...)
		took = time.Since(began)
		if o.code != exitOK && !strings.HasPrefix(d.verb, "recover") {
			t.Fatalf("%s: lazynpy %q: exit %d, %s", d.kind, args, o.code, o.stderr)
		}
		d.said[i] = strings.ReplaceAll(o.stdout, dir, "DIR")
	}
	return took
}

// trial runs the verb, and lets the change happen after a while.
func (d *changeTest) trial(t *testing.T, change string, after time.Duration, at int64) {
	t.Helper()
	dir, path, other, args := d.files(t, 0)
	ctx, signal := context.WithCancel(t.Context())
	defer signal()
	var stdout, stderr bytes.Buffer
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, args, strings.NewReader(""), &stdout, &stderr) }()
	time.Sleep(after)
	if err := changes[change](path, other, at); err != nil {
		t.Fatal(err)
	}
	if change == "signalled" {
		signal()
	}
	what := d.kind + ": " + d.verb + ": " + change + " after " + after.String()
	var code int
	select {
	case code = <-ended:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s: does not end", what)
	}
	said := strings.ReplaceAll(stdout.String(), dir, "DIR")
	switch {
	case strings.Contains(stderr.String(), "internal error"):
		t.Errorf("%s: %s", what, stderr.String())
	case code == exitOK && d.says && said != d.said[0] && (change != "replaced" || said != d.said[1]):
		t.Errorf("%s: says %q", what, said)
	case code != exitOK && code != exitFailure && (code != exitInterrupted || change != "signalled"):
		t.Errorf("%s: exit %d", what, code)
	}
	d.checkLeft(t, what, dir, code)
}

// checkLeft checks that nothing is half done.
func (d *changeTest) checkLeft(t *testing.T, what, dir string, code int) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		switch {
		case name == "other" || strings.HasPrefix(name, "in.np"):
		// to be resumed
		case strings.HasPrefix(d.verb, "run") && (name == "out.npy.run" || strings.HasSuffix(name, ".part")):
		// the first of two results
		case code != exitOK && !e.IsDir() && strings.HasPrefix(d.verb, "reduce"):
		case code != exitOK && !e.IsDir() || strings.HasPrefix(name, "."):
			t.Errorf("%s: exit %d, and %s is left", what, code, name)
		}
	}
	out := filepath.Join(dir, "out")
	err = filepath.WalkDir(out, func(path string, e fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s: %s is left", what, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
