package ops

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/lazynpy/lazynpy/internal/strictjson"
)

// Float is a float64 in parameters, where JSON has no NaN and no infinities: these are the strings
// "nan", "inf" and "-inf".
type Float float64

// MarshalJSON writes a number or one of the strings.
func (f Float) MarshalJSON() ([]byte, error) {
	if s, ok := strictjson.Word(float64(f)); ok {
		return []byte(`"` + s + `"`), nil
	}
	return json.Marshal(float64(f))
}

// UnmarshalJSON reads a number or one of the strings.
func (f *Float) UnmarshalJSON(b []byte) error {
	if v, ok := readNotFinite(b); ok {
		*f = Float(v)
		return nil
	}
	if len(b) > 0 && b[0] == '"' {
		return fmt.Errorf("%s is not a number, nor \"nan\", \"inf\" or \"-inf\"", b)
	}
	return json.Unmarshal(b, (*float64)(f))
}

func readNotFinite(b []byte) (float64, bool) {
	word, ok := bytes.CutPrefix(b, []byte(`"`))
	if ok {
		word, ok = bytes.CutSuffix(word, []byte(`"`))
	}
	if !ok {
		return 0, false
	}
	return strictjson.FromWord(string(word))
}

// canonical writes a JSON value with sorted keys, without space, and with one spelling for every
// float and string. Integers and floats stay what they are: 1 and 1.0 differ. A key that is there
// twice is an error.
func canonical(raw []byte) (json.RawMessage, error) {
	if !json.Valid(raw) { // which also bounds the depth
		var v any
		if err := json.Unmarshal(raw, &v); err != nil {
			return nil, err
		}
		return nil, errors.New("no JSON value")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	v, err := readValue(d)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := writeValue(&b, v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// readValue reads one value, with objects as maps and arrays as slices.
func readValue(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		object := make(map[string]any)
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			name, _ := key.(string)
			if _, ok := object[name]; ok {
				return nil, fmt.Errorf("%q is there twice", name)
			}
			if object[name], err = readValue(d); err != nil {
				return nil, err
			}
		}
		_, err := d.Token()
		return object, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := readValue(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, err
	}
	return t, nil
}

func writeValue(b *bytes.Buffer, v any) error {
	switch v := v.(type) {
	case map[string]any:
		return writeObject(b, v)
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := writeValue(b, item); err != nil {
				return err
			}
		}
		b.WriteByte(']')
		return nil
	case json.Number:
		return writeNumber(b, v)
	}
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false) // "<f4" stays what it is
	if err := e.Encode(v); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the newline
	return nil
}

func writeObject(b *bytes.Buffer, object map[string]any) error {
	b.WriteByte('{')
	for i, key := range slices.Sorted(maps.Keys(object)) {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := writeValue(b, key); err != nil {
			return err
		}
		b.WriteByte(':')
		if err := writeValue(b, object[key]); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

func writeNumber(b *bytes.Buffer, n json.Number) error {
	if !strings.ContainsAny(string(n), ".eE") {
		b.WriteString(string(n))
		return nil
	}
	v, err := strconv.ParseFloat(string(n), 64)
	if err != nil {
		return fmt.Errorf("the number %s is out of range", n)
	}
	b.Write(strictjson.AppendFloat(nil, v, 64))
	return nil
}

// decodeNumbers is json.Unmarshal that keeps numbers as they are written.
func decodeNumbers(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return d.Decode(v)
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// decode reads parameters strictly into a new P, to which it gives a pointer.
func (e *entry) decode(raw json.RawMessage) (any, error) {
	p := e.newParams()
	if len(raw) > 0 {
		var err error
		if raw, err = canonical(raw); err != nil {
			return nil, fmt.Errorf("parameters: %w", jsonError(err))
		}
	}
	if !e.isStruct {
		if len(raw) == 0 {
			return p, nil
		}
		if err := strictly(raw, p); err != nil {
			return nil, fmt.Errorf("parameters: %w", jsonError(err))
		}
		return p, nil
	}
	given := make(map[string]json.RawMessage)
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &given); err != nil {
			return nil, fmt.Errorf("parameters: %w", jsonError(err))
		}
	}
	if err := e.checkNames(given); err != nil {
		return nil, err
	}
	if len(given) == 0 {
		return p, nil
	}
	if err := strictly(raw, p); err != nil {
		return nil, e.badParameter(given, err)
	}
	return p, nil
}

func strictly(raw []byte, p any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return d.Decode(p)
}

// checkNames compares names as they are written: encoding/json would take "OVER" for "over".
func (e *entry) checkNames(given map[string]json.RawMessage) error {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !e.hasParam(name) {
			return fmt.Errorf("no parameter %q; %s", name, e.paramNames())
		}
	}
	for _, p := range e.params {
		if raw, ok := given[p.name]; p.required && (!ok || string(raw) == "null") {
			return fmt.Errorf("parameter %s is missing", p.name)
		}
	}
	return nil
}

// badParameter names the parameter that cannot be read: the first one that cannot be read alone.
func (e *entry) badParameter(given map[string]json.RawMessage, err error) error {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		alone, failed := json.Marshal(map[string]json.RawMessage{name: given[name]})
		if failed == nil {
			failed = strictly(alone, e.newParams())
		}
		if failed != nil {
			return fmt.Errorf("parameter %s: %w", name, jsonError(failed))
		}
	}
	return fmt.Errorf("parameters: %w", jsonError(err))
}

// jsonError says what encoding/json found in words of JSON, not of Go's structs.
func jsonError(err error) error {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("a %s where %s belongs", e.Value, jsonKind(e.Type))
	}
	if e, ok := errors.AsType[*json.MarshalerError](err); ok {
		return e.Unwrap()
	}
	return err
}

// jsonKind is the JSON value that becomes a type of Go.
func jsonKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "an integer of " + strconv.Itoa(t.Bits()) + " bits"
	}
	return "a " + t.String()
}
