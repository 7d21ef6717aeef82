// Package natural orders the names of files as people count, and finds files by that order.
//
// Its functions keep no state and may be called by many goroutines.
package natural

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lazynpy/lazynpy/internal/fileerr"
)

// Compare orders names as people count: img2 before img10. Runs of digits compare by their
// value, of any length and in any script, all else by code point, and folders before what their
// names go on with. Of two names that are equal in this sense, the one with fewer leading zeros is
// first. It is a total order: only equal names compare as equal.
func Compare(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		dx, restX := digits(x)
		dy, restY := digits(y)
		if dx != "" && dy != "" {
			if c := cmp.Or(cmp.Compare(len(dx), len(dy)), cmp.Compare(dx, dy)); c != 0 {
				return c
			}
			x, y = restX, restY
			continue
		}
		rx, nx := nextRune(x)
		ry, ny := nextRune(y)
		if rx != ry {
			return cmp.Compare(rx, ry)
		}
		x, y = x[nx:], y[ny:]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// nextRune is the first code point; that of a separator of folders is less than any other.
func nextRune(s string) (r rune, size int) {
	r, size = utf8.DecodeRuneInString(s)
	if r == '/' || r == '\\' {
		r = -1
	}
	return r, size
}

// digits splits the digits off that s begins with, as ASCII digits without leading zeros; "0" for a
// zero. They are empty if it begins with none.
func digits(s string) (value, rest string) {
	var b strings.Builder
	n := 0
	for i, r := range s {
		d := digitOf(r)
		if d < 0 {
			break
		}
		n = i + utf8.RuneLen(r)
		if d > 0 || b.Len() > 0 {
			b.WriteByte(byte('0' + d))
		}
	}
	if n > 0 && b.Len() == 0 {
		return "0", s[n:]
	}
	return b.String(), s[n:]
}

// digitOf is the value of a decimal digit of any script, or -1. Unicode has them in runs of ten,
// from zero to nine.
func digitOf(r rune) int {
	if r < utf8.RuneSelf {
		if r >= '0' && r <= '9' {
			return int(r - '0')
		}
		return -1
	}
	if !unicode.IsDigit(r) {
		return -1
	}
	for _, run := range unicode.Nd.R16 {
		if uint32(r) >= uint32(run.Lo) && uint32(r) <= uint32(run.Hi) {
			return int(uint32(r)-uint32(run.Lo)) % 10
		}
	}
	for _, run := range unicode.Nd.R32 {
		if uint32(r) >= run.Lo && uint32(r) <= run.Hi {
			return int(uint32(r)-run.Lo) % 10
		}
	}
	return -1
}

// Glob lists the files that a pattern of [filepath.Match] matches, in their order; hidden ones only
// where the last element of the pattern begins with a point, as in a shell.
func Glob(pattern string) ([]string, error) {
	found, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fileerr.New(pattern, err)
	}
	if !Hidden(filepath.Base(pattern)) {
		found = slices.DeleteFunc(found, func(path string) bool { return Hidden(filepath.Base(path)) })
	}
	slices.SortFunc(found, Compare)
	return found, nil
}

// List lists the paths of the files of a folder that are wanted by their names, in their order,
// without hidden ones.
func List(folder string, wanted func(name string) bool) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		if !e.IsDir() && !Hidden(e.Name()) && wanted(e.Name()) {
			paths = append(paths, filepath.Join(folder, e.Name()))
		}
	}
	slices.SortFunc(paths, Compare)
	return paths, nil
}

// Hidden reports whether a file of this name is hidden.
func Hidden(name string) bool { return strings.HasPrefix(name, ".") }
