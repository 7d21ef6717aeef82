//go:build !linux

package journal

import "testing"

// mountSmall stands in for a small filesystem, and returns what makes journals there.
func mountSmall(_ *testing.T, dir string) func(Attempt) (*Writer, error) {
	return smallJournal(dir)
}
