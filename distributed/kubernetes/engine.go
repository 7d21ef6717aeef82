package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

// The defaults of an [Engine], and the most that it accepts.
const (
	DefaultParallelism = 1000            // pods at once, where there is work for as many
	DefaultCPU         = "1"             // cores of one pod
	DefaultMemory      = "2Gi"           // memory of one pod
	DefaultBackoff     = 10              // failures of one index
	DefaultPoll        = 5 * time.Second // between two questions to the control plane
	// The control plane's limit for Jobs of more than 100 000 indices.
	MaxParallelism = 10_000
	// The control plane's limit for counting failures per index.
	MaxWorkers = 100_000
)

// Engine is a [distributed.Engine] whose workers are the pods of an Indexed Job. Image and Volumes
// must be set, the other fields have usable zero values. It is safe for concurrent use as long as
// nobody changes it.
type Engine struct {
	// container image with the program of the plan, as "registry.example.org/lazynpy:1"
	Image string
	// how the image starts the program, before the worker's arguments; default: its entrypoint
	Command []string
	Volumes []Volume // where the run directory, the inputs and the outputs are

	Context   string // of the kubectl configuration; default: the current one
	Namespace string // default: that of the context
	Kubectl   string // the program, a name in PATH or a path; default "kubectl"
	// "Always", "IfNotPresent" or "Never"; default: as the control plane decides by the tag
	PullPolicy string

	// pods at once, 1 to MaxParallelism; default: as many as there is work for, up to
	// DefaultParallelism
	Parallelism int
	// cores of one pod, requested and allowed, as "4" or "500m"; default DefaultCPU
	CPU    string
	Memory string // memory of one pod, requested and allowed, as "8Gi"; default DefaultMemory
	// "UID" or "UID:GID" that workers run as and files will belong to; default: the image's
	User string

	ServiceAccount string            // default: the namespace's; its token is not mounted
	NodeSelector   map[string]string // labels that a node must have
	// taints of nodes that do not matter, as "KEY=VALUE:NoSchedule", "KEY:NoExecute" or "KEY"
	Tolerations []string
	// more labels of the Job and its pods, as "kueue.x-k8s.io/queue-name"
	Labels      map[string]string
	Annotations map[string]string // annotations of the Job and its pods

	// Patch is merged into the Job at last; see [ParsePatch]. It cannot change what the run depends
	// on, as the number of indices and the worker's arguments.
	Patch json.RawMessage

	// failures of one index before it is given up in this round; default DefaultBackoff
	BackoffLimitPerIndex int
	// the least time between two questions about one Job; default DefaultPoll
	Poll time.Duration
}

// Name is "kubernetes".
func (Engine) Name() string { return "kubernetes" }

// Validate returns an error if what the engine has can be of no use, whatever the round.
func (e Engine) Validate() error {
	if _, err := e.security(); err != nil {
		return err
	}
	for _, t := range e.Tolerations {
		if _, err := parseToleration(t); err != nil {
			return err
		}
	}
	for i, v := range e.Volumes {
		if _, _, err := v.resolve(); err != nil {
			return fmt.Errorf("kubernetes: volume %d: %w", i, err)
		}
	}
	if _, own := e.Annotations[digestKey]; own {
		return fmt.Errorf("kubernetes: the annotation %s is the engine's own", digestKey)
	}
	if len(e.Patch) > 0 {
		if _, err := patchTree(e.Patch); err != nil {
			return err
		}
	}
	switch {
	case e.Image == "":
		return errors.New("kubernetes: no image is named")
	case e.Parallelism < 0 || e.Parallelism > MaxParallelism:
		return fmt.Errorf("kubernetes: parallelism %d: want 1 to %d", e.Parallelism, MaxParallelism)
	case e.BackoffLimitPerIndex < 0:
		return fmt.Errorf("kubernetes: backoff limit per index %d: want 1 or more", e.BackoffLimitPerIndex)
	}
	return nil
}

// RoundSize is at most Parallelism: a pod that finds no room yet waits.
func (e Engine) RoundSize(workers int64) int {
	return int(max(1, min(workers, int64(e.parallelism()))))
}

// Submit creates the Job of the round. A Job that exists and was made from the same manifest counts
// as created, so that a driver can repeat a submission of which it does not know how it ended.
func (e Engine) Submit(ctx context.Context, r distributed.Round) (distributed.Job, error) {
	text, digest, err := e.manifest(r)
	if err != nil {
		return nil, err
	}
	k, err := e.kubectl()
	if err != nil {
		return nil, err
	}
	j := e.named(k, jobName(r))
	_, created := k.run(ctx, text, "create", "-f", "-", "-o", "name")
	if created == nil {
		return j, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	// Whatever went wrong, the answer may have been lost on its way back, so look before saying no.
	found, err := j.get(ctx)
	switch {
	case errors.Is(err, errGone):
		return nil, created
	case err != nil:
		return nil, fmt.Errorf("%w; looking whether it was created all the same: %w", created, err)
	case found.Metadata.DeletionTimestamp != "":
		return nil, fmt.Errorf("kubernetes: job %s is still being deleted", j.name)
	case found.Metadata.Annotations[digestKey] != digest:
		return nil, fmt.Errorf("kubernetes: job %s exists already, with another manifest", j.name)
	}
	return j, nil
}

// named is a Job by its name.
func (e Engine) named(k kubectl, name string) *job {
	j := &job{kubectl: k, name: name, namespace: e.Namespace, every: e.Poll}
	if len(e.Patch) == 0 { // which may have another limit
		j.memory = e.resources().Limits["memory"]
	}
	if j.every <= 0 {
		j.every = DefaultPoll
	}
	return j
}

// Attach is the Job of a run that another process has created, by its [distributed.Job.ID].
func (e Engine) Attach(run, id string) (distributed.Job, error) {
	k, err := e.kubectl()
	if err != nil {
		return nil, err
	}
	_, name, ok := strings.Cut(id, "job/")
	j := e.named(k, name)
	if !ok || j.ID() != id || !strings.HasPrefix(name, run) {
		return nil, fmt.Errorf("kubernetes: %q is no job of run %s in this namespace", id, run)
	}
	return j, nil
}

// Cancel deletes all Jobs that carry the name of the run, in the engine's namespace. It does not
// wait until their pods have ended, which can take as long as a worker needs to record what it has
// computed, at most a minute.
func (e Engine) Cancel(ctx context.Context, name string) error {
	// A selector is a small language: a name that is none could select the Jobs of others.
	if !isLabel(name) {
		return fmt.Errorf("kubernetes: %q is no name of a run: want letters, digits and hyphens, at most 63", name)
	}
	k, err := e.kubectl()
	if err != nil {
		return err
	}
	_, err = k.run(ctx, nil, "delete", "jobs", "-l", runKey+"="+name, "--ignore-not-found", "--wait=false", "-o", "name")
	return err
}

func (e Engine) parallelism() int {
	if e.Parallelism > 0 {
		return min(e.Parallelism, MaxParallelism)
	}
	return DefaultParallelism
}
