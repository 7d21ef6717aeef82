package chunk

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// iecUnits are the binary units from 1024 up, in powers of 1024.
var iecUnits = [...]string{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}

// FormatBytes writes a number of bytes for people, in IEC units and rounded
// to about three digits: "512 B", "32 MiB", "1.46 GiB".
func FormatBytes(n int64) string {
	value, unit := float64(n), "B"
	for _, u := range iecUnits {
		// Half a unit early, so that rounding never shows "1024 KiB".
		if math.Abs(value) < 1023.5 {
			break
		}
		value, unit = value/1024, u
	}
	decimals := 0
	if unit != "B" {
		switch v := math.Abs(value); {
		case v < 9.995:
			decimals = 2
		case v < 99.95:
			decimals = 1
		}
	}
	text := strconv.FormatFloat(value, 'f', decimals, 64)
	if decimals > 0 {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text + " " + unit
}

// formatBytesExact writes n so that ParseBytes returns n again: in the largest
// IEC unit that divides it.
func formatBytesExact(n int64) string {
	unit := "B"
	for _, u := range iecUnits[:5] { // ParseBytes, like dask, ends at PiB
		if n == 0 || n%1024 != 0 {
			break
		}
		n, unit = n/1024, u
	}
	return strconv.FormatInt(n, 10) + unit
}

// ParseBytes reads a byte size by the rules of dask.utils.parse_bytes: "64MiB",
// "100 MB", "5.4 kB", "1e6", "MB" (one of them), in any case. k, M, G, T, P and
// kB, MB, … are powers of 1000; Ki, Mi, … and KiB, MiB, … powers of 1024; a number
// alone counts bytes. Fractions of a byte are cut off.
//
// Unlike dask it refuses the empty string and sizes below one byte or beyond
// int64.
func ParseBytes(s string) (int64, error) {
	n, err := parseBytes(s)
	if err != nil {
		return 0, fmt.Errorf("byte size %s: %w", abbreviate(s), err)
	}
	return n, nil
}

func parseBytes(s string) (int64, error) {
	s = strings.ReplaceAll(s, " ", "")
	if s == "" {
		return 0, errors.New("empty")
	}
	if !strings.ContainsAny(s, "0123456789") {
		s = "1" + s
	}
	number := strings.TrimRightFunc(s, isLetter)
	unit := s[len(number):]
	value, err := parseDecimal(number)
	if err != nil {
		return 0, err
	}
	scale, ok := byteUnit(unit)
	if !ok {
		return 0, fmt.Errorf("%s is not a byte unit", abbreviate(unit))
	}
	size := value * scale
	switch {
	case size < 1:
		return 0, errors.New("a size is at least one byte")
	case size >= 1<<63:
		return 0, errors.New("too large for 64 bits")
	}
	return int64(size), nil
}

// parseDecimal reads the decimal numbers of Python's float(), but neither
// infinities nor NaN; strconv alone would also take Go's hexadecimal floats.
func parseDecimal(s string) (float64, error) {
	digits := strings.ReplaceAll(s, "_", "")
	for i, c := range []byte(s) {
		switch {
		case isDigit(c), c == '.', c == 'e', c == 'E', c == '+', c == '-':
		case c == '_' && i > 0 && i+1 < len(s) && isDigit(s[i-1]) && isDigit(s[i+1]):
		default:
			return 0, fmt.Errorf("%s is not a number", abbreviate(s))
		}
	}
	value, err := strconv.ParseFloat(digits, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, errors.New("too large for 64 bits")
	case err != nil:
		return 0, fmt.Errorf("%s is not a number", abbreviate(s))
	}
	return value, nil
}

// byteUnit returns the factor of a unit, in any case: "", "b", "k", "kb", "ki",
// "kib" and so on up to peta.
func byteUnit(unit string) (float64, bool) {
	unit = strings.ToLower(unit)
	if unit == "" || unit == "b" {
		return 1, true
	}
	power := strings.IndexByte("kmgtp", unit[0]) + 1
	if power == 0 {
		return 0, false
	}
	switch unit[1:] {
	case "", "b":
		return math.Pow10(3 * power), true
	case "i", "ib":
		return math.Ldexp(1, 10*power), true
	}
	return 0, false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }
