//go:build interop

package interop

import (
	"math"
	"slices"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/signal"
)

// hyperSpyCase is a file and what rosettasciio reads in it, or an operation of HyperSpy.
type hyperSpyCase struct {
	judged
	Kind         string
	Navigation   []int
	Before, Axes []hyperSpyAxis
	Op           string
	Factors      []int64
	Index        string
	Over         []int
}

// hyperSpyAxis is an axis in the words of HyperSpy.
type hyperSpyAxis struct {
	Size          int64
	Name, Units   string
	Scale, Offset float64
	Navigate      bool
}

const hyperSpyCases = 400

// TestSignalsAgainstHyperSpy compares [signal.Read] with rosettasciio's file_reader, and
// operations on signals, with the axes of their results, with HyperSpy's.
func TestSignalsAgainstHyperSpy(t *testing.T) {
	cases := judge(t, "judges_hyperspy.py", hyperSpyCases, func(c *hyperSpyCase, dir string) { c.in(dir) })
	for _, c := range cases {
		t.Run(c.Name+c.Kind+c.Op, func(t *testing.T) {
			if c.Kind == "reader" {
				c.checkReader(t)
			} else {
				c.checkOperation(t)
			}
		})
	}
}

func (c *hyperSpyCase) checkReader(t *testing.T) {
	s, err := signal.Read(c.path(c.Inputs[0]), signal.With(lazy.NavigationAxes(c.Navigation...)), signal.Squeeze())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c.compareAxes(t, s, c.Axes)
	if len(s.Metadata)+len(s.OriginalMetadata) > 0 {
		t.Errorf("metadata %v, %v", s.Metadata, s.OriginalMetadata)
	}
	c.Chunks = nil // those of the file, before axes were dropped
	c.equal(t, c.loaded(t, s.Data), 0)
}

func (c *hyperSpyCase) compareAxes(t *testing.T, s *signal.Signal, want []hyperSpyAxis) {
	t.Helper()
	var got []hyperSpyAxis
	for d, ax := range s.Axes {
		of := s.Data.Axes()[d]
		got = append(got, hyperSpyAxis{of.Size, ax.Name, ax.Units, ax.Scale, ax.Offset, of.Navigate})
	}
	same := func(a, b hyperSpyAxis) bool {
		near := math.Abs(a.Scale-b.Scale)+math.Abs(a.Offset-b.Offset) < 1e-9
		a.Scale, a.Offset = b.Scale, b.Offset
		return a == b && near
	}
	if !slices.EqualFunc(got, want, same) {
		t.Errorf("axes\n%+v instead of\n%+v", got, want)
	}
}

// signal is the calibrated signal that an operation begins with.
func (c *hyperSpyCase) signal(t *testing.T) *signal.Signal {
	t.Helper()
	s, err := signal.Read(c.path(c.Inputs[0]), signal.With(lazy.NavigationAxes(c.Navigation...)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for d, ax := range c.Before {
		s.Axes[d].Name, s.Axes[d].Units = ax.Name, ax.Units
		s.Axes[d].Scale, s.Axes[d].Offset = ax.Scale, ax.Offset
	}
	return s
}

func (c *hyperSpyCase) checkOperation(t *testing.T) {
	s := c.signal(t)
	switch c.Op {
	case "rebin":
		out, err := s.Data.BinSum(c.Factors...)
		c.compare(t, out, err)
	case "inav", "isig":
		c.checkCrop(t, s)
	case "sum", "mean":
		c.checkReduce(t, s)
	case "map":
		out, err := c.stretched(t, s.Data)
		c.compare(t, out, err)
	default:
		t.Fatalf("unknown operation %q", c.Op)
	}
}

// compare computes an array of chunks that may not fit the case any more, and compares its values.
func (c *hyperSpyCase) compare(t *testing.T, a *lazy.Array, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	c.Chunks = []string{"1", "3"}
	c.close(t, c.loaded(t, a), c.Expected, 0)
}

// checkCrop slices the axes of one role, the fastest first, by positions and by values.
func (c *hyperSpyCase) checkCrop(t *testing.T, s *signal.Signal) {
	crop := s.Isig
	if c.Op == "inav" {
		crop = s.Inav
	}
	out, err := crop(c.Index)
	if err != nil {
		t.Fatal(err)
	}
	c.compareAxes(t, out, c.Axes)
	c.compare(t, out.Data, nil)
}

func (c *hyperSpyCase) checkReduce(t *testing.T, s *signal.Signal) {
	reducer := lazy.NewSum(lazy.OverAxes(c.Over...))
	if c.Op == "mean" {
		reducer = lazy.NewMean(lazy.OverAxes(c.Over...))
	}
	results, err := s.Reduce(t.Context(), reducer)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Over) < len(c.Before) {
		c.compareAxes(t, results[0], c.Axes)
	}
	// HyperSpy keeps one element along one axis of what is reduced to a number, and NumPy's float32
	// in means of float32.
	got, want := numbers(t, native(t, results[0].Data)), numbers(t, c.load(t, c.Expected))
	if len(got) != len(want) {
		t.Fatalf("%d numbers instead of %d", len(got), len(want))
	}
	for i, v := range got {
		if slack := map[string]float64{"mean": 1e-6}[c.Op]; math.Abs(v-want[i]) > slack*math.Abs(want[i]) {
			t.Errorf("number %d: %v instead of %v", i, v, want[i])
			return
		}
	}
}

// stretched is twice the frame in float64, less its smallest element: an array, and a result that
// broadcasts against it.
func (c *hyperSpyCase) stretched(t *testing.T, a *lazy.Array) (*lazy.Array, error) {
	darkest, err := lazy.Min(t.Context(), a, lazy.OverSignal())
	if err != nil {
		return nil, err
	}
	low, err := lazy.FromResult(darkest)
	if err != nil {
		return nil, err
	}
	for range a.NDim() - low.NDim() {
		if low, err = low.Index(lazy.Ellipsis(), lazy.NewAxis()); err != nil {
			return nil, err
		}
	}
	twice, err := lazy.Multiply(a, 2.0)
	if err != nil {
		return nil, err
	}
	return lazy.Subtract(twice, low)
}
