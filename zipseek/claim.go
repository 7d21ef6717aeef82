package zipseek

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/internal/filelock"
)

// A Claim is the right to put a whole archive in the place of whatever is at a path. Others who
// write to the file wait, and find the new archive when they have their turn. What they added
// before the claim had its own turn is not lost: [Claim.Allows] refuses to replace it. [Create]
// makes one; it is for those who use [NewWriter].
type Claim struct {
	path  string
	lock  *filelock.Lock // nil if there was nothing to lock
	was   os.FileInfo    // of what was there when the claim was made, or nil
	known map[string]struct{}
	mine  func(name string) bool
	rule  func(old *os.File) error // of [Replacing], or nil
	place func(func() error) error // of [Placing], or nil
}

// NewClaim waits until nobody else writes to the file at path, as [WaitFor] says; of the other
// options of [Create] [Replacing] and [Placing] count, and the rest is for [NewWriter]. Members of
// which mine reports true may be replaced also if they came while it waited: the new archive has
// some of that name.
func NewClaim(path string, mine func(name string) bool, opts ...WriterOption) (*Claim, error) {
	w, err := defaultWriterConfig.with("NewClaim", aboutArchive, opts)
	if err != nil {
		return nil, fileerr.New(path, err)
	}
	c := &Claim{path: path, mine: mine, rule: w.accept, place: w.place}
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		c.was, c.known = info, namesIn(path)
	}
	lock, err := filelock.Open(path, w.wait)
	switch {
	case err == nil:
		c.lock = lock
	case errors.Is(err, ErrLocked):
		return nil, err
	} // otherwise there is nothing, or nothing that can be written to, as will be told
	return c, nil
}

// namesIn lists the members of the archive at path; nil if there is none.
func namesIn(path string) map[string]struct{} {
	a, err := Open(path, WithoutSidecar())
	if err != nil {
		return nil
	}
	defer a.Close()
	names := make(map[string]struct{}, a.Len())
	for _, m := range a.All() {
		names[m.Name] = struct{}{}
	}
	return names
}

// Allows returns an error that matches [ErrReplaced] if what is at the path now, which is open as
// old, holds what was not there when the claim was made, and otherwise what [Replacing] says.
func (c *Claim) Allows(old *os.File) error {
	if err := c.unexpected(); err != nil || c.rule == nil {
		return err
	}
	return c.rule(old)
}

// unexpected returns an error if there is what was not there when the claim was made.
func (c *Claim) unexpected() error {
	info, err := os.Stat(c.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case c.was != nil && os.SameFile(info, c.was) && info.Size() == c.was.Size() && info.ModTime().Equal(c.was.ModTime()):
		return nil
	}
	names := namesIn(c.path)
	if names == nil {
		return fmt.Errorf("%w, which is no archive; nothing was replaced", ErrReplaced)
	}
	for name := range names {
		if _, known := c.known[name]; !known && !c.mine(name) {
			return fmt.Errorf("%w: somebody has added %.100q since; nothing was replaced", ErrReplaced, name)
		}
	}
	return nil
}

// file makes the file that is to take the place. The claim is given back after an error, and after
// a panic, which a function of the caller's can end with.
func (c *Claim) file(create func() (*atomicfile.File, error)) (createTarget, error) {
	made := false
	defer func() {
		if !made {
			c.Release()
		}
	}()
	f, err := create()
	if err != nil {
		return createTarget{}, err
	}
	made = true
	return createTarget{f, c}, nil
}

// Place gives a whole archive its place, by its Commit, as [Placing] says. The claim yields before,
// on systems that do not replace open files.
func (c *Claim) Place(archive interface {
	Sync() error
	Commit() error
}) error {
	if c.lock != nil {
		if err := c.lock.Yield(); err != nil {
			return err
		}
	}
	if c.place == nil {
		return archive.Commit()
	}
	if err := archive.Sync(); err != nil {
		return err
	}
	return c.place(archive.Commit)
}

// Release lets others have their turn. Calling it again does nothing.
func (c *Claim) Release() {
	if c.lock != nil {
		_ = c.lock.Close() // nothing was written to it
		c.lock = nil
	}
}
