package peer

import (
	"context"
	"hash/crc32"

	"github.com/lazynpy/lazynpy/lazy"
)

// Elements is what contenders that write a file are compared by: how many bytes its elements have,
// in C order, and their CRC-32.
func Elements(path string) ([]int64, error) {
	a, err := lazy.Open(path)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	var n int64
	var sum uint32
	for piece, err := range a.Elements(context.Background()) {
		if err != nil {
			return nil, err
		}
		n += int64(len(piece))
		sum = crc32.Update(sum, crc32.IEEETable, piece)
	}
	return []int64{n, int64(sum)}, nil
}
