package atomicfile

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// TestDirectWrites writes pieces of all alignments and lengths, in no order, from memory of all
// alignments, and compares the file. What is refused goes through the cache.
func TestDirectWrites(t *testing.T) {
	const size = 8 << 20
	rng := rand.New(rand.NewPCG(1, 5))
	want := make([]byte, size)
	for i := range want {
		want[i] = byte(rng.Uint32())
	}
	for name, cuts := range map[string]func() int{
		"pages":    func() int { return directPage * rng.IntN(600) },
		"anywhere": func() int { return rng.IntN(1 << 20) },
		"refused":  func() int { return directPage * rng.IntN(600) },
	} {
		f, err := os.Create(filepath.Join(t.TempDir(), "out"))
		if err != nil {
			t.Fatal(err)
		}
		if err := Reserve(f, size); err != nil {
			t.Fatal(err)
		}
		d := NewDirect(f)
		if name == "refused" && d.Past() {
			d.refused.Store(true)
		}
		var pieces [][2]int
		for at := 0; at < size; {
			end := min(at+max(cuts(), 1), size)
			pieces, at = append(pieces, [2]int{at, end}), end
		}
		rng.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
		for _, p := range pieces {
			shift := rng.IntN(2) * rng.IntN(4096)
			b := append(make([]byte, shift), want[p[0]:p[1]]...)[shift:]
			if n, err := d.WriteAt(b, int64(p[0])); err != nil || n != len(b) {
				t.Errorf("%s: %d bytes of %d at %d: %v", name, n, len(b), p[0], err)
			}
		}
		if err := f.Sync(); err != nil {
			t.Error(err)
		}
		if err := errors.Join(d.Close(), f.Close()); err != nil {
			t.Error(err)
		}
		if got, err := os.ReadFile(f.Name()); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: the file is not what was written, %v", name, err)
		}
	}
}
