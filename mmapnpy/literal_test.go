package mmapnpy

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unsafe"
)

// Texts that Python takes for literals and this parser does not, or the other way round.
var literalDeviations = map[string]string{
	`'\N{BULLET}'`: "error",      // the table of names is not worth its size
	"set()":        "error",      // a call, although of a name that Python knows
	"1,":           "error",      // a tuple without parentheses is never a header
	"{}\n ":        "{}",         // Python wants the last line of blanks to end
	"{1:1,1:2}":    "{1:1,1:2,}", // the header's reader takes the last one
}

func TestLiterals(t *testing.T) {
	for _, row := range readTSV(t, "testdata/python_literals.tsv", 2) {
		var text string
		if err := json.Unmarshal([]byte(row[0]), &text); err != nil {
			t.Fatal(err)
		}
		want := row[1]
		if strings.HasSuffix(want, "Error") {
			want = "error"
		}
		if d, ok := literalDeviations[text]; ok {
			if d == want {
				t.Errorf("%q is listed as a deviation, but it is not one", text)
			}
			want = d
		}
		p := newParser(text, dialect{}, 1<<20)
		got := "error"
		if err := p.parse(); err == nil {
			got = p.canonical(0)
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

// canonical writes a value as testdata/python_literals.py does.
func (p *parser) canonical(i int) string {
	i = p.resolve(i)
	var open, end string
	switch n := p.nodes[i]; n.kind {
	case nodeStr:
		s, err := p.strValue(i)
		if err != nil {
			return err.Error()
		}
		return asciiRepr(s)
	case nodeInt:
		v, ok := p.intValue(i)
		if !ok {
			q := p.decoder(i)
			if n, err := q.number(); err == nil && !n.big {
				return strconv.FormatUint(n.abs, 10)
			}
			return "18446744073709551616"
		}
		return strconv.FormatInt(v, 10)
	case nodeFloat:
		return "float"
	case nodeComplex:
		return "complex"
	case nodeBytes:
		return "bytes"
	case nodeTuple:
		open, end = "(", ")"
	case nodeList:
		open, end = "[", "]"
	case nodeSet:
		open, end = "[set", "]"
	case nodeDict:
		open, end = "{", "}"
	default:
		return n.kind.String()
	}
	var b strings.Builder
	b.WriteString(open)
	key := p.nodes[i].kind == nodeDict
	for k := i + 1; k < p.next(i); k = p.next(k) {
		b.WriteString(p.canonical(k))
		if key {
			b.WriteByte(':')
		} else {
			b.WriteByte(',')
		}
		key = p.nodes[i].kind == nodeDict && !key
	}
	return b.String() + end
}

// asciiRepr is Python's ascii().
func asciiRepr(s string) string {
	var b strings.Builder
	for _, r := range string(appendRepr(nil, s)) {
		switch {
		case r < 0x80:
			b.WriteRune(r)
		case r <= 0xFF:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xFFFF:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

// TestLongs is about the letter that Python 2 put behind long integers.
func TestLongs(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"3L", "3"}, {"3 L", "3"}, {"3\t L", "3"}, {"3L L", "3"}, {"-3L", "-3"}, {"0x3L", "3"}, {"(3L,)", "(3,)"},
		{"[3L,'3L',4 L]", "[3,'3L',4,]"}, {"3.5L", "float"}, {"(3L)", "3"}, {"{3L:4L}", "{3:4,}"},
		{"3l", "error"}, {"3LL", "error"}, {"3L3", "error"}, {"03L", "error"}, {"L", "error"}, {"'a'L", "error"},
		{"(3\nL,)", "error"}, {"3L_", "error"}, {"(3,L)", "error"}, {"(3)L", "error"},
	} {
		p := newParser(c.text, dialect{longs: true}, 1<<20)
		got := "error"
		if err := p.parse(); err == nil {
			got = p.canonical(0)
			if !p.sawLong {
				t.Errorf("%q: the L was not seen", c.text)
			}
		}
		if got != c.want {
			t.Errorf("%q: got %s, want %s", c.text, got, c.want)
		}
		p = newParser(c.text, dialect{}, 1<<20)
		if err := p.parse(); err == nil {
			t.Errorf("%q: accepted as Python 3", c.text)
		}
	}
}

func TestNesting(t *testing.T) {
	for _, c := range []struct{ before, open, end string }{{"", "(", ")"}, {"", "[", "]"}, {"", "{1:", "}"}, {"-", "(", ")"}} {
		parse := func(depth int) error {
			text := c.before + strings.Repeat(c.open, depth) + "1" + strings.Repeat(c.end, depth)
			return newParser(text, dialect{}, 1<<20).parse()
		}
		if err := parse(maxNesting); err != nil {
			t.Errorf("%s%s: %d deep: %v", c.before, c.open, maxNesting, err)
		}
		for _, depth := range []int{maxNesting + 1, 1 << 20} {
			if err := parse(depth); err == nil || !strings.Contains(err.Error(), "nested") {
				t.Errorf("%s%s: %d deep: %v", c.before, c.open, depth, err)
			}
		}
	}
}

// TestLiteralBudget checks that a text which is nothing but values is refused instead of blown up.
func TestLiteralBudget(t *testing.T) {
	text := "[" + strings.Repeat("1,", 1<<19) + "]"
	c := config{maxHeader: DefaultMaxHeaderSize}
	p := newParser(text, dialect{}, c.parseBudget(len(text)))
	if err := p.parse(); err == nil || !strings.Contains(err.Error(), "too much memory") {
		t.Errorf("%d values: %v", p.count(0), err)
	}
	if got := int64(unsafe.Sizeof(node{})) * int64(cap(p.nodes)); got > c.parseBudget(len(text)) {
		t.Errorf("tape of %d bytes", got)
	}
}
