package kubernetes

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Volume is a filesystem that pods and driver share, and where the pods see it. One of Claim, Host
// and Source must be set.
type Volume struct {
	Claim string // name of a PersistentVolumeClaim in the namespace
	// absolute path of a directory that exists on every node, as of a parallel filesystem
	Host string
	// any other volume source of the API, as {"nfs": {"server": "s", "path": "/scans"}}
	Source json.RawMessage
	// a folder in the volume, relative, that is mounted instead of all of it; not for Host
	SubPath  string
	Mount    string // absolute path in the pods; default for Host: the same path
	ReadOnly bool   // workers cannot write there; not for the volume of the run directory
}

// ParseVolume reads a volume from a line: "claim:NAME=/mount", "claim:NAME/folder=/mount" for a
// folder in it, "host:/path", "host:/path=/mount" or "nfs:SERVER:/export=/mount", each with ":ro"
// after it for read-only. A path with ":" or "=/" in it has no such form.
func ParseVolume(s string) (Volume, error) {
	text, readOnly := strings.CutSuffix(s, ":ro")
	kind, rest, _ := strings.Cut(text, ":")
	what, mount, mounted := strings.Cut(rest, "=/")
	v := Volume{ReadOnly: readOnly}
	if mounted {
		v.Mount = "/" + mount
	}
	switch kind {
	case "claim":
		var folder bool
		if v.Claim, v.SubPath, folder = strings.Cut(what, "/"); folder && v.SubPath == "" {
			return Volume{}, fmt.Errorf("kubernetes: volume %q: no folder is named behind the slash", s)
		}
	case "host":
		v.Host = what
	case "nfs":
		server, export, _ := strings.Cut(what, ":")
		if server == "" || !path.IsAbs(export) {
			return Volume{}, fmt.Errorf("kubernetes: volume %q: want nfs:SERVER:/export=/mount", s)
		}
		source, err := json.Marshal(map[string]any{"nfs": map[string]string{"server": server, "path": export}})
		if err != nil {
			return Volume{}, fmt.Errorf("kubernetes: volume %q: %w", s, err)
		}
		v.Source = source
	default:
		return Volume{}, fmt.Errorf("kubernetes: volume %q: want claim:NAME=/mount, host:/path or nfs:SERVER:/export=/mount", s)
	}
	if _, _, err := v.resolve(); err != nil {
		return Volume{}, fmt.Errorf("kubernetes: volume %q: %w", s, err)
	}
	return v, nil
}

// resolve gives the source as the API wants it, and where it is mounted.
func (v Volume) resolve() (source map[string]any, mount string, err error) {
	mount = v.Mount
	set := 0
	if v.Claim != "" {
		set++
		source = map[string]any{"persistentVolumeClaim": map[string]any{"claimName": v.Claim}}
	}
	if v.Host != "" {
		set++
		if mount == "" {
			mount = v.Host
		}
		if !path.IsAbs(v.Host) {
			return nil, "", fmt.Errorf("%q is not an absolute path of a node", v.Host)
		}
		// Without a type a directory that is missing on a node would be made there, empty.
		source = map[string]any{"hostPath": map[string]any{"path": v.Host, "type": "Directory"}}
	}
	if len(v.Source) > 0 {
		set++
		if err := json.Unmarshal(v.Source, &source); err != nil {
			return nil, "", fmt.Errorf("its source is not a JSON object: %w", err)
		}
		if _, named := source["name"]; named || len(source) != 1 {
			return nil, "", errors.New("its source must have exactly one key, the kind of volume")
		}
	}
	switch {
	case set != 1:
		return nil, "", errors.New("want one of a claim, a directory of the host and a source")
	case !path.IsAbs(mount):
		return nil, "", fmt.Errorf("want an absolute path where it is mounted, as =/data, not %q", mount)
	case v.SubPath != "" && (v.Host != "" || !filepath.IsLocal(v.SubPath) || slices.Contains(strings.Split(v.SubPath, "/"), "..")):
		return nil, "", fmt.Errorf("want a folder in a volume, not %q", v.SubPath)
	case strings.Contains(mount, ":"):
		return nil, "", fmt.Errorf("no volume can be mounted at %q, since the path has a colon", mount)
	}
	return source, path.Clean(mount), nil
}
