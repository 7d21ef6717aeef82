package lazy

import (
	"errors"
	"io/fs"
	"os"

	"github.com/lazynpy/lazynpy/chunk"
)

// SignalOption configures [ReadSignal]: any [Option] of [Open], [Squeeze], or [IgnoreSidecar].
type SignalOption interface{ applySignal(*signalConfig) error }

// signalConfig is what ReadSignal was asked for.
type signalConfig struct {
	open    []Option
	squeeze bool
	ignore  bool
}

func (o Option) applySignal(c *signalConfig) error {
	c.open = append(c.open, o)
	return nil
}

type signalOption func(*signalConfig)

func (o signalOption) applySignal(c *signalConfig) error {
	o(c)
	return nil
}

// Squeeze drops the axes of length one, as RosettaSciIO always does. The others keep their
// descriptions; numbers in [NavigationAxes] and [SignalAxes] still count all axes of the file.
// Default: no axis is dropped.
func Squeeze() SignalOption { return signalOption(func(c *signalConfig) { c.squeeze = true }) }

// IgnoreSidecar reads no sidecar, so that a malformed one, or one for another shape, is no error.
// Default: a sidecar that is there is read.
func IgnoreSidecar() SignalOption { return signalOption(func(c *signalConfig) { c.ignore = true }) }

// ReadSignal opens an array, as [Open] does, together with the description in the sidecar beside it
// ([SidecarPath]). Without one names and units are empty, scales 1, offsets 0, and metadata empty.
// It reads no elements.
//
// A sidecar that is malformed, or about an array of another shape, is a *[FormatError] that names
// it and the field, and matches [ErrSidecar]. Navigation axes are those of [NavigationAxes] or
// [SignalAxes] if one of them is given, else those of the sidecar, else none. Unlike in
// RosettaSciIO negative ones count from the end, those out of range are an error, and every axis is
// described, those of length 0 and 1 too. Chunks are about the axes that the signal has.
func ReadSignal(path string, opts ...SignalOption) (*Signal, error) {
	var c signalConfig
	for _, o := range opts {
		if o == nil {
			continue // an option that was left out
		}
		if err := o.applySignal(&c); err != nil {
			return nil, err
		}
	}
	open, err := newConfig(c.open)
	if err != nil {
		return nil, err
	}
	// The plan is made when the axes are known; a spec for those that remain would not fit all of
	// them.
	a, err := Open(path, append(c.open, ChunkSpec(chunk.Auto()))...)
	if err != nil {
		return nil, err
	}
	s, err := c.read(path, a, open)
	if err != nil {
		_ = a.Close() // only read from; the first error is the one to tell
		return nil, err
	}
	return s, nil
}

// read makes a signal of an open array.
func (c *signalConfig) read(path string, a *Array, open config) (*Signal, error) {
	s := NewSignal(a)
	if !c.ignore {
		if err := s.readSidecar(path); err != nil {
			return nil, err
		}
	}
	if open.roles.given {
		for d, ax := range a.Axes() {
			s.Axes[d].Navigate = ax.Navigate
		}
	}
	if c.squeeze {
		var err error
		if s, err = s.squeeze(); err != nil {
			return nil, err
		}
	}
	var err error
	if s.Data, err = navigated(s.Data, s.Axes); err != nil {
		return nil, err
	}
	s.Data, err = s.Data.Rechunk(open.spec)
	return s, err
}

// readSidecar takes over what the sidecar of the file at path says, if there is one.
func (s *Signal) readSidecar(path string) error {
	sidecar, key, archive := s.Data.describedBy(path)
	if _, err := os.Stat(sidecar); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	c, err := loadSidecar(sidecar, archive)
	if err != nil || c == nil {
		return err
	}
	return s.describe(sidecar, c, key)
}

// describedBy is the sidecar of an array that [Open] gave for a path, and where in it the array is
// described.
func (a *Array) describedBy(path string) (sidecar, key string, archive bool) {
	file, _, named := SplitPath(path)
	return SidecarPath(file), a.Key(), named || a.Key() != "" || IsArchive(file)
}

// squeeze drops the axes of length one.
func (s *Signal) squeeze() (*Signal, error) {
	items := make([]Index, len(s.Axes))
	for d := range items {
		items[d] = All()
		if s.Axes[d].Size == 1 {
			items[d] = At(0)
		}
	}
	out, err := s.Index(items...)
	if err == nil {
		out.sidecar = s.sidecar
	}
	return out, err
}
