package ops

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/lazynpy/lazynpy/internal/strictjson"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Path names a file with an array in parameters, as [lazy.Open] takes it: "dark.npy" or
// "cal.npz:dark". Workers open it by this name; see [Op.Absolute].
type Path string

// MarshalJSON refuses a path that a JSON string cannot hold.
func (p Path) MarshalJSON() ([]byte, error) {
	if !utf8.ValidString(string(p)) {
		return nil, fmt.Errorf("the path %q is not UTF-8", string(p))
	}
	return json.Marshal(string(p))
}

// DType names a dtype in parameters, as [mmapnpy.ParseDType] takes it: "f4", ">i2", "uint16". JSON
// has NumPy's short form with the byte order, "<f4". Long doubles are refused, since their format
// is the machine's.
type DType string

// Parse is the dtype, which is one of numbers or booleans.
func (d DType) Parse() (mmapnpy.DType, error) {
	t, err := mmapnpy.ParseDType(string(d))
	if err != nil {
		return t, err
	}
	if _, ok := t.Elem(); !ok {
		return t, fmt.Errorf("dtype %s is not one of numbers", t)
	}
	if _, ok := t.LongDouble(); ok {
		return t, fmt.Errorf("dtype %s is not the same on every machine", t)
	}
	return t, nil
}

// MarshalJSON writes the short form.
func (d DType) MarshalJSON() ([]byte, error) {
	t, err := d.Parse()
	if err != nil {
		return nil, err
	}
	s := strings.Trim(t.Descr(), "'")
	if t.IsBFloat16() {
		s = t.String() // NumPy stores it as bytes, and so does Descr
	}
	return json.Marshal(s)
}

// UnmarshalJSON reads any name of a dtype that can be used.
func (d *DType) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	if _, err := DType(s).Parse(); err != nil {
		return err
	}
	*d = DType(s)
	return nil
}

// Operand is what arithmetic takes beside the array, as a parameter: a number or an array in a
// file. In JSON it is one of
//
//	2                                a weak integer, as Python's: uint8 stays uint8
//	2.0, 1e3, "nan", "inf", "-inf"   a weak float
//	{"re": 1, "im": -2}              a weak complex number
//	true                             a weak boolean
//	{"dtype": "<f4", "value": 2}     a number with a dtype, as a scalar of NumPy
//	{"array": "dark.npy"}            an array
//
// The zero Operand is none. See [lazy.Operand] for what numbers do to dtypes.
type Operand struct {
	// Value is the number: a bool, int, float64 or complex128, or with a DType any number of Go.
	Value any

	// DType is the dtype of the number. Default: none, the number is weak.
	DType DType

	// Array is the file of an array instead of a number.
	Array Path
}

// MarshalJSON writes one of the forms.
func (o Operand) MarshalJSON() ([]byte, error) {
	if o.Array != "" {
		if o.Value != nil || o.DType != "" {
			return nil, errors.New("an operand is a number or an array, not both")
		}
		return json.Marshal(map[string]any{"array": o.Array})
	}
	if o.DType == "" {
		switch o.Value.(type) {
		case bool, int, float64, complex128:
		case nil:
			return nil, errors.New("the operand is neither a number nor an array")
		default:
			return nil, fmt.Errorf("an operand of type %T needs a DType", o.Value)
		}
	}
	value, err := marshalNumber(o.Value)
	if err != nil || o.DType == "" {
		return value, err
	}
	return json.Marshal(map[string]any{"dtype": o.DType, "value": json.RawMessage(value)})
}

// UnmarshalJSON reads one of the forms.
func (o *Operand) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case "null":
		return nil
	case `""`:
		return errors.New(`"" is not a number`)
	}
	if b[0] != '{' {
		v, err := unmarshalNumber(b)
		if err == nil {
			*o = Operand{Value: v}
		}
		return err
	}
	var form struct {
		Re    *Float          `json:"re"`
		Im    *Float          `json:"im"`
		DType *DType          `json:"dtype"`
		Value json.RawMessage `json:"value"`
		Array *Path           `json:"array"`
	}
	if err := strictly(b, &form); err != nil {
		return jsonError(err)
	}
	complete := func(has ...bool) bool { // exactly these parts are there
		all := []bool{form.Re != nil, form.Im != nil, form.DType != nil, form.Value != nil, form.Array != nil}
		return reflect.DeepEqual(all, has)
	}
	switch {
	case complete(true, true, false, false, false):
		*o = Operand{Value: complex(float64(*form.Re), float64(*form.Im))}
	case complete(false, false, true, true, false):
		v, err := unmarshalNumber(form.Value)
		if err != nil {
			return err
		}
		*o = Operand{Value: v, DType: *form.DType}
	case complete(false, false, false, false, true) && *form.Array != "":
		*o = Operand{Array: *form.Array}
	default:
		return errors.New("an operand is a number, or has the parts re and im, dtype and value, or array")
	}
	return nil
}

// Open gives what the functions of package lazy take: a number, or an *[lazy.Array] that the caller
// must close.
func (o Operand) Open() (lazy.Operand, error) {
	switch {
	case o.Array != "":
		a, err := lazy.Open(string(o.Array))
		if err != nil {
			return nil, err
		}
		return a, nil
	case o.DType != "":
		a, err := o.scalar()
		if err != nil {
			return nil, err
		}
		return a, nil
	}
	switch v := o.Value.(type) {
	case bool, int, float64, complex128:
		return v, nil
	case nil:
		return nil, errors.New("the operand is neither a number nor an array")
	case int64, uint64:
		return nil, fmt.Errorf("the integer %v is too large to have no dtype", v)
	default:
		return nil, fmt.Errorf("an operand of type %T needs a DType", v)
	}
}

// scalar is a number with a dtype, as an array of no dimensions.
func (o Operand) scalar() (*lazy.Array, error) {
	t, err := o.DType.Parse()
	if err != nil {
		return nil, err
	}
	integers := t.Kind() == mmapnpy.KindInt || t.Kind() == mmapnpy.KindUint || t.Kind() == mmapnpy.KindBool
	var a *lazy.Array
	switch v := reflect.ValueOf(o.Value); {
	case v.Kind() == reflect.Bool:
		a, err = lazy.FromSlice([]bool{v.Bool()})
	case v.CanInt():
		n := v.Int()
		magnitude := uint64(n)
		if n < 0 {
			magnitude = -magnitude
		}
		if err := mmapnpy.CheckWeakInt(t, n < 0, magnitude); err != nil {
			return nil, err
		}
		a, err = lazy.FromSlice([]int64{n})
	case v.CanUint():
		if err := mmapnpy.CheckWeakInt(t, false, v.Uint()); err != nil {
			return nil, err
		}
		a, err = lazy.FromSlice([]uint64{v.Uint()})
	case v.CanFloat() && !integers:
		a, err = lazy.FromSlice([]float64{v.Float()})
	case v.CanComplex() && t.Kind() == mmapnpy.KindComplex:
		a, err = lazy.FromSlice([]complex128{v.Complex()})
	default:
		return nil, fmt.Errorf("the number %v is none of dtype %s", o.Value, t)
	}
	if err == nil {
		a, err = a.Index(lazy.At(0))
	}
	if err == nil {
		a, err = a.AsType(t)
	}
	return a, err
}

// marshalNumber writes a number so that its kind is seen: floats have a point, an exponent or
// quotes.
func marshalNumber(x any) ([]byte, error) {
	switch v := reflect.ValueOf(x); {
	case x == nil:
		return nil, errors.New("the operand has no value")
	case v.Kind() == reflect.Bool, v.CanInt(), v.CanUint():
		return json.Marshal(x)
	case v.CanFloat():
		if s, ok := strictjson.Word(v.Float()); ok {
			return json.Marshal(s)
		}
		return strictjson.AppendFloat(nil, v.Float(), 64), nil
	case v.CanComplex():
		c := v.Complex()
		return json.Marshal(map[string]Float{"re": Float(real(c)), "im": Float(imag(c))})
	}
	return nil, fmt.Errorf("a %T is not a number", x)
}

// unmarshalNumber reads what marshalNumber wrote as a bool, int, float64 or complex128; integers
// that are no int as int64 or uint64.
func unmarshalNumber(b []byte) (any, error) {
	switch s := string(b); {
	case s == "true", s == "false":
		return s == "true", nil
	case b[0] == '"':
		if v, ok := readNotFinite(b); ok {
			return v, nil
		}
	case b[0] == '{':
		var c struct {
			Re, Im *Float
		}
		if err := strictly(b, &c); err != nil {
			return nil, jsonError(err)
		}
		if c.Re != nil && c.Im != nil {
			return complex(float64(*c.Re), float64(*c.Im)), nil
		}
	default:
		if v, ok := readNumber(s); ok {
			return v, nil
		}
	}
	return nil, fmt.Errorf("%s is not a number; those that JSON has not are \"nan\", \"inf\" and \"-inf\"", b)
}

var (
	integerForm = regexp.MustCompile(`^[+-]?[0-9]+$`)
	floatForm   = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$`)
)

// readNumber reads an integer or a float as it is written in JSON, in Python or by hand.
func readNumber(s string) (any, bool) {
	if integerForm.MatchString(s) {
		if v, err := strconv.ParseInt(s, 10, 64); err == nil {
			if v >= math.MinInt && v <= math.MaxInt {
				return int(v), true
			}
			return v, true
		}
		v, err := strconv.ParseUint(strings.TrimPrefix(s, "+"), 10, 64)
		return v, err == nil
	}
	if !floatForm.MatchString(s) {
		return nil, false
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil
}

// withOperands opens operands, of which those that are none become nil, and gives them to f. What
// was opened is closed again if f makes no array.
func withOperands(f func(x []lazy.Operand) (*lazy.Array, error), operands ...Operand) (out *lazy.Array, err error) {
	x := make([]lazy.Operand, len(operands))
	defer func() {
		if out != nil {
			return
		}
		for _, o := range x {
			if a, ok := o.(*lazy.Array); ok {
				_ = a.Close() // best effort
			}
		}
	}()
	for i, o := range operands {
		if o == (Operand{}) {
			continue
		}
		if x[i], err = o.Open(); err != nil {
			return nil, err
		}
	}
	return f(x)
}
