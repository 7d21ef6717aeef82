// Package termtext makes text fit to be shown: names and errors come from files and may hold what a
// terminal obeys instead of showing. All functions are pure.
package termtext

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// longestError bounds a line about an error, in bytes: names of members and dtypes, which come from
// files, can have many thousand. Of a longer one the beginning and the end remain.
const longestError = 2000

// Obeyed reports whether a terminal might act on a character instead of showing it: controls of
// either set, and those that change the direction of writing or are not seen at all.
func Obeyed(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

// Shortened is a line with what is too much of it left out.
func Shortened(line string) string {
	if len(line) <= longestError {
		return line
	}
	head, tail := longestError*2/3, len(line)-longestError/4
	for !utf8.RuneStart(line[head]) {
		head--
	}
	for !utf8.RuneStart(line[tail]) {
		tail++
	}
	return line[:head] + fmt.Sprintf(" ... (%s bytes) ... ", Grouped(int64(tail-head))) + line[tail:]
}

// Escaped is a line in which what a terminal would obey is written as escapes.
func Escaped(line string) string {
	var safe strings.Builder
	for _, r := range line {
		switch {
		case !Obeyed(r):
			safe.WriteRune(r)
		case r <= 0xFF:
			fmt.Fprintf(&safe, `\x%02x`, r)
		case r <= 0xFFFF:
			fmt.Fprintf(&safe, `\u%04x`, r)
		default:
			fmt.Fprintf(&safe, `\U%08x`, r)
		}
	}
	return safe.String()
}

// JSON is JSON in which what a terminal would obey is written as escapes: it stands in strings
// alone, where those mean the same.
func JSON(text []byte) []byte {
	if !bytes.ContainsFunc(text, func(r rune) bool { return r >= 0x7F && Obeyed(r) }) {
		return text
	}
	safe := make([]byte, 0, len(text)+64)
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r < 0x7F || !Obeyed(r):
			safe = append(safe, text[:n]...)
		case r > 0xFFFF:
			hi, lo := utf16.EncodeRune(r)
			safe = fmt.Appendf(safe, `\u%04x\u%04x`, hi, lo)
		default:
			safe = fmt.Appendf(safe, `\u%04x`, r)
		}
		text = text[n:]
	}
	return safe
}

// Printable is a name from a file as it can be shown: quoted if it holds what a terminal might
// obey.
func Printable(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return name
}

// Grouped writes a number with its digits in groups of three.
func Grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	digits := strings.TrimPrefix(s, "-")
	out := s[:len(s)-len(digits)]
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out += ","
		}
		out += string(d)
	}
	return out
}
