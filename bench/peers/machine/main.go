// Command machine measures what this machine can do at best, with nothing of
// the library in the way: reading memory and reading the disk.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/lazynpy/lazynpy/bench/internal/peer"
)

func main() {
	peer.Main(map[string]peer.Task{"memory": memory, "copy": copyMemory, "disk": disk, "dd": dd})
}

// memory adds up a slice of anonymous, touched memory with a number of
// goroutines, each on a contiguous share, and reports the best pass. Eight
// accumulators per goroutine keep the additions off the critical path, so what
// is left is the memory.
func memory(_ string, p peer.Params) (peer.Report, error) {
	size, err1 := p.Int("bytes", 1<<30)
	workers, err2 := p.Int("workers", 1)
	passes, err3 := p.Int("passes", 5)
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			return peer.Report{}, err
		}
	}
	x := make([]float64, size/8)
	for i := range x {
		x[i] = float64(i & 0xff) // small integers: every order of addition gives the same sum
	}
	var best time.Duration
	var total float64
	for pass := range passes {
		start := time.Now()
		total = parallelSum(x, int(workers))
		if elapsed := time.Since(start); pass == 0 || elapsed < best {
			best = elapsed
		}
	}
	if want := expectedSum(len(x)); total != want {
		return peer.Report{}, fmt.Errorf("sum is %v, want %v", total, want)
	}
	return peer.Report{Seconds: best.Seconds()}, nil
}

// copyMemory copies touched memory with a number of goroutines, and reports the best pass.
func copyMemory(_ string, p peer.Params) (peer.Report, error) {
	size, err1 := p.Int("bytes", 1<<30)
	workers, err2 := p.Int("workers", 1)
	for _, err := range []error{err1, err2} {
		if err != nil {
			return peer.Report{}, err
		}
	}
	from, to := make([]byte, size), make([]byte, size)
	for i := range from {
		from[i] = byte(i)
	}
	var best time.Duration
	for pass := range 5 {
		start := time.Now()
		var wg sync.WaitGroup
		for w := range int(workers) {
			lo, hi := len(from)*w/int(workers), len(from)*(w+1)/int(workers)
			wg.Go(func() { copy(to[lo:hi], from[lo:hi]) })
		}
		wg.Wait()
		// The first pass touches the target.
		if elapsed := time.Since(start); pass == 1 || pass > 1 && elapsed < best {
			best = elapsed
		}
	}
	return peer.Report{Seconds: best.Seconds()}, nil
}

func parallelSum(x []float64, workers int) float64 {
	partial := make([]float64, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			partial[w] = sum8(x[len(x)*w/workers : len(x)*(w+1)/workers])
		})
	}
	wg.Wait()
	total := 0.0
	for _, v := range partial {
		total += v
	}
	return total
}

func sum8(x []float64) float64 {
	var a, b, c, d, e, f, g, h float64
	for len(x) >= 8 {
		v := x[:8:8]
		a += v[0]
		b += v[1]
		c += v[2]
		d += v[3]
		e += v[4]
		f += v[5]
		g += v[6]
		h += v[7]
		x = x[8:]
	}
	for _, v := range x {
		a += v
	}
	return ((a + b) + (c + d)) + ((e + f) + (g + h))
}

func expectedSum(n int) float64 {
	rest := n & 0xff
	return float64(n>>8)*(255*256/2) + float64(rest*(rest-1)/2)
}

// dd drops the file from the page cache and lets dd read it, in blocks of bs, and with direct=yes
// past the page cache.
func dd(path string, p peer.Params) (peer.Report, error) {
	if err := drop(path); err != nil {
		return peer.Report{}, err
	}
	args := []string{"if=" + path, "of=/dev/null", "bs=" + p["bs"]}
	if p["direct"] == "yes" {
		args = append(args, "iflag=direct")
	}
	start := time.Now()
	out, err := exec.Command("dd", args...).CombinedOutput()
	elapsed := time.Since(start)
	if err != nil {
		return peer.Report{}, fmt.Errorf("dd: %w: %s", err, out)
	}
	return peer.Report{Seconds: elapsed.Seconds()}, nil
}

func drop(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(peer.DropCache(f), f.Close())
}

// disk drops the file from the page cache and reads it from front to back.
func disk(path string, p peer.Params) (peer.Report, error) {
	limit, err := p.Int("bytes", 1<<30)
	if err != nil {
		return peer.Report{}, err
	}
	f, err := os.Open(path)
	if err != nil {
		return peer.Report{}, err
	}
	defer f.Close()
	if err := peer.DropCache(f); err != nil {
		return peer.Report{}, err
	}
	buf := make([]byte, 4<<20)
	var n int64
	start := time.Now()
	for n < limit {
		k, err := f.Read(buf)
		n += int64(k)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return peer.Report{}, err
		}
	}
	return peer.Report{Seconds: time.Since(start).Seconds(), Extra: map[string]float64{"bytes": float64(n)}}, nil
}
