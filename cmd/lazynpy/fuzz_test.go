package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/signal"
	"github.com/lazynpy/lazynpy/zipseek"
)

// The targets of this file give bytes to whole verbs, as files of a user: what is read is held to
// what every verb promises, and to what other verbs say of the same file.
const (
	fuzzLargest = 64 << 10 // bytes of an input: larger ones teach nothing that these do not
	fuzzHang    = 30 * time.Second
	// allocated by one verb, all in all: its budget, and a few times what it may decode.
	fuzzMemory = 192 << 20
)

// verbs runs command lines on the files of one folder.
type verbs struct {
	testing.TB
	flags   []string        // what every line has
	reached map[string]bool // the verbs that have succeeded, if not nil
}

// reach fails the target if one of these verbs has not succeeded on what is well-formed: whatever
// fuzzing makes of it would be refused for the same reason, and nothing tried.
func (v verbs) reach(names ...string) {
	v.Helper()
	for _, name := range names {
		if !v.reached[name] {
			v.Errorf("%s has never succeeded", name)
		}
	}
}

// try runs one command line, and checks what holds of all: it ends, within bounds of memory, and an
// error is one line.
func (v verbs) try(args ...string) outcome {
	v.Helper()
	line := slices.Concat(args, v.flags)
	hang := time.AfterFunc(fuzzHang, func() { panic(fmt.Sprintf("lazynpy %q is still at work after %v", line, fuzzHang)) })
	defer hang.Stop()
	var stdout, stderr bytes.Buffer
	before := allocatedBytes()
	code := run(context.Background(), line, strings.NewReader(""), &stdout, &stderr)
	if got := allocatedBytes() - before; got > fuzzMemory {
		v.Errorf("lazynpy %q: %d bytes allocated", line, got)
	}
	o := outcome{code, stdout.String(), stderr.String()}
	if code == exitOK && v.reached != nil {
		v.reached[args[0]] = true
	}
	switch {
	case code != exitOK && code != exitFailure && code != exitUsage:
		v.Errorf("lazynpy %q: exit %d\n%s", line, code, o.stderr)
	case strings.Contains(o.stderr, "internal error") || strings.Contains(o.stderr, "runtime error") || strings.Contains(o.stderr, "panic"):
		v.Errorf("lazynpy %q: %s", line, o.stderr)
	case code != exitOK && o.stderr == "" && args[0] != "validate" && args[0] != "ls":
		v.Errorf("lazynpy %q: exit %d, and no word of why", line, code)
	case strings.ContainsFunc(strings.TrimSuffix(o.stderr, "\n"), func(r rune) bool { return r < ' ' && r != '\n' }):
		v.Errorf("lazynpy %q: control characters in %q", line, o.stderr)
	case len(o.stderr) > 64<<10:
		v.Errorf("lazynpy %q: %d bytes of errors", line, len(o.stderr))
	}
	return o
}

// allocatedBytes is what this process has allocated since it began.
func allocatedBytes() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// agree runs a command line on what another one has written of the array that has this checksum. A
// field that the other one has picked is all that there is to read.
func (v verbs) agree(sum string, args ...string) {
	v.Helper()
	v.flags = slices.DeleteFunc(slices.Clone(v.flags), func(flag string) bool { return strings.HasPrefix(flag, "--field") })
	if o := v.try(args...); o.code != exitOK || !strings.HasPrefix(o.stdout, sum) {
		v.Errorf("lazynpy %q: exit %d, %.100q, not %.100s\n%s", args, o.code, o.stdout, sum, o.stderr)
	}
}

// looks prints and draws.
func (v verbs) looks(path, index string) {
	v.try("head", path)
	v.try("head", "-n", "3", "--json", path, index)
	v.try("get", path, index)
	v.try("get", "--json", path)
	for _, format := range []string{"csv", "json"} {
		v.try("get", "-o", "-", "--format", format, path, index)
	}
	v.try("png", "--preview", path, index)
	if o := v.try("png", "-o", "-", "--log", path); o.code == exitOK && !strings.HasPrefix(o.stdout, "\x89PNG") {
		v.Errorf("exit 0, and no PNG: %.20q", o.stdout)
	}
}

// counts reduces.
func (v verbs) counts(path, index, over string) {
	v.try("stats", path, index)
	v.try("stats", "--json", path)
	v.try("hist", "--bins", "7", path, index)
	v.try("hist", "--range=-1,300", path)
	for _, op := range []string{"sum,mean,min,max,std,var", "argmin,argmax", "count_nan,count_inf,count_zero"} {
		v.try("reduce", "--op", op, "--over", over, path)
		v.try("reduce", "--json", "--op", op, "--over", over, path, index)
	}
}

// writes converts, packs and unpacks an array, whose elements stay what they are.
func (v verbs) writes(path, index string) {
	dir := v.TempDir()
	raw := v.try("convert", "--format", "raw", path, "-")
	sum := v.try("checksum", path)
	if sum.code != exitOK || raw.code != exitOK {
		if sum.code != raw.code {
			v.Errorf("checksum says %q, convert %q", sum.stderr, raw.stderr)
		}
		return
	}
	hash := sha256.Sum256([]byte(raw.stdout))
	want := hex.EncodeToString(hash[:])
	if !strings.HasPrefix(sum.stdout, want) {
		v.Errorf("checksum says %q, and %s is that of what convert writes", sum.stdout, want)
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, to := range []struct {
		name string
		args []string
	}{
		{"c.npy", []string{"--sync=false"}}, {"f.npy", []string{"--sync=false", "--order", "F"}}, {"s.npz", nil}, {"d.npz", []string{"--deflate"}},
	} {
		// What a file of another form cannot hold, as object arrays, is refused.
		if v.try(slices.Concat([]string{"convert", path, at(to.name)}, to.args)...).code == exitOK {
			v.agree(want, "checksum", at(to.name))
		}
	}
	for _, dtype := range []string{"float32", ">i2", "bool", "U3"} {
		v.try("convert", "--sync=false", "--dtype", dtype, path, at("cast.npy"))
	}
	if v.try("get", "-o", at("get.npy"), path, index).code == exitOK {
		v.try("checksum", at("get.npy"))
	}
	if v.try("add", at("new.npz"), "a="+path).code == exitOK {
		v.agree(want, "checksum", at("new.npz")+":a")
		if valid := v.try("validate", path).code; v.try("validate", at("new.npz")).code != exitOK && valid == exitOK {
			v.Error("what add has written of a valid file is invalid")
		}
	}
}

// runs computes by the engines of package distributed, in this process.
func (v verbs) runs(path, over string) {
	dir := v.TempDir()
	v.flags = slices.DeleteFunc(slices.Clone(v.flags), func(flag string) bool { return strings.HasPrefix(flag, "--backend") })
	v.try("run", "--op", "sum,var", "--over", over, "-o", filepath.Join(dir, "{op}.npy"), path)
	v.try("run", "--apply", "astype=f8", "--apply", "sqrt", "--map-output", filepath.Join(dir, "map.npy"), path)
}

// fuzzFlags are flags of all verbs, chosen by bits.
func fuzzFlags(bits uint16) []string {
	flags := []string{"--memory=16MiB", "--workers=2"}
	if bits&1 != 0 {
		flags = append(flags, "--lenient")
	}
	flags = append(flags, "--backend="+[]string{"auto", "pread", "mmap", "copy"}[bits>>1&3])
	if bits&(1<<14) != 0 {
		flags = append(flags, "--checksums=never")
	}
	switch bits >> 3 & 7 {
	case 1:
		flags = append(flags, "--nav=0")
	case 2:
		flags = append(flags, "--nav=0,1")
	case 3:
		flags = append(flags, "--nav=-1")
	case 4:
		flags = append(flags, "--chunks=1")
	case 5:
		flags = append(flags, "--chunks=(-1, 2)")
	case 6:
		flags = append(flags, "--field=a")
	}
	return flags
}

// fuzzOver are the axes that reductions remove, chosen by bits.
func fuzzOver(bits uint16) string {
	return []string{"all", "0", "-1", "signal", "navigation", "0,1", "0,-1", "1"}[bits>>6&7]
}

// FuzzArray reads any bytes as a .npy file with any sidecar, by one group of verbs that bits
// choose.
func FuzzArray(f *testing.F) {
	paths, err := filepath.Glob("../../testdata/torture/*.npy")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no torture files: %v", err)
	}
	for i := 0; i < len(paths); i += 3 { // FuzzHeader reads them all
		f.Add(must[[]byte](f)(os.ReadFile(paths[i])), []byte{}, "1:", uint16(i*1031))
	}
	good := verbs{f, fuzzFlags(0), map[string]bool{}}
	sidecar := []byte(`{"format": "lazynpy-signal", "version": 1, "signal": {"axes": [{"size": 4, "name": "y", "navigate": true, "scale": 0.5}, {"size": 3, "axis": [1, 2.5, 7]}]}}`)
	for i, dtype := range []string{"<f8", ">u2", "<f2", "<c8", "|b1", "<U3", "|S4", "<M8[ns]", "<f16", "i4,(2,3)f4", "|V3"} {
		t, err := mmapnpy.ParseDType(dtype)
		if err != nil {
			f.Fatal(err)
		}
		head := must[[]byte](f)(mmapnpy.EncodeHeader(mmapnpy.Header{DType: t, Shape: []int64{4, 3}, FortranOrder: i%2 == 1}))
		data := make([]byte, 12*t.ItemSize())
		for k := range data {
			data[k] = byte(k * 37 >> 2)
		}
		if i == 0 {
			path := filepath.Join(f.TempDir(), "good.npy")
			if err := errors.Join(os.WriteFile(path, append(head, data...), 0o600), os.WriteFile(signal.SidecarPath(path), sidecar, 0o600)); err != nil {
				f.Fatal(err)
			}
			if o := good.try("info", path); !strings.Contains(o.stdout, "axis 0") {
				f.Errorf("no axes of the sidecar: %s", o.stdout)
			}
			good.looks(path, "::2")
			good.counts(path, "::2", "all")
			good.writes(path, "::2")
			good.runs(path, "all")
			good.reach("info", "head", "get", "png", "stats", "hist", "reduce", "checksum", "convert", "add", "validate", "run")
		}
		for group := range uint16(4) {
			f.Add(append(head, data...), sidecar, "::-2, ..., 1", group<<12|uint16(i)<<3)
			f.Add(append(head[10:], data...), []byte{}, "1, ::2", fuzzBare|group<<12|uint16(i)<<3)
		}
	}
	f.Fuzz(func(t *testing.T, data, sidecar []byte, index string, bits uint16) {
		if len(data) > fuzzLargest || len(sidecar) > fuzzLargest || len(index) > 100 {
			return
		}
		if bits&fuzzBare != 0 {
			data = headed(data)
		}
		path := rawFile(t, data)
		if len(sidecar) > 0 {
			if err := os.WriteFile(signal.SidecarPath(path), sidecar, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		v := verbs{TB: t, flags: fuzzFlags(bits)}
		index = strings.TrimLeft(index, "-") // not a flag
		readable := v.try("info", path).code == exitOK
		v.try("info", "--json", path)
		v.try("plan", path)
		if v.try("validate", path).code == exitOK && !readable && !slices.ContainsFunc(v.flags, isChoice) {
			t.Error("valid, and not readable")
		}
		if !readable {
			if o := v.try("get", path); o.code == exitOK {
				t.Errorf("get reads what info does not: %q", o.stdout)
			}
			return
		}
		switch bits >> 12 & 3 {
		case 0:
			v.looks(path, index)
		case 1:
			v.counts(path, index, fuzzOver(bits))
		case 2:
			v.writes(path, index)
		case 3:
			v.runs(path, fuzzOver(bits))
		}
	})
}

// fuzzBare is the bit that says that an input begins with the text of its header.
const fuzzBare = 1 << 15

// headed puts the magic string, a version and the length before the text of a header, which ends at
// the first line break: it can be made longer and shorter.
func headed(b []byte) []byte {
	n := bytes.IndexByte(b, '\n') + 1
	return append(binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(n)), b...)
}

// isChoice reports whether a flag chooses what not every array has.
func isChoice(flag string) bool {
	return strings.HasPrefix(flag, "--nav") || strings.HasPrefix(flag, "--chunks") || strings.HasPrefix(flag, "--field")
}

// FuzzArchive reads any bytes as a .npz file with any index beside it, lists, validates, computes,
// and unpacks it.
func FuzzArchive(f *testing.F) {
	paths, err := filepath.Glob("../../testdata/torture/*.npz")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no torture files: %v", err)
	}
	for i, path := range paths {
		if data := must[[]byte](f)(os.ReadFile(path)); len(data) < fuzzLargest {
			f.Add(data, []byte{}, uint16(i*1031))
		}
	}
	dir := f.TempDir()
	numbers := filepath.Join(dir, "x.npy")
	small := must[mmapnpy.Buffer](f)(mmapnpy.BufferOf(count[int16](40_000), 200, 200))
	if err := mmapnpy.Save(numbers, small); err != nil {
		f.Fatal(err)
	}
	for i, args := range [][]string{{"--deflate=1"}, {"--deflate", "--chunk=4KiB"}, nil} {
		path := filepath.Join(dir, fmt.Sprintf("%d.npz", i))
		v := verbs{TB: f}
		if o := v.try(append([]string{"convert", numbers, path}, args...)...); o.code != exitOK {
			f.Fatal(o.stderr)
		}
		v.try("index", "--span", "64KiB", path)
		side, _ := os.ReadFile(path + zipseek.IndexSuffix)
		if i == 0 && len(side) == 0 {
			f.Fatal("no index of a deflated member")
		}
		f.Add(must[[]byte](f)(os.ReadFile(path)), side, uint16(i))
		f.Add(must[[]byte](f)(os.ReadFile(path)), side, uint16(i)|1<<12)
	}
	good := verbs{f, fuzzFlags(0), map[string]bool{}}
	apart := f.TempDir()
	path := filepath.Join(apart, "z.npz")
	if err := os.WriteFile(path, must[[]byte](f)(os.ReadFile(filepath.Join(dir, "0.npz"))), 0o600); err != nil {
		f.Fatal(err)
	}
	good.unpack(apart, path, true)
	good.reach("extract", "repack", "validate", "index")
	f.Fuzz(func(t *testing.T, data, side []byte, bits uint16) {
		if len(data) > fuzzLargest || len(side) > fuzzLargest {
			return
		}
		root := t.TempDir()
		path := filepath.Join(root, "z.npz")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if len(side) > 0 {
			if err := os.WriteFile(path+zipseek.IndexSuffix, side, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		v := verbs{TB: t, flags: fuzzFlags(bits &^ (7 << 3))}
		v.try("ls", "--names", path)
		v.try("validate", "--no-crc", path)
		keys, total, ok := listed(path)
		if !ok || total > 4<<20 {
			return // read by the tests of decoders
		}
		v.try("ls", "--json", path)
		v.try("info", path)
		valid := v.try("validate", path).code == exitOK
		sums := v.try("checksum", "--json", path)
		if valid && sums.code != exitOK && len(keys) > 0 && !strings.Contains(sums.stderr, "object") {
			t.Errorf("valid, and checksum says %q", sums.stderr)
		}
		if bits>>12&1 == 0 {
			for _, key := range keys[:min(len(keys), 3)] {
				v.try("stats", path+":"+key)
				v.try("head", path+":"+key)
			}
			return
		}
		v.unpack(root, path, valid)
	})
}

// listed is what the directory of an archive says.
func listed(path string) (keys []string, total int64, ok bool) {
	z, err := lazy.OpenArchive(path)
	if err != nil {
		return nil, 0, false
	}
	defer z.Close()
	for _, m := range z.Zip().All() {
		total += max(0, m.Size)
		if lazy.IsArray(m) {
			keys = append(keys, lazy.KeyOf(m.Name))
		}
		if total < 0 {
			return nil, 0, false
		}
	}
	return keys, total, true
}

// unpack extracts and repacks an archive, and sees that nothing beside the outputs is touched.
func (v verbs) unpack(root, path string, valid bool) {
	before := must[[]byte](v)(os.ReadFile(path))
	out := filepath.Join(root, "out")
	v.try("extract", path, "-C", out)
	packed := filepath.Join(root, "packed.npz")
	if v.try("repack", "--deflate=1", path, "-o", packed).code == exitOK {
		if o := v.try("validate", packed); o.code != exitOK && valid {
			v.Errorf("repacked it is invalid: %s%s", o.stdout, o.stderr)
		}
	}
	v.try("index", "--span", "64KiB", path)
	for _, e := range must[[]os.DirEntry](v)(os.ReadDir(root)) {
		if !slices.Contains([]string{"z.npz", "z.npz" + zipseek.IndexSuffix, "out", "packed.npz"}, e.Name()) {
			v.Errorf("%s was made", e.Name())
		}
	}
	if after := must[[]byte](v)(os.ReadFile(path)); !bytes.Equal(before, after) {
		v.Error("the archive was changed")
	}
}

// must fails the test at an error.
func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
