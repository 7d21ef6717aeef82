package mmapnpy

import (
	"unicode"
	"unicode/utf8"
)

// Python's strings may hold lone surrogates, which UTF-8 cannot. They are kept as the three
// bytes that UTF-8 would use; these functions know about them.

const surrogateSize = 3

// decodeRune is utf8.DecodeRuneInString, except that it knows surrogates. It returns
// utf8.RuneError with size 1 for anything else that is not UTF-8.
func decodeRune(s string) (rune, int) {
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n == 1 && len(s) >= surrogateSize &&
		s[0] == 0xED && s[1]&^0x1F == 0xA0 && s[2]&^0x3F == 0x80 {
		return 0xD000 | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F), surrogateSize
	}
	return r, n
}

// appendRune is utf8.AppendRune, except that it keeps surrogates.
func appendRune(b []byte, r rune) []byte {
	if r >= 0xD800 && r <= 0xDFFF {
		return append(b, 0xED, 0x80|byte(r>>6)&0x3F, 0x80|byte(r)&0x3F)
	}
	return utf8.AppendRune(b, r)
}

// validText reports whether s is UTF-8 with, possibly, surrogates.
func validText(s string) bool {
	for len(s) > 0 {
		r, n := decodeRune(s)
		if r == utf8.RuneError && n == 1 {
			return false
		}
		s = s[n:]
	}
	return true
}

// appendRepr appends repr(s) as Python writes it.
func appendRepr(b []byte, s string) []byte {
	quote := reprQuote(s)
	b = append(b, quote)
	for len(s) > 0 {
		r, n := decodeRune(s)
		s = s[n:]
		switch {
		case r == rune(quote) || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case unicode.IsPrint(r):
			// The same classes as str.isprintable: letters, marks, numbers, punctuation,
			// symbols, and of all spaces only U+0020.
			b = utf8.AppendRune(b, r)
		case r <= 0xFF:
			b = appendHex(append(b, `\x`...), r, 2)
		case r <= 0xFFFF:
			b = appendHex(append(b, `\u`...), r, 4)
		default:
			b = appendHex(append(b, `\U`...), r, 8)
		}
	}
	return append(b, quote)
}

// reprQuote is Python's choice: single quotes, unless they alone would need escaping.
func reprQuote(s string) byte {
	single := false
	for i := range len(s) {
		switch s[i] {
		case '\'':
			single = true
		case '"':
			return '\''
		}
	}
	if single {
		return '"'
	}
	return '\''
}

func appendHex(b []byte, r rune, digits int) []byte {
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		b = append(b, "0123456789abcdef"[r>>shift&0xF])
	}
	return b
}
