package signal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
)

// A replacement puts a sidecar in the place of another one, around data that do so. It ends with
// commit or abort.
type replacement struct {
	sidecar *atomicfile.File
	beside  string // the sidecar's path
	aside   string // the old sidecar, on its way out; "" if there is none, or it is in its place
	placed  bool   // the data are in their place
}

// newReplacement writes the sidecar of the file at path to a temporary one. Nothing that can be
// seen has changed then.
func newReplacement(path string, text []byte) (_ *replacement, err error) {
	if err := atomicfile.Check(path); err != nil {
		return nil, err // which is to be about the data
	}
	r := &replacement{beside: SidecarPath(path)}
	if r.sidecar, err = atomicfile.Create(r.beside, besideData(atomicfile.Target(path))...); err != nil {
		return nil, err
	}
	if _, err := r.sidecar.Write(text); err != nil {
		r.abort()
		return nil, r.sidecar.Named(err)
	}
	return r, nil
}

// steps are what commit does, in an order in which data never lie beside the sidecar of others.
func (r *replacement) steps(place func() error) []func() error {
	return []func() error{r.removeOld, func() error { return r.place(place) }, r.describe}
}

func (r *replacement) commit(place func() error) error {
	for _, step := range r.steps(place) {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// removeOld puts the old sidecar aside, to bring it back if the data cannot take their place. It
// has a name by which a user finds it if the process dies now.
func (r *replacement) removeOld() error {
	dir, name := filepath.Split(r.beside)
	aside := dir + "." + name + ".old"
	err := os.Rename(r.beside, aside)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	r.aside = aside
	return atomicfile.SyncDir(r.beside)
}

// place puts the data in their place.
func (r *replacement) place(place func() error) error {
	if err := place(); err != nil {
		return err
	}
	r.placed = true
	return nil
}

// describe puts the sidecar in its place.
func (r *replacement) describe() error { return r.sidecar.Commit() }

// abort removes what is not in its place, and brings the old sidecar back if the old data are still
// there.
func (r *replacement) abort() {
	r.sidecar.Abort()
	switch {
	case r.aside == "":
	case r.placed:
		_ = os.Remove(r.aside) // is of no use to anybody
	default:
		_ = os.Rename(r.aside, r.beside) // there is an error to tell already
	}
}
