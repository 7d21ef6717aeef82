package chunk

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Parse reads a chunk spec: Python's literals, as they would be given to dask,
// where the quotes around words may be left out.
//
//	spec  = axis | tuple | dict
//	axis  = "auto" | bytes | integer | "None"
//	tuple = "(" [ part { "," part } [ "," ] ] ")"      brackets do as well
//	part  = axis | "(" integer { "," integer } [ "," ] ")"
//	dict  = "{" [ integer ":" part { "," integer ":" part } [ "," ] ] "}"
//	bytes = number unit        as ParseBytes reads it; without unit only in quotes
//
// -1 and None stand for the whole axis; None cannot stand alone. Parentheses
// around one value without a comma are just parentheses, as in Python.
//
// Text of more than [MaxSpecLen] bytes is refused. Errors are [*SyntaxError], or
// [*SpecError] for a spec that could fit no array.
func Parse(s string) (Spec, error) {
	if len(s) > MaxSpecLen {
		return Spec{}, &SyntaxError{Spec: s[:2*longest], Offset: MaxSpecLen, Reason: "longer than a spec may be"}
	}
	p := parser{text: s}
	spec, err := p.spec()
	if err != nil {
		return Spec{}, &SyntaxError{Spec: s, Offset: p.pos, Reason: err.Error()}
	}
	if err := spec.validate(); err != nil {
		return Spec{}, err
	}
	return spec, nil
}

// parser is a cursor over the text. After an error pos is where the error lies.
type parser struct {
	text string
	pos  int
}

func (p *parser) spec() (Spec, error) {
	spec, err := p.value()
	if err != nil {
		return Spec{}, err
	}
	if p.peek() != 0 {
		return Spec{}, fmt.Errorf("unexpected %q after the spec", p.peek())
	}
	return spec, nil
}

func (p *parser) value() (Spec, error) {
	switch p.peek() {
	case 0:
		return Spec{}, errors.New("empty spec")
	case '(', '[':
		it, err := p.sequence(0)
		return it.spec(), err
	case '{':
		return p.dict()
	}
	if strings.TrimSpace(p.text) == "None" {
		return Spec{}, errors.New("a spec is more than None; -1 leaves every axis whole")
	}
	a, err := p.axis(0)
	return Spec{all: a}, err
}

// items are the parts of a tuple or list. Plain sizes are kept as numbers, since
// the explicit sizes of one axis may be many.
type items struct {
	flat  []int64    // as long as all parts are plain sizes
	axes  []AxisSpec // all parts, once one is not a plain size
	group bool       // just parentheses around one value
}

func (it *items) add(a AxisSpec) error {
	if it.axes == nil && a.kind == kindSize {
		it.flat = append(it.flat, a.n)
		return nil
	}
	if len(it.flat)+1 > MaxDims || len(it.axes)+1 > MaxDims {
		return fmt.Errorf("more than %d axes", MaxDims)
	}
	for _, n := range it.flat {
		it.axes = append(it.axes, AxisSize(n))
	}
	it.flat = nil
	it.axes = append(it.axes, a)
	return nil
}

func (it *items) spec() Spec {
	switch {
	case it.group:
		a := it.single()
		if a.kind == kindSizes {
			return Spec{form: formFlat, flat: a.sizes}
		}
		return Spec{all: a}
	case it.axes != nil:
		return Spec{form: formAxes, axes: it.axes}
	}
	return Spec{form: formFlat, flat: it.flat}
}

func (it *items) single() AxisSpec {
	if it.axes != nil {
		return it.axes[0]
	}
	return AxisSize(it.flat[0])
}

// sequence reads a tuple or list that depth others enclose.
func (p *parser) sequence(depth int) (items, error) {
	var it items
	closing := byte(')')
	if p.text[p.pos] == '[' {
		closing = ']'
	}
	it.group = closing == ')'
	p.pos++
	n := 0
	for ; p.peek() != closing; n++ {
		start := p.pos
		a, err := p.axis(depth + 1)
		if err != nil {
			return items{}, err
		}
		if err := it.add(a); err != nil {
			p.pos = start
			return items{}, err
		}
		comma, err := p.separator(closing)
		if err != nil {
			return items{}, err
		}
		it.group = it.group && !comma
	}
	p.pos++
	it.group = it.group && n == 1
	return it, nil
}

// axis reads what stands for one axis inside depth sequences or dicts.
func (p *parser) axis(depth int) (AxisSpec, error) {
	start := p.pos
	switch p.peek() {
	case '(', '[':
		if depth > 1 {
			return AxisSpec{}, errors.New("nested too deeply: explicit sizes are integers")
		}
		it, err := p.sequence(depth)
		switch {
		case err != nil:
			return AxisSpec{}, err
		case it.group:
			return it.single(), nil
		case it.axes != nil:
			p.pos = start
			return AxisSpec{}, errors.New("explicit sizes are integers")
		}
		return AxisSpec{kind: kindSizes, sizes: it.flat}, nil
	case '\'', '"':
		return p.quoted()
	}
	return p.bare()
}

func (p *parser) dict() (Spec, error) {
	axes := make(map[int]AxisSpec)
	p.pos++
	for p.peek() != '}' {
		start := p.pos
		key, err := strconv.Atoi(p.word())
		_, twice := axes[key]
		switch {
		case err != nil:
			err = errors.New("a dict's keys are axis numbers")
		case twice:
			err = fmt.Errorf("axis %d twice", key)
		case len(axes) == MaxDims:
			err = fmt.Errorf("more than %d axes", MaxDims)
		}
		if err != nil {
			p.pos = start
			return Spec{}, err
		}
		if p.peek() != ':' {
			return Spec{}, errors.New("expected ':' after the axis")
		}
		p.pos++
		if axes[key], err = p.axis(1); err != nil {
			return Spec{}, err
		}
		if _, err := p.separator('}'); err != nil {
			return Spec{}, err
		}
	}
	p.pos++
	return Dict(axes), nil
}

// separator takes a comma, or sees the closing bracket and leaves it.
func (p *parser) separator(closing byte) (comma bool, err error) {
	switch p.peek() {
	case ',':
		p.pos++
		return true, nil
	case closing:
		return false, nil
	}
	return false, fmt.Errorf("expected ',' or '%c'", closing)
}

// quoted reads a string: "auto" or a byte size, never an integer, as in dask.
func (p *parser) quoted() (AxisSpec, error) {
	quote := p.text[p.pos]
	s, _, ok := strings.Cut(p.text[p.pos+1:], string(quote))
	if !ok {
		return AxisSpec{}, errors.New("unterminated string")
	}
	if s == "auto" {
		p.pos += len(s) + 2
		return AxisAuto(), nil
	}
	n, err := parseBytes(s)
	if err != nil {
		return AxisSpec{}, fmt.Errorf("%s is neither 'auto' nor a byte size: %w", abbreviate(s), err)
	}
	p.pos += len(s) + 2
	return AxisBytes(n), nil
}

// bare reads a word without quotes.
func (p *parser) bare() (AxisSpec, error) {
	start := p.pos
	word := p.word()
	a, err := parseWord(word)
	if err != nil {
		p.pos = start
	}
	return a, err
}

func parseWord(word string) (AxisSpec, error) {
	switch word {
	case "":
		return AxisSpec{}, errors.New("expected a chunk size")
	case "auto":
		return AxisAuto(), nil
	case "None":
		return AxisWhole(), nil
	}
	n, err := strconv.ParseInt(word, 10, 64)
	switch {
	case err == nil:
		return AxisSize(n), nil
	case errors.Is(err, strconv.ErrRange):
		return AxisSpec{}, errors.New("a chunk size beyond 64 bits")
	}
	if _, err := parseDecimal(strings.ReplaceAll(word, " ", "")); err == nil {
		return AxisSpec{}, fmt.Errorf("%s is not an integer; a byte size needs a unit, as in %[1]sB", word)
	}
	n, err = parseBytes(word)
	if err != nil {
		return AxisSpec{}, fmt.Errorf("%s is neither auto, None, an integer nor a byte size: %w", abbreviate(word), err)
	}
	return AxisBytes(n), nil
}

// word takes everything up to the next delimiter, without the spaces around it.
func (p *parser) word() string {
	p.peek()
	rest := p.text[p.pos:]
	if i := strings.IndexAny(rest, ",:()[]{}'\""); i >= 0 {
		rest = rest[:i]
	}
	p.pos += len(rest)
	return strings.TrimSpace(rest)
}

// peek skips white space and returns the next byte, 0 at the end.
func (p *parser) peek() byte {
	for p.pos < len(p.text) {
		switch c := p.text[p.pos]; c {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return c
		}
	}
	return 0
}
