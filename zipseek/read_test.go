package zipseek

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"
)

// samples are contents like those of real arrays, n bytes each.
func samples(n int) map[string][]byte {
	r := rand.New(rand.NewPCG(7, 11))
	rounded, counts, labels, noise := make([]byte, 0, n+8), make([]byte, 0, n+8), make([]byte, 0, n+8), make([]byte, 0, n+8)
	for i := 0; len(rounded) < n; i++ {
		v := math.Round(100*(20*math.Sin(float64(i)/5000)+r.NormFloat64())) / 100
		rounded = binary.LittleEndian.AppendUint32(rounded, math.Float32bits(float32(v)))
	}
	for len(counts) < n {
		counts = binary.LittleEndian.AppendUint16(counts, uint16(100+10*r.NormFloat64()))
	}
	for len(labels) < n {
		label, length := r.Uint64N(50), 1+r.IntN(2000)
		for range length {
			labels = binary.LittleEndian.AppendUint64(labels, label)
		}
	}
	for i := 0; len(noise) < n; i++ { // every other 100 KB cannot be compressed and is stored
		v := r.Uint64()
		if i/12500%2 == 0 {
			v &= 0xff
		}
		noise = binary.LittleEndian.AppendUint64(noise, v)
	}
	return map[string][]byte{"rounded": rounded[:n], "counts": counts[:n], "labels": labels[:n], "noise": noise[:n], "zeros": make([]byte, n)}
}

// byZip writes an archive with archive/zip: one deflate stream for each member, and no index.
func byZip(t testing.TB, contents map[string][]byte) string {
	t.Helper()
	key := ""
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		key += fmt.Sprintf("%q %x ", name, sha256.Sum256(contents[name]))
	}
	archive, ok := zipped.Load(key)
	if !ok {
		archive = zipAll(t, contents)
		zipped.Store(key, archive)
	}
	path := filepath.Join(t.TempDir(), "foreign.zip")
	if err := os.WriteFile(path, archive.([]byte), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// zipped are the archives of byZip by their contents: several tests want the same, and it takes
// long under the race detector.
var zipped sync.Map

func zipAll(t testing.TB, contents map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, content := range contents {
		m, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// byUs writes an archive with a Writer.
func byUs(t testing.TB, contents map[string][]byte, opts ...WriterOption) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ours.zip")
	w, err := Create(path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range contents {
		if err := w.AddBytes(t.Context(), name, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustOpen(t testing.TB, path string, opts ...Option) *Archive {
	t.Helper()
	a, err := Open(path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

func mustLookup(t testing.TB, a *Archive, name string) *Member {
	t.Helper()
	m, ok := a.Lookup(name)
	if !ok {
		t.Fatalf("no member %q", name)
	}
	return m
}

// origin tells which index a member is read by, so that a test knows what it tested.
func origin(t testing.TB, m *Member) string {
	t.Helper()
	src, err := m.Source()
	if err != nil {
		t.Fatal(err)
	}
	s, ok := src.(*inflated)
	if !ok {
		return m.Method.String()
	}
	return s.index().origin()
}

// checkReads compares ranges at random, whole members, and everything at once.
func checkReads(t *testing.T, m *Member, content []byte, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 3))
	for i := 0; i < 40; i += every {
		off := r.IntN(len(content))
		n := r.IntN(min(len(content)-off, 1<<(4+i%20)) + 1)
		p := make([]byte, n)
		if got, err := m.ReadAt(p, int64(off)); err != nil || got != n || !bytes.Equal(p, content[off:off+n]) {
			t.Fatalf("%s: %d bytes at %d: %d, %v", m.Name, n, off, got, err)
		}
	}
	p := make([]byte, len(content)+10)
	if n, err := m.ReadAt(p, 0); err != io.EOF || !bytes.Equal(p[:n], content) { //nolint:errorlint // io.ReaderAt promises it as it is
		t.Fatalf("%s: whole: %d bytes, %v", m.Name, n, err)
	}
}

// TestReadAnywhere reads members of all kinds, by all back ends and numbers of workers, in
// random order, twice.
func TestReadAnywhere(t *testing.T) {
	contents := samples(5 << 19)
	if every > 1 {
		contents = samples(5 << 18)
		delete(contents, "counts") // much like the others, to anything but the decoder
		delete(contents, "labels")
		delete(contents, "zeros")
	}
	for _, tt := range []struct {
		name, path, origin string
		opts               []Option
	}{
		{"checkpoints", byZip(t, contents), "checkpoints", nil},
		{"close checkpoints", byZip(t, contents), "checkpoints", []Option{Span(minSpan), Workers(3)}},
		{"one worker", byZip(t, contents), "checkpoints", []Option{Workers(1), CacheSize(0)}},
		{"sozip", byUs(t, contents, Compressed(6)), "sozip", []Option{Workers(2)}},
		{"small chunks", byUs(t, contents, Compressed(1), ChunkSize(4<<10)), "sozip", []Option{Workers(2)}},
		{"stored", byUs(t, contents), "stored", nil},
	} {
		for _, backend := range []string{"mmap", "pread"} {
			t.Run(tt.name+" "+backend, func(t *testing.T) {
				a := mustOpen(t, tt.path, append(tt.opts, WithBackend(backend))...)
				for name, content := range contents {
					m := mustLookup(t, a, name)
					checkReads(t, m, content, 1)
					if every == 1 {
						checkReads(t, m, content, 2)
					}
					if got := origin(t, m); got != tt.origin {
						t.Errorf("%s: read by way of %s", name, got)
					}
					if err := m.Verify(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
}

// TestReadTogether reads one member from many goroutines, first without an index.
func TestReadTogether(t *testing.T) {
	content := samples(4 << 20)["rounded"]
	for name, path := range map[string]string{
		"checkpoints": byZip(t, map[string][]byte{"x": content}),
		"sozip":       byUs(t, map[string][]byte{"x": content}, Compressed(0)),
	} {
		a := mustOpen(t, path, Workers(2))
		m := mustLookup(t, a, "x")
		var g errgroup.Group
		for i := range 8 {
			g.Go(func() error {
				r := rand.New(rand.NewPCG(uint64(i), 9))
				for range 12 / every {
					off := r.IntN(len(content))
					p := make([]byte, r.IntN(min(len(content)-off, 3<<20/every)))
					if _, err := m.ReadAt(p, int64(off)); err != nil {
						return err
					}
					if !bytes.Equal(p, content[off:off+len(p)]) {
						return errors.New("other bytes")
					}
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBorrow checks that borrowed bytes are right and hold Close back.
func TestBorrow(t *testing.T) {
	content := samples(3 << 20)["counts"]
	a, err := Open(byZip(t, map[string][]byte{"x": content}))
	if err != nil {
		t.Fatal(err)
	}
	src, err := mustLookup(t, a, "x").Source()
	if err != nil {
		t.Fatal(err)
	}
	l, err := src.Borrow(1<<20, 2<<20)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	closed := make(chan struct{})
	wg.Go(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		close(closed)
	})
	if !bytes.Equal(l.Bytes(), content[1<<20:]) {
		t.Error("other bytes")
	}
	select {
	case <-closed:
		t.Error("Close did not wait for the lease")
	default:
	}
	l.Release()
	wg.Wait()
	if _, err := src.Borrow(0, 1); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if _, err := src.View(0, 1); err == nil {
		t.Error("a deflated member has a view")
	}
}

// TestView checks that a stored member is the mapped file.
func TestView(t *testing.T) {
	content := samples(1 << 20)["noise"]
	a := mustOpen(t, byUs(t, map[string][]byte{"x": content}), WithBackend("mmap"))
	m := mustLookup(t, a, "x")
	v, err := m.View(1000, 5000)
	if err != nil || !bytes.Equal(v, content[1000:6000]) {
		t.Fatalf("view: %v", err)
	}
	at, err := m.DataOffset()
	if err != nil || at%DefaultAlign != 0 {
		t.Errorf("data at %d, %v", at, err)
	}
	whole, err := a.file.View(at+1000, 1)
	if err != nil || &whole[0] != &v[0] {
		t.Errorf("the view is a copy (%v)", err)
	}
}

// TestThin checks that an index stays within its memory, and right, as points are dropped.
func TestThin(t *testing.T) {
	content := samples(4<<20 + 8<<20/every)["rounded"]
	a := mustOpen(t, byZip(t, map[string][]byte{"x": content}), Span(minSpan), Workers(2))
	m := mustLookup(t, a, "x")
	src, err := m.Source()
	if err != nil {
		t.Fatal(err)
	}
	c := src.(*inflated).index().(*checkpoints)
	c.limit = 60 << 10
	checkReads(t, m, content, 5)
	if c.windows > c.limit || c.span == minSpan || len(c.points) < 4 {
		t.Errorf("%d points, %d bytes of windows, span %d", len(c.points), c.windows, c.span)
	}
	if err := m.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	if every == 1 {
		checkReads(t, m, content, 6)
	}
}

// TestSizes reads members at sizes around those that matter.
func TestSizes(t *testing.T) {
	contents := map[string][]byte{}
	all := samples(1 << 20)["rounded"]
	for _, n := range []int{0, 1, 2, 511, 512, 32767, 32768, 32769, 65535, 65536, 65537, 262143, 262144, 262145} {
		contents[itoa(int64(n))] = all[:n]
	}
	for name, path := range map[string]string{
		"foreign": byZip(t, contents),
		"ours":    byUs(t, contents, Compressed(9), ChunkSize(32<<10)),
		"stored":  byUs(t, contents, Align(4096)),
	} {
		for _, check := range []Check{CheckOnce, CheckNever, CheckAlways} {
			a := mustOpen(t, path, Span(minSpan), Checksums(check))
			for key, content := range contents {
				m := mustLookup(t, a, key)
				got, err := m.Bytes()
				if err != nil || !bytes.Equal(got, content) {
					t.Errorf("%s, policy %d: %s: %v", name, check, key, err)
				}
				if err := m.Verify(t.Context()); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
}

// TestCorrupt flips bytes of a deflated member. What is read is right or an error, and once all was
// read there was an error.
func TestCorrupt(t *testing.T) {
	content := samples(2 << 20)["rounded"]
	for name, path := range map[string]string{
		"checkpoints": byZip(t, map[string][]byte{"x": content}),
		"sozip":       byUs(t, map[string][]byte{"x": content}, Compressed(6)),
	} {
		archive, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		m := mustLookup(t, mustOpen(t, path), "x")
		start, err := m.DataOffset()
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(1, 2))
		for range 30 / every {
			bad := bytes.Clone(archive)
			at := start + r.Int64N(m.CompressedSize)
			bad[at] ^= 1 << r.IntN(8)
			broken := filepath.Join(t.TempDir(), "broken.zip")
			if err := os.WriteFile(broken, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			checkBroken(t, name, broken, content)
		}
	}
}

func checkBroken(t *testing.T, name, path string, content []byte) {
	t.Helper()
	a := mustOpen(t, path, Span(minSpan), Workers(2))
	m := mustLookup(t, a, "x")
	failed := false
	for off := 0; off < len(content); off += 100_000 {
		p := make([]byte, min(100_000, len(content)-off))
		_, err := m.ReadAt(p, int64(off))
		if err == nil {
			continue
		}
		failed = true
		bad, ok := errors.AsType[*FormatError](err)
		if !ok || bad.Path != path || bad.Member != "x" || !errors.Is(err, ErrFormat) && !errors.Is(err, ErrChecksum) {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if err := m.Verify(t.Context()); err == nil || !failed {
		t.Errorf("%s: the damage was not seen (reading %v, Verify %v)", name, failed, err)
	}
}

// TestDeclaredSize makes the directory lie about the size of a member.
func TestDeclaredSize(t *testing.T) {
	content := samples(300_000)["counts"]
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, 6)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{len(content) - 1, len(content) + 1, 2, 10 * len(content)} {
		path := writeFile(t, rawZip(t, rawMember{zip.FileHeader{Name: "x", Method: zip.Deflate, UncompressedSize64: uint64(size)}, deflated.Bytes()}))
		x := mustLookup(t, mustOpen(t, path, Checksums(CheckNever)), "x")
		if got, err := x.Bytes(); !errors.Is(err, ErrFormat) {
			t.Errorf("%d bytes said to be %d: %d, %v", len(content), size, len(got), err)
		}
		if size > 1000 { // what is there can be read
			p := make([]byte, 1000)
			if _, err := x.ReadAt(p, 500); err != nil || !bytes.Equal(p, content[500:1500]) {
				t.Errorf("the beginning of a member with a false size: %v", err)
			}
		}
	}
}

func crcOf(b []byte) uint32 { return crc32.ChecksumIEEE(b) }
