package lazy

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
)

// A replacement puts a file of data and its sidecar in the place of others. It ends with commit or abort.
type replacement struct {
	path    string // as it was asked for
	target  string // what that leads to
	temp    string // the data until then
	sidecar *atomicfile.File
	beside  string // the sidecar's path
	aside   string // the old sidecar, on its way out
	placed  bool   // the data are in their place
}

// newReplacement lets save write the data to a temporary file in the folder of path, and writes the sidecar to
// another. Nothing that can be seen has changed then.
func newReplacement(path string, text []byte, save func(temp string) error) (*replacement, error) {
	probe, err := atomicfile.Create(path) // refuses what may not be replaced, before the long work
	if err != nil {
		return nil, err
	}
	probe.Abort()
	r := &replacement{path: path, target: atomicfile.Target(path), beside: SidecarPath(path)}
	r.temp, r.aside = besides(r.target), besides(r.beside)
	if err := r.fill(text, save); err != nil {
		r.abort()
		return nil, r.named(err)
	}
	return r, nil
}

// besides is a name in the folder of path that nothing has.
func besides(path string) string {
	const longest = 200 // of the bytes of a name that are repeated: there is room for 255 at most
	dir, name := filepath.Split(path)
	return filepath.Join(dir, "."+strings.ToValidUTF8(name[:min(len(name), longest)], "")+"."+rand.Text()[:8]+".tmp")
}

func (r *replacement) fill(text []byte, save func(temp string) error) error {
	if err := save(r.temp); err != nil {
		return err
	}
	if old, err := os.Stat(r.target); err == nil {
		if err := os.Chmod(r.temp, old.Mode().Perm()); err != nil {
			return err
		}
	}
	var err error
	if r.sidecar, err = atomicfile.Create(r.beside); err != nil {
		return err
	}
	_, err = r.sidecar.Write(text)
	return r.sidecar.Named(err)
}

// steps are what commit does, in an order in which data never lie beside the sidecar of others.
func (r *replacement) steps() []func() error {
	return []func() error{r.removeOld, r.place, r.describe}
}

func (r *replacement) commit() error {
	for _, step := range r.steps() {
		if err := step(); err != nil {
			return r.named(err)
		}
	}
	return nil
}

// removeOld puts the old sidecar aside, to bring it back if the data cannot take their place.
func (r *replacement) removeOld() error {
	err := os.Rename(r.beside, r.aside)
	if errors.Is(err, fs.ErrNotExist) {
		r.aside = ""
		return nil
	}
	if err != nil {
		r.aside = ""
		return err
	}
	return atomicfile.SyncDir(r.beside)
}

// place puts the data in their place.
func (r *replacement) place() error {
	if err := os.Rename(r.temp, r.target); err != nil {
		return err
	}
	r.placed = true
	return atomicfile.SyncDir(r.target)
}

// describe puts the sidecar in its place.
func (r *replacement) describe() error { return r.sidecar.Commit() }

// abort removes what is not in its place, and brings the old sidecar back if the old data are still there.
func (r *replacement) abort() {
	if r.sidecar != nil {
		r.sidecar.Abort()
	}
	if !r.placed {
		_ = os.Remove(r.temp) // there is an error to tell already
	}
	switch {
	case r.aside == "":
	case r.placed:
		_ = os.Remove(r.aside) // is of no use to anybody
	default:
		_ = os.Rename(r.aside, r.beside) // there is an error to tell already
	}
}

// named makes an error about a temporary file one about the file that was asked for.
func (r *replacement) named(err error) error {
	names := map[string]string{r.temp: r.path, r.target: r.path, r.aside: r.beside}
	if e, ok := errors.AsType[*fs.PathError](err); ok && names[e.Path] != "" {
		return &fs.PathError{Op: e.Op, Path: names[e.Path], Err: e.Err}
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		path := names[e.Old]
		if path == "" {
			path = e.Old
		}
		return &fs.PathError{Op: "write", Path: path, Err: e.Err}
	}
	return err
}
