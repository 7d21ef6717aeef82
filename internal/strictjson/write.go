package strictjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Object is an object whose members are written in their order. Those of a map are sorted by
// key.
type Object []Pair

// Pair is a member of an [Object].
type Pair struct {
	Key   string
	Value any
}

// With is o with one more member at its end.
func (o Object) With(key string, value any) Object { return append(o, Pair{key, value}) }

// writer writes JSON in one form only: the same values give the same bytes. Arrays and objects
// that contain neither are written on one line, all others with one line for each item.
type writer struct {
	b    []byte
	most int
	path Path
}

// Write is the text of a value, with a newline at its end. A text that becomes much longer than
// most bytes is given up. Values may be of any type that has one of the kinds that JSON has.
func Write(v any, most int) ([]byte, error) {
	w := &writer{most: most}
	if err := w.value(v, 0); err != nil {
		return nil, err
	}
	return append(w.b, '\n'), nil
}

func (w *writer) errorf(format string, args ...any) error {
	return &Error{-1, slices.Clone(w.path), fmt.Sprintf(format, args...)}
}

func (w *writer) value(v any, depth int) error {
	if len(w.b) > w.most {
		return w.errorf("there may be at most %d bytes", w.most)
	}
	if depth > MaxDepth {
		return w.errorf("is nested more than %d deep", MaxDepth)
	}
	switch v := v.(type) {
	case nil:
		w.b = append(w.b, "null"...)
	case json.Number:
		if !json.Valid([]byte(v)) || strings.IndexByte("-0123456789", v[0]) < 0 {
			return w.errorf("is no number: %q", string(v))
		}
		w.b = append(w.b, v...)
	case Object:
		return w.object(v, depth)
	case map[string]any:
		return w.object(Sorted(v), depth)
	default:
		return w.reflected(reflect.ValueOf(v), depth)
	}
	return nil
}

// reflected writes what a Go program may have put into metadata: values of the kinds that JSON has.
func (w *writer) reflected(v reflect.Value, depth int) error {
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
		return w.object(Sorted(m), depth)
	default:
		return w.errorf("a %s cannot be written", v.Type())
	}
	return nil
}

// Sorted is the members of a map, by their keys.
func Sorted(m map[string]any) Object {
	out := make(Object, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, Pair{k, m[k]})
	}
	return out
}

// float writes a float as one, so that it is read as one. What JSON has no number for is written as
// an object, since a string may stand where any value may.
func (w *writer) float(f float64, bits, depth int) error {
	if word, ok := Word(f); ok {
		return w.object(Object{{floatKey, word}}, depth)
	}
	w.b = AppendFloat(w.b, f, bits)
	return nil
}

func (w *writer) string(s string) error {
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

func (w *writer) array(items []any, depth int) error {
	here := w.path
	defer func() { w.path = here }()
	return w.list("[]", len(items), slices.ContainsFunc(items, isContainer), depth, func(i int) error {
		w.path = here.push(step{index: i, element: true})
		return w.value(items[i], depth+1)
	})
}

func (w *writer) object(members Object, depth int) error {
	here := w.path
	defer func() { w.path = here }()
	nested := slices.ContainsFunc(members, func(p Pair) bool { return isContainer(p.Value) })
	return w.list("{}", len(members), nested, depth, func(i int) error {
		w.path = here.push(step{key: members[i].Key})
		if err := w.string(members[i].Key); err != nil {
			return err
		}
		w.b = append(w.b, ": "...)
		return w.value(members[i].Value, depth+1)
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
		_, named := Word(r.Float())
		return named
	}
	return false
}

// list writes n items between brackets, each on a line of its own if they are nested.
func (w *writer) list(brackets string, n int, nested bool, depth int, item func(i int) error) error {
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
func (w *writer) line(depth int) {
	w.b = append(w.b, '\n')
	for range depth {
		w.b = append(w.b, "  "...)
	}
}
