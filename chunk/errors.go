package chunk

import (
	"errors"
	"fmt"
	"strconv"
)

// ErrLayout is wrapped by every error about impossible geometry: a negative
// length, an order that is not a permutation of the axes, a product beyond
// int64, a navigation axis that does not exist.
var ErrLayout = errors.New("invalid layout")

// SyntaxError is the error of [Parse] for text that is not a chunk spec.
type SyntaxError struct {
	Spec   string // the whole text
	Offset int    // byte offset in Spec where it went wrong
	Reason string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("spec %s: offset %d: %s", abbreviate(e.Spec), e.Offset, e.Reason)
}

// SpecError is a spec that reads well but means nothing, or nothing for the
// array at hand: a size of -3, sizes that do not add up, an axis the array does
// not have.
type SpecError struct {
	Axis   int    // the axis the value was given for; -1 for the spec as a whole
	Value  string // the offending value, as [Spec.String] writes it
	Reason string
}

func (e *SpecError) Error() string {
	if e.Axis < 0 {
		return fmt.Sprintf("spec %s: %s", e.Value, e.Reason)
	}
	return fmt.Sprintf("spec for axis %d: %s: %s", e.Axis, e.Value, e.Reason)
}

// abbreviate quotes s and shortens it, so that an error stays one readable line.
func abbreviate(s string) string {
	return shorten(strconv.QuoteToASCII(s[:min(len(s), 2*longest)]))
}

const longest = 60 // bytes of foreign text that an error repeats

func shorten(s string) string {
	if len(s) <= longest {
		return s
	}
	return s[:longest] + "…"
}
