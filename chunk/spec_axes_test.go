package chunk

import (
	"fmt"
	"testing"
)

// TestSliceOfExplicitSizes has what dask makes of chunks (3, 5, 2) that are sliced.
func TestSliceOfExplicitSizes(t *testing.T) {
	for _, c := range []struct {
		first, count, step int64
		want               string
	}{
		{0, 10, 1, "(3, 5, 2)"},
		{2, 5, 1, "(1, 4)"},
		{4, 3, 1, "(3,)"},
		{0, 5, 2, "(2, 2, 1)"},
		{9, 10, -1, "(2, 5, 3)"},
		{9, 4, -3, "(1, 2, 1)"},
		{7, 1, 1, "(1,)"},
		{0, 0, 1, "-1"},
	} {
		if got := AxisSizes(3, 5, 2).Slice(c.first, c.count, c.step).word(); got != c.want {
			t.Errorf("%d elements from %d on by %d: %s instead of %s", c.count, c.first, c.step, got, c.want)
		}
	}
}

func TestAxesOfASpec(t *testing.T) {
	for text, want := range map[string]string{
		"auto": "none", "64MiB": "none", "7": "(7, 7)", "-1": "(-1, -1)", "(4, -1)": "(4, -1)", "(4, 'auto')": "(4, 'auto')",
		"{1: 3}": "(-1, 3)", "((1, 2), -1)": "((1, 2), -1)", "(1, 2, 3)": "none",
	} {
		s, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		got := "none"
		if axes := s.Axes(2); axes != nil {
			got = fmt.Sprint(PerAxis(axes...))
		}
		if got != want {
			t.Errorf("%s of two axes: %s instead of %s", text, got, want)
		}
	}
}
