//go:build unix && !linux

package feed

import "os"

func newRingFile(size int64) (file *os.File, seal func() error, err error) {
	file, err = newTempFile(size)
	return file, nil, err
}
