package atomicfile

import "os"

// Lengthen gives f its length without reserving space, if the file system does not know that there
// is too little of it. Writing into space that was reserved takes a file system longer; on the
// other hand somebody else may use up what is free now.
func Lengthen(f *os.File, size int64) error {
	if err := checkRoom(f, size); err != nil {
		return err
	}
	return f.Truncate(size)
}
