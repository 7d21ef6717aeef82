//go:build interop

package interop

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/signal"
)

// What RosettaSciIO and HyperSpy make of one file.
type signalCase struct {
	File     string
	AxesRead []int64 `json:"axes_read"` // sizes, by RosettaSciIO's reader
	Elements []float64
	Lazy     bool // its lazy reader gives the same
	Loaded   bool // HyperSpy's load gives the same
	Axes     []axisSeen
	Title    string
	Slices   []struct {
		Axes     []axisSeen
		Elements []float64
	}
}

type axisSeen struct {
	Name, Units       string
	Size              int64
	Navigate, Uniform bool
	Values            []float64
}

// TestSignals lets RosettaSciIO and HyperSpy read what WriteSignal wrote, and slice and sum it.
func TestSignals(t *testing.T) {
	dir := t.TempDir()
	signals := map[string]*signal.Signal{}
	for name, shape := range map[string][]int64{"scan": {3, 4, 5}, "spectrum": {7}, "thin": {1, 3, 1, 2}, "cube": {2, 3, 4, 5}} {
		signals[name+".npy"] = writeSignal(t, filepath.Join(dir, name+".npy"), shape)
	}
	cases := readLines[signalCase](t, python(t, "signals.py", dir))
	if len(cases) != len(signals) {
		t.Fatalf("%d files were read", len(cases))
	}
	for _, c := range cases {
		t.Run(c.File, func(t *testing.T) { c.check(t, signals[c.File]) })
	}
}

// writeSignal writes a calibrated signal, and reads it back.
func writeSignal(t *testing.T, path string, shape []int64) *signal.Signal {
	t.Helper()
	n := int64(1)
	for _, size := range shape {
		n *= size
	}
	values := make([]float64, n)
	for i := range values {
		values[i] = float64(i)
	}
	b, err := mmapnpy.BufferOf(values, shape...)
	if err != nil {
		t.Fatal(err)
	}
	bare := filepath.Join(t.TempDir(), "bare.npy")
	if err := mmapnpy.Save(bare, b); err != nil {
		t.Fatal(err)
	}
	s, err := signal.Read(bare)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if len(shape) > 2 {
		if s.Data, err = s.Data.With(lazy.NavigationAxes(0, 1)); err != nil {
			t.Fatal(err)
		}
	}
	for d := range s.Axes {
		ax := &s.Axes[d]
		ax.Name, ax.Units = string(rune('a'+d)), "nm"
		ax.Scale, ax.Offset = []float64{0.5, 2, -0.25, 3}[d], []float64{-1, 10, 7, 0}[d]
	}
	if last := &s.Axes[len(s.Axes)-1]; shape[len(shape)-1] == 5 {
		last.Values = []float64{1, 2, 4, 8, 16}
	}
	s.Metadata["General"] = map[string]any{"title": "µ " + filepath.Base(path), "nothing": math.NaN()}
	if err := signal.Write(t.Context(), path, s); err != nil {
		t.Fatal(err)
	}
	back, err := signal.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { back.Close() })
	return back
}

func (c signalCase) check(t *testing.T, s *signal.Signal) {
	var sizes []int64 // that RosettaSciIO keeps
	for _, ax := range s.Data.Axes() {
		if ax.Size > 1 {
			sizes = append(sizes, ax.Size)
		}
	}
	if !slices.Equal(c.AxesRead, sizes) || !c.Lazy || !c.Loaded || c.Title != "µ "+c.File {
		t.Errorf("it is read as %v, lazily %t, loaded %t, titled %q", c.AxesRead, c.Lazy, c.Loaded, c.Title)
	}
	sameAxes(t, "the file", s, c.Axes)
	sameElements(t, "the file", s, c.Elements)
	if c.File != "scan.npy" {
		return // only one is sliced
	}
	if len(c.Slices) != 7 {
		t.Fatalf("%d slices", len(c.Slices))
	}
	for i, got := range c.slices(t, s) {
		what := []string{"inav[1, 2]", "inav values", "inav halves", "isig[1:3]", "isig values", "sum over signal", "sum over navigation"}[i]
		sameAxes(t, what, got, c.Slices[i].Axes)
		sameElements(t, what, got, c.Slices[i].Elements)
	}
}

// slices are the ones of the script.
func (c signalCase) slices(t *testing.T, s *signal.Signal) []*signal.Signal {
	t.Helper()
	var out []*signal.Signal
	add := func(s *signal.Signal, err error) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	add(s.Inav("1, 2"))
	add(s.Inav("12.0:16.0, ::-1"))
	add(s.Inav("11.0, -0.75"))
	add(s.Isig("1:3"))
	add(s.Isig("3.0:9.0"))
	for _, over := range []lazy.Over{lazy.OverSignal(), lazy.OverNavigation()} {
		sums, err := s.Reduce(t.Context(), lazy.NewSum(over))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, sums...)
	}
	return out
}

func sameAxes(t *testing.T, what string, s *signal.Signal, want []axisSeen) {
	t.Helper()
	if len(want) != len(s.Axes) {
		t.Errorf("%s: %+v, and HyperSpy has %+v", what, s.Axes, want)
		return
	}
	for d, ax := range s.Axes {
		w := want[d]
		of := s.Data.Axes()[d]
		if ax.Name != w.Name || ax.Units != w.Units || of.Size != w.Size || of.Navigate != w.Navigate || (ax.Values == nil) != w.Uniform {
			t.Errorf("%s: axis %d: %+v, and HyperSpy has %+v", what, d, ax, w)
			continue
		}
		for i, v := range w.Values {
			if math.Abs(ax.Value(int64(i))-v) > 1e-12 {
				t.Errorf("%s: axis %d: position %d is %v, and %v in HyperSpy", what, d, i, ax.Value(int64(i)), v)
			}
		}
	}
}

func sameElements(t *testing.T, what string, s *signal.Signal, want []float64) {
	t.Helper()
	r, err := s.Data.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := lazy.Copy[float64](r)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%s: %v, and %v in Python (%v)", what, got, want, err)
	}
}
