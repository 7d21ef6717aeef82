package dataset

import (
	"errors"
	"fmt"
	"math"
)

// Window makes samples of consecutive entries: of time steps, frames, or files.
type Window struct {
	// Length is the number of entries of a window: 2 to 2^31-1. 0 and 1 make no windows.
	Length int64

	// Stride is the distance of one window to the next. Default: 1.
	Stride int64

	// Across makes all files one sequence. Otherwise each file is one, and no window has entries of
	// two.
	Across bool

	// Edge is what becomes of windows that the ends of a sequence cut. Default: [EdgeNone].
	Edge Edge

	// Targets says which entries of the targets belong to a window. Default: [TargetLast].
	Targets WindowTargets

	// Ahead is how many entries later targets are taken. Default: 0. Range 0 to 2^31-1.
	Ahead int64
}

// Edge is what becomes of windows that the ends of a sequence cut.
type Edge uint8

const (
	// EdgeNone makes whole windows only: a sequence of n entries has (n-Ahead-Length)/Stride+1.
	EdgeNone Edge = iota

	// EdgeStart has a window that ends at entry i for i = 0, Stride, 2*Stride, …; zeros stand
	// before the first entry.
	EdgeStart

	// EdgeEnd has a window that begins at entry i for i = 0, Stride, 2*Stride, …; zeros stand
	// behind the last entry, also for targets.
	EdgeEnd
)

// WindowTargets says which entries of the targets belong to a window.
type WindowTargets uint8

const (
	// TargetLast is the entry at the window's last one.
	TargetLast WindowTargets = iota

	// TargetSteps is an entry for each of the window. With Ahead 0 targets are the same window as
	// the inputs, with Ahead 1 the next entry at each step.
	TargetSteps
)

func (w *Window) check(filePerSample bool) error {
	switch {
	case w.Length < 0 || w.Length > math.MaxInt32:
		return fmt.Errorf("window length %d out of range 0 to %d", w.Length, math.MaxInt32)
	case w.Stride < 0:
		return fmt.Errorf("window stride %d is negative", w.Stride)
	case w.Ahead < 0 || w.Ahead > math.MaxInt32:
		return fmt.Errorf("targets %d entries ahead out of range 0 to %d", w.Ahead, math.MaxInt32)
	case w.Edge > EdgeEnd || w.Targets > TargetSteps:
		return errors.New("unknown value of Window.Edge or Window.Targets")
	case filePerSample && w.Length > 1 && !w.Across:
		return errors.New("windows of files that are one entry each go across files; set Window.Across")
	}
	return nil
}

// on reports whether samples are windows.
func (w *Window) on() bool { return w.Length > 1 || w.Ahead > 0 || w.Stride > 1 || w.Edge != EdgeNone }

func (w *Window) length() int64 { return max(w.Length, 1) }
func (w *Window) stride() int64 { return max(w.Stride, 1) }

// count is how many windows a sequence of n entries has.
func (w *Window) count(n int64) int64 {
	n -= w.Ahead
	switch {
	case n <= 0:
		return 0
	case w.Edge != EdgeNone:
		return (n-1)/w.stride() + 1
	case n < w.length():
		return 0
	}
	return (n-w.length())/w.stride() + 1
}

// first is the entry at which window i begins, which is negative for one that begins with zeros.
func (w *Window) first(i int64) int64 {
	if w.Edge == EdgeStart {
		return i*w.stride() - w.length() + 1
	}
	return i * w.stride()
}

// targets are the entries of the targets of a window that begins at first: the first and how many.
func (w *Window) targets(first int64) (from, n int64) {
	if w.Targets == TargetLast {
		return first + w.length() - 1 + w.Ahead, 1
	}
	return first + w.Ahead, w.length()
}
