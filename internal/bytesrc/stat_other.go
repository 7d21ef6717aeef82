//go:build !linux && !darwin

package bytesrc

import "os"

// openNonblock is nothing where the flag does not exist everywhere.
const openNonblock = 0

// A stamp is what changes when a file is written to.
type stamp struct {
	size  int64
	mtime int64 // nanoseconds since 1970
}

// currentStamp looks at the open file.
func currentStamp(f *os.File, _ uintptr) (stamp, error) {
	info, err := f.Stat()
	if err != nil {
		return stamp{}, err
	}
	return stamp{info.Size(), info.ModTime().UnixNano()}, nil
}
