package kubernetes

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/lazynpy/lazynpy/distributed"
)

// mount is a place in a worker where it finds files that the driver finds, too.
type mount struct {
	path     string // clean
	readOnly bool
}

// private are the kinds of volumes whose files no driver sees.
var private = []string{"configMap", "downwardAPI", "emptyDir", "ephemeral", "image", "projected", "secret"}

// mounts are those of the worker.
func (p pinned) mounts() []mount {
	alone := map[string]bool{}
	for _, v := range p.Spec.Template.Spec.Volumes {
		for _, kind := range private {
			if _, is := v[kind]; is {
				var name string
				_ = json.Unmarshal(v["name"], &name) // a volume without a name is none's
				alone[name] = true
			}
		}
	}
	var out []mount
	for _, m := range p.worker().VolumeMounts {
		if !alone[m.Name] {
			out = append(out, mount{path.Clean(m.MountPath), m.ReadOnly})
		}
	}
	return out
}

// checkFiles says whether workers see all files of a round, and can write those that are written:
// the run directory and the outputs. The plan says which they are; a run directory that is not here
// has none to look at yet.
func checkFiles(mounts []mount, dir string) error {
	if err := checkFile(mounts, "run directory", dir, true); err != nil {
		return err
	}
	p, err := distributed.ReadPlan(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("kubernetes: %w", err)
	}
	for _, in := range p.Inputs {
		if err := checkFile(mounts, "input", in.Path, false); err != nil {
			return err
		}
	}
	for _, r := range p.Reduce {
		if err := checkFile(mounts, "output", r.Path, true); err != nil {
			return err
		}
	}
	if p.Output != nil {
		return checkFile(mounts, "output", p.Output.Path, true)
	}
	return nil
}

// checkFile says whether workers see one file, and can write it.
func checkFile(mounts []mount, what, name string, write bool) error {
	place, in, err := follow(mounts, name)
	if err != nil {
		return fmt.Errorf("kubernetes: %s %w", what, err)
	}
	if in == nil {
		which := name
		if place != path.Clean(name) {
			which += " leads to " + place + ", which"
		}
		option := path.Dir(place)
		if !write {
			option += ":ro"
		}
		return fmt.Errorf("kubernetes: %s %s is in no volume: pods would not see it; add one, as --volume host:%s", what, which, option)
	}
	if write && in.readOnly {
		return fmt.Errorf("kubernetes: %s %s is in a read-only volume, at %s: pods could not write there; give its --volume without :ro", what, name, in.path)
	}
	return nil
}

// maxLinks is how many links of a path are followed, as the kernel of Linux does.
const maxLinks = 40

// follow gives the place of a file as a pod finds it, and the mount that it is in, nil if there is
// none. Links are followed below mounts only: those that lead to a mount are this machine's.
func follow(mounts []mount, name string) (string, *mount, error) {
	at := path.Clean(name)
	for range maxLinks {
		in := innermost(mounts, at)
		if in == nil {
			return at, nil, nil
		}
		next, linked := firstLink(in.path, at)
		if !linked {
			return at, in, nil
		}
		at = next
	}
	return "", nil, fmt.Errorf("%s: more than %d links", name, maxLinks)
}

// innermost is the mount that a path is in. Where mounts nest, the innermost one counts.
func innermost(mounts []mount, name string) *mount {
	var in *mount
	for i, m := range mounts {
		if covers(m.path, name) && (in == nil || len(m.path) > len(in.path)) {
			in = &mounts[i]
		}
	}
	return in
}

// firstLink replaces the first link of a path, below a folder, by what it says.
func firstLink(below, name string) (string, bool) {
	parts := strings.Split(strings.TrimPrefix(strings.TrimPrefix(name, below), "/"), "/")
	for i, part := range parts {
		target, err := os.Readlink(path.Join(below, part))
		if err != nil { // it is no link, or it is not here
			below = path.Join(below, part)
			continue
		}
		if !path.IsAbs(target) {
			target = path.Join(below, target)
		}
		return path.Join(target, path.Join(parts[i+1:]...)), true
	}
	return "", false
}

// covers says whether a path is at or below a mount.
func covers(mount, name string) bool {
	mount, name = path.Clean(mount), path.Clean(name)
	return mount == "/" || name == mount || strings.HasPrefix(name, mount+"/")
}
