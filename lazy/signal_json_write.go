package lazy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// jsonObject is an object whose members are written in their order. Those of a map are sorted by
// key.
type jsonObject []jsonPair

type jsonPair struct {
	key   string
	value any
}

// jsonWriter writes JSON in one form only: the same values give the same bytes. Arrays and objects
// that contain neither are written on one line, all others with one line for each item.
type jsonWriter struct {
	b    []byte
	path fieldPath
}

// writeJSON is the text of a value, with a newline at its end.
func writeJSON(v any) ([]byte, error) {
	w := &jsonWriter{}
	if err := w.value(v, 0); err != nil {
		return nil, err
	}
	return append(w.b, '\n'), nil
}

func (w *jsonWriter) errorf(format string, args ...any) error {
	return &FormatError{Offset: -1, Field: w.path.String(), Err: badSidecar(fmt.Sprintf(format, args...))}
}

func (w *jsonWriter) value(v any, depth int) error {
	if len(w.b) > maxSidecar {
		return w.errorf("a sidecar has at most %d bytes", maxSidecar)
	}
	if depth > maxJSONDepth {
		return w.errorf("is nested more than %d deep", maxJSONDepth)
	}
	switch v := v.(type) {
	case nil:
		w.b = append(w.b, "null"...)
	case json.Number:
		if !json.Valid([]byte(v)) || strings.IndexByte("-0123456789", v[0]) < 0 {
			return w.errorf("is no number: %q", string(v))
		}
		w.b = append(w.b, v...)
	case jsonObject:
		return w.object(v, depth)
	case map[string]any:
		return w.object(sortedPairs(v), depth)
	default:
		return w.reflected(reflect.ValueOf(v), depth)
	}
	return nil
}

// reflected writes what a Go program may have put into metadata: values of the kinds that JSON has.
func (w *jsonWriter) reflected(v reflect.Value, depth int) error {
	switch {
	case v.Kind() == reflect.Bool:
		w.b = strconv.AppendBool(w.b, v.Bool())
	case v.CanInt():
		w.b = strconv.AppendInt(w.b, v.Int(), 10)
	case v.CanUint():
		w.b = strconv.AppendUint(w.b, v.Uint(), 10)
	case v.Kind() == reflect.Float32:
		return w.float(v.Float(), 32, depth)
	case v.Kind() == reflect.Float64:
		return w.float(v.Float(), 64, depth)
	case v.Kind() == reflect.String:
		return w.string(v.String())
	case v.Kind() == reflect.Slice || v.Kind() == reflect.Array:
		items := make([]any, v.Len())
		for i := range items {
			items[i] = v.Index(i).Interface()
		}
		return w.array(items, depth)
	case v.Kind() == reflect.Map && v.Type().Key().Kind() == reflect.String:
		m := make(map[string]any, v.Len())
		for k, x := range v.Seq2() {
			m[k.String()] = x.Interface()
		}
		return w.object(sortedPairs(m), depth)
	default:
		return w.errorf("a %s cannot be written", v.Type())
	}
	return nil
}

func sortedPairs(m map[string]any) jsonObject {
	out := make(jsonObject, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, jsonPair{k, m[k]})
	}
	return out
}

// float writes a float as one, with a point or an exponent, so that it is read as one. What JSON
// has no word for is written as an object.
func (w *jsonWriter) float(f float64, bits, depth int) error {
	switch {
	case math.IsNaN(f):
		return w.object(jsonObject{{floatKey, "nan"}}, depth)
	case math.IsInf(f, 1):
		return w.object(jsonObject{{floatKey, "inf"}}, depth)
	case math.IsInf(f, -1):
		return w.object(jsonObject{{floatKey, "-inf"}}, depth)
	}
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		format = 'e' // as Python does
	}
	start := len(w.b)
	w.b = strconv.AppendFloat(w.b, f, format, -1, bits)
	if !bytes.ContainsAny(w.b[start:], ".e") {
		w.b = append(w.b, ".0"...)
	}
	return nil
}

func (w *jsonWriter) string(s string) error {
	if !utf8.ValidString(s) {
		return w.errorf("is not UTF-8: %q", s)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return w.errorf("%v", err)
	}
	w.b = append(w.b, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
	return nil
}

func (w *jsonWriter) array(items []any, depth int) error {
	here := w.path
	defer func() { w.path = here }()
	return w.list("[]", len(items), slices.ContainsFunc(items, isContainer), depth, func(i int) error {
		w.path = here.push(pathStep{index: i, element: true})
		return w.value(items[i], depth+1)
	})
}

func (w *jsonWriter) object(members jsonObject, depth int) error {
	here := w.path
	defer func() { w.path = here }()
	nested := slices.ContainsFunc(members, func(p jsonPair) bool { return isContainer(p.value) })
	return w.list("{}", len(members), nested, depth, func(i int) error {
		w.path = here.push(pathStep{key: members[i].key})
		if err := w.string(members[i].key); err != nil {
			return err
		}
		w.b = append(w.b, ": "...)
		return w.value(members[i].value, depth+1)
	})
}

// isContainer reports whether a value is written as an array or an object.
func isContainer(v any) bool {
	if v == nil {
		return false
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		return true
	case reflect.Float32, reflect.Float64:
		return !isFinite(r.Float())
	}
	return false
}

// list writes n items between brackets, each on a line of its own if they are nested.
func (w *jsonWriter) list(brackets string, n int, nested bool, depth int, item func(i int) error) error {
	w.b = append(w.b, brackets[0])
	for i := range n {
		switch {
		case nested:
			w.line(depth + 1)
		case i > 0:
			w.b = append(w.b, ' ')
		}
		if err := item(i); err != nil {
			return err
		}
		if i < n-1 {
			w.b = append(w.b, ',')
		}
	}
	if nested {
		w.line(depth)
	}
	w.b = append(w.b, brackets[1])
	return nil
}

// line begins a line.
func (w *jsonWriter) line(depth int) {
	w.b = append(w.b, '\n')
	for range depth {
		w.b = append(w.b, "  "...)
	}
}
