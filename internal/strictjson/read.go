// Package strictjson reads and writes JSON strictly: in one form only, so that the same values give
// the same bytes, with every integer kept, and with one rule for floats. See [AppendFloat] for
// those that JSON has a number for, and [Word] for the others.
//
//   - Concurrency: its functions keep no state.
//   - Memory: a text of so many bytes takes a small multiple of them; nothing is allocated by
//     numbers that the text states.
//   - Errors: an [*Error] says where and what.
package strictjson

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What a text may hold, of whatever length: a million values take some hundred megabytes at the
// very most.
const (
	MaxValues = 1 << 20
	MaxDepth  = 64 // arrays and objects inside each other
)

// Error says what is wrong with a text or with a value, and where.
type Error struct {
	Offset int64 // in the text, of bytes; -1 for a value that cannot be written
	Path   Path
	Msg    string // without the path
}

func (e *Error) Error() string {
	if len(e.Path) == 0 {
		return e.Msg
	}
	return e.Path.String() + ": " + e.Msg
}

// reader reads JSON as RFC 8259 has it, and besides NaN, Infinity and -Infinity, which Python's
// json writes. Unlike encoding/json it refuses a repeated key, keeps integers exactly, and knows
// where it is when something is wrong.
type reader struct {
	text   string
	at     int
	path   Path
	values int
}

// Path is where in a tree something is: "signal.axes[2].scale". It is spelled when an error
// needs it.
type Path []step

// step is the key of a member, or else the index of an element.
type step struct {
	key     string
	index   int
	element bool
}

// String quotes keys that are no plain names.
func (p Path) String() string {
	var b strings.Builder
	for i, at := range p {
		switch {
		case at.element:
			b.WriteString("[" + strconv.Itoa(at.index) + "]")
		case !isName(at.key):
			b.WriteString("[" + strconv.Quote(at.key) + "]")
		case i > 0:
			b.WriteString("." + at.key)
		default:
			b.WriteString(at.key)
		}
	}
	return b.String()
}

// Key is the path of a member.
func (p Path) Key(k string) Path { return append(p[:len(p):len(p)], step{key: k}) }

// Index is the path of an element.
func (p Path) Index(i int) Path {
	return append(p[:len(p):len(p)], step{index: i, element: true})
}

// push is Key or Index in the memory of the last push to p, whose path is lost: of a million
// elements one is named at most.
func (p Path) push(to step) Path { return append(p, to) }

// isName reports whether a key can be shown without quotes.
func isName(k string) bool {
	for _, r := range k {
		if r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return k != "" && len(k) <= 64
}

// Read reads a text that is one value: nil, bool, string, int64, float64, json.Number for a
// number that is neither, []any, or map[string]any. An error is an *[Error].
func Read(text string) (any, error) {
	r := &reader{text: text}
	if i := invalidUTF8(text); i >= 0 {
		r.at = i
		return nil, r.errorf("is not UTF-8")
	}
	v, err := r.value(0)
	if err != nil {
		return nil, err
	}
	if r.space(); r.at < len(text) {
		return nil, r.errorf("something follows the end: %s", r.near())
	}
	return v, nil
}

// invalidUTF8 is where a text stops being UTF-8, or -1.
func invalidUTF8(text string) int {
	for i, c := range text {
		if c != utf8.RuneError {
			continue
		}
		if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
			return i
		}
	}
	return -1
}

func (r *reader) errorf(format string, args ...any) error {
	return &Error{int64(r.at), slices.Clone(r.path), fmt.Sprintf(format, args...)}
}

// near quotes what comes next.
func (r *reader) near() string {
	if r.at >= len(r.text) {
		return "the end of the file"
	}
	rest := r.text[r.at:]
	n := 0
	for n < len(rest) && n < 16 {
		_, size := utf8.DecodeRuneInString(rest[n:])
		n += size
	}
	return strconv.Quote(rest[:n])
}

func (r *reader) space() {
	for r.at < len(r.text) && strings.IndexByte(" \t\r\n", r.text[r.at]) >= 0 {
		r.at++
	}
}

// skip passes over a token if it comes next.
func (r *reader) skip(token string) bool {
	if !strings.HasPrefix(r.text[r.at:], token) {
		return false
	}
	r.at += len(token)
	return true
}

// value reads the next value, inside so many arrays and objects.
func (r *reader) value(depth int) (any, error) {
	r.space()
	if r.values++; r.values > MaxValues {
		return nil, r.errorf("there are more than %d values", MaxValues)
	}
	if r.at >= len(r.text) {
		return nil, r.errorf("a value is missing at the end of the file")
	}
	switch c := r.text[r.at]; {
	case c == '{' || c == '[':
		if depth == MaxDepth {
			return nil, r.errorf("is nested more than %d deep", MaxDepth)
		}
		if c == '[' {
			return r.array(depth + 1)
		}
		return r.object(depth + 1)
	case c == '"':
		return r.string()
	case r.skip("null"):
		return nil, nil
	case r.skip("true"):
		return true, nil
	case r.skip("false"):
		return false, nil
	case r.skip("NaN"):
		return math.NaN(), nil
	case r.skip("Infinity"):
		return math.Inf(1), nil
	case r.skip("-Infinity"):
		return math.Inf(-1), nil
	case c == '-' || c >= '0' && c <= '9':
		return r.number()
	}
	return nil, r.errorf("is no value: %s", r.near())
}

// list reads what lies between the bracket at hand and the closing one.
func (r *reader) list(closing string, item func() error) error {
	r.at++
	if r.space(); r.skip(closing) {
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		r.space()
		if r.skip(closing) {
			return nil
		}
		if !r.skip(",") {
			return r.errorf(`expected "," or %q, not %s`, closing, r.near())
		}
	}
}

func (r *reader) array(depth int) (any, error) {
	out := []any{}
	here := r.path
	err := r.list("]", func() error {
		r.path = here.push(step{index: len(out), element: true})
		v, err := r.value(depth)
		if err == nil {
			out = append(out, v)
			r.path = here
		}
		return err
	})
	return out, err
}

func (r *reader) object(depth int) (any, error) {
	out := map[string]any{}
	here := r.path
	err := r.list("}", func() error {
		if r.space(); r.at >= len(r.text) || r.text[r.at] != '"' {
			return r.errorf("expected a key, not %s", r.near())
		}
		start := r.at
		key, err := r.string()
		if err != nil {
			return err
		}
		r.path = here.push(step{key: key})
		if _, twice := out[key]; twice {
			r.at = start
			return r.errorf("is there twice")
		}
		if r.space(); !r.skip(":") {
			return r.errorf(`expected ":", not %s`, r.near())
		}
		v, err := r.value(depth)
		if err == nil {
			out[key] = v
			r.path = here
		}
		return err
	})
	if f, ok := namedFloat(out); ok && err == nil {
		return f, nil
	}
	return out, err
}

// namedFloat is the number that an object stands for.
func namedFloat(m map[string]any) (float64, bool) {
	word, ok := m[floatKey].(string)
	if !ok || len(m) != 1 {
		return 0, false
	}
	return FromWord(word)
}

// string reads a string. What it may contain encoding/json says.
func (r *reader) string() (string, error) {
	for end := r.at + 1; end < len(r.text); end++ {
		switch r.text[end] {
		case '\\':
			end++
		case '"':
			var s string
			if err := json.Unmarshal([]byte(r.text[r.at:end+1]), &s); err != nil {
				return "", r.errorf("bad string: %v", err)
			}
			r.at = end + 1
			return s, nil
		}
	}
	return "", r.errorf("a string does not end")
}

// number reads a number: an int64, a float64 if it has a point or an exponent, or its text if it is
// beyond either.
func (r *reader) number() (any, error) {
	end := r.at
	for end < len(r.text) && strings.IndexByte("+-.0123456789Ee", r.text[end]) >= 0 {
		end++
	}
	text := r.text[r.at:end]
	if !json.Valid([]byte(text)) {
		return nil, r.errorf("is no number: %s", r.near())
	}
	r.at = end
	if !strings.ContainsAny(text, ".eE") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, nil
		}
		return json.Number(text), nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return json.Number(text), nil // out of range
	}
	return f, nil
}
