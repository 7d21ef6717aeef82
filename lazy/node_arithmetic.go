package lazy

import (
	"fmt"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// The functions of this file are NumPy's of the same names, lazy: shapes broadcast, dtypes
// promote as in NumPy 2 (see [Operand] for numbers), and results are NumPy's to the last bit but
// for powers and products of complex numbers, as package kernel says. Nothing is read until the
// result is.

// Add is x + y; of booleans, or.
func Add(x, y Operand) (*Array, error) { return binaryOp(kernel.Add, x, y) }

// Subtract is x - y. It is not defined for booleans.
func Subtract(x, y Operand) (*Array, error) { return binaryOp(kernel.Subtract, x, y) }

// Multiply is x * y; of booleans, and.
func Multiply(x, y Operand) (*Array, error) { return binaryOp(kernel.Multiply, x, y) }

// Divide is x / y, a float also for integers.
func Divide(x, y Operand) (*Array, error) { return binaryOp(kernel.Divide, x, y) }

// FloorDivide is the largest integer not above x / y. Integers divided by zero are zero.
func FloorDivide(x, y Operand) (*Array, error) { return binaryOp(kernel.FloorDivide, x, y) }

// Remainder is what [FloorDivide] leaves; it has the sign of y.
func Remainder(x, y Operand) (*Array, error) { return binaryOp(kernel.Remainder, x, y) }

// Power is x to the power of y. Integers to negative integer powers are an error when they are
// read.
func Power(x, y Operand) (*Array, error) { return binaryOp(kernel.Power, x, y) }

// Minimum is the lesser of x and y, and NaN if either is.
func Minimum(x, y Operand) (*Array, error) { return binaryOp(kernel.Minimum, x, y) }

// Maximum is the greater of x and y, and NaN if either is.
func Maximum(x, y Operand) (*Array, error) { return binaryOp(kernel.Maximum, x, y) }

// BitwiseAnd is x & y of integers and booleans.
func BitwiseAnd(x, y Operand) (*Array, error) { return binaryOp(kernel.BitwiseAnd, x, y) }

// BitwiseOr is x | y of integers and booleans.
func BitwiseOr(x, y Operand) (*Array, error) { return binaryOp(kernel.BitwiseOr, x, y) }

// BitwiseXor is x ^ y of integers and booleans.
func BitwiseXor(x, y Operand) (*Array, error) { return binaryOp(kernel.BitwiseXor, x, y) }

// LeftShift is x << y.
func LeftShift(x, y Operand) (*Array, error) { return binaryOp(kernel.LeftShift, x, y) }

// RightShift is x >> y.
func RightShift(x, y Operand) (*Array, error) { return binaryOp(kernel.RightShift, x, y) }

// Equal is x == y, a boolean as of all comparisons.
func Equal(x, y Operand) (*Array, error) { return binaryOp(kernel.Equal, x, y) }

// NotEqual is x != y.
func NotEqual(x, y Operand) (*Array, error) { return binaryOp(kernel.NotEqual, x, y) }

// Less is x < y.
func Less(x, y Operand) (*Array, error) { return binaryOp(kernel.Less, x, y) }

// LessEqual is x <= y.
func LessEqual(x, y Operand) (*Array, error) { return binaryOp(kernel.LessEqual, x, y) }

// Greater is x > y.
func Greater(x, y Operand) (*Array, error) { return binaryOp(kernel.Greater, x, y) }

// GreaterEqual is x >= y.
func GreaterEqual(x, y Operand) (*Array, error) { return binaryOp(kernel.GreaterEqual, x, y) }

// Clip is x, but lo where it is less and hi where it is greater.
func Clip(x *Array, lo, hi Operand) (*Array, error) {
	low, err := Maximum(x, lo)
	if err != nil {
		return nil, err
	}
	return Minimum(low, hi)
}

func binaryOp(op kernel.BinaryOp, x, y Operand) (*Array, error) {
	a, err := newOperand(x)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	b, err := newOperand(y)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	n, err := binaryOpNode(op, a, b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	return combine(n, arraysOf(a, b))
}

func binaryOpNode(op kernel.BinaryOp, a, b operand) (node, error) {
	if op.IsComparison() && !a.weak() && !b.weak() {
		if n, err := compareMixed(op, a, b); n != nil || err != nil {
			return n, err
		}
	}
	t, err := commonType(a, b)
	if err != nil {
		return nil, err
	}
	elem, ok := t.Elem()
	in, out, defined := op.Types(elem)
	if _, _, narrow := op.Types(kernel.Float64); elem.IsLong() && !defined && narrow {
		return nil, onlyNarrowed(t)
	}
	if !ok || !defined {
		return nil, undefined(t)
	}
	from, to := typeFor(in, elem, t), typeFor(out, elem, t)
	for i, o := range []operand{a, b} {
		if err := o.check(from); err != nil && op.IsComparison() {
			return compareOutOfRange(op, a, b, i)
		} else if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDType, err)
		}
	}
	l := func(dst []byte, x [][]byte) error {
		if op == kernel.Power && kernel.HasNegative(in, x[1]) {
			return ErrNegativePower
		}
		kernel.Binary(op, in, dst, x[0], x[1])
		return nil
	}
	n, err := newElementwise(to, stateless(l), a.node(from), b.node(from))
	if err != nil {
		return nil, err
	}
	n.light = op != kernel.Power
	return n, nil
}

// asNode keeps a nil pointer from becoming a node that is not nil.
func asNode(e *elementwise, err error) (node, error) {
	if err != nil {
		return nil, err
	}
	return e, nil
}

// typeFor is the dtype of elements of kind e: t, whose element is own, if that is it.
func typeFor(e, own kernel.Elem, t mmapnpy.DType) mmapnpy.DType {
	switch e {
	case own:
		return t
	case own.Part():
		return t.Part()
	}
	return dtypeOf(e)
}

// compareMixed compares signed integers with uint64 exactly: their common dtype, float64, would
// round. It gives nothing for other operands.
func compareMixed(op kernel.BinaryOp, a, b operand) (node, error) {
	x, xok := a.array.DType().Elem()
	y, yok := b.array.DType().Elem()
	if !xok || !yok {
		return nil, nil
	}
	signed := func(e kernel.Elem) bool {
		return e == kernel.Int8 || e == kernel.Int16 || e == kernel.Int32 || e == kernel.Int64
	}
	switch {
	case signed(x) && y == kernel.Uint64:
	case signed(y) && x == kernel.Uint64:
		a, b, op = b, a, op.Reversed()
	default:
		return nil, nil
	}
	l := func(dst []byte, in [][]byte) error {
		kernel.CompareMixed(op, dst, in[0], in[1])
		return nil
	}
	return asNode(newElementwise(mmapnpy.Bool, stateless(l), a.node(mmapnpy.Int64), b.node(mmapnpy.Uint64)))
}

// compareOutOfRange compares with operand number `which`, an integer that the other's dtype has no
// place for: it is above or below all of them.
func compareOutOfRange(op kernel.BinaryOp, a, b operand, which int) (node, error) {
	other, number := a, b
	if which == 0 {
		other, number, op = b, a, op.Reversed()
	}
	above := number.whole > 0
	answer := byte(0)
	switch op {
	case kernel.NotEqual:
		answer = 1
	case kernel.Less, kernel.LessEqual:
		if above {
			answer = 1
		}
	case kernel.Greater, kernel.GreaterEqual:
		if !above {
			answer = 1
		}
	}
	constant := bufferLeaf(mmapnpy.Buffer{Data: []byte{answer}, DType: mmapnpy.Bool, Shape: []int64{}, Strides: []int64{}})
	return spreadTo(constant, other.array.node.shape()), nil
}

// LogicalAnd says where both x and y are not zero.
func LogicalAnd(x, y Operand) (*Array, error) { return logical(kernel.Multiply, x, y) }

// LogicalOr says where x or y is not zero.
func LogicalOr(x, y Operand) (*Array, error) { return logical(kernel.Add, x, y) }

// LogicalXor says where one of x and y is not zero, and the other is.
func LogicalXor(x, y Operand) (*Array, error) { return logical(kernel.NotEqual, x, y) }

func logical(op kernel.BinaryOp, x, y Operand) (*Array, error) {
	a, err := newOperand(x)
	if err != nil {
		return nil, err
	}
	b, err := newOperand(y)
	if err != nil {
		return nil, err
	}
	arrays := arraysOf(a, b)
	if len(arrays) == 0 {
		return nil, fmt.Errorf("%w: an operation on numbers alone", ErrDType)
	}
	for _, array := range arrays {
		if _, ok := array.DType().Elem(); !ok {
			return nil, undefined(array.DType())
		}
	}
	l := func(dst []byte, in [][]byte) error {
		kernel.Binary(op, kernel.Bool, dst, in[0], in[1])
		return nil
	}
	n, err := newElementwise(mmapnpy.Bool, stateless(l), a.node(mmapnpy.Bool), b.node(mmapnpy.Bool))
	if err != nil {
		return nil, err
	}
	return combine(n, arrays)
}

// Where is np.where: x where cond is not zero, else y. The dtype is the common one of x and y.
func Where(cond *Array, x, y Operand) (*Array, error) {
	if _, ok := cond.DType().Elem(); !ok {
		return nil, fmt.Errorf("where: condition: %w", undefined(cond.DType()))
	}
	a, err := newOperand(x)
	if err != nil {
		return nil, fmt.Errorf("where: %w", err)
	}
	b, err := newOperand(y)
	if err != nil {
		return nil, fmt.Errorf("where: %w", err)
	}
	t, err := whereType(a, b)
	if err != nil {
		return nil, fmt.Errorf("where: %w", err)
	}
	l := func(dst []byte, in [][]byte) error {
		kernel.Select(dst, in[0], in[1], in[2], int(t.ItemSize()))
		return nil
	}
	n, err := newElementwise(t, stateless(l), castTo(cond.node, mmapnpy.Bool), a.node(t), b.node(t))
	if err != nil {
		return nil, fmt.Errorf("where: %w", err)
	}
	return combine(n, append([]*Array{cond}, arraysOf(a, b)...))
}

// whereType is the dtype of what [Where] chooses from.
func whereType(a, b operand) (mmapnpy.DType, error) {
	if a.weak() && b.weak() {
		kinds := map[byte]mmapnpy.DType{'b': mmapnpy.Bool, 'i': mmapnpy.Int64, 'f': mmapnpy.Float64, 'c': mmapnpy.Complex128}
		return mmapnpy.ResultType(kinds[a.kind], kinds[b.kind])
	}
	t, err := commonType(a, b)
	if err != nil {
		return t, err
	}
	for _, o := range []operand{a, b} {
		if !o.weak() && !o.array.DType().Equal(t) && !convertible(o.array.DType(), t) {
			return t, undefined(t)
		}
		if err := o.check(t); err != nil {
			return t, fmt.Errorf("%w: %w", ErrDType, err)
		}
	}
	return t, nil
}
