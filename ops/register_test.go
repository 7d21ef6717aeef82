package ops_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/ops"
)

// gain is what a user's operation takes.
type gain struct {
	Factor float64  `json:"factor" lazynpy:"required"`
	Offset float64  `json:"offset,omitempty"`
	Dark   ops.Path `json:"dark,omitempty"`
}

var errFactor = errors.New("a factor of zero")

func init() {
	ops.RegisterMap("test/gain", func(a *lazy.Array, p gain) (*lazy.Array, error) {
		if p.Factor == 0 {
			return nil, errFactor
		}
		return lazy.Map(a, func(dst, src []float64) {
			for i, v := range src {
				dst[i] = float64(p.Factor*v) + p.Offset
			}
		})
	})
	ops.RegisterMap("test/nil", func(*lazy.Array, struct{}) (*lazy.Array, error) { return nil, nil })
	ops.RegisterMap("test/panic", func(*lazy.Array, struct{}) (*lazy.Array, error) { panic("a bad day") })
	ops.RegisterMap("test/index", func(a *lazy.Array, i []int) (*lazy.Array, error) {
		return a.Slice(fmt.Sprint(i[1])) // which panics without parameters
	})
	ops.RegisterReducer("test/range", func(p ops.OverParams) (lazy.Reducer, error) {
		over, err := lazy.ParseOver(p.Over)
		return lazy.NewFold("test/range", over, lazy.Fold[float64, [2]float64, float64]{
			Add: func(s *[2]float64, x []float64) {
				s[0], s[1] = min(s[0], slices.Min(x)), max(s[1], slices.Max(x))
			},
			Merge:  func(s *[2]float64, o [2]float64) { s[0], s[1] = min(s[0], o[0]), max(s[1], o[1]) },
			Finish: func(s [2]float64) float64 { return s[1] - s[0] },
		}), err
	})
	ops.RegisterReducer("test/sick", func(struct{}) (lazy.Reducer, error) { panic(errFactor) })
}

// TestUserOperations uses operations from outside of the package.
func TestUserOperations(t *testing.T) {
	a, err := lazy.FromSlice([]float64{1, 2, 3, -4})
	if err != nil {
		t.Fatal(err)
	}
	out, err := ops.Must("test/gain", gain{Factor: 2, Offset: 1}).Apply(a)
	if err != nil {
		t.Fatal(err)
	}
	op, err := ops.Parse("test/range")
	if err != nil {
		t.Fatal(err)
	}
	if op, err = op.WithOver("0"); err != nil || op.String() != `test/range{"over":"0"}` {
		t.Fatalf("%s: %v", op, err)
	}
	r, err := op.Reducer()
	if err != nil {
		t.Fatal(err)
	}
	results, err := lazy.Run(t.Context(), out, r)
	if err != nil || results[0].Float64() != 14 {
		t.Errorf("the range is %v: %v", results, err)
	}
	files, err := ops.Must("test/gain", gain{Factor: 1, Dark: "dark.npy"}).Files()
	if err != nil || !slices.Equal(files, []string{"dark.npy"}) {
		t.Errorf("files %q: %v", files, err)
	}
	if !slices.Contains(ops.MapNames(), "test/gain") || !slices.Contains(ops.ReducerNames(), "test/range") {
		t.Error("operations are not listed")
	}
	for _, d := range ops.Describe() {
		if d.Name == "test/gain" && (d.Params != `{"factor":0}` || d.Kind != ops.MapKind) {
			t.Errorf("described as %+v", d)
		}
	}
}

func TestUserOperationsFail(t *testing.T) {
	a, err := lazy.FromSlice([]float64{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	for op, want := range map[string]string{
		`test/gain{"factor":0}`:               "test/gain: a factor of zero",
		`test/gain{"factor":1,"offset":true}`: "test/gain: parameter offset: a bool where a number belongs",
		`test/gain{"gain":1}`:                 `test/gain: no parameter "gain"; it has factor, offset, dark`,
		`test/gain`:                           "test/gain: parameter factor is missing",
		`test/gain=2`:                         `test/gain takes nothing behind "="`,
		`test/nil`:                            "test/nil: it gave no array",
		`test/panic`:                          "test/panic panicked: a bad day",
		`test/index`:                          "test/index panicked: runtime error: index out of range",
		`test/range`:                          "test/range is a reducer",
		`test/rang`:                           `no operation "test/rang"; close to it: test/range`,
	} {
		read, err := ops.Parse(op)
		if err == nil {
			_, err = read.Apply(a)
		}
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, not %s", op, err, want)
		}
	}
	if _, err := ops.Must("test/gain", gain{}).Apply(a); !errors.Is(err, errFactor) {
		t.Errorf("the error of a function is not wrapped: %v", err)
	}
	if _, err := ops.Must("test/sick", nil).Reducer(); !errors.Is(err, errFactor) || !strings.Contains(err.Error(), "panicked") {
		t.Errorf("the panic of a function is not wrapped: %v", err)
	}
	floats := mmapnpy.Float64
	if a.DType() != floats {
		t.Errorf("the array has changed: %s", a)
	}
}

func TestRegisterPanics(t *testing.T) {
	double := func(a *lazy.Array, _ struct{}) (*lazy.Array, error) { return lazy.Multiply(a, 2) }
	sum := func(struct{}) (lazy.Reducer, error) { return lazy.NewSum(lazy.OverAll()), nil }
	for name, register := range map[string]func(){
		"an empty name":      func() { ops.RegisterMap("", double) },
		"a built-in map":     func() { ops.RegisterMap("sqrt", double) },
		"a reducer as a map": func() { ops.RegisterMap("sum", double) },
		"a map as a reducer": func() { ops.RegisterReducer("test/gain", sum) },
		"twice":              func() { ops.RegisterReducer("test/range", sum) },
		"a space":            func() { ops.RegisterReducer("a b", sum) },
		"an equals sign":     func() { ops.RegisterMap("a=b", double) },
		"no function":        func() { ops.RegisterMap[struct{}]("test/none", nil) },
		"no reducer":         func() { ops.RegisterReducer[struct{}]("test/none", nil) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if s, ok := recover().(string); !ok || !strings.HasPrefix(s, "ops: Register") {
					t.Errorf("it panicked with %q", s)
				}
			}()
			register()
		})
	}
}

func ExampleRegisterMap() {
	type power struct {
		Exponent int `json:"exponent" lazynpy:"required"`
	}
	ops.RegisterMap("example.com/power", func(a *lazy.Array, p power) (*lazy.Array, error) {
		return lazy.Power(a, p.Exponent)
	})
	op := ops.Must("example.com/power", power{Exponent: 3})
	fmt.Println(op)

	a, err := lazy.FromSlice([]int64{1, 2, 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	cubes, err := op.Apply(a)
	fmt.Println(cubes, err)
	// Output:
	// example.com/power{"exponent":3}
	// (3,) int64 lazy, 1 block of (3,), 24 B <nil>
}
