package zipseek

import (
	"errors"
	"io"
	"io/fs"
	"math"
	"os"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/internal/filelock"
)

// Append adds members to the archive at path. They are written behind all that is there, and behind
// them a new directory, so that no byte of the old archive changes: the old directory stays as a
// few dead bytes in the middle. The comment, what was put before the archive, and all that the
// directory says about the old members are kept. Whoever has the archive open meanwhile reads on
// what was there when it was opened; a later [Open] shows what was added.
//
// The new members are there when Close has succeeded. After an error, and after Abort, the file is
// byte for byte what it was. An archive of up to [CopyLimit], or of any size on a file system that
// shares the blocks of copies (btrfs, XFS), is extended as a copy that takes its place, so that a
// process that dies leaves the old one. So is none that has several names (hard links). All others
// grow in place. A small file path.append, the journal, says so meanwhile: if the process dies,
// [Open] reads the old members, and the next Append, or [Recover], cuts the file back; other tools
// cannot read it until then. Closing a writer without having added anything changes nothing.
//
// Who appends to one archive at once, in one process or in many, takes turns: see [WaitFor] and
// [OrCreate]. Nobody else is kept out: if the archive was replaced meanwhile, Close returns an
// error that matches [ErrReplaced], and the new one is left alone. A file that is read-only or no
// regular file is refused, and one whose folder cannot be written to.
func Append(path string, opts ...WriterOption) (*Writer, error) {
	c, err := defaultWriterConfig.with("Append", aboutArchive&^aboutReplaced|aboutNothing, opts)
	if err != nil {
		return nil, fileerr.New(path, err)
	}
	lock, err := filelock.Open(path, c.wait)
	if c.create && errors.Is(err, fs.ErrNotExist) {
		return begin(path, c)
	}
	if err != nil {
		return nil, err
	}
	w, err := appendTo(lock, path, c)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return w, nil
}

// CopyLimit is the size up to which an archive is copied to be appended to.
const CopyLimit = 16 << 20

// appendTo makes a writer at the end of an archive that is locked.
func appendTo(lock *filelock.Lock, path string, c writerConfig) (*Writer, error) {
	if _, err := recoverAppend(lock.File, path); err != nil {
		return nil, err
	}
	a, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	if a.end.wrapped || a.end.narrow { // a zip64 record would make what is stated true
		return nil, a.formatError(a.end.pos, "end record", badf("numbers seem to be stated modulo 4 GiB, without zip64: repack the archive first"))
	}
	dir, err := a.directoryEntries()
	if err != nil {
		return nil, err
	}
	t, err := grow(lock, path, a.file.Size(), c)
	if err != nil {
		return nil, err
	}
	w := newWriter(path, c, t, a.file.Size())
	w.dir, w.base, w.comment, w.count, w.idle = dir, a.end.base, a.end.comment, int64(len(a.members)), true
	for _, m := range a.All() {
		w.names[m.Name] = struct{}{}
	}
	return w, nil
}

// grow makes the target for an archive of so many bytes: a copy, or itself.
func grow(lock *filelock.Lock, path string, size int64, c writerConfig) (target, error) {
	if !c.inPlace {
		t, err := extendCopy(lock, path, size)
		if t != nil || err != nil {
			return t, err
		}
	}
	t := &appendTarget{file: lock, current: lock.Current, path: path, journal: journalPath(path), size: size}
	return t, t.begin()
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
	file    appendFile   // locked until it is closed
	current func() error // tells whether it is still under its path
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

// barrier makes sure that an end record is on disk only if all before it is. Then one that is
// found behind a journal says that the members are complete.
func (t *appendTarget) barrier() error { return t.file.Sync() }

func (t *appendTarget) commit() error {
	if err := t.file.Sync(); err != nil {
		return err
	}
	if err := t.current(); err != nil {
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
