// Package unpack writes members of archives to files below a directory.
//
// # Contract
//
// No member leads out of the directory, whatever its name is and whatever links lie there. What
// cannot be written for its name, or for what is there already, is found before anything is
// written. Each file appears whole or not at all, and its content was compared with its checksum by
// whoever writes it. Members are written on several goroutines, but those one after the other whose
// names some file systems do not tell apart.
package unpack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/parallel"
	"github.com/lazynpy/lazynpy/zipseek"
)

// Options say how members are written.
type Options struct {
	Workers int                 // goroutines
	Rules   []atomicfile.Option // what may be replaced

	// Write writes the content of a member.
	Write func(ctx context.Context, w io.Writer, m *zipseek.Member) error

	// Written, if not nil, is told of each file that is there. Its error becomes that of the file.
	Written func(f File) error
}

// File is a member and the file, or the folder, that it becomes.
type File struct {
	Member *zipseek.Member
	Output string // the path
	Err    error  // why it was not written

	name string // below the directory, with slashes
}

// Refusal says that nothing was written, since something is in the way of an output.
type Refusal struct {
	Output string
	Err    error
}

func (e *Refusal) Error() string { return e.Output + ": " + e.Err.Error() }
func (e *Refusal) Unwrap() error { return e.Err }

// Below writes members below a directory, which is made if it is not there. The error is about all
// of them: a *[Refusal], a name that cannot become a file, the directory itself, or the context.
// Otherwise each file has its own.
func Below(ctx context.Context, dir string, members []*zipseek.Member, o Options) ([]File, error) {
	files := make([]File, len(members))
	for i, m := range members {
		name, err := zipseek.LocalPath(m.Name)
		if err != nil {
			return nil, fmt.Errorf("%s:%s: is not extracted: %w", m.Archive().Path(), m.Name, err)
		}
		files[i] = File{Member: m, Output: filepath.Join(dir, filepath.FromSlash(name)), name: name}
	}
	if err := atomicfile.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	u := unpacker{o, root}
	for _, f := range files {
		if err := u.vacant(f); err != nil {
			return nil, &Refusal{f.Output, err}
		}
	}
	groups := grouping(files)
	err = parallel.Each(ctx, o.Workers, int64(len(groups)), func(ctx context.Context, i int64) error {
		u.group(ctx, groups[i])
		return ctx.Err()
	})
	return slices.Concat(groups...), err
}

// grouping puts files together whose names differ in nothing but case.
func grouping(files []File) [][]File {
	var groups [][]File
	at := map[string]int{}
	for _, f := range files {
		key := strings.ToLower(f.name)
		i, ok := at[key]
		if !ok {
			i = len(groups)
			at[key] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], f)
	}
	return groups
}

// unpacker writes below one directory.
type unpacker struct {
	Options
	root *os.Root
}

// group writes the members of a group. A file that one of them became is not replaced by another.
func (u unpacker) group(ctx context.Context, files []File) {
	var written []fs.FileInfo
	for i := range files {
		f := &files[i]
		if f.Err = u.one(ctx, *f, written); f.Err != nil {
			continue
		}
		if info, err := u.root.Stat(f.name); err == nil && !f.Member.IsDir() {
			written = append(written, info)
		}
		if u.Written != nil && !f.Member.IsDir() {
			f.Err = u.Written(*f)
		}
	}
}

// one writes a member, unless its file is one of those that were written.
func (u unpacker) one(ctx context.Context, f File, written []fs.FileInfo) error {
	if err := u.vacant(f); err != nil {
		return err
	}
	if info, err := u.root.Stat(f.name); err == nil && slices.ContainsFunc(written, func(w fs.FileInfo) bool { return os.SameFile(w, info) }) {
		return errors.New("is what another member of the archive became")
	}
	if err := atomicfile.MkdirAllIn(u.root, path.Dir(f.name), 0o777); err != nil {
		return err
	}
	if f.Member.IsDir() {
		return atomicfile.MkdirAllIn(u.root, f.name, 0o777)
	}
	return u.below(ctx, f)
}

// below writes a member to its file, out of whose folder no link leads.
func (u unpacker) below(ctx context.Context, f File) error {
	out, err := atomicfile.CreateIn(u.root, f.name, f.Output, u.Rules...)
	if err != nil {
		return err
	}
	defer out.Abort()
	if err := u.Write(ctx, out, f.Member); err != nil {
		return out.Named(err)
	}
	return out.Commit()
}

// vacant makes sure that nothing is in the way of a file, and that no link leads out of the
// directory.
func (u unpacker) vacant(f File) error {
	info, err := u.root.Stat(f.name)
	switch missing := errors.Is(err, fs.ErrNotExist); {
	case missing:
		if _, err := u.root.Lstat(f.name); err == nil {
			return errors.New("is a link that leads nowhere")
		}
		if _, err := u.root.Stat(path.Dir(f.name)); f.Member.IsDir() || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	case err != nil:
		return err
	case f.Member.IsDir() && info.IsDir():
		return nil
	case !info.Mode().IsRegular():
		return errors.New("is there, and no regular file")
	}
	out, err := atomicfile.CreateIn(u.root, f.name, f.Output, u.Rules...)
	if err == nil {
		out.Abort()
	}
	if errors.Is(err, atomicfile.ErrInput) {
		return errors.New("is the archive that is read")
	}
	return err
}
