package mmapnpy

import (
	"math"
	"math/bits"
	"strings"
)

// number is a parsed number. The value is only known for integers.
type number struct {
	kind  nodeKind
	plain bool // no sign
	neg   bool
	big   bool // does not fit 64 bits
	abs   uint64
}

// number parses a number, perhaps with a sign, perhaps with parentheses after the sign.
func (p *parser) number() (number, error) {
	c := p.peek()
	if c != '+' && c != '-' {
		return p.unsigned()
	}
	p.pos++
	parens := 0
	for {
		if err := p.blank(); err != nil {
			return number{}, err
		}
		if p.peek() != '(' {
			break
		}
		if p.depth++; p.depth > maxNesting {
			return number{}, errorAt(p.pos, "nested deeper than %d", maxNesting)
		}
		parens++
		p.pos++
	}
	if !p.numberAt(p.pos) {
		return number{}, p.unexpected("after a sign")
	}
	n, err := p.unsigned()
	for ; err == nil && parens > 0; parens-- {
		if err = p.blank(); err == nil && p.peek() != ')' {
			err = p.unexpected("where ')' should be")
		}
		p.depth--
		p.pos++
	}
	n.plain, n.neg = false, c == '-'
	return n, err
}

// numberAt reports whether a number without sign starts at i.
func (p *parser) numberAt(i int) bool {
	return isDigit(p.at(i)) || (p.at(i) == '.' && isDigit(p.at(i+1)))
}

// unsigned parses a number of any kind, and the L after it in texts from Python 2.
func (p *parser) unsigned() (number, error) {
	start := p.pos
	n := number{kind: nodeInt, plain: true}
	base := uint64(10)
	if p.peek() == '0' {
		switch p.at(p.pos + 1) {
		case 'x', 'X':
			base = 16
		case 'o', 'O':
			base = 8
		case 'b', 'B':
			base = 2
		}
	}
	var ok bool
	if base != 10 {
		p.pos += 2
		if p.peek() == '_' {
			p.pos++
		}
		n.abs, n.big, ok = p.digits(base)
	} else {
		n, ok = p.decimal(n)
	}
	c := p.peek()
	if p.longs && p.skipLongs() {
		p.sawLong = true
	} else if isNameStart(c) || isDigit(c) {
		ok = false
	}
	if !ok {
		return n, errorAt(start, "malformed number")
	}
	return n, nil
}

// decimal parses an integer, or a float and its imaginary j.
func (p *parser) decimal(n number) (number, bool) {
	start := p.pos
	ok := true
	if p.peek() != '.' {
		n.abs, n.big, ok = p.digits(10)
	}
	end := p.pos
	if p.peek() == '.' {
		n.kind = nodeFloat
		p.pos++
		if isDigit(p.peek()) {
			_, _, digits := p.digits(10)
			ok = ok && digits
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		n.kind = nodeFloat
		p.pos++
		if c := p.peek(); c == '+' || c == '-' {
			p.pos++
		}
		_, _, digits := p.digits(10)
		ok = ok && digits
	}
	if c := p.peek(); c == 'j' || c == 'J' {
		n.kind = nodeComplex
		p.pos++
	}
	// Python refuses 03, which was octal once, but not 00.
	if n.kind == nodeInt && p.text[start] == '0' && strings.Trim(p.text[start:end], "0_") != "" {
		ok = false
	}
	return n, ok
}

// digits parses digits, with single underscores between them.
func (p *parser) digits(base uint64) (value uint64, big, ok bool) {
	for {
		d, is := digitValue(p.peek(), base)
		if !is {
			return value, big, ok && p.text[p.pos-1] != '_'
		}
		hi, lo := bits.Mul64(value, base)
		sum, carry := bits.Add64(lo, d, 0)
		big = big || hi != 0 || carry != 0
		value, ok = sum, true
		p.pos++
		if p.peek() == '_' {
			p.pos++
		}
	}
}

// skipLongs skips what NumPy drops: the word L after a number on the same line.
func (p *parser) skipLongs() bool {
	found := false
	for {
		i := p.pos
		for p.at(i) == ' ' || p.at(i) == '\t' || p.at(i) == '\f' {
			i++
		}
		if c := p.at(i + 1); p.at(i) != 'L' || isNameStart(c) || isDigit(c) {
			return found
		}
		p.pos, found = i+1, true
	}
}

// intValue decodes an integer node; false if it does not fit 64 bits with sign.
func (p *parser) intValue(i int) (int64, bool) {
	q := p.decoder(i)
	n, err := q.number()
	switch {
	case err != nil || n.big:
		return 0, false
	case n.neg && n.abs <= 1<<63:
		return -int64(n.abs), true
	case n.abs <= math.MaxInt64 && !n.neg:
		return int64(n.abs), true
	}
	return 0, false
}

// digitValue reads a digit of a number in base 16 or less.
func digitValue(c byte, base uint64) (uint64, bool) {
	v := base
	switch {
	case isDigit(c):
		v = uint64(c - '0')
	case 'a' <= c && c <= 'f':
		v = uint64(c-'a') + 10
	case 'A' <= c && c <= 'F':
		v = uint64(c-'A') + 10
	}
	return v, v < base
}
