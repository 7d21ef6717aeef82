package main

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/lazynpy/lazynpy/bench/internal/peer"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// operationTasks are those of suite ops.
var operationTasks = map[string]peer.Task{
	"masks":     applyMasks,
	"cast":      cast,
	"transpose": transpose,
	"moments":   moments,
}

// maskParams are the mask makers of the suite by name, or a file of weights.
func maskParams(p peer.Params) ([]lazy.Mask, error) {
	if file, ok := p["masks"]; ok {
		return masksOf(file)
	}
	var masks []lazy.Mask
	// cy,cx,inner,outer; a disk has an inner radius below 0
	for text := range strings.SplitSeq(p["rings"], ";") {
		var v [4]float64
		for i, field := range strings.Split(text, ",") {
			n, err := strconv.ParseFloat(field, 64)
			if err != nil || i >= len(v) {
				return nil, err
			}
			v[i] = n
		}
		if v[2] < 0 {
			masks = append(masks, lazy.Disk(v[0], v[1], v[3]))
		} else {
			masks = append(masks, lazy.Ring(v[0], v[1], v[2], v[3]))
		}
	}
	return masks, nil
}

// masksOf reads a stack of masks.
func masksOf(file string) ([]lazy.Mask, error) {
	stack, err := lazy.Open(file)
	if err != nil {
		return nil, err
	}
	defer stack.Close()
	masks := make([]lazy.Mask, stack.Shape()[0])
	for i := range masks {
		one, err := stack.Index(lazy.At(int64(i)))
		if err != nil {
			return nil, err
		}
		weights, err := one.Load(context.Background())
		if err != nil {
			return nil, err
		}
		if masks[i], err = lazy.MaskFrom(weights); err != nil {
			return nil, err
		}
	}
	return masks, nil
}

// applyMasks gives the virtual images of several masks in one pass.
func applyMasks(path string, p peer.Params) (peer.Report, error) {
	masks, err := maskParams(p)
	if err != nil {
		return peer.Report{}, err
	}
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
	images, err := lazy.Run(context.Background(), a, lazy.NewMasks(masks...))
	if err != nil {
		return peer.Report{}, err
	}
	elapsed := time.Since(start)
	result, err := mmapnpy.CopyOf[float64](images[0].Buffer())
	return peer.Report{Result: result, Seconds: elapsed.Seconds(), OpenSeconds: opened.Seconds()}, err
}

// cast writes the array with another dtype.
func cast(path string, p peer.Params) (peer.Report, error) {
	return save(path, p, func(a *lazy.Array) (*lazy.Array, error) {
		dtype, err := mmapnpy.ParseDType("<" + p["dtype"])
		if err != nil {
			return nil, err
		}
		return a.AsType(dtype)
	})
}

// transpose writes the array with its axes in another order.
func transpose(path string, p peer.Params) (peer.Report, error) {
	return save(path, p, func(a *lazy.Array) (*lazy.Array, error) {
		axes, err := integers(p["axes"])
		if err != nil {
			return nil, err
		}
		order := make([]int, len(axes))
		for i, d := range axes {
			order[i] = int(d)
		}
		return a.Transpose(order...)
	})
}

// save times how long it takes until an array is on the disk.
func save(path string, p peer.Params, derive func(*lazy.Array) (*lazy.Array, error)) (peer.Report, error) {
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
	derived, err := derive(a)
	if err != nil {
		return peer.Report{}, err
	}
	if err := derived.Save(context.Background(), p["out"]); err != nil {
		return peer.Report{}, err
	}
	elapsed := time.Since(start)
	used, err := peer.Used()
	return peer.Report{Files: []string{p["out"]}, Seconds: elapsed.Seconds(), OpenSeconds: opened.Seconds(), Used: used}, err
}

// moments are the mean and the standard deviation over the navigation axes.
func moments(path string, p peer.Params) (peer.Report, error) {
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
	results, err := lazy.Run(context.Background(), a, lazy.NewMean(lazy.OverNavigation()), lazy.NewStd(lazy.OverNavigation(), 0))
	if err != nil {
		return peer.Report{}, err
	}
	report := peer.Report{Seconds: time.Since(start).Seconds(), OpenSeconds: opened.Seconds()}
	if report.Used, err = peer.Used(); err != nil {
		return report, err
	}
	var all []float64
	for _, r := range results {
		values, err := mmapnpy.CopyOf[float64](r.Buffer())
		if err != nil {
			return report, err
		}
		all = append(all, values...)
	}
	report.Result = all
	return report, nil
}
