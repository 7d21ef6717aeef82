//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package atomicfile

// Occupy does nothing: no folder is taken for deserted.
func Occupy(string) (release func(), err error) { return func() {}, nil }

// Deserted reports false: there is no way to know.
func Deserted(string) bool { return false }
