package signal

import (
	"errors"
	"io/fs"
	"os"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/lazy"
)

// Option configures [Read]: [With], [Squeeze] or [IgnoreSidecar].
type Option func(*config)

// config is what Read was asked for.
type config struct {
	open    []lazy.Option
	squeeze bool
	ignore  bool
}

// With passes options on to [lazy.Open]. Chunks are about the axes that the signal has.
func With(opts ...lazy.Option) Option {
	return func(c *config) { c.open = append(c.open, opts...) }
}

// Squeeze drops the axes of length one, as RosettaSciIO always does. The others keep their
// descriptions; numbers in [lazy.NavigationAxes] and [SignalAxes] still count all axes of the file.
// Default: no axis is dropped.
func Squeeze() Option { return func(c *config) { c.squeeze = true } }

// IgnoreSidecar reads no sidecar, so that a malformed one, or one for another shape, is no error.
// Default: a sidecar that is there is read.
func IgnoreSidecar() Option { return func(c *config) { c.ignore = true } }

// Read opens an array, as [lazy.Open] does, together with the description in the sidecar beside it
// ([SidecarPath]). Without one names and units are empty, scales 1, offsets 0, and metadata empty.
// It reads no elements.
//
// A sidecar that is malformed, or about an array of another shape, is a *[mmapnpy.FormatError] that
// names it and the field, and matches [ErrSidecar]. Navigation axes are those of
// [lazy.NavigationAxes] or [lazy.SignalAxes] if one of them is given, else those of the sidecar,
// else none. Unlike in RosettaSciIO negative ones count from the end, those out of range are an
// error, and every axis is described, those of length 0 and 1 too.
func Read(path string, opts ...Option) (*Signal, error) {
	var c config
	for _, o := range opts {
		if o != nil { // one that was left out
			o(&c)
		}
	}
	asked, err := lazy.AskedBy(c.open...)
	if err != nil {
		return nil, err
	}
	// The plan is made when the axes are known; a spec for those that remain would not fit all of
	// them.
	a, err := lazy.Open(path, append(c.open, lazy.ChunkSpec(chunk.Auto()))...)
	if err != nil {
		return nil, err
	}
	s, err := c.read(path, a, asked)
	if err != nil {
		_ = a.Close() // best effort
		return nil, err
	}
	return s, nil
}

// read makes a signal of an open array.
func (c *config) read(path string, a *lazy.Array, asked lazy.Asked) (*Signal, error) {
	s := New(a)
	if !c.ignore {
		if err := s.readSidecar(path, !asked.Axes); err != nil {
			return nil, err
		}
	}
	var err error
	if c.squeeze {
		if s, err = s.squeeze(); err != nil {
			return nil, err
		}
	}
	s.Data, err = s.Data.Rechunk(asked.Chunks)
	return s, err
}

// readSidecar takes over what the sidecar of the file at path says, if there is one; which axes are
// navigation axes only if it is to say so.
func (s *Signal) readSidecar(path string, navigation bool) error {
	sidecar, key, archive := describedBy(s.Data, path)
	if _, err := os.Stat(sidecar); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	c, err := loadSidecar(sidecar, archive)
	if err != nil || c == nil {
		return err
	}
	return s.describe(sidecar, c, key, navigation)
}

// describedBy is the sidecar of an array that [lazy.Open] gave for a path, and where in it the
// array is described.
func describedBy(a *lazy.Array, path string) (sidecar, key string, archive bool) {
	file, _, named := lazy.SplitPath(path)
	return SidecarPath(file), a.Key(), named || a.Key() != "" || lazy.IsArchive(file)
}

// squeeze drops the axes of length one.
func (s *Signal) squeeze() (*Signal, error) {
	items := make([]lazy.Index, len(s.Axes))
	for d, ax := range s.Data.Axes() {
		items[d] = lazy.All()
		if ax.Size == 1 {
			items[d] = lazy.At(0)
		}
	}
	out, err := s.Index(items...)
	if err == nil {
		out.sidecar = s.sidecar
	}
	return out, err
}
