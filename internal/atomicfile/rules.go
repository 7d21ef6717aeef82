package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// SidecarSuffixes are what names of files have behind that of the file which they are about: the
// journal and the index of an archive, and the description of a signal.
var SidecarSuffixes = []string{".append", ".lzidx", ".signal.json"}

// ErrInput is matched by the error of writing over a file that is being read.
var ErrInput = errors.New("the output is the input: refusing to write over the file being read")

// An Option says what may be replaced, and by what.
type Option func(*rules)

// rules are what the options of one file have said.
type rules struct {
	apart   []func(fs.FileInfo) (bool, error)
	accept  []func(old *os.File) error
	mask    fs.FileMode // bits that a new file may have
	sidecar bool
	owner   string // of a sidecar
}

func newRules(opts []Option) rules {
	r := rules{mask: fs.ModePerm}
	for _, o := range opts {
		o(&r)
	}
	return r
}

// Apart refuses a file of which is reports true.
func Apart(is func(fs.FileInfo) (bool, error)) Option {
	return func(r *rules) { r.apart = append(r.apart, is) }
}

// Inputs refuses these files, which are read to make the new one, and gives a new file no more
// readers than each of them has.
func Inputs(infos ...fs.FileInfo) Option {
	return func(r *rules) {
		for _, in := range infos {
			r.mask &= readers(in.Mode())
			r.apart = append(r.apart, func(info fs.FileInfo) (bool, error) { return os.SameFile(in, info), nil })
		}
	}
}

// Readers gives a new file no more readers than a file of these permissions has.
func Readers(mode fs.FileMode) Option {
	return func(r *rules) { r.mask &= readers(mode) }
}

// readers are the permissions of those who may read a file.
func readers(mode fs.FileMode) fs.FileMode {
	mask := fs.FileMode(0o700)
	for _, class := range []fs.FileMode{0o070, 0o007} {
		if mode&class&0o444 != 0 {
			mask |= class
		}
	}
	return mask
}

// Replacing has accept look at a file, open for reading, before it is replaced. Its error is that
// of Create or Commit.
func Replacing(accept func(old *os.File) error) Option {
	return func(r *rules) { r.accept = append(r.accept, accept) }
}

// New refuses to replace anything. The error matches [fs.ErrExist], also if somebody else has made
// the file meanwhile.
func New() Option {
	return Replacing(func(*os.File) error { return fs.ErrExist })
}

// Beside says that the file is a sidecar of owner, a path, whose permissions it takes. It is made
// where its name says, and never through a link.
func Beside(owner string) Option {
	return func(r *rules) {
		r.sidecar, r.owner = true, owner
	}
}

// Begins accepts files that begin with one of these texts, and empty ones. What is said of others
// follows "is ".
func Begins(otherwise string, magics ...string) Option {
	return Replacing(func(old *os.File) error {
		head := Head(old)
		for _, magic := range magics {
			if strings.HasPrefix(head, magic) {
				return nil
			}
		}
		if head == "" {
			return nil
		}
		return errors.New("is " + otherwise)
	})
}

// Head is how a file begins: up to 512 bytes.
func Head(f *os.File) string {
	b := make([]byte, 512)
	n, _ := f.ReadAt(b, 0)
	return string(b[:n])
}

// errJustReplaced says that the file under a name was another one a moment ago.
var errJustReplaced = errors.New("was replaced by somebody else just now")

// admit decides whether the file may take its place, and opens what it would replace; nil if that
// is nothing.
func (f *File) admit() (old *os.File, err error) {
	for range 100 { // others may be replacing it one after the other
		if old, err = f.look(); !errors.Is(err, errJustReplaced) {
			break
		}
	}
	return old, err
}

// look is admit for the file that is there now.
func (f *File) look() (old *os.File, err error) {
	if !f.sidecar {
		if of := f.describes(); of != "" {
			return nil, fmt.Errorf("is the name of a sidecar of %s", of)
		}
	}
	info, err := f.dir.Lstat(f.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, f.shadows()
	}
	if err != nil {
		return nil, err
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, errors.New("is a link, which is not followed here")
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	}
	for _, is := range f.apart {
		same, err := is(info)
		if err != nil {
			return nil, err
		}
		if same {
			return nil, ErrInput
		}
	}
	if info.Mode().Perm()&0o222 == 0 {
		return nil, fmt.Errorf("is write-protected: %w", fs.ErrPermission)
	}
	if old, err = f.openOld(info); err != nil {
		return nil, err
	}
	accepted := false
	defer func() {
		if !accepted {
			_ = old.Close() // only looked at
		}
	}()
	for _, accept := range f.accept {
		if err := accept(old); err != nil {
			return nil, err
		}
	}
	accepted = true
	return old, nil
}

// openOld opens the file that info describes, which must be one that can be written to.
func (f *File) openOld(info fs.FileInfo) (*os.File, error) {
	old, err := f.dir.OpenFile(f.name, os.O_RDWR|openNonblock, 0)
	if errors.Is(err, fs.ErrPermission) { // perhaps only to be read
		old, err = f.dir.OpenFile(f.name, os.O_WRONLY|openNonblock, 0)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errJustReplaced
	}
	if err != nil {
		return nil, err
	}
	if now, err := old.Stat(); err != nil || !os.SameFile(now, info) {
		_ = old.Close() // only looked at
		return nil, errors.Join(err, errJustReplaced)
	}
	return old, nil
}

// shadows returns an error for a name like "train.npz:x" where there is an archive train.npz: from
// then on it would be the name of this file, and not of the member any more.
func (f *File) shadows() error {
	for i, r := range f.name {
		if r != ':' {
			continue
		}
		archive, err := f.dir.OpenFile(f.name[:i], os.O_RDONLY|openNonblock, 0)
		if err != nil {
			continue
		}
		head := Head(archive)
		_ = archive.Close() // only read from
		if strings.HasPrefix(head, "PK") {
			return fmt.Errorf("is the name of a member of %s", filepath.Join(filepath.Dir(f.path), f.name[:i]))
		}
	}
	return nil
}

// describes is the file in the same folder whose sidecar has this name, or "".
func (f *File) describes() string {
	for _, suffix := range SidecarSuffixes {
		of, ok := strings.CutSuffix(f.name, suffix)
		if !ok || of == "" {
			continue
		}
		if info, err := f.dir.Lstat(of); err == nil && !info.IsDir() {
			return filepath.Join(filepath.Dir(f.path), of)
		}
	}
	return ""
}
