//go:build !linux && !darwin

package bytesrc

import "os"

// openNonblock is nothing where the flag does not exist everywhere.
const openNonblock = 0

// currentSize returns the length of the open file.
func currentSize(f *os.File, _ uintptr) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
