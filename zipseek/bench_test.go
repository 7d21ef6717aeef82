package zipseek

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
)

// BenchmarkOpen opens an archive of 100,000 members.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "many.zip")
	w, err := Create(path)
	if err != nil {
		b.Fatal(err)
	}
	for i := range 100_000 {
		if err := w.AddBytes(b.Context(), fmt.Sprintf("array_%06d.npy", i), nil); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	for _, lookup := range []bool{false, true} {
		b.Run(fmt.Sprintf("lookup=%v", lookup), func(b *testing.B) {
			for range b.N {
				a, err := Open(path)
				if err != nil {
					b.Fatal(err)
				}
				if lookup {
					mustLookup(b, a, "array_050000.npy")
				}
				if err := a.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRead reads a deflated member from start to end: for the first time, with an index, and
// 64 KiB at random places.
func BenchmarkRead(b *testing.B) {
	for name, content := range samples(32 << 20) {
		if name == "zeros" {
			continue
		}
		path := byZip(b, map[string][]byte{"x": content})
		p := make([]byte, len(content))
		read := func(b *testing.B, m *Member, p []byte, off int64) {
			b.Helper()
			if _, err := m.ReadAt(p, off); err != nil {
				b.Fatal(err)
			}
		}
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/first/workers=%d", name, workers), func(b *testing.B) {
				b.SetBytes(int64(len(p)))
				for range b.N {
					read(b, mustLookup(b, mustOpen(b, path, Workers(workers)), "x"), p, 0)
				}
			})
			b.Run(fmt.Sprintf("%s/index/workers=%d", name, workers), func(b *testing.B) {
				m := mustLookup(b, mustOpen(b, path, Workers(workers)), "x")
				read(b, m, p, 0)
				b.SetBytes(int64(len(p)))
				for b.Loop() {
					read(b, m, p, 0)
				}
			})
		}
		b.Run(name+"/random", func(b *testing.B) {
			m := mustLookup(b, mustOpen(b, path), "x")
			read(b, m, p, 0)
			r := rand.New(rand.NewPCG(1, 1))
			for b.Loop() {
				read(b, m, p[:64<<10], r.Int64N(int64(len(p)-64<<10)))
			}
		})
	}
}
