//go:build unix && !linux && !darwin

package distributed

// bootID is not known.
func bootID() string { return "" }
