package lazy

import (
	"math"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
)

// AllowLarge insists on what [ErrTooLarge] refuses, for machines whose swap or whose neighbours
// will give way. Where they do not, the process ends.
func AllowLarge() Option {
	return func(c *config) error {
		c.allowLarge = true
		return nil
	}
}

// afford returns an error that matches [ErrTooLarge] if the memory for something cannot be had.
func (a *Array) afford(what string, need int64) error {
	if a.config.allowLarge && need >= 0 && need <= math.MaxInt {
		return nil
	}
	if err := bytesrc.Afford(need); err != nil {
		return a.errorf("%s %w", what, err)
	}
	return nil
}

// plus is a sum of numbers that are not negative, and math.MaxInt64 where that is too large.
func plus(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
