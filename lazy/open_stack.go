package lazy

import (
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// OpenStack opens many files as one array. The pattern is one of these:
//
//   - A glob, as "scan/img*.npy" ([path/filepath.Match]), or "scan/*.npz:frame" for one array of
//     each archive: arrays of the same shape and dtype, stacked along a leading axis in natural
//     order of their names, img2 before img10. The axis is a navigation axis, unless the options
//     say otherwise. Names that begin with a dot, such as the ._img1.npy of macOS, are matched by
//     patterns that do only.
//   - A directory: the same for all its .npy files, but those whose names begin with a dot.
//   - A directory that dask's to_npy_stack wrote, which has 0.npy and a file "info": 0.npy, 1.npy,
//     … one behind the other along the axis that info names. The pickle is looked at and not
//     executed; where it says more than plain values, the axis is the one along which the files
//     differ, or 0.
//
// Only headers are read, of several files at a time. Files are opened when elements of them are
// asked for, and at most 64 are open beyond those that are being read. A file that is opened again
// must be what it was: otherwise reading fails with an error that names it, and that matches
// [fs.ErrNotExist] where it is gone. [Array.Close] closes them all.
//
// Nothing that matches is an error that matches [fs.ErrNotExist]; a file of another shape or dtype
// than the first is an [ErrShape] or [ErrDType] that names both. Byte orders may differ: the
// elements are then cast to this machine's.
func OpenStack(pattern string, opts ...Option) (*Array, error) {
	c, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	set, err := findFiles(pattern)
	if err != nil {
		return nil, err
	}
	heads, err := set.readHeads(c)
	if err != nil {
		return nil, err
	}
	axis := 0
	if set.stack {
		axis, err = npyStackAxis(set, heads)
	} else {
		err = sameHeads(heads, -1)
		for i := range heads {
			heads[i].lead()
		}
	}
	if err != nil {
		return nil, err
	}
	n, err := joinHeads(set, heads, axis, c)
	if err != nil {
		return nil, err
	}
	a, err := newArray(n, c)
	if err != nil || set.stack || c.roles.given {
		return a, err
	}
	a.axes[0].Navigate = true
	return a.replan(c)
}

// head is what is known of one file of a stack.
type head struct {
	path    string
	info    fs.FileInfo
	dtype   mmapnpy.DType
	shape   []int64
	strides []int64
	offset  int64 // of the elements
	granule int64
	archive bool
	mark    *imprint
	backend bytesrc.Backend
	reason  string
}

// lead gives the array an axis of length one in front.
func (h *head) lead() {
	size := product(h.shape) * h.dtype.ItemSize()
	h.shape, h.strides = slices.Insert(h.shape, 0, 1), slices.Insert(h.strides, 0, size)
}

// readHead opens a file, reads its header, and closes it.
func (s *fileSet) readHead(path string, c config) (h head, err error) {
	f, err := s.openOne(path, c)
	if err != nil {
		return head{}, err
	}
	defer func() {
		if closed := f.close(); err == nil {
			err = closed
		}
	}()
	src, header := f.src, f.header
	info, err := src.Stat()
	if err != nil {
		return head{}, err
	}
	_, plain := src.(*bytesrc.File)
	return head{
		path: path, info: info, dtype: header.DType, shape: header.Shape, strides: header.Strides(), offset: header.DataOffset,
		granule: granule(src), archive: !plain, mark: f.mark, backend: src.Backend(), reason: src.Reason(),
	}, nil
}

// openOne opens the array of one file.
func (s *fileSet) openOne(path string, c config) (*file, error) {
	c.roles, c.spec = roles{}, chunk.Auto() // they are about the whole
	a, err := openFile(path, s.key, s.named, c)
	if err != nil {
		return nil, err
	}
	return a.files[0], nil
}

// openFile opens a file, which may be an archive, or the member of an archive that has this key.
func openFile(path, key string, named bool, c config) (*Array, error) {
	if named {
		return openMember(path, key, true, c)
	}
	return openPlain(path, bytesrc.Options{Backend: c.backend}, c)
}

// sameHeads checks that files are alike but for their lengths along axis. A negative axis is none.
func sameHeads(heads []head, axis int) error {
	first := &heads[0]
	for i := range heads {
		h := &heads[i]
		if !h.dtype.Equal(first.dtype) && (!convertible(h.dtype, first.dtype) || !native(h.dtype).Equal(native(first.dtype))) {
			return fmt.Errorf("%w: %s is of %s and %s of %s", ErrDType, first.path, first.dtype, h.path, h.dtype)
		}
		same := len(h.shape) == len(first.shape)
		for d := 0; same && d < len(h.shape); d++ {
			same = d == axis || h.shape[d] == first.shape[d]
		}
		if !same {
			return fmt.Errorf("%w: %s is of shape %s and %s of %s", ErrShape, first.path, shapeString(first.shape), h.path, shapeString(h.shape))
		}
	}
	return nil
}

// joinHeads is the files one behind the other along an axis: one leaf where their bytes one behind
// the other are an array, and otherwise one for each file. Either way there is one source for all.
func joinHeads(set *fileSet, heads []head, axis int, c config) (node, error) {
	src, err := set.join(heads, c)
	if err != nil {
		return nil, err
	}
	shape := slices.Clone(heads[0].shape)
	shape[axis] = 0
	for _, h := range heads {
		if shape[axis] += h.shape[axis]; shape[axis] < 0 {
			return nil, fmt.Errorf("%w: %s: the lengths along axis %d add up to more than 64 bits", ErrShape, set.name, axis)
		}
	}
	f := &file{src: src, close: src.Close, path: set.name, key: set.key}
	f.header = mmapnpy.Header{DType: heads[0].dtype, Shape: shape}
	for _, h := range heads {
		f.granule = max(f.granule, h.granule)
	}
	if order := commonOrder(heads, axis); order != nil {
		strides := gaplessStrides(shape, heads[0].dtype.ItemSize(), order)
		return &leaf{strided{src: src, dtype: heads[0].dtype, shape: shape, strides: strides}, f}, nil
	}
	leaves := make([]node, len(heads))
	for i, h := range heads {
		leaves[i] = &leaf{strided{src: src, base: src.Start(i), dtype: h.dtype, shape: h.shape, strides: h.strides}, f}
		if !h.dtype.Equal(heads[0].dtype) {
			f.header.DType = native(h.dtype)
		}
	}
	for i := range leaves {
		leaves[i] = castTo(leaves[i], f.header.DType)
	}
	return newConcat(axis, leaves), nil
}

// commonOrder is the storage order of all files, axis slowest, if they have such a one and are of
// the same dtype; else nil.
func commonOrder(heads []head, axis int) []int {
	n := len(heads[0].shape)
	for _, order := range [][]int{chunk.COrder(n), chunk.FOrder(n)} {
		at := slices.Index(order, axis)
		order = slices.Insert(slices.Delete(order, at, at+1), 0, axis)
		if !slices.ContainsFunc(heads, func(h head) bool {
			return !h.dtype.Equal(heads[0].dtype) || !contiguous(h.shape, h.strides, h.dtype.ItemSize(), order)
		}) {
			return order
		}
	}
	return nil
}

// join is the elements of all files as one source.
func (s *fileSet) join(heads []head, c config) (*bytesrc.Joined, error) {
	parts, archives := make([]bytesrc.Part, len(heads)), s.named
	for i, h := range heads {
		parts[i] = bytesrc.Part{Path: h.path, Info: h.info, Off: h.offset, Len: product(h.shape) * h.dtype.ItemSize(), Watch: h.mark.watch}
		archives = archives || h.archive
	}
	opener := func(p *bytesrc.Part) (bytesrc.Source, func() error, error) {
		f, err := bytesrc.Open(p.Path, bytesrc.Options{Backend: c.backend})
		if err != nil {
			return nil, nil, err
		}
		return f, f.Close, nil
	}
	if archives {
		opener = func(p *bytesrc.Part) (bytesrc.Source, func() error, error) {
			f, err := s.openOne(p.Path, c)
			if err != nil {
				return nil, nil, err
			}
			return f.src, f.close, nil
		}
	}
	return bytesrc.Join(s.name, parts, opener, 0, heads[0].backend, heads[0].reason)
}

// is reports whether f is, or has among its files, the one that info describes.
func (f *file) is(info fs.FileInfo) (bool, error) {
	if many, ok := f.src.(interface{ Holds(fs.FileInfo) bool }); ok {
		return many.Holds(info), nil
	}
	here, err := f.src.Stat()
	return err == nil && os.SameFile(here, info), err
}
