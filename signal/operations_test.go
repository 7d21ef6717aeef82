package signal

import (
	"encoding/json"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/internal/strictjson"
	"github.com/lazynpy/lazynpy/lazy"
)

// TestSignalSlice compares slices of data and axes with what indexing by hand gives.
func TestSignalSlice(t *testing.T) {
	// y = -1, -0.5, 0; x = 10, 12, 14, 16; Energy = 1, 2, 4, 8, 16
	s := calibratedScan(t, t.TempDir())
	for index, c := range map[string]struct{ same, axes string }{
		"":                     {"", "y -1+0.5*3, x 10+2*4, Energy [1 2 4 8 16]"},
		"1":                    {"1", "x 10+2*4, Energy [1 2 4 8 16]"},
		"-0.5":                 {"1", "x 10+2*4, Energy [1 2 4 8 16]"},
		"..., 3":               {"..., 3", "y -1+0.5*3, x 10+2*4"},
		"..., 7.0":             {"..., 3", "y -1+0.5*3, x 10+2*4"},
		":, 1::2, ::-2":        {":, 1::2, ::-2", "y -1+0.5*3, x 12+4*2, Energy [16 4 1]"},
		"[::-1, 12.0:16.0]":    {"::-1, 1:3", "y 0-0.5*3, x 12+2*2, Energy [1 2 4 8 16]"},
		":, 1e0:13.2:1, 3.:9.": {":, :2, 1:3", "y -1+0.5*3, x 10+2*2, Energy [2 4]"},
		":, 12.0:99.0":         {":, 1:", "y -1+0.5*3, x 12+2*3, Energy [1 2 4 8 16]"},
		":, ::4.0":             {":, ::2", "y -1+0.5*3, x 10+4*2, Energy [1 2 4 8 16]"},
		":, 14.0:10.0:-1":      {":, 2:0:-1", "y -1+0.5*3, x 14-2*2, Energy [1 2 4 8 16]"},
		":, 99.0:12.0:-1":      {":, :1:-1", "y -1+0.5*3, x 16-2*2, Energy [1 2 4 8 16]"},
		"newaxis, 0, ..., :0":  {"newaxis, 0, ..., :0", " 0+1*1, x 10+2*4, Energy []"},
		"1, ..., 2:3, None":    {"1, ..., 2:3, None", "x 10+2*4, Energy [4],  0+1*1"},
		// a half goes away from zero below it
		"-0.75, 0": {"1, 0", "Energy [1 2 4 8 16]"},
		"0, 11.0":  {"0, 0", "Energy [1 2 4 8 16]"}, // and toward it above
	} {
		got, err := s.Slice(index)
		if err != nil {
			t.Errorf("%q: %v", index, err)
			continue
		}
		want, err := s.Data.Slice(c.same)
		if err != nil {
			t.Fatal(err)
		}
		if axes := axesString(got); axes != c.axes {
			t.Errorf("%q: %s, not %s", index, axes, c.axes)
		}
		if !slices.Equal(got.Data.Shape(), want.Shape()) || !slices.Equal(elementsOf(t, got.Data), elementsOf(t, want)) || got.Validate() != nil {
			t.Errorf("%q: %v, not %v: %v", index, got.Data, want, got.Validate())
		}
	}
	for _, index := range []string{"3", "1.0", "-1.75", "..., 17.0", ":, 99.0:", ":, :-99.0", ":, 0.0::-1", ":, :99.0:-1", "..., ::1.0", ":, ::0.1",
		"0, 0, 0, 0", "1.0.0", "..., ...", "[0", "1e999", "x", "nan", ":, ::0"} {
		if got, err := s.Slice(index); !errors.Is(err, lazy.ErrIndex) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, %v", index, got, err)
		}
	}
}

// axesString describes axes in a line.
func axesString(s *Signal) string {
	var out []string
	for d, ax := range s.Axes {
		text := ax.Name + " "
		if ax.Values != nil {
			var v []string
			for _, x := range ax.Values {
				v = append(v, number(x))
			}
			out = append(out, text+"["+strings.Join(v, " ")+"]")
			continue
		}
		sign := "+"
		if ax.Scale < 0 {
			sign = "-"
		}
		out = append(out, text+number(ax.Offset)+sign+number(math.Abs(ax.Scale))+"*"+number(float64(s.Data.Axes()[d].Size)))
	}
	return strings.Join(out, ", ")
}

func number(x float64) string {
	text, _ := strictjson.Write(x, 100)
	return strings.TrimSuffix(strings.TrimSpace(string(text)), ".0")
}

func TestSignalRoles(t *testing.T) {
	s := calibratedScan(t, t.TempDir())
	for _, c := range []struct {
		cut  func(string) (*Signal, error)
		arg  string
		same string
	}{
		{s.Inav, "1", ":, 1"},
		{s.Inav, "1, 2", "2, 1"},
		{s.Inav, "..., -1", "-1"},
		{s.Inav, "12.0:, 0.0", "2, 1:"},
		{s.Isig, "1.9:8.0", "..., 1:3"},
		{s.Isig, "0", "..., 0"},
		{s.Isig, "...", ""},
	} {
		got, err := c.cut(c.arg)
		if err != nil {
			t.Errorf("%q: %v", c.arg, err)
			continue
		}
		want, err := s.Slice(c.same)
		if err != nil {
			t.Fatal(err)
		}
		if axesString(got) != axesString(want) || !slices.Equal(elementsOf(t, got.Data), elementsOf(t, want.Data)) {
			t.Errorf("%q: %s, not %s", c.arg, axesString(got), axesString(want))
		}
	}
	for _, arg := range []string{"0, 0, 0", "newaxis", "4", "x"} {
		if _, err := s.Inav(arg); !errors.Is(err, lazy.ErrIndex) {
			t.Errorf("%q: %v", arg, err)
		}
	}
	// Flags that were changed by hand count.
	data, err := s.Data.With(lazy.NavigationAxes(0))
	if err != nil {
		t.Fatal(err)
	}
	s.Data = data
	if got, err := s.Isig("0, 1"); err != nil || axesString(got) != "y -1+0.5*3" {
		t.Errorf("%v, %v", got, err)
	}
}

// TestNonUniformAxes finds values as HyperSpy's value2index does (testdata/nonuniform.json), halves
// among them.
func TestNonUniformAxes(t *testing.T) {
	var cases []struct {
		Axis, Values []float64
		Index        []int64
	}
	if err := json.Unmarshal([]byte(mustRead(t, "testdata/nonuniform.json")), &cases); err != nil || len(cases) < 20 {
		t.Fatalf("%d cases: %v", len(cases), err)
	}
	for _, c := range cases {
		ax := Axis{Values: c.Axis}
		for i, v := range c.Values {
			if got, err := ax.IndexOf(v, int64(len(c.Axis))); err != nil || got != c.Index[i] {
				t.Errorf("%v in %v: %d, want %d: %v", v, c.Axis, got, c.Index[i], err)
			}
		}
	}
}

func TestAxisValues(t *testing.T) {
	falling := Axis{Scale: 1, Values: []float64{8, 4, 1}}
	back := Axis{Scale: -0.1, Offset: 0.3}
	for _, c := range []struct {
		ax    Axis
		size  int64
		value float64
		want  int64
	}{
		{falling, 3, 8, 0}, {falling, 3, 6, 1}, {falling, 3, 5.9, 1}, {falling, 3, 1, 2}, {falling, 3, 8.1, -1}, {falling, 3, 0, -1}, {falling, 3, math.NaN(), -1},
		{back, 4, 0.3, 0}, {back, 4, 0, 3}, {back, 4, 0.1, 2}, {back, 4, 0.34, 0}, {back, 4, 0.36, -1}, {back, 4, -0.06, -1}, {back, 4, math.Inf(1), -1}, {back, 4, math.NaN(), -1},
		{Axis{Scale: 1}, 0, 0, -1}, {Axis{Values: []float64{}}, 0, 0, -1},
		{Axis{Scale: 1}, math.MaxInt64, 1e18, 1e18}, {Axis{Scale: 1}, math.MaxInt64, 1e19, -1},
	} {
		got, err := c.ax.IndexOf(c.value, c.size)
		if (err != nil) != (c.want < 0) || err == nil && got != c.want || err != nil && !errors.Is(err, lazy.ErrIndex) {
			t.Errorf("%v in %+v: %d, %v", c.value, c.ax, got, err)
		}
	}
	for i := range int64(4) {
		if got, err := back.IndexOf(back.Value(i), 4); got != i || err != nil {
			t.Errorf("position %d comes back as %d: %v", i, got, err)
		}
	}
	if !math.IsNaN(falling.Value(3)) || !math.IsNaN(falling.Value(-1)) || falling.Value(2) != 1 {
		t.Error("values of a non-uniform axis")
	}
}

func TestSignalTranspose(t *testing.T) {
	s := calibratedScan(t, t.TempDir())
	for _, c := range []struct {
		axes []int
		want string
		text string
	}{
		{nil, "Energy [1 2 4 8 16], x 10+2*4, y -1+0.5*3", "(3, 4|5) int32"},
		{[]int{1, -1, 0}, "x 10+2*4, Energy [1 2 4 8 16], y -1+0.5*3", "(3, 4|5) int32"},
	} {
		got, err := s.Transpose(c.axes...)
		if err != nil || axesString(got) != c.want || got.String() != c.text {
			t.Errorf("%v: %v, %v", c.axes, got, err)
			continue
		}
		want, err := s.Data.Transpose(c.axes...)
		if err != nil || !slices.Equal(elementsOf(t, got.Data), elementsOf(t, want)) {
			t.Errorf("%v: %v", c.axes, err)
		}
	}
	if _, err := s.Transpose(0, 0, 1); !errors.Is(err, lazy.ErrIndex) {
		t.Error(err)
	}
}

// TestSignalReduce reduces, saves and reads again.
func TestSignalReduce(t *testing.T) {
	dir := t.TempDir()
	s := calibratedScan(t, dir)
	out, err := s.Reduce(t.Context(), lazy.NewSum(lazy.OverSignal()), lazy.NewMax(lazy.OverNavigation()), lazy.NewMean(lazy.OverAll()), lazy.NewHistogram(lazy.OverAxes(1, 2), 4, -10, 30), lazy.NewMean(lazy.OverAxes()))
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		axes, text string
		first      float64
	}{
		{"y -1+0.5*3, x 10+2*4", "(4, 3|) int64", 10},
		{"Energy [1 2 4 8 16]", "(|5) int32", 55},
		{"", "(|) float64", 29.5},
		{"y -1+0.5*3, value -10+10*4", "(3|4) int64", 0},
		{"y -1+0.5*3, x 10+2*4, Energy [1 2 4 8 16]", "(4, 3|5) float64", 0},
	} {
		got := out[i]
		if axesString(got) != c.axes || got.String() != c.text || elementsOf(t, got.Data)[0] != c.first {
			t.Errorf("%d: %v: %s", i, got, axesString(got))
		}
		for _, name := range []string{"r.npy", "r.npz"} {
			path := filepath.Join(dir, name)
			if err := Write(t.Context(), path, got); err != nil {
				t.Fatal(err)
			}
			back, err := Read(path)
			if err != nil {
				t.Fatal(err)
			}
			if axesString(back) != c.axes || back.String() != c.text || !slices.Equal(elementsOf(t, back.Data), elementsOf(t, got.Data)) {
				t.Errorf("%d comes back as %v: %s", i, back, axesString(back))
			}
			back.Close()
		}
		// A result is an array as any other.
		if again, err := got.Reduce(t.Context(), lazy.NewMax(lazy.OverAll())); err != nil || again[0].Close() != nil || got.Close() != nil {
			t.Error(err)
		}
	}
	if _, err := s.Reduce(t.Context(), lazy.NewSum(lazy.OverAxes(5))); !errors.Is(err, lazy.ErrIndex) {
		t.Error(err)
	}
	if got, err := s.Data.Slice("0, 0, 0"); err != nil || elementsOf(t, got)[0] != 0 {
		t.Errorf("the source was closed: %v", err)
	}
}
