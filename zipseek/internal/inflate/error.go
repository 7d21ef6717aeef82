package inflate

import "fmt"

// A CorruptError says that the data are not DEFLATE.
type CorruptError struct {
	Offset int64 // bytes of input taken since Reset
	Msg    string
}

// Error is one line.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("corrupt DEFLATE data near byte %d: %s", e.Offset, e.Msg)
}
