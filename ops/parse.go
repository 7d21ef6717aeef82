package ops

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Parse reads an operation as it is written on a command line: its name alone ("sqrt"), with the
// most common parameters behind "=" ("multiply=0.5", "correct=dark.npy,gain.npy", "clip=0,100",
// "slice=0:10, ::2", "masks=disk(64,64,20) ring(64,64,20,40)"), or with all of them as a JSON
// object ("subtract{"operand": 1, "reverse": true}"). [Describe] has an example of every operation.
// The operation must be known, and its parameters right; no file is opened.
//
// Behind "=", parameters are separated by commas, and may be left out as in "clip=,100". An operand
// that is a number, "nan", "inf", "-inf", "true" or "false" is that; any other is the path of a
// file. Operations that a user registered have the first and the last form.
func Parse(s string) (Op, error) {
	s = strings.TrimSpace(s)
	name, rest := s, ""
	if end := strings.IndexAny(s, "={"); end >= 0 {
		name, rest = strings.TrimSpace(s[:end]), s[end:]
	}
	if err := checkName(name); err != nil {
		return Op{}, err
	}
	e, err := lookup(name)
	if err != nil {
		return Op{}, err
	}
	var params any
	switch {
	case strings.HasPrefix(rest, "{"):
		params = json.RawMessage(rest)
	case rest != "" && e.short == nil:
		return Op{}, fmt.Errorf("%s takes nothing behind %q, but %s{...} with parameters as JSON; %s", name, "=", name, e.paramNames())
	case rest != "":
		if params, err = e.short(rest[1:]); err != nil {
			return Op{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	op, err := New(name, params)
	if err != nil {
		return Op{}, err
	}
	return op.Canonical()
}

// arg is a parameter that can be written behind "=".
type arg struct {
	name string
	kind argKind
}

type argKind uint8

const (
	textArg    argKind = iota // as it is
	numberArg                 // a number
	operandArg                // an [Operand]: a number or a path
	listArg                   // numbers; it stands alone
)

// positional reads parameters separated by commas. One that stands alone may have commas itself.
func positional(args ...arg) func(s string) (any, error) {
	if len(args) == 0 {
		return nil
	}
	return func(s string) (any, error) {
		params := make(map[string]any)
		for i, a := range args {
			token, rest, more := s, "", false
			if len(args) > 1 {
				token, rest, more = strings.Cut(s, ",")
			}
			s = rest
			if i == len(args)-1 && more {
				return nil, fmt.Errorf("more than %d parameters", len(args))
			}
			if strings.TrimSpace(token) == "" && a.kind != textArg {
				continue
			}
			v, err := a.kind.parse(token)
			if err != nil {
				return nil, fmt.Errorf("parameter %s: %w", a.name, err)
			}
			params[a.name] = v
		}
		return params, nil
	}
}

// parse makes of the text of a parameter what becomes its JSON.
func (k argKind) parse(s string) (any, error) {
	s = strings.TrimSpace(s)
	switch k {
	case numberArg:
		return parseNumber(s)
	case operandArg:
		if s == "true" || s == "false" {
			return s == "true", nil
		}
		if v, err := parseNumber(s); err == nil {
			return v, nil
		}
		return Operand{Array: Path(s)}, nil
	case listArg:
		list := []any{}
		for item := range strings.SplitSeq(s, ",") {
			v, err := parseNumber(strings.TrimSpace(item))
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	return Path(s), nil // a string that must be UTF-8
}

// parseNumber keeps apart integers and floats.
func parseNumber(s string) (any, error) {
	if v, ok := readNotFinite([]byte(strconv.Quote(s))); ok {
		return Float(v), nil
	}
	v, ok := readNumber(s)
	if !ok {
		return nil, fmt.Errorf("%q is not a number", s)
	}
	raw, err := marshalNumber(v)
	return json.RawMessage(raw), err
}
