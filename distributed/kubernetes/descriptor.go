package kubernetes

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/lazynpy/lazynpy/distributed"
)

// Descriptor describes the engine to commands.
var Descriptor = distributed.Descriptor{
	Name:     "kubernetes",
	Text:     "pods of an Indexed Job",
	Flags:    flags,
	Poll:     distributed.PollShared,
	Detaches: true,
	Submits:  "kubectl create -f FILE",
}

func flags(set *flag.FlagSet) func() (distributed.Engine, error) {
	var e Engine
	var user string
	var volumes, labels, nodes, annotations distributed.Strings
	set.StringVar(&e.Image, "image", "", "container `image` with this program")
	set.Var((*distributed.Strings)(&e.Command), "entrypoint", "`word` of the command that starts the program; can be repeated (default: the image's)")
	set.Var(&volumes, "volume", "`VOLUME`: claim:NAME=/path, claim:NAME/folder=/path, host:/path or nfs:SERVER:/export=/path, with :ro behind it for inputs alone; can be repeated")
	set.StringVar(&e.CPU, "cpus", "", "`cores` of one pod (default 1)")
	set.StringVar(&e.Memory, "mem", "", "`memory` of one pod, as 8Gi (default 2Gi)")
	set.IntVar(&e.Parallelism, "max-running", 0, "pods at a time (default 1000)")
	set.StringVar(&e.Namespace, "namespace", "", "`namespace` (default: the context's)")
	set.StringVar(&e.Context, "context", "", "`context` of kubectl (default: the current one)")
	set.StringVar(&e.PullPolicy, "pull-policy", "", "Always, IfNotPresent or Never")
	set.StringVar(&user, "user", "", "`UID[:GID]` that workers run as, or image for the image's (default: yours, unless you are root)")
	set.StringVar(&e.ServiceAccount, "service-account", "", "`name` of the service account")
	set.Var(&labels, "label", "`KEY=VALUE` of the job, as a queue's name; can be repeated")
	set.Var(&nodes, "node-selector", "`KEY=VALUE` that a node must have; can be repeated")
	set.Var((*distributed.Strings)(&e.Tolerations), "toleration", "`KEY[=VALUE][:EFFECT]`, a taint of nodes that does not matter; can be repeated")
	set.Var(&annotations, "annotation", "`KEY=VALUE` of the job and its pods; can be repeated")
	set.Var((*patchValue)(&e.Patch), "patch", "`file` with JSON that is merged into the job, for all that has no flag")
	return func() (distributed.Engine, error) {
		if e.Image == "" || len(volumes) == 0 {
			return nil, errors.New("--engine kubernetes needs an --image, and a --volume for the run directory, the inputs and the outputs")
		}
		if e.Parallelism < 0 || e.Parallelism > MaxParallelism {
			return nil, fmt.Errorf("--max-running %d (want 1 to %d)", e.Parallelism, MaxParallelism)
		}
		e.User = podUser(user)
		for _, text := range volumes {
			v, err := ParseVolume(text)
			if err != nil {
				return nil, err
			}
			e.Volumes = append(e.Volumes, v)
		}
		var err error
		if e.Labels, err = keyValues("label", labels); err != nil {
			return nil, err
		}
		if e.NodeSelector, err = keyValues("node-selector", nodes); err != nil {
			return nil, err
		}
		if e.Annotations, err = keyValues("annotation", annotations); err != nil {
			return nil, err
		}
		return e, e.Validate()
	}
}

// podUser is who workers run as: the owner of the run directory, which nobody else may write to.
// Root of this machine is not root of a pod, which has no capabilities.
func podUser(flag string) string {
	switch uid := os.Geteuid(); {
	case flag == "image":
		return ""
	case flag != "" || uid <= 0: // there are no numbers on Windows
		return flag
	default:
		return fmt.Sprintf("%d:%d", uid, os.Getegid())
	}
}

// maxPatch bounds the file of a patch, which engine.json has room for.
const maxPatch = 64 << 10

// patchValue is the flag of a patch: a file, whose content is kept, or the content itself.
type patchValue json.RawMessage

// Set reads the file.
func (v *patchValue) Set(s string) error {
	text := []byte(s)
	if !strings.HasPrefix(strings.TrimSpace(s), "{") {
		f, err := os.Open(s)
		if err != nil {
			return err
		}
		defer f.Close()
		if text, err = io.ReadAll(io.LimitReader(f, maxPatch+1)); err != nil {
			return err
		}
		if len(text) > maxPatch {
			return fmt.Errorf("%s: more than %d bytes", s, maxPatch)
		}
	}
	patch, err := ParsePatch(text)
	*v = patchValue(patch)
	return err
}

// String is the content.
func (v *patchValue) String() string { return string(*v) }

// keyValues reads KEY=VALUE pairs; nil if there are none.
func keyValues(flag string, pairs []string) (map[string]string, error) {
	var m map[string]string
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("--%s %q: want KEY=VALUE", flag, pair)
		}
		if m == nil {
			m = map[string]string{}
		}
		m[key] = value
	}
	return m, nil
}
