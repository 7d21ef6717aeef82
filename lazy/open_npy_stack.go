package lazy

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/lazynpy/lazynpy/internal/pickle"
)

// npyStackAxis is the axis along which dask cut an array into the files of a stack. What the stack
// says of itself is compared with the files.
func npyStackAxis(set *fileSet, heads []head) (int, error) {
	ndim := len(heads[0].shape)
	if ndim == 0 {
		return 0, fmt.Errorf("%w: %s has no axes, and %s is a stack of pieces along an axis", ErrShape, heads[0].path, set.name)
	}
	path := filepath.Join(set.name, "info")
	chunks, axis, ok, err := readStackInfo(path)
	if err != nil {
		return 0, err
	}
	if !ok {
		d := differing(heads)
		return d, sameHeads(heads, d)
	}
	if len(chunks) != ndim || axis >= int64(ndim) || axis < -int64(ndim) {
		return 0, fmt.Errorf("%w: %s is about axis %d of %d, and %s has %d axes", ErrShape, path, axis, len(chunks), heads[0].path, ndim)
	}
	if axis < 0 {
		axis += int64(ndim)
	}
	if err := sameHeads(heads, int(axis)); err != nil {
		return 0, err
	}
	if n := len(chunks[axis]); n != len(heads) {
		return 0, fmt.Errorf("%w: %s is about %d files, and there are %d", ErrShape, path, n, len(heads))
	}
	for i, h := range heads {
		want := slices.Clone(h.shape)
		for d := range want {
			if len(chunks[d]) == 1 {
				want[d] = chunks[d][0]
			}
		}
		want[axis] = chunks[axis][i]
		if !slices.Equal(want, h.shape) {
			return 0, fmt.Errorf("%w: %s is of shape %s, which %s says is %s", ErrShape, h.path, shapeString(h.shape), path, shapeString(want))
		}
	}
	return int(axis), nil
}

// differing is the first axis along which a file is not as long as the first one, or 0.
func differing(heads []head) int {
	first := heads[0].shape
	for _, h := range heads {
		for d := range min(len(h.shape), len(first)) {
			if h.shape[d] != first[d] {
				return d
			}
		}
	}
	return 0
}

// readStackInfo reads chunks and axis of the file that dask's to_npy_stack writes beside the
// pieces: a pickle of a dict. ok is false if it is not of plain values.
func readStackInfo(path string) (chunks [][]int64, axis int64, ok bool, err error) {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil, 0, false, err // opening a pipe would wait for who writes to it
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, false, err
	}
	defer f.Close()
	p, err := io.ReadAll(io.LimitReader(f, maxPickle))
	if err != nil {
		return nil, 0, false, err
	}
	v, bad := pickle.Read(p)
	dict, isDict := v.(map[any]any)
	if bad != nil || !isDict {
		return nil, 0, false, nil //nolint:nilerr // a pickle that cannot be read leaves the axis to be found out
	}
	axis, ok = dict["axis"].(int64)
	of, plain := dict["chunks"].([]any)
	if !ok || !plain {
		return nil, 0, false, nil
	}
	for _, along := range of {
		lengths, plain := along.([]any)
		if !plain {
			return nil, 0, false, nil
		}
		var n []int64
		for _, v := range lengths {
			length, plain := v.(int64)
			if !plain {
				return nil, 0, false, nil
			}
			n = append(n, length)
		}
		chunks = append(chunks, n)
	}
	return chunks, axis, true, nil
}
