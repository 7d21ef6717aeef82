package mmapnpy

import (
	"strings"
)

// stringPrefix returns the length of the prefix and the opening quotes of a string at i, and what
// they say; size 0 if there is no string.
func (p *parser) stringPrefix(i int) (size, quotes int, raw, bytes bool) {
	start := i
	unicode := false
	for ; ; i++ {
		switch p.at(i) | 0x20 {
		case 'r':
			if raw || unicode {
				return 0, 0, false, false
			}
			raw = true
			continue
		case 'b':
			if bytes || unicode {
				return 0, 0, false, false
			}
			bytes = true
			continue
		case 'u':
			if raw || bytes || unicode {
				return 0, 0, false, false
			}
			unicode = true
			continue
		}
		break
	}
	c := p.at(i)
	if c != '\'' && c != '"' {
		return 0, 0, false, false
	}
	quotes = 1
	if p.at(i+1) == c && p.at(i+2) == c {
		quotes = 3
	}
	return i + quotes - start, quotes, raw, bytes
}

func (p *parser) stringAt(i int) bool {
	size, _, _, _ := p.stringPrefix(i)
	return size > 0
}

// scanString parses a string, and those after it, which Python joins to it. It appends the
// value to out if that is not nil.
func (p *parser) scanString(out *[]byte) (nodeKind, error) {
	kind := nodeKind(0)
	for {
		start := p.pos
		size, quotes, raw, bytes := p.stringPrefix(p.pos)
		if size == 0 {
			return kind, nil
		}
		this := nodeStr
		if bytes {
			this = nodeBytes
		}
		if kind != 0 && kind != this {
			return 0, errorAt(start, "bytes and string literals cannot be joined")
		}
		kind = this
		p.pos += size
		if err := p.stringBody(out, start, quotes, raw, bytes); err != nil {
			return 0, err
		}
		end := p.pos
		if err := p.blank(); err != nil {
			return 0, err
		}
		if !p.stringAt(p.pos) {
			p.pos = end
			return kind, nil
		}
	}
}

// stringBody parses up to the closing quotes. start is where the string began.
func (p *parser) stringBody(out *[]byte, start, quotes int, raw, bytes bool) error {
	quote := p.text[p.pos-1]
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		switch {
		case c == quote && (quotes == 1 || (p.at(p.pos+1) == quote && p.at(p.pos+2) == quote)):
			p.pos += quotes
			return nil
		case c == '\n' || c == '\r':
			if quotes == 1 {
				return errorAt(start, "string without end")
			}
			p.pos += p.newline(p.pos)
			emit(out, '\n')
		case c == '\\':
			if err := p.escape(out, raw, bytes); err != nil {
				return err
			}
		case c < 0x80:
			p.pos++
			emit(out, rune(c))
		case bytes:
			return errorAt(p.pos, "bytes literal with a character above ASCII")
		case p.latin1:
			p.pos++
			emit(out, rune(c))
		default:
			r, n := decodeRune(p.text[p.pos:])
			p.pos += n
			emit(out, r)
		}
	}
	return errorAt(start, "string without end")
}

func emit(out *[]byte, r rune) {
	if out != nil {
		*out = appendRune(*out, r)
	}
}

// escape parses a backslash and what it applies to.
func (p *parser) escape(out *[]byte, raw, bytes bool) error {
	start := p.pos
	p.pos++
	if n := p.newline(p.pos); n > 0 {
		p.pos += n
		if raw {
			emit(out, '\\')
			emit(out, '\n')
		}
		return nil
	}
	if p.pos == len(p.text) {
		return errorAt(start, "string without end")
	}
	c := p.text[p.pos]
	if raw {
		// The next character does not end the string, whatever it is. It is left to be read
		// again unless it would.
		emit(out, '\\')
		if c == '\\' || c == '\'' || c == '"' {
			emit(out, rune(c))
			p.pos++
		}
		return nil
	}
	if i := strings.IndexByte(`\'"abfnrtv`, c); i >= 0 {
		p.pos++
		emit(out, rune("\\'\"\a\b\f\n\r\t\v"[i]))
		return nil
	}
	switch {
	case '0' <= c && c <= '7':
		v := rune(0)
		for n := 0; n < 3 && '0' <= p.peek() && p.peek() <= '7'; n++ {
			v = v<<3 | rune(p.peek()-'0')
			p.pos++
		}
		if bytes {
			v &= 0xFF
		}
		emit(out, v)
		return nil
	case c == 'x':
		return p.hexEscape(out, start, 2)
	case c == 'u' && !bytes:
		return p.hexEscape(out, start, 4)
	case c == 'U' && !bytes:
		return p.hexEscape(out, start, 8)
	case c == 'N' && !bytes:
		return errorAt(start, `\N{...} escapes are not supported`)
	}
	emit(out, '\\') // not an escape: Python keeps the backslash, and warns
	return nil
}

// hexEscape parses the letter at the current position and the hexadecimal digits after it.
func (p *parser) hexEscape(out *[]byte, start, digits int) error {
	p.pos++
	v := uint64(0)
	for range digits {
		d, ok := digitValue(p.peek(), 16)
		if !ok {
			return errorAt(start, "truncated escape in a string")
		}
		v = v<<4 | d
		p.pos++
	}
	if v > 0x10FFFF {
		return errorAt(start, "escape beyond the last Unicode character")
	}
	emit(out, rune(v))
	return nil
}

// strValue decodes a string node. Plain ones are part of the text and cost nothing.
func (p *parser) strValue(i int) (string, error) {
	q := p.decoder(i)
	if s, ok := q.plainString(); ok {
		return s, nil
	}
	end := p.decoder(i)
	if _, err := end.scanString(nil); err != nil {
		return "", err
	}
	q = p.decoder(i)
	// A byte of the text becomes two at most, and then a string.
	size := 2 * (end.pos - q.pos)
	if err := p.charge(2*int64(size), q.pos); err != nil {
		return "", err
	}
	buf := make([]byte, 0, size)
	if _, err := q.scanString(&buf); err != nil {
		return "", err
	}
	return string(buf), nil
}

// plainString returns the inside of a string that stands alone, without prefix or escape.
func (p *parser) plainString() (string, bool) {
	size, quotes, raw, bytes := p.stringPrefix(p.pos)
	if size != 1 || quotes != 1 || raw || bytes {
		return "", false
	}
	start := p.pos + 1
	n := strings.IndexByte(p.text[start:], p.text[p.pos])
	if n < 0 {
		return "", false
	}
	s := p.text[start : start+n]
	for i := range len(s) {
		if c := s[i]; c == '\\' || (c >= 0x80 && p.latin1) {
			return "", false
		}
	}
	p.pos = start + n + 1
	if err := p.blank(); err != nil || p.stringAt(p.pos) {
		return "", false
	}
	return s, true
}
