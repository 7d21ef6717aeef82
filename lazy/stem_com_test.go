package lazy

import (
	"errors"
	"math"
	"slices"
	"testing"
)

func TestCenterOfMass(t *testing.T) {
	for _, c := range []CenterOfMass{
		{},
		{Absolute: true},
		{Center: []float64{2.5, 1}, Radius: 2.5},
		{Center: []float64{2, 1}, Radius: 3, InnerRadius: 1},
		{InnerRadius: 1, ScanRotation: 30, FlipY: true},
	} {
		for _, s := range scenes(t) {
			a := s.open(t, Chunks("(2, 3, 2, 3)"))
			if a.DType().Kind() == 'c' {
				continue
			}
			got, err := runOne(t.Context(), a, NewCenterOfMass(c))
			if err != nil {
				t.Fatalf("%s: %v", s.name, err)
			}
			want := referenceOf(t, a, func(frame []float64, h, w, _ int) []float64 { return centerOfMass(c, frame, h, w) })
			for i, v := range floats(t, got) {
				if math.Abs(v-want[i]) > 1e-12 {
					t.Fatalf("%+v of %s: %v, want %v", c, s.name, floats(t, got), want)
				}
			}
		}
	}
}

// centerOfMass is the definition, for one frame.
func centerOfMass(c CenterOfMass, frame []float64, h, w int) []float64 {
	cy, cx := float64(h/2), float64(w/2)
	if c.Center != nil {
		cy, cx = c.Center[0], c.Center[1]
	}
	var sum, sumY, sumX float64
	for i, v := range frame {
		y, x := float64(i/w), float64(i%w)
		d2 := (y-cy)*(y-cy) + (x-cx)*(x-cx)
		if c.Radius > 0 && d2 > c.Radius*c.Radius || c.InnerRadius > 0 && d2 <= c.InnerRadius*c.InnerRadius {
			continue
		}
		sum, sumY, sumX = sum+v, sumY+v*y, sumX+v*x
	}
	y, x := cy, cx
	if sum != 0 {
		y, x = sumY/sum, sumX/sum
	}
	if c.Absolute {
		return []float64{y, x}
	}
	y, x = y-cy, x-cx
	if c.FlipY {
		y = -y
	}
	sin, cos := math.Sincos(c.ScanRotation * math.Pi / 180)
	return []float64{cos*y + sin*x, cos*x - sin*y}
}

// TestCenterOfMassOfOtherShapes has spectra and volumes.
func TestCenterOfMassOfOtherShapes(t *testing.T) {
	values := []float64{0, 0, 4, 0, 1, 1, 0, 0, 0, 0, 0, 0}
	for _, c := range []struct {
		shape []int64
		want  []float64
	}{
		{[]int64{3, 4}, []float64{0, -1.5, 0}},
		{[]int64{1, 3, 2, 2}, []float64{(0*4+1+1)/6.0 - 1, (4*1+0+0)/6.0 - 1, (0+0+1)/6.0 - 1}},
	} {
		a, err := FromSlice(values, c.shape...)
		if err == nil {
			a, err = a.With(NavigationAxes(0))
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := runOne(t.Context(), a, NewCenterOfMass(CenterOfMass{}))
		if err != nil {
			t.Fatal(err)
		}
		if f := floats(t, got); !closeTo(f, c.want) {
			t.Errorf("%v: got %v, want %v", c.shape, f, c.want)
		}
	}
}

// spots is a scan of (4, 5) frames of (41, 41) with one bright pixel each, where where says.
func spots(t *testing.T, where func(i, j int) (y, x int)) *Array {
	t.Helper()
	values := make([]uint16, 4*5*41*41)
	for i := range 4 {
		for j := range 5 {
			y, x := where(i, j)
			values[((i*5+j)*41+20+y)*41+20+x] = 7
		}
	}
	a, err := FromSlice(values, 4, 5, 41, 41)
	if err == nil {
		a, err = a.With(NavigationAxes(0, 1))
	}
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestRegression(t *testing.T) {
	// Shifts that are a plane.
	a := spots(t, func(i, j int) (y, x int) { return 2*i - j + 1, 3 - 3*i + 2*j })
	for _, c := range []struct {
		regression Regression
		y, x       func(i, j float64) float64
	}{
		{NoRegression, func(i, j float64) float64 { return 2*i - j + 1 }, func(i, j float64) float64 { return 3 - 3*i + 2*j }},
		{SubtractMean, func(i, j float64) float64 { return 2*(i-1.5) - (j - 2) }, func(i, j float64) float64 { return -3*(i-1.5) + 2*(j-2) }},
		{SubtractLinear, func(_, _ float64) float64 { return 0 }, func(_, _ float64) float64 { return 0 }},
	} {
		got, err := runOne(t.Context(), a, NewCenterOfMass(CenterOfMass{Regression: c.regression}))
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range floats(t, got) {
			i, j := float64(k/2/5), float64(k/2%5)
			want := []float64{c.y(i, j), c.x(i, j)}[k%2]
			if math.Abs(v-want) > 1e-12 {
				t.Errorf("regression %d at (%v, %v): %v, want %v", c.regression, i, j, v, want)
			}
		}
	}
}

// TestField compares with np.gradient's differences of a field y = i*i + j, x = i*j.
func TestField(t *testing.T) {
	var v []float64
	for i := range 3 {
		for j := range 4 {
			v = append(v, float64(i*i+j), float64(i*j))
		}
	}
	field, err := NewResult(v, 3, 4, 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		f    func(*Result) (*Result, error)
		want []float64
	}{
		// d(i*i)/di is 1, 2, 3 by rows, d(i*j)/dj is i.
		{Divergence, []float64{1, 1, 1, 1, 3, 3, 3, 3, 5, 5, 5, 5}},
		// dy/dj is 1, d(i*j)/di is j.
		{Curl, []float64{1, 0, -1, -2, 1, 0, -1, -2, 1, 0, -1, -2}},
		{Magnitude, []float64{0, 1, 2, 3, 1, math.Sqrt(5), math.Sqrt(13), 5, 4, math.Sqrt(29), math.Sqrt(52), math.Sqrt(85)}},
	} {
		got, err := c.f(field)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Shape(), []int64{3, 4}) || !closeTo(floats(t, got), c.want) {
			t.Errorf("got %v of shape %v, want %v", floats(t, got), got.Shape(), c.want)
		}
	}
	thin, err := NewResult(v[:8], 1, 4, 2)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Curl(thin); err == nil {
		t.Error("the curl of a single row")
	}
	ints, err := NewResult([]int64{1, 2}, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Magnitude(ints); !errors.Is(err, ErrDType) {
		t.Errorf("the magnitude of integers: %v", err)
	}
}
