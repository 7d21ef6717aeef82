package mmapnpy

import (
	"os"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/internal/fileerr"
)

// FortranOrder makes [Create] lay the array out with the first index fastest. Default: C
// order.
func FortranOrder() Option {
	return func(c *config) error {
		c.about, c.fortran = aboutLayout, true
		return nil
	}
}

// Create makes a .npy file of the given dtype and shape whose elements are zero, and opens it
// for reading and writing, as numpy.lib.format.open_memmap does with mode "w+". Space for all
// elements is reserved on disk where the file system can do that, so that a full disk is an
// error here and not a fault while elements are written.
//
// The file appears under path when it has its header and its whole length; what was there
// before is replaced, and processes that have it open keep their old array. Options are
// [FortranOrder], [WithBackend] and [AllowLarge].
func Create(path string, t DType, shape []int64, opts ...Option) (*File, error) {
	c, err := newConfig("Create", aboutLayout|aboutBackend|aboutCopies, opts)
	if err != nil {
		return nil, err
	}
	if t.HasObject() {
		return nil, fileerr.New(path, ErrObject)
	}
	if c.backend != "" && c.backend != bytesrc.BackendAuto && c.backend != bytesrc.BackendMmap {
		return nil, fileerr.Errorf(path, "a new file is written through a mapping, and the %s back end has none", c.backend)
	}
	h := Header{DType: t, Shape: shape, FortranOrder: c.fortran}
	head, err := EncodeHeader(h)
	if err != nil {
		return nil, fileerr.New(path, err)
	}
	err = atomicfile.Write(path, func(f *os.File) error {
		if _, err := f.Write(head); err != nil {
			return err
		}
		return atomicfile.Reserve(f, int64(len(head))+h.NBytes())
	})
	if err != nil {
		return nil, err
	}
	c.mode = ReadWrite
	return open(path, c)
}
