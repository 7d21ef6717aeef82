package lazy

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
)

// A replacement puts a file of data and its sidecar in the place of others. It ends with commit or
// abort.
type replacement struct {
	data    *atomicfile.File
	sidecar *atomicfile.File
	beside  string // the sidecar's path
	aside   string // the old sidecar, on its way out; "" if there is none, or it is in its place
	placed  bool   // the data are in their place
}

// newReplacement lets fill write the data to a temporary file, and writes the sidecar to another.
// Nothing that can be seen has changed then.
func newReplacement(path string, text []byte, rules []atomicfile.Option, fill func(*atomicfile.File) error) (_ *replacement, err error) {
	r := &replacement{beside: SidecarPath(path)}
	defer func() {
		if err != nil {
			r.abort()
		}
	}()
	if r.data, err = atomicfile.Create(path, rules...); err != nil {
		return nil, err
	}
	if r.sidecar, err = atomicfile.Create(r.beside, besideData(atomicfile.Target(path))...); err != nil {
		return nil, err
	}
	if err := fill(r.data); err != nil {
		return nil, r.data.Named(err)
	}
	if err := r.data.Sync(); err != nil { // now, and not while there is no sidecar
		return nil, r.data.Named(err)
	}
	_, err = r.sidecar.Write(text)
	return r, r.sidecar.Named(err)
}

// steps are what commit does, in an order in which data never lie beside the sidecar of others.
func (r *replacement) steps() []func() error {
	return []func() error{r.removeOld, r.place, r.describe}
}

func (r *replacement) commit() error {
	for _, step := range r.steps() {
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
func (r *replacement) place() error {
	if err := r.data.Commit(); err != nil {
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
	for _, f := range []*atomicfile.File{r.data, r.sidecar} {
		if f != nil {
			f.Abort()
		}
	}
	switch {
	case r.aside == "":
	case r.placed:
		_ = os.Remove(r.aside) // is of no use to anybody
	default:
		_ = os.Rename(r.aside, r.beside) // there is an error to tell already
	}
}
