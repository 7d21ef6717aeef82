//go:build interop

package interop

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/cmplx"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// elementwiseCase is a call of a ufunc; places are ranges of elementwise.bin.
type elementwiseCase struct {
	Op          string
	DTypes      []string
	Args        [][2]int
	ResultDType string `json:"result_dtype"`
	Result      [2]int
}

// TestElementwiseAgainstNumPy runs every operation over the edges of every dtype
// and over random numbers, pairs as well as scalars on either side, apart from the
// operands and in their place.
//
// Results must be NumPy's to the last bit, NaNs being alike, but for those that
// tolerance lists.
func TestElementwiseAgainstNumPy(t *testing.T) {
	s, dir := seed(t), t.TempDir()
	python(t, "elementwise.py", strconv.FormatInt(s, 10), dir)
	data := readFile(t, filepath.Join(dir, "elementwise.bin"))
	cases := readLines[elementwiseCase](t, readFile(t, filepath.Join(dir, "elementwise.jsonl")))
	failures := map[string]int{}
	for _, c := range cases {
		if c.omitted() {
			continue
		}
		name := fmt.Sprintf("%s %v", c.Op, c.DTypes)
		if err := c.check(data); err != nil {
			if failures[name]++; failures[name] <= 3 {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for name, n := range failures {
		if n > 3 {
			t.Errorf("%s: %d cases in all", name, n)
		}
	}
	if t.Failed() {
		t.Logf("seed %d, %d cases", s, len(cases))
	}
	if len(cases) < 10000 {
		t.Errorf("only %d cases", len(cases))
	}
}

// elemOf is the element of a dtype string.
func elemOf(code string) (kernel.Elem, error) {
	d, err := mmapnpy.ParseDType(code)
	if err != nil {
		return kernel.Invalid, err
	}
	e, ok := d.Elem()
	if !ok {
		return kernel.Invalid, fmt.Errorf("%s is no number", code)
	}
	return e, nil
}

func (c elementwiseCase) check(data []byte) error {
	e, err := elemOf(c.DTypes[0])
	if err != nil {
		return err
	}
	want, err := elemOf(c.ResultDType)
	if err != nil {
		return err
	}
	args := make([][]byte, len(c.Args))
	for i, at := range c.Args {
		args[i] = data[at[0]:at[1]]
	}
	result := data[c.Result[0]:c.Result[1]]
	got, at, err := c.compute(e, args, len(result)/want.Size())
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("result %v instead of %v", got, want)
	}
	for _, b := range at {
		if err := c.compare(want, b, result, args); err != nil {
			return err
		}
	}
	return nil
}

// compute returns the element of the result, and the result as computed apart from the
// operands and in the place of each operand that has room for it.
func (c elementwiseCase) compute(e kernel.Elem, args [][]byte, n int) (kernel.Elem, [][]byte, error) {
	if len(c.DTypes) == 2 && c.DTypes[0] != c.DTypes[1] {
		dst := make([]byte, n)
		op, err := binaryOp(c.Op)
		if e == kernel.Int64 {
			kernel.CompareMixed(op, dst, args[0], args[1])
		} else {
			kernel.CompareMixed(op.Reversed(), dst, args[1], args[0])
		}
		return kernel.Bool, [][]byte{dst}, err
	}
	in, out, run, err := c.loop(e)
	if err != nil {
		return out, nil, err
	}
	converted := make([][]byte, len(args))
	for i, a := range args {
		converted[i] = make([]byte, len(a)/e.Size()*in.Size())
		kernel.Convert(converted[i], in, a, e, false)
	}
	apart := make([]byte, n*out.Size())
	run(apart, converted)
	results := [][]byte{apart}
	for i, a := range converted {
		if len(a) < n*in.Size() {
			continue
		}
		operands := slices.Clone(converted)
		operands[i] = slices.Clone(a)
		dst := operands[i][:n*out.Size()]
		run(dst, operands)
		results = append(results, dst)
	}
	return out, results, nil
}

func (c elementwiseCase) loop(e kernel.Elem) (in, out kernel.Elem, run func([]byte, [][]byte), err error) {
	var ok bool
	if len(c.Args) == 1 {
		op, err := unaryOp(c.Op)
		if err != nil {
			return in, out, nil, err
		}
		in, out, ok = op.Types(e)
		run = func(dst []byte, args [][]byte) { kernel.Unary(op, in, dst, args[0]) }
	} else {
		op, err := binaryOp(c.Op)
		if err != nil {
			return in, out, nil, err
		}
		in, out, ok = op.Types(e)
		run = func(dst []byte, args [][]byte) { kernel.Binary(op, in, dst, args[0], args[1]) }
	}
	if !ok {
		return in, out, nil, fmt.Errorf("refused, NumPy's result is %s", c.ResultDType)
	}
	return in, out, run, nil
}

func binaryOp(name string) (kernel.BinaryOp, error) {
	for op := kernel.Add; op <= kernel.GreaterEqual; op++ {
		if op.String() == name {
			return op, nil
		}
	}
	return 0, fmt.Errorf("unknown operation %q", name)
}

func unaryOp(name string) (kernel.UnaryOp, error) {
	for op := kernel.Negative; op <= kernel.ImagPart; op++ {
		if op.String() == name {
			return op, nil
		}
	}
	return 0, fmt.Errorf("unknown operation %q", name)
}

// omitted reports whether NumPy has the loop and the kernels do not.
func (c elementwiseCase) omitted() bool {
	if e, err := elemOf(c.DTypes[0]); err == nil && e.IsLong() {
		_, _, _, err := c.loop(e)
		refused := []string{"floor_divide", "remainder", "power", "exp", "log", "sin", "cos", "exp2", "expm1", "log2", "log10", "log1p", "tan", "tanh"}
		if e.IsComplex() {
			refused = append(refused, "absolute", "sqrt", "sign")
		}
		return err != nil && slices.Contains(refused, c.Op)
	}
	complexes := c.ResultDType == "<c8" || c.ResultDType == "<c16"
	return complexes && slices.Contains([]string{"exp2", "expm1", "log2", "log10", "log1p", "tan", "tanh"}, c.Op)
}

// tolerance is how many units in the last place a result may be away from NumPy's; of a
// complex number it is of its modulus. The functions of Go and of NumPy's libraries are
// each good for a few units.
func (c elementwiseCase) tolerance(out kernel.Elem) float64 {
	switch {
	case out < kernel.Float16:
		return 0
	case c.ofComplex() && c.function():
		return 16
	case c.Op == "power":
		return 1
	case c.function() || c.ofComplex() && slices.Contains([]string{"multiply", "square", "absolute", "sign"}, c.Op):
		return 4
	}
	return 0
}

// function reports whether the operation is one of those from a library.
func (c elementwiseCase) function() bool {
	return slices.Contains([]string{"exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "tanh"}, c.Op) ||
		c.ofComplex() && (c.Op == "sqrt" || c.Op == "power")
}

func (c elementwiseCase) ofComplex() bool { return strings.Contains(c.DTypes[0], "c") }

// unsettled reports whether a result of complex operands may be anything: libraries do not agree on
// functions of huge numbers, infinities and NaNs; and a product that overflows, or
// has infinite factors, is another one if the processor fuses it.
func (c elementwiseCase) unsettled(operands []complex128, got, want complex128) bool {
	infinite := func(z complex128) bool { return !(cmplx.Abs(z) <= math.MaxFloat64) }
	switch {
	case !c.ofComplex():
		return false
	case c.Op == "multiply" || c.Op == "square":
		return infinite(got) || infinite(want)
	case c.Op == "power" && cmplx.Abs(operands[1]) > 100:
		return true
	case c.function():
		return slices.ContainsFunc(append(operands, want), func(z complex128) bool { return !(cmplx.Abs(z) < 1e30) })
	}
	return false
}

// compare looks for a number in got that is not as in want.
func (c elementwiseCase) compare(e kernel.Elem, got, want []byte, args [][]byte) error {
	if bytes.Equal(got, want) {
		return nil
	}
	if e.IsLong() {
		return c.compareLongs(e.Part(), got, want)
	}
	size, slack := e.Size(), c.tolerance(e)
	for i := 0; i < len(want); i += size {
		g, w := got[i:i+size], want[i:i+size]
		if bytes.Equal(g, w) {
			continue
		}
		operands, number, instead := c.operands(args, i/size), complexOf(e, g), complexOf(e, w)
		slack := slack
		if e.IsComplex() && c.Op == "power" {
			// The error of a logarithm, as many times as the exponent says.
			slack *= 1 + cmplx.Abs(operands[1]*cmplx.Log(operands[0]))
		}
		if e >= kernel.Float16 && (c.unsettled(operands, number, instead) || c.near(e, number, instead, slack)) {
			continue
		}
		return fmt.Errorf("number %d of %v: %v instead of %v (% x, % x)", i/size, operands, number, instead, g, w)
	}
	return nil
}

// compareLongs looks for a long double that has other bits. Padding is not compared, NaNs are
// alike, and of two zeros either may be the extreme.
func (c elementwiseCase) compareLongs(part kernel.Elem, got, want []byte) error {
	extreme := c.Op == "minimum" || c.Op == "maximum"
	for i := 0; i < len(want); i += 16 {
		g, w := got[i:i+10], want[i:i+10]
		x, y := kernel.NumberOf(got[i:], part), kernel.NumberOf(want[i:], part)
		if !bytes.Equal(g, w) && !(x.IsNaN() && y.IsNaN()) && !(extreme && x.IsZero() && y.IsZero()) {
			return fmt.Errorf("number %d: %v instead of %v (% x, % x)", i/16, x, y, g, w)
		}
	}
	return nil
}

// operands are those of result i.
func (c elementwiseCase) operands(args [][]byte, i int) []complex128 {
	var out []complex128
	for j, a := range args {
		e, err := elemOf(c.DTypes[j])
		if err != nil {
			continue
		}
		if len(a) > e.Size() {
			a = a[i*e.Size():]
		}
		out = append(out, complexOf(e, a[:e.Size()]))
	}
	return out
}

// complexOf is any number as a complex128.
func complexOf(e kernel.Elem, b []byte) complex128 {
	var wide [16]byte
	kernel.Convert(wide[:], kernel.Complex128, b, e, false)
	re, im := binary.NativeEndian.Uint64(wide[:]), binary.NativeEndian.Uint64(wide[8:])
	return complex(math.Float64frombits(re), math.Float64frombits(im))
}

// near compares floats, and complex numbers as pairs of floats.
func (c elementwiseCase) near(e kernel.Elem, got, want complex128, slack float64) bool {
	extreme := c.Op == "minimum" || c.Op == "maximum"
	same := func(g, w float64) bool {
		return g != g && w != w || g == w && (extreme || math.Signbit(g) == math.Signbit(w))
	}
	if same(real(got), real(want)) && same(imag(got), imag(want)) {
		return true
	}
	if slack == 0 {
		return false
	}
	size := cmplx.Abs(want)
	if e.IsComplex() && c.Op == "log" {
		size = max(size, 1)
	}
	if !e.IsComplex() && slices.Contains([]string{"sin", "cos", "tan"}, c.Op) {
		size = max(size, 1) // large arguments are reduced to absolute precision
		size *= size        // and that of a tangent grows towards its poles
	}
	ulp := slack * unitOf(e.Part(), size)
	close := func(g, w float64) bool { return same(g, w) || math.Abs(g-w) <= ulp }
	return close(real(got), real(want)) && close(imag(got), imag(want))
}

// unitOf is the distance of v to the next larger float.
func unitOf(e kernel.Elem, v float64) float64 {
	digits, smallest := 53, -1074
	switch e {
	case kernel.Float16:
		digits, smallest = 11, -24
	case kernel.Float32:
		digits, smallest = 24, -149
	}
	if v == 0 || math.IsInf(v, 0) || v != v {
		return math.Ldexp(1, smallest)
	}
	_, exponent := math.Frexp(v)
	return math.Ldexp(1, max(exponent-digits, smallest))
}

// promotions are tables of the dtypes that NumPy makes of others; nil where it refuses.
type promotions struct {
	DTypes, Numbers []string
	Pairs           [][]*string
	Triples         []*string
	Weak            map[string][]*string
	Unary           map[string][]*string
	Binary          map[string][][]*string
	BinaryWeak      map[string]map[string][]*string `json:"binary_weak"`
	Fits            [][4]any
}

// TestPromotionAgainstNumPy compares all of np.result_type and of the dtypes that ufuncs have.
func TestPromotionAgainstNumPy(t *testing.T) {
	dir := t.TempDir()
	python(t, "elementwise.py", strconv.FormatInt(seed(t), 10), dir)
	all := readLines[promotions](t, readFile(t, filepath.Join(dir, "promotion.json")))
	if len(all) != 1 {
		t.Fatalf("%d tables", len(all))
	}
	p := all[0]
	dtypes, numbers := parseAll(t, p.DTypes), parseAll(t, p.Numbers)
	for i, a := range dtypes {
		for j, b := range dtypes {
			got, err := mmapnpy.ResultType(a, b)
			_, number := a.Elem()
			_, another := b.Elem()
			if err != nil && !(number && another) && a.Kind() != b.Kind() {
				continue // NumPy makes text of numbers and times of integers
			}
			if i == j && a.IsStruct() {
				continue // NumPy was not asked
			}
			if a.Kind() == mmapnpy.KindDatetime && err != nil {
				continue // of two units
			}
			same(t, fmt.Sprint("result_type ", a, b), got, err, p.Pairs[i][j])
		}
	}
	n := len(numbers)
	for i, want := range p.Triples {
		a, b, c := numbers[i/n/n], numbers[i/n%n], numbers[i%n]
		got, err := mmapnpy.ResultType(a, b, c)
		same(t, fmt.Sprint("result_type ", a, b, c), got, err, want)
	}
	for kind, row := range p.Weak {
		for i, want := range row {
			got, err := mmapnpy.ResultTypeWeak(numbers[i], kind[0])
			same(t, fmt.Sprint("result_type ", numbers[i], kind), got, err, want)
		}
	}
	for _, f := range p.Fits {
		d, err := mmapnpy.ParseDType(f[0].(string))
		if err != nil {
			t.Fatal(err)
		}
		magnitude, err := strconv.ParseUint(f[2].(string), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if err := mmapnpy.CheckWeakInt(d, f[1].(bool), magnitude); (err == nil) != f[3].(bool) {
			t.Errorf("%v: %v", f, err)
		}
	}
	p.checkOperations(t, numbers)
}

// checkOperations goes by ResultType and Types, as an expression does.
func (p promotions) checkOperations(t *testing.T, numbers []mmapnpy.DType) {
	for name, row := range p.Unary {
		op, err := unaryOp(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range row {
			e, _ := numbers[i].Elem()
			_, out, ok := op.Types(e)
			if !ok && e.IsComplex() && want != nil {
				continue // functions that NumPy alone has
			}
			sameElem(t, fmt.Sprint(name, numbers[i]), out, ok, want)
		}
	}
	for name, rows := range p.Binary {
		op, err := binaryOp(name)
		if err != nil {
			t.Fatal(err)
		}
		check := func(what string, common mmapnpy.DType, err error, want *string) {
			if err != nil {
				t.Error(err)
			}
			e, _ := common.Elem()
			_, out, ok := op.Types(e)
			sameElem(t, what, out, ok, want)
		}
		for i, row := range rows {
			for j, want := range row {
				common, err := mmapnpy.ResultType(numbers[i], numbers[j])
				check(fmt.Sprint(name, numbers[i], numbers[j]), common, err, want)
			}
		}
		for kind, row := range p.BinaryWeak[name] {
			for i, want := range row {
				common, err := mmapnpy.ResultTypeWeak(numbers[i], kind[0])
				check(fmt.Sprint(name, numbers[i], kind), common, err, want)
			}
		}
	}
}

func parseAll(t *testing.T, codes []string) []mmapnpy.DType {
	var out []mmapnpy.DType
	for _, code := range codes {
		d, err := mmapnpy.ParseDType(code)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, d)
	}
	return out
}

func same(t *testing.T, what string, got mmapnpy.DType, err error, want *string) {
	t.Helper()
	switch {
	case want == nil:
		if err == nil {
			t.Errorf("%s: %s, NumPy refuses", what, got)
		}
	case err != nil:
		t.Errorf("%s: %v, in NumPy %s", what, err, *want)
	default:
		d, parseErr := mmapnpy.ParseDType(*want)
		if parseErr != nil || !d.Equal(got) {
			t.Errorf("%s: %s, in NumPy %s %v", what, got, *want, parseErr)
		}
	}
}

// sameElem compares elements. Of long doubles not every operation is there.
func sameElem(t *testing.T, what string, got kernel.Elem, ok bool, want *string) {
	t.Helper()
	if want == nil {
		if ok {
			t.Errorf("%s: %v, NumPy refuses", what, got)
		}
		return
	}
	e, err := elemOf(*want)
	if !ok && err == nil && e.IsLong() {
		return
	}
	if err != nil || !ok || got != e {
		t.Errorf("%s: %v %v, in NumPy %s", what, got, ok, *want)
	}
}
