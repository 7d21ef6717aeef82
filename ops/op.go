package ops

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/lazynpy/lazynpy/lazy"
)

// Op is an operation by name, with its parameters, as a plan has it: functions do not travel
// between machines, and every worker finds them by their names. [New], [Must] and [Parse]
// make one; [Describe] lists what there is, and [RegisterMap] and [RegisterReducer] add to it. An
// Op is immutable.
type Op struct {
	Name   string          `json:"name"`
	Params json.RawMessage `json:"params,omitempty"` // canonical JSON, nil where there are none
}

// New is the operation of a name with parameters, such as a [BinaryParams] or a map, which are
// written as canonical JSON: keys are sorted, there is no space, and the same parameters give the
// same bytes. Neither the name nor the parameters have to be known yet; see [Op.Canonical]. Floats
// of Go that are NaN or infinite are an error, since JSON has none: use [Float] or [Operand].
func New(name string, params any) (Op, error) {
	if err := checkName(name); err != nil {
		return Op{}, err
	}
	raw, err := json.Marshal(params)
	if err == nil {
		raw, err = canonical(raw)
	}
	if err != nil {
		return Op{}, fmt.Errorf("%s: parameters: %w", name, jsonError(err))
	}
	if s := string(raw); s == "null" || s == "{}" {
		raw = nil
	}
	return Op{Name: name, Params: raw}, nil
}

// Must is [New] for parameters that are known to be good. It panics on an error.
func Must(name string, params any) Op {
	op, err := New(name, params)
	if err != nil {
		panic(err)
	}
	return op
}

// String is the form that [Parse] reads: the name, and the parameters behind it as a JSON object.
func (op Op) String() string { return op.Name + string(op.Params) }

// UnmarshalJSON reads an operation, known or not, and brings its parameters into canonical form.
func (op *Op) UnmarshalJSON(b []byte) error {
	var raw struct {
		Name   string          `json:"name"`
		Params json.RawMessage `json:"params"`
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&raw); err != nil {
		return fmt.Errorf("operation: %w", jsonError(err))
	}
	read, err := New(raw.Name, raw.Params)
	if err != nil {
		return err
	}
	*op = read
	return nil
}

// Canonical is the operation with its parameters read, strictly, and written again, so that two
// spellings of the same parameters, such as 64 and 64.0 for a coordinate, give the same bytes. It
// is an error that names the operation and the parameter if the name is unknown or the parameters
// are not right. No file is opened.
func (op Op) Canonical() (Op, error) {
	_, p, err := op.decode()
	if err != nil {
		return Op{}, err
	}
	return New(op.Name, p)
}

// Apply makes the array of the operation's results, and reads no elements of a. Files that the
// parameters name are opened; [lazy.Array.Close] of the result closes them together with those of
// a. After an error, and a panic of the function that is registered is one, they are closed, and a
// is as it was.
func (op Op) Apply(a *lazy.Array) (*lazy.Array, error) {
	e, p, err := op.decode()
	if err != nil {
		return nil, err
	}
	if e.apply == nil {
		return nil, fmt.Errorf("%s is a reducer, not a map from array to array", op.Name)
	}
	var out *lazy.Array
	err = guard(op.Name, func() (err error) {
		if out, err = e.apply(a, p); err == nil && out == nil {
			err = errors.New("it gave no array")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Reducer makes the reducer. Masks in files are read now.
func (op Op) Reducer() (lazy.Reducer, error) {
	e, p, err := op.decode()
	if err != nil {
		return lazy.Reducer{}, err
	}
	if e.reducer == nil {
		return lazy.Reducer{}, fmt.Errorf("%s is a map from array to array, not a reducer", op.Name)
	}
	var out lazy.Reducer
	err = guard(op.Name, func() (err error) {
		out, err = e.reducer(p)
		return err
	})
	if err != nil {
		return lazy.Reducer{}, err
	}
	return out, nil
}

// WithOver is the operation over other axes, which are named as [lazy.ParseOver] reads them: it
// sets the parameter "over". An operation that has none, because it works on whole frames or is no
// reducer, is an error.
func (op Op) WithOver(over string) (Op, error) {
	e, err := lookup(op.Name)
	if err != nil {
		return Op{}, err
	}
	if !e.hasParam("over") {
		return Op{}, fmt.Errorf("%s has no parameter over", op.Name)
	}
	if _, err := lazy.ParseOver(over); err != nil {
		return Op{}, fmt.Errorf("%s: parameter over: %w", op.Name, err)
	}
	params := make(map[string]any)
	if len(op.Params) > 0 {
		if err := decodeNumbers(op.Params, &params); err != nil {
			return Op{}, fmt.Errorf("%s: parameters: %w", op.Name, jsonError(err))
		}
	}
	switch over = strings.TrimSpace(over); over {
	case "", "all":
		delete(params, "over")
	case "sig":
		params["over"] = "signal"
	case "nav":
		params["over"] = "navigation"
	default:
		params["over"] = strings.ReplaceAll(over, " ", "")
	}
	return New(op.Name, params)
}

// decode finds the operation and reads its parameters; p is a pointer to them.
func (op Op) decode() (e *entry, p any, err error) {
	if e, err = lookup(op.Name); err != nil {
		return nil, nil, err
	}
	if p, err = e.decode(op.Params); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", op.Name, err)
	}
	return e, p, nil
}

// guard runs a function that somebody registered. Its panics are errors, and errors name the
// operation once.
func guard(name string, f func() error) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case error:
			err = fmt.Errorf("%s panicked: %w", name, v)
		default:
			err = fmt.Errorf("%s panicked: %v", name, v)
		}
	}()
	switch err := f(); {
	case err == nil:
		return nil
	case strings.HasPrefix(err.Error(), name+": "):
		return err
	default:
		return fmt.Errorf("%s: %w", name, err)
	}
}
