//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package atomicfile

import "os"

// Occupy says that a folder is in use until release is called or the process ends; see [Deserted].
func Occupy(dir string) (release func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	_ = lock(d, true)                    // without locks no folder is taken for deserted
	return func() { _ = d.Close() }, nil // nothing was written through it
}

// Deserted reports whether a folder that was occupied is that no more, since the process has died.
func Deserted(dir string) bool {
	d, err := os.Open(dir)
	if err != nil {
		return false
	}
	defer d.Close()
	return lock(d, false) == nil
}
