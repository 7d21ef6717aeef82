package distributed

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/lazynpy/lazynpy/distributed/internal/rundir"
)

// ErrUntrusted says that somebody else may have written what is in a run directory: it, or
// something in it, belongs to another user, or others may write to it. Whoever resumes or cancels a
// run does what the files in there say, with his own rights.
var ErrUntrusted = rundir.ErrUntrusted

// Trusted returns an error that matches [ErrUntrusted] if somebody else than the user and root may
// have written what is in a run directory. One that is not there is trusted.
func Trusted(dir string) error {
	dir = RunDir(dir)
	err := rundir.Check(dir, planName, "engine.json", journalDir, roundDir, doneName)
	switch {
	case err == nil || errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, ErrUntrusted):
		return err
	}
	return notRunDir(dir, err)
}

// ReadRunFile reads a file of a run directory, a regular one of at most so many bytes.
func ReadRunFile(dir, name string, most int64) ([]byte, error) {
	return rundir.ReadFile(filepath.Join(RunDir(dir), name), most)
}
