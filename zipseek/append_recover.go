package zipseek

import (
	"bytes"
	"errors"
	"os"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/internal/filelock"
)

// Recover mends the archive at path after a process died in [Append], and reports whether there was
// something to mend. Members whose Close had not brought them to disk are cut off; the archive is
// byte for byte what it was before. An archive without a journal is left alone. Append does the
// same before it begins, and both wait for whoever writes to the archive, as [WaitFor] says, which
// is the only option that Recover takes.
func Recover(path string, opts ...WriterOption) (mended bool, err error) {
	c, err := defaultWriterConfig.with("Recover", aboutTurns, opts)
	if err != nil {
		return false, fileerr.New(path, err)
	}
	lock, err := filelock.Open(path, c.wait)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	return recoverAppend(lock.File, path)
}

// recoverAppend is [Recover] on a file that is locked.
func recoverAppend(f *os.File, path string) (mended bool, err error) {
	j, exists, err := loadJournal(journalPath(path))
	if err != nil || !exists {
		return false, err
	}
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	ours, err := j.describes(f, info.Size())
	if err != nil {
		return false, err
	}
	whole := false
	if ours && info.Size() > j.size {
		if whole, err = wasCompleted(path, j.size); err != nil {
			return false, err
		}
	}
	if ours && info.Size() > j.size && !whole {
		if err := f.Truncate(j.size); err != nil {
			return false, err
		}
		if err := f.Sync(); err != nil {
			return false, err
		}
	}
	// The journal of a file that has been replaced is of no use to anybody.
	if err := os.Remove(journalPath(path)); err != nil {
		return false, err
	}
	return ours, atomicfile.SyncDir(journalPath(path))
}

// wasCompleted is completed for an archive that is not open.
func wasCompleted(path string, size int64) (bool, error) {
	file, err := bytesrc.Open(path, bytesrc.Options{Backend: bytesrc.BackendPread})
	if err != nil {
		return false, err
	}
	return completed(path, file, size), file.Close()
}

// completed reports whether an archive that had size bytes has been appended to up to the last
// byte: its last bytes are an end record with the old comment, which leads to a directory that
// begins with the old one. An archive that happens to be the content of a new member has no
// such directory.
func completed(path string, file *bytesrc.File, size int64) bool {
	var err error
	old, now := &Archive{path: path, file: file}, &Archive{path: path, file: file}
	if old.load(size) != nil || now.load(file.Size()) != nil {
		return false
	}
	if now.end.end != file.Size() || now.end.start < size || now.end.base != old.end.base || now.end.comment != old.end.comment {
		return false
	}
	before, err := old.directoryEntries()
	if err != nil {
		return false
	}
	after, err := now.directoryEntries()
	return err == nil && bytes.HasPrefix(after, before)
}
