package lazy

import (
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// BenchmarkLateness sums a file that is not in the page cache and measures how late a goroutine
// that wants to run every millisecond does so: a page fault that waits for the disk would hold its
// processor. LAZYNPY_LATENESS_MIB is the size of the file.
func BenchmarkLateness(b *testing.B) {
	size := int64(64 << 20)
	if text := os.Getenv("LAZYNPY_LATENESS_MIB"); text != "" {
		mib, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			b.Fatal(err)
		}
		size = mib << 20
	}
	path := writeFile(b, b.TempDir(), mmapnpy.Uint8, []int64{size}, false, make([]byte, size))
	for _, backend := range []string{"mmap", "pread", "direct", "copy"} {
		b.Run(backend, func(b *testing.B) {
			b.SetBytes(size)
			var late []time.Duration
			for b.Loop() {
				dropPages(b, path)
				stop, done := make(chan struct{}), make(chan struct{})
				go func() {
					defer close(done)
					for {
						select {
						case <-stop:
							return
						default:
						}
						start := time.Now()
						time.Sleep(time.Millisecond)
						late = append(late, time.Since(start)-time.Millisecond)
					}
				}()
				a, err := Open(path, Backend(backend))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := Sum(b.Context(), a, OverAll()); err != nil {
					b.Fatal(err)
				}
				close(stop)
				<-done
				if err := a.Close(); err != nil {
					b.Fatal(err)
				}
			}
			slices.Sort(late)
			b.ReportMetric(late[len(late)/2].Seconds()*1e3, "p50-ms")
			b.ReportMetric(late[len(late)*99/100].Seconds()*1e3, "p99-ms")
		})
	}
}

// dropPages makes the page cache forget a file.
func dropPages(b *testing.B, path string) {
	b.Helper()
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		b.Fatal(err)
	}
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		b.Fatal(err)
	}
}
