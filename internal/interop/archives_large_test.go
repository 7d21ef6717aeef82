//go:build interop

package interop

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/zipseek"
)

// manyMembers is more than the first .zip format can count.
const manyMembers = 70_000

// TestManyMembers writes an archive of more than 65,535 arrays for NumPy, and reads one of
// Python's.
func TestManyMembers(t *testing.T) {
	dir := t.TempDir()
	ours, theirs := filepath.Join(dir, "ours.npz"), filepath.Join(dir, "theirs.npz")
	entries := make([]lazy.Entry, manyMembers)
	for i := range entries {
		entries[i] = lazy.Entry{Key: "k" + strconv.Itoa(i), Array: lazy.Values(mustBuffer(t, []int64{int64(i)}))}
	}
	cut := manyMembers - 100 // the rest is added
	if err := lazy.SaveArchive(t.Context(), ours, entries[:cut]); err != nil {
		t.Fatal(err)
	}
	if err := lazy.AppendArchive(t.Context(), ours, entries[cut:], lazy.Compressed(0)); err != nil {
		t.Fatal(err)
	}
	count := strconv.Itoa(manyMembers)
	python(t, "archives_large.py", "read-many", ours, count)
	tool(t, "unzip", "-tqq", ours)
	python(t, "archives_large.py", "write-many", theirs, count)
	for _, path := range []string{ours, theirs} {
		checkMany(t, path)
	}
}

func mustBuffer[T any](t *testing.T, values []T) mmapnpy.Buffer {
	t.Helper()
	b, err := mmapnpy.BufferOf(values)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// checkMany reads every array of an archive of many.
func checkMany(t *testing.T, path string) {
	t.Helper()
	z, err := lazy.OpenArchive(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	next := int64(0)
	for a, err := range z.All() {
		if err != nil {
			t.Fatal(err)
		}
		r, err := a.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := binary.LittleEndian.Uint64(r.Buffer().Data); a.Key() != "k"+strconv.FormatInt(next, 10) || got != uint64(next) {
			t.Fatalf("%s: member %d is %q and holds %d", path, next, a.Key(), got)
		}
		next++
	}
	if next != manyMembers {
		t.Errorf("%s: %d members instead of %d", path, next, manyMembers)
	}
}

// The huge array; the script says what is in it.
const (
	hugeSize  = 4<<30 + 80<<20
	hugeEvery = 32 << 20
	hugePiece = 8 << 20
)

// TestHugeMembers writes a member of more than 4 GiB for Python, stored and deflated, and reads
// Python's: what begins beyond 4 GiB, in the member and behind it.
func TestHugeMembers(t *testing.T) {
	for _, method := range []string{"stored", "deflated"} {
		t.Run(method, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "huge.npz")
			python(t, "archives_large.py", "write-huge", path, method)
			checkHuge(t, path, "")
			if method == "deflated" {
				writeHuge(t, path, lazy.Compressed(1))
			} else {
				writeHuge(t, path)
			}
			checkHuge(t, path, "SOZip")
			if got := string(python(t, "archives_large.py", "read-huge", path, method)); got != "read\n" {
				t.Errorf("Python says %q", got)
			}
		})
	}
}

// writeHuge writes the archive of the script.
func writeHuge(t *testing.T, path string, options ...zipseek.WriterOption) {
	t.Helper()
	w, err := zipseek.Create(path, options...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Abort() }() // does nothing after Close
	for _, m := range []struct {
		name   string
		dtype  mmapnpy.DType
		length int64
		pieces iter.Seq[[]byte]
	}{
		{"before", mmapnpy.Int64.WithByteOrder('<'), 1, onlyPiece(1)},
		{"huge", mmapnpy.Uint8, hugeSize, hugePieces},
		{"after", mmapnpy.Int64.WithByteOrder('<'), 1, onlyPiece(2)},
	} {
		head, err := mmapnpy.EncodeHeader(mmapnpy.Header{DType: m.dtype, Shape: []int64{m.length}})
		if err != nil {
			t.Fatal(err)
		}
		pieces := func(yield func([]byte, error) bool) {
			if !yield(head, nil) {
				return
			}
			for p := range m.pieces {
				if !yield(p, nil) {
					return
				}
			}
		}
		if err := w.Add(t.Context(), m.name+".npy", int64(len(head))+m.length*m.dtype.ItemSize(), pieces); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func onlyPiece(n uint64) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) { yield(binary.LittleEndian.AppendUint64(nil, n)) }
}

func hugePieces(yield func([]byte) bool) {
	piece := make([]byte, hugePiece)
	for at := int64(0); at < hugeSize; at += hugePiece {
		clear(piece[:8])
		if at%hugeEvery == 0 {
			binary.LittleEndian.PutUint64(piece, uint64(at))
		}
		if !yield(piece) {
			return
		}
	}
}

// checkHuge reads the archive at both sides of 4 GiB. A deflated member is expected to be read by
// the given index.
func checkHuge(t *testing.T, path, index string) {
	t.Helper()
	z, err := lazy.OpenArchive(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for key, want := range map[string]int64{"before": 1, "after": 2} {
		a, err := z.Array(key)
		if err != nil {
			t.Fatal(err)
		}
		total, err := lazy.Sum(t.Context(), a, lazy.OverAll())
		if err != nil {
			t.Fatal(err)
		}
		if got := total.Float64(); got != float64(want) {
			t.Errorf("%s holds %v, not %d", key, got, want)
		}
	}
	a, err := z.Array("huge")
	if err != nil {
		t.Fatal(err)
	}
	if name, reason := a.Backend(); name == string(zipseek.BackendInflate) && !strings.Contains(reason, index) {
		t.Errorf("huge member is read as %q", reason)
	}
	random := rand.New(rand.NewPCG(4, 1))
	offsets := []int64{hugeSize - 100, 1<<32 - 50, 0, hugeSize / hugeEvery * hugeEvery}
	for range 50 {
		offsets = append(offsets, random.Int64N(hugeSize/hugeEvery)*hugeEvery-random.Int64N(50), 1<<32+random.Int64N(80<<20))
	}
	for _, at := range offsets {
		at = max(at, 0)
		end := min(at+100, hugeSize)
		part, err := a.Slice(fmt.Sprintf("%d:%d", at, end))
		if err != nil {
			t.Fatal(err)
		}
		r, err := part.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Buffer().Data; !bytes.Equal(got, hugeBytes(at, end)) {
			t.Errorf("bytes at %d are % x", at, got)
		}
	}
}

// hugeBytes are the bytes of the huge array from at to end, which lie closer than two numbers do.
func hugeBytes(at, end int64) []byte {
	out := make([]byte, end-at)
	position := at / hugeEvery * hugeEvery
	for range 2 {
		for i, b := range binary.LittleEndian.AppendUint64(nil, uint64(position)) {
			if k := position + int64(i) - at; k >= 0 && k < int64(len(out)) {
				out[k] = b
			}
		}
		position += hugeEvery
	}
	return out
}
