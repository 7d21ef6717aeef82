package lazy

import "github.com/lazynpy/lazynpy/internal/bytesrc"

// RandomAccess says that pieces of the array will be read here and there, some of them again.
// Default: the array is swept from front to back, which lets [Open] read a file that is larger than
// the available memory past the page cache. It changes the choice of a back end only, and results
// never; for an array in an archive it changes nothing.
func RandomAccess() Option {
	return func(c *config) error {
		c.random, c.opening = true, "RandomAccess"
		return nil
	}
}

// access is what the source is told about how it will be read.
func (c *config) access() bytesrc.Access {
	if c.random {
		return bytesrc.AccessRandom
	}
	return bytesrc.AccessSequential
}
