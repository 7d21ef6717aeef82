//go:build !unix

package bytesrc

import "math"

// descriptorLimit is more than a process opens.
func descriptorLimit() uint64 { return math.MaxInt32 }

func isTooMany(error) bool { return false }
