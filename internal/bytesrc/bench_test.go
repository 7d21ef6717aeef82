package bytesrc

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"
)

// benchSize is the length of the file that the sweeps read.
const benchSize = 1 << 30

// sum adds up b as float64, fast enough to be limited by memory.
func sum(b []byte) float64 {
	x := unsafe.Slice((*float64)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/8)
	var a, b0, c, d, e, f, g, h float64
	for ; len(x) >= 8; x = x[8:] {
		a += x[0]
		b0 += x[1]
		c += x[2]
		d += x[3]
		e += x[4]
		f += x[5]
		g += x[6]
		h += x[7]
	}
	return (a + b0) + (c + d) + (e + f) + (g + h)
}

// benchFile writes a file of benchSize zeros in pieces, which leaves it in the page
// cache. The pieces decide how Linux holds it there: whole 2 MiB folios map and unmap
// at next to no cost, smaller ones by the page.
func benchFile(b *testing.B, piece int) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "sweep.bin")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, piece)
	for range benchSize / piece {
		if _, err := f.Write(buf); err != nil {
			b.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

// sweep lets workers take windows of [0, benchSize) in order.
func sweep(b *testing.B, workers, window int, fn func(off int64) error) {
	b.SetBytes(benchSize)
	b.ReportAllocs()
	for b.Loop() {
		var next atomic.Int64
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for {
					off := (next.Add(1) - 1) * int64(window)
					if off >= benchSize {
						return
					}
					if err := fn(off); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
	}
}

// BenchmarkSweep sums a cached file by back end, workers, the size of the pieces it was
// written in and window size. Anonymous memory of the same size is the limit to compare with.
func BenchmarkSweep(b *testing.B) {
	anonymous := make([]byte, benchSize)
	for i := range anonymous {
		anonymous[i] = 1
	}
	paths := map[int]string{1 << 20: benchFile(b, 1<<20), 16 << 20: benchFile(b, 16<<20)}
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("anonymous/workers=%d", workers), func(b *testing.B) {
			const window = 8 << 20
			sweep(b, workers, window, func(off int64) error {
				sum(anonymous[off : off+window])
				return nil
			})
		})
		for _, piece := range []int{1 << 20, 16 << 20} {
			for _, window := range []int{256 << 10, 1 << 20, 4 << 20, 8 << 20} {
				for _, backend := range []Backend{BackendMmap, BackendPread} {
					name := fmt.Sprintf("%s/workers=%d/written=%dM/window=%dK", backend, workers, piece>>20, window>>10)
					b.Run(name, func(b *testing.B) { benchBorrow(b, paths[piece], backend, workers, window) })
				}
			}
		}
	}
}

func benchBorrow(b *testing.B, path string, backend Backend, workers, window int) {
	f, err := Open(path, Options{Backend: backend})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	sweep(b, workers, window, func(off int64) error {
		l, err := f.Borrow(off, window)
		if err != nil {
			return err
		}
		defer l.Release()
		sum(l.Bytes())
		return nil
	})
}

// BenchmarkOpen opens and closes a file of 1 TiB that has no blocks on disk.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "sparse.bin")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		b.Fatal(err)
	}
	if err := os.Truncate(path, 1<<40); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		f, err := Open(path, Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
