package signal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/internal/filelock"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/zipseek"
)

// soleKey is the key of the member of an archive of one signal: what np.savez calls its first
// array.
const soleKey = "arr_0"

// Write writes the data of a signal, as [lazy.Array.Save] does, and their description into the
// sidecar beside them ([SidecarPath]). The path decides what is written:
//
//	scan.npy       a .npy file
//	scan.npz       an archive of this one array, "arr_0", for which options are
//	scan.npz:KEY   a member: the first of a new archive, or added to the one that is there
//
// The axes must describe the data ([Signal.Validate]), and metadata must consist of values that
// JSON has (numbers, strings, booleans, nil, and slices and maps of them; NaN and infinities too),
// or nothing is written.
//
// A file that exists is replaced, and so is its sidecar. Whoever reads meanwhile, or after a crash,
// sees data with their own description or with none, and never with that of others: the data are
// written first, under another name or none; then the old sidecar goes, the data take their place,
// and the sidecar follows. After an error while the data are written the old pair stays. The
// sidecar has the permissions of the data; one that is a link is refused.
func Write(ctx context.Context, path string, s *Signal, opts ...lazy.ArchiveOption) error {
	if err := s.Validate(); err != nil {
		return fmt.Errorf("%w (writing %s)", err, path)
	}
	file, key, archive := splitTarget(path)
	if !archive {
		if len(opts) > 0 {
			return errors.New("a .npy file is written without options; they are for archives")
		}
		return s.replace(file, "", false, func(around around) error { return s.Data.Save(ctx, file, lazy.Placing(around)) })
	}
	member := key != ""
	if !member {
		key = soleKey
	} else if _, err := os.Stat(file); err == nil {
		return appendSignal(ctx, file, key, s, opts)
	}
	err := s.replace(file, key, true, func(around around) error {
		return lazy.SaveArchive(ctx, file, []lazy.Entry{{Key: key, Array: s.Data}}, append(slices.Clip(opts), zipseek.Placing(around))...)
	})
	// somebody else has made the archive meanwhile
	if member && errors.Is(err, zipseek.ErrReplaced) {
		return appendSignal(ctx, file, key, s, opts)
	}
	return err
}

// around does what goes with placing a file.
type around = func(place func() error) error

// replace puts a file that save writes and its sidecar in the place of others.
func (s *Signal) replace(file, key string, archive bool, save func(around) error) error {
	text, err := s.sidecarText(file, key, archive)
	if err != nil {
		return err
	}
	r, err := newReplacement(file, text)
	if err != nil {
		return err
	}
	defer r.abort()
	return save(r.commit)
}

// splitTarget splits a path that may not exist yet: "scan.npz:x" names a member of an archive.
func splitTarget(path string) (file, key string, archive bool) {
	if file, key, named := lazy.SplitPath(path); named {
		return file, key, true
	}
	const suffix = ".npz"
	lower := strings.ToLower(path)
	if len(lower) != len(path) {
		// letters whose small form is longer; no such suffix is hidden by that
		return path, "", false
	}
	if i := strings.Index(lower, suffix+":"); i > 0 && i+len(suffix)+1 < len(path) {
		return path[:i+len(suffix)], path[i+len(suffix)+1:], true
	}
	return path, "", strings.HasSuffix(lower, suffix)
}

// sidecarText is the content of a sidecar about s alone.
func (s *Signal) sidecarText(file, key string, archive bool) ([]byte, error) {
	c := newSidecar(archive)
	c.signals[key], c.extra = s.description(), s.outside
	text, err := c.encode()
	return text, inSidecar(SidecarPath(file), err)
}

// appendSignal adds a member to an archive. A description that an earlier member of this name has
// left goes before the member comes.
func appendSignal(ctx context.Context, file, key string, s *Signal, opts []lazy.ArchiveOption) error {
	if err := refuseKey(file, key); err != nil {
		return err
	}
	// what cannot be described is not written
	if _, err := s.sidecarText(file, key, true); err != nil {
		return err
	}
	forget := func(c *sidecar) bool {
		_, stale := c.signals[key]
		delete(c.signals, key)
		return stale
	}
	if err := editSidecar(ctx, file, s, forget); err != nil {
		return err
	}
	if err := lazy.AppendArchive(ctx, file, []lazy.Entry{{Key: key, Array: s.Data}}, opts...); err != nil {
		return err
	}
	return editSidecar(ctx, file, s, func(c *sidecar) bool {
		c.signals[key] = s.description()
		return true
	})
}

// editSidecar changes the sidecar of an archive, or makes one for s, unless edit reports that it is
// as it was. Others may do so for their members at the same time: it is the turn of who has the
// lock of the archive.
func editSidecar(ctx context.Context, file string, s *Signal, edit func(*sidecar) bool) error {
	switch lock, err := filelock.Open(file, filelock.Wait{Context: ctx}); {
	case err == nil:
		defer func() { _ = lock.Close() }() // nothing was written to it
	case !errors.Is(err, fs.ErrPermission): // nobody adds to an archive that is write-protected
		return err
	}
	path := SidecarPath(file)
	c, err := loadSidecar(path, true)
	if err != nil {
		return err
	}
	if c == nil {
		c = newSidecar(true)
		c.extra = s.outside
	}
	if !edit(c) {
		return nil
	}
	text, err := c.encode()
	if err == nil {
		err = writeText(file, path, text)
	}
	return inSidecar(path, err)
}

// refuseKey returns an error if an archive has such a member: its description must stay.
func refuseKey(file, key string) error {
	z, err := lazy.OpenArchive(file)
	if err != nil {
		return err
	}
	defer z.Close()
	if _, err := z.Member(key); !errors.Is(err, lazy.ErrNoKey) {
		return fileerr.Errorf(file, "there is a member %q already: %w", key, fs.ErrExist)
	}
	return nil
}

// writeText writes the sidecar at path of a file, which must exist.
func writeText(file, path string, text []byte) error {
	return atomicfile.Write(path, func(f *os.File) error {
		_, err := f.Write(text)
		return err
	}, besideData(file)...)
}

// besideData are the rules for the sidecar of a file.
func besideData(file string) []atomicfile.Option {
	return []atomicfile.Option{atomicfile.Beside(file), atomicfile.Begins("no description of a signal, and stays", "{")}
}

// WriteSidecar writes the description of s into the sidecar of the array at path, which must exist
// and have the shape that s has, and leaves the array alone: the way to calibrate data that are
// there. Like [lazy.Open] it takes a .npy file, an archive of one array, or "scan.npz:KEY". What
// the sidecar of an archive says about other members stays.
func WriteSidecar(path string, s *Signal) error {
	if err := s.Validate(); err != nil {
		return fmt.Errorf("%w (describing %s)", err, path)
	}
	a, err := lazy.Open(path)
	if err != nil {
		return err
	}
	defer a.Close()
	if shape := s.Data.Shape(); !slices.Equal(shape, a.Shape()) {
		return fmt.Errorf("%w: they are of shape %s, and the data of shape %s (describing %s)", ErrAxes, shapeString(shape), shapeString(a.Shape()), path)
	}
	beside, key, archive := describedBy(a, path)
	file := strings.TrimSuffix(beside, SidecarSuffix)
	if archive {
		return editSidecar(context.Background(), file, s, func(c *sidecar) bool {
			c.signals[key] = s.description()
			return true
		})
	}
	text, err := s.sidecarText(file, key, false)
	if err != nil {
		return err
	}
	return writeText(file, beside, text)
}
