//go:build interop

package interop

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// operationCase is a program and what NumPy makes of it.
type operationCase struct {
	judged
	Program json.RawMessage
	Ulps    int
}

const operationCases = 2000

// TestOperationsAgainstNumPy computes random programs, of arithmetic, comparisons, casts, slices,
// transposes, reshapes, stacks, picks, masks and corrections, as NumPy does: the same dtypes,
// shapes and elements, and the same refusals.
func TestOperationsAgainstNumPy(t *testing.T) {
	againstNumPy(t, operationCases)
}

// TestChainsAgainstNumPy computes chains of 2 to 6 operations, each of what the one before it gave:
// 300, and 20,000 in the long run.
func TestChainsAgainstNumPy(t *testing.T) {
	count := 300
	if os.Getenv("LAZYNPY_LONG") != "" {
		count = 20_000
	}
	againstNumPy(t, count, "chains")
}

func againstNumPy(t *testing.T, count int, args ...string) {
	t.Helper()
	cases := judge(t, "operations.py", count, func(c *operationCase, dir string) { c.in(dir) }, args...)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			c.check(t)
			if t.Failed() {
				t.Logf("program %s", c.Program)
			}
		})
	}
}

func (c operationCase) check(t *testing.T) {
	var inputs []*lazy.Array
	for _, name := range c.Inputs {
		inputs = append(inputs, c.open(t, name))
	}
	decoder := json.NewDecoder(bytes.NewReader(c.Program))
	decoder.UseNumber()
	var program any
	if err := decoder.Decode(&program); err != nil {
		t.Fatal(err)
	}
	out, err := evaluateArray(program, inputs)
	if err == nil && c.Error != "" {
		// what depends on elements, as negative powers of integers, is seen only now
		_, err = out.Load(t.Context())
	}
	switch {
	case c.Error != "" && err != nil:
		return
	case c.Error != "":
		t.Fatalf("no error; NumPy: %s", c.Error)
	case err != nil:
		t.Fatal(err)
	}
	c.equal(t, c.loaded(t, out), c.Ulps)
}

// evaluateArray makes the array that a program describes.
func evaluateArray(program any, inputs []*lazy.Array) (*lazy.Array, error) {
	x, err := evaluate(program, inputs)
	if err != nil {
		return nil, err
	}
	a, ok := x.(*lazy.Array)
	if !ok {
		return nil, fmt.Errorf("%v is no array", program)
	}
	return a, nil
}

// evaluate makes what a program describes: an array or a number.
func evaluate(program any, inputs []*lazy.Array) (lazy.Operand, error) {
	list, ok := program.([]any)
	if !ok {
		return number(program)
	}
	name, ok := list[0].(string)
	if !ok {
		return nil, fmt.Errorf("no operation in %v", list)
	}
	args := list[1:]
	if f := views[name]; f != nil {
		return f(args, inputs)
	}
	var operands []lazy.Operand
	for _, arg := range args {
		x, err := evaluate(arg, inputs)
		if err != nil {
			return nil, err
		}
		operands = append(operands, x)
	}
	if f := binaries[name]; f != nil && len(operands) == 2 {
		return f(operands[0], operands[1])
	}
	first, ok := operands[0].(*lazy.Array)
	if !ok {
		return nil, fmt.Errorf("%v is no array", args[0])
	}
	if f := unaries[name]; f != nil && len(operands) == 1 {
		return f(first)
	}
	if name == "where" {
		return lazy.Where(first, operands[1], operands[2])
	}
	return nil, fmt.Errorf("unknown operation %q", name)
}

// number is a number as Python would have it: whole ones without a point.
func number(v any) (lazy.Operand, error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case json.Number:
		if strings.ContainsAny(v.String(), ".e") {
			return v.Float64()
		}
		n, err := v.Int64()
		return int(n), err
	}
	return nil, fmt.Errorf("%v is no operand", v)
}

var binaries = map[string]func(x, y lazy.Operand) (*lazy.Array, error){
	"add": lazy.Add, "subtract": lazy.Subtract, "multiply": lazy.Multiply, "divide": lazy.Divide,
	"floor_divide": lazy.FloorDivide, "remainder": lazy.Remainder, "power": lazy.Power,
	"minimum": lazy.Minimum, "maximum": lazy.Maximum,
	"equal": lazy.Equal, "not_equal": lazy.NotEqual, "less": lazy.Less, "less_equal": lazy.LessEqual,
	"greater": lazy.Greater, "greater_equal": lazy.GreaterEqual,
	"bitwise_and": lazy.BitwiseAnd, "bitwise_or": lazy.BitwiseOr, "bitwise_xor": lazy.BitwiseXor,
	"left_shift": lazy.LeftShift, "right_shift": lazy.RightShift,
}

var unaries = map[string]func(x *lazy.Array) (*lazy.Array, error){
	"negative": lazy.Negative, "absolute": lazy.Absolute, "square": lazy.Square, "sqrt": lazy.Sqrt,
	"exp": lazy.Exp, "log": lazy.Log, "floor": lazy.Floor, "ceil": lazy.Ceil, "rint": lazy.Rint,
	"invert": lazy.Invert, "isnan": lazy.IsNaN, "isinf": lazy.IsInf, "isfinite": lazy.IsFinite,
}

// views are the operations with arguments that are no operands.
var views map[string]func(args []any, inputs []*lazy.Array) (lazy.Operand, error)

func init() {
	views = map[string]func(args []any, inputs []*lazy.Array) (lazy.Operand, error){
		"array": func(args []any, inputs []*lazy.Array) (lazy.Operand, error) {
			i, err := whole[int](args[0])
			return inputs[i], err
		},
		"astype":      ofArray(castTo),
		"slice":       ofArray(sliced),
		"transpose":   ofArray(transposed),
		"reshape":     ofArray(reshaped),
		"squeeze":     ofArray(func(a *lazy.Array, _ []any) (*lazy.Array, error) { return a.Squeeze() }),
		"take":        ofArray(taken),
		"select":      ofArray(selected),
		"correct":     ofArray(corrected),
		"values":      func(args []any, _ []*lazy.Array) (lazy.Operand, error) { return valuesOf(args) },
		"stack":       joined(lazy.Stack),
		"concatenate": joined(lazy.Concatenate),
	}
}

// ofArray evaluates the first argument and gives the others as they are.
func ofArray(f func(a *lazy.Array, args []any) (*lazy.Array, error)) func([]any, []*lazy.Array) (lazy.Operand, error) {
	return func(args []any, inputs []*lazy.Array) (lazy.Operand, error) {
		a, err := evaluateArray(args[0], inputs)
		if err != nil {
			return nil, err
		}
		return f(a, args[1:])
	}
}

// joined evaluates an axis and arrays.
func joined(f func(axis int, arrays ...*lazy.Array) (*lazy.Array, error)) func([]any, []*lazy.Array) (lazy.Operand, error) {
	return func(args []any, inputs []*lazy.Array) (lazy.Operand, error) {
		axis, err := whole[int](args[0])
		if err != nil {
			return nil, err
		}
		var arrays []*lazy.Array
		for _, arg := range args[1:] {
			a, err := evaluateArray(arg, inputs)
			if err != nil {
				return nil, err
			}
			arrays = append(arrays, a)
		}
		return f(axis, arrays...)
	}
}

func castTo(a *lazy.Array, args []any) (*lazy.Array, error) {
	text, ok := args[0].(string)
	if !ok {
		return nil, fmt.Errorf("%v is no dtype", args[0])
	}
	dtype, err := mmapnpy.ParseDType(text)
	if err != nil {
		return nil, err
	}
	return a.AsType(dtype)
}

func sliced(a *lazy.Array, args []any) (*lazy.Array, error) {
	text, ok := args[0].(string)
	if !ok {
		return nil, fmt.Errorf("%v is no index", args[0])
	}
	return a.Slice(text)
}

func transposed(a *lazy.Array, args []any) (*lazy.Array, error) {
	axes, err := wholes[int](args[0])
	if err != nil {
		return nil, err
	}
	return a.Transpose(axes...)
}

func reshaped(a *lazy.Array, args []any) (*lazy.Array, error) {
	shape, err := wholes[int64](args[0])
	if err != nil {
		return nil, err
	}
	return a.Reshape(shape...)
}

func taken(a *lazy.Array, args []any) (*lazy.Array, error) {
	indices, err1 := wholes[int64](args[0])
	axis, err2 := whole[int](args[1])
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	return a.Take(indices, axis)
}

// selected picks by navigation axes and a mask over them.
func selected(a *lazy.Array, args []any) (*lazy.Array, error) {
	nav, err := wholes[int](args[0])
	if err != nil {
		return nil, err
	}
	list, ok := args[1].([]any)
	if !ok {
		return nil, fmt.Errorf("%v is no mask", args[1])
	}
	mask := make([]bool, len(list))
	for i, v := range list {
		mask[i] = v == true
	}
	var shape []int64
	for _, d := range nav {
		shape = append(shape, a.Shape()[d])
	}
	if a, err = a.With(lazy.NavigationAxes(nav...)); err != nil {
		return nil, err
	}
	places, err := lazy.NewResult(mask, shape...)
	if err != nil {
		return nil, err
	}
	return a.Select(places)
}

// corrected has navigation axes, a dark frame, a gain and dead pixels.
func corrected(a *lazy.Array, args []any) (*lazy.Array, error) {
	nav, err := wholes[int](args[0])
	if err != nil {
		return nil, err
	}
	if a, err = a.With(lazy.NavigationAxes(nav...)); err != nil {
		return nil, err
	}
	var c lazy.Correction
	for i, into := range []*lazy.Operand{&c.Dark, &c.Gain} {
		if args[1+i] == nil {
			continue
		}
		if *into, err = evaluate(args[1+i], nil); err != nil {
			return nil, err
		}
	}
	dead, ok := args[3].([]any)
	if !ok {
		return nil, fmt.Errorf("%v is no list of pixels", args[3])
	}
	for _, p := range dead {
		pixel, err := wholes[int64](p)
		if err != nil {
			return nil, err
		}
		c.DeadPixels = append(c.DeadPixels, pixel)
	}
	return a.Correct(c)
}

// valuesOf is an array of whole numbers: dtype, shape and elements.
func valuesOf(args []any) (*lazy.Array, error) {
	shape, err1 := wholes[int64](args[1])
	values, err2 := wholes[int64](args[2])
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	a, err := lazy.FromSlice(values, int64(len(values)))
	if err == nil {
		a, err = a.Reshape(shape...)
	}
	if err != nil {
		return nil, err
	}
	return castTo(a, args[:1])
}

func whole[T int | int64](v any) (T, error) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, fmt.Errorf("%v is no integer", v)
	}
	i, err := n.Int64()
	return T(i), err
}

func wholes[T int | int64](v any) ([]T, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("%v is no list", v)
	}
	out := make([]T, len(list))
	for i, item := range list {
		var err error
		if out[i], err = whole[T](item); err != nil {
			return nil, err
		}
	}
	return out, nil
}
