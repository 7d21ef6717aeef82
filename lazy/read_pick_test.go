package lazy_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// TestPicker: rows of every kind of array are those that Load has, wherever they are put, in
// whatever order and number.
func TestPicker(t *testing.T) {
	must := func(a *lazy.Array, err error) *lazy.Array {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { a.Close() })
		return a
	}
	const rows, columns = 700, 50
	values := make([]int32, rows*columns)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range values {
		values[i] = int32(r.Uint32())
	}
	dir := t.TempDir()
	memory := must(lazy.FromSlice(values, rows, columns))
	save := func(name string, a *lazy.Array) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := a.Save(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	stored := save("c.npy", memory)
	packed := func(name string, opts ...lazy.ArchiveOption) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := lazy.SaveArchive(t.Context(), path, lazy.Entries(map[string]*lazy.Array{"x": memory}), opts...); err != nil {
			t.Fatal(err)
		}
		return path
	}
	table := func(rows, columns int64) *lazy.Array {
		values := make([]uint64, rows*columns)
		for i := range values {
			values[i] = r.Uint64()
		}
		return must(lazy.FromSlice(values, rows, columns))
	}
	file := must(lazy.Open(stored))
	for name, a := range map[string]*lazy.Array{
		"memory":     memory,
		"mapped":     file,
		"pread":      must(lazy.Open(stored, lazy.Backend("pread"))),
		"backwards":  must(file.Slice("::-3")),
		"part":       must(file.Slice("5:600:7, 3:9")),
		"column":     must(file.Slice(":, 4")),
		"transposed": must(file.Transpose()),
		"cast":       must(file.AsType(mmapnpy.Float64)),
		"joined":     must(lazy.Concatenate(0, file, memory)),
		"stored":     must(lazy.Open(packed("s.npz") + ":x")),
		"deflated":   must(lazy.Open(packed("d.npz", lazy.Compressed(6)) + ":x")),
		"stack":      must(lazy.OpenStack(filepath.Join(dir, "c*.npy"))),
		// Read to their places, and by several goroutines.
		"long rows": must(lazy.Open(save("wide.npy", table(3, 20_000)))),
		"longest":   must(lazy.Open(save("widest.npy", table(5, 600_000)))),
	} {
		loaded, err := a.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all := loaded.Buffer().Data
		p, err := a.Picker()
		if err != nil {
			t.Fatal(err)
		}
		n, size := a.Shape()[0], p.RowBytes()
		if size*n != int64(len(all)) {
			t.Fatalf("%s: rows of %d bytes, %d of them in %d", name, size, n, len(all))
		}
		for range 20 {
			var picks []lazy.Pick
			var want []byte
			for range r.IntN(int(min(40, 32<<20/size))) {
				k := lazy.Pick{Row: r.Int64N(n), At: int64(len(want))}
				k.Count = r.Int64N(min(n-k.Row, 9) + 1)
				picks = append(picks, k)
				want = append(want, all[k.Row*size:(k.Row+k.Count)*size]...)
			}
			got := make([]byte, len(want))
			if err := p.Read(got, picks); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("%s: rows differ: %v", name, picks)
			}
		}
		for _, bad := range []lazy.Pick{
			{Row: -1, Count: 1}, {Row: n, Count: 1}, {Row: 0, Count: n + 1}, {Row: 1, Count: -1},
			{Row: 0, Count: 1, At: -1}, {Row: 0, Count: 1, At: 1}, {Row: 0, Count: 2},
		} {
			if err := p.Read(make([]byte, size), []lazy.Pick{bad}); !errors.Is(err, lazy.ErrIndex) {
				t.Errorf("%s: %+v: %v", name, bad, err)
			}
		}
	}
	zero, err := file.Slice("0, 0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := zero.Picker(); !errors.Is(err, lazy.ErrShape) {
		t.Errorf("rows of %v: %v", zero.Shape(), err)
	}
}
