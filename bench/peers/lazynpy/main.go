// Command lazynpy is our own contender: the library as README shows it.
package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/lazynpy/lazynpy/bench/internal/peer"
	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

func main() {
	tasks := map[string]peer.Task{
		"batches":        batches,
		"open":           open,
		"plan":           plan,
		"sum":            sum,
		"sum-cold":       sumCold,
		"sum-signal":     image(lazy.OverSignal(), mmapnpy.CopyOf[uint64]),
		"sum-navigation": image(lazy.OverNavigation(), mmapnpy.CopyOf[uint64]),
	}
	maps.Copy(tasks, archiveTasks)
	maps.Copy(tasks, operationTasks)
	peer.Main(tasks)
}

// open opens the file by its header, again and again.
func open(path string, p peer.Params) (peer.Report, error) {
	n, err := p.Int("repeat", 1000)
	if err != nil {
		return peer.Report{}, err
	}
	var result []int64
	first, median, err := peer.Repeat(int(n), func() error {
		a, err := lazy.Open(path)
		if err != nil {
			return err
		}
		result = append(append(result[:0], a.Shape()...), a.DType().ItemSize())
		return a.Close()
	})
	return peer.Report{Result: result, Seconds: median, Extra: map[string]float64{"first": first}}, err
}

// plan makes a plan of many blocks and reports what it allocates.
func plan(_ string, p peer.Params) (peer.Report, error) {
	shape, err1 := integers(p["shape"])
	chunks, err2 := integers(p["chunks"])
	n, err3 := p.Int("repeat", 1000)
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			return peer.Report{}, err
		}
	}
	layout := chunk.Layout{Shape: shape, ItemSize: 8, Order: chunk.COrder(len(shape))}
	var blocks int64
	first, median, err := peer.Repeat(int(n), func() error {
		made, err := chunk.NewPlan(layout, nil, chunk.Sizes(chunks...), chunk.Limits{})
		if err == nil {
			blocks = made.NumBlocks()
		}
		return err
	})
	if err != nil {
		return peer.Report{}, err
	}
	allocated, err := allocatedBytes(func() error {
		_, err := chunk.NewPlan(layout, nil, chunk.Sizes(chunks...), chunk.Limits{})
		return err
	})
	return peer.Report{
		Result:  []int64{blocks},
		Seconds: median,
		Extra:   map[string]float64{"first": first, "allocated": allocated},
	}, err
}

// allocatedBytes is what one call of f allocates, averaged over many.
func allocatedBytes(f func() error) (float64, error) {
	const calls = 1000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range calls {
		if err := f(); err != nil {
			return 0, err
		}
	}
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc-before.TotalAlloc) / calls, nil
}

func integers(text string) ([]int64, error) {
	var out []int64
	for part := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a list of integers: %w", text, err)
		}
		out = append(out, v)
	}
	return out, nil
}

// options are the budget, the workers and the way of reading that the runner asked for.
func options(p peer.Params, more ...lazy.Option) ([]lazy.Option, error) {
	workers, err := p.Int("workers", 0)
	if err != nil {
		return nil, err
	}
	memory, err := p.Int("memory", 0)
	if err != nil {
		return nil, err
	}
	return append(more, lazy.Workers(int(workers)), lazy.Memory(memory), lazy.Backend(p["backend"])), nil
}

// sum adds up a float64 array.
func sum(path string, p peer.Params) (peer.Report, error) {
	opts, err := options(p)
	if err != nil {
		return peer.Report{}, err
	}
	start := time.Now()
	a, err := lazy.Open(path, opts...)
	if err != nil {
		return peer.Report{}, err
	}
	defer a.Close()
	opened := time.Since(start)
	total, err := lazy.Sum(context.Background(), a, lazy.OverAll())
	if err != nil {
		return peer.Report{}, err
	}
	return peer.Report{
		Result:      []float64{total.Float64()},
		Seconds:     time.Since(start).Seconds(),
		OpenSeconds: opened.Seconds(),
	}, nil
}

// sumCold is sum of a file that was dropped from the page cache.
func sumCold(path string, p peer.Params) (peer.Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return peer.Report{}, err
	}
	if err := errors.Join(peer.DropCache(f), f.Close()); err != nil {
		return peer.Report{}, err
	}
	return sum(path, p)
}

// image sums a four-dimensional scan over its signal or its navigation axes.
func image(over lazy.Over, values func(mmapnpy.Buffer, ...mmapnpy.Option) ([]uint64, error)) peer.Task {
	return func(path string, p peer.Params) (peer.Report, error) {
		opts, err := options(p, lazy.NavigationAxes(0, 1))
		if err != nil {
			return peer.Report{}, err
		}
		start := time.Now()
		a, err := lazy.Open(path, opts...)
		if err != nil {
			return peer.Report{}, err
		}
		defer a.Close()
		opened := time.Since(start)
		picture, err := lazy.Sum(context.Background(), a, over)
		if err != nil {
			return peer.Report{}, err
		}
		elapsed := time.Since(start)
		result, err := values(picture.Buffer())
		return peer.Report{Result: result, Seconds: elapsed.Seconds(), OpenSeconds: opened.Seconds()}, err
	}
}
