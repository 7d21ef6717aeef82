package zipseek

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
)

// Append adds members to the archive at path. They are written behind all that is there, and behind
// them a new directory, so that no byte of the old archive changes: the old directory stays as a
// few dead bytes in the middle. The comment, what was put before the archive, and all that the
// directory says about the old members are kept. Whoever has the archive open meanwhile gets
// [ErrChanged] and has to open it again.
//
// The new members are there when Close has succeeded. After an error, and after Abort, the file is
// byte for byte what it was. A small file path.append, the journal, says so while the archive grows: if
// the process dies, [Open] reads the old members, and the next Append, or [Recover], cuts the file
// back. Closing a writer without having added anything changes nothing.
//
// Only one process may append at a time; a lock on the file sees to it where the system has such
// locks. A file that is read-only or no regular file is refused, and one whose folder cannot be
// written to.
func Append(path string, opts ...WriterOption) (*Writer, error) {
	c, err := defaultWriterConfig.with(opts)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f, err := openLocked(path)
	if err != nil {
		return nil, err
	}
	w, err := appendTo(f, path, c)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return w, nil
}

// openLocked opens an archive to be changed, and makes sure that nobody else changes it.
func openLocked(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for somebody to read it
		return nil, &os.PathError{Op: "append", Path: path, Err: errors.New("not a regular file")}
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	err = lockFile(f)
	if err == nil {
		// The file may have been replaced before it was locked.
		var now, locked os.FileInfo
		now, err = os.Stat(path)
		if err == nil {
			locked, err = f.Stat()
		}
		if err == nil && !os.SameFile(now, locked) {
			err = errLocked
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return f, nil
}

var errLocked = errors.New("somebody else is writing to the archive")

// appendTo makes a writer at the end of an archive that is locked.
func appendTo(f *os.File, path string, c writerConfig) (*Writer, error) {
	if _, err := recoverAppend(f, path); err != nil {
		return nil, err
	}
	a, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	t := &appendTarget{file: f, path: path, journal: journalPath(path), size: a.file.Size()}
	w := newWriter(path, c, t, t.size)
	w.base, w.comment, w.count, w.idle = a.end.base, a.end.comment, int64(len(a.members)), true
	for _, m := range a.All() {
		w.names[m.Name] = struct{}{}
	}
	if w.dir, err = a.directoryEntries(); err != nil {
		return nil, err
	}
	return w, t.begin()
}

// directoryEntries returns the bytes of the directory, without the digital signature that
// may be behind the entries.
func (a *Archive) directoryEntries() ([]byte, error) {
	b := make([]byte, a.end.size) // which was read already, to find the members
	if _, err := a.file.ReadAt(b, a.end.start); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	n := 0
	for range a.members {
		n += entryLen(b[n:])
	}
	return b[:n], nil
}

// An appendFile is what appending does to an archive. Tests stop it at any point.
type appendFile interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
	Sync() error
	Close() error
}

// appendTarget is an archive that grows.
type appendTarget struct {
	file    appendFile // locked until it is closed
	path    string
	journal string
	size    int64 // of the old archive
}

// begin writes the journal, which is on disk before the first byte of the archive changes.
func (t *appendTarget) begin() error {
	sum, err := sumTail(t.file, t.size)
	if err != nil {
		return err
	}
	return writeJournal(t.path, journal{size: t.size, sum: sum})
}

func (t *appendTarget) WriteAt(b []byte, off int64) (int, error) {
	if off > math.MaxInt64-int64(len(b)) {
		return 0, errors.New("archive is too large")
	}
	return t.file.WriteAt(b, off)
}

// settle makes sure that an end record is on disk only if all before it is. Then one that is
// found behind a journal says that the members are complete.
func (t *appendTarget) settle() error { return t.file.Sync() }

func (t *appendTarget) commit() error {
	if err := t.file.Sync(); err != nil {
		return err
	}
	if err := os.Remove(t.journal); err != nil {
		return err
	}
	// The new members count from here on.
	return errors.Join(atomicfile.SyncDir(t.journal), t.file.Close())
}

// abort cuts the archive back. If that fails, the journal stays for [Recover].
func (t *appendTarget) abort() error {
	err := t.file.Truncate(t.size)
	if err == nil {
		err = t.file.Sync()
	}
	if err == nil {
		err = os.Remove(t.journal)
	}
	return errors.Join(err, t.file.Close())
}
