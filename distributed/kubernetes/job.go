package kubernetes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

// errGone says that the control plane has no such Job.
var errGone = errors.New("kubernetes: no such job")

// job is the Job of one round.
type job struct {
	kubectl   kubectl
	name      string
	namespace string
	memory    string        // limit of a worker, if it is known
	every     time.Duration // the least time between two questions

	mu    sync.Mutex
	asked time.Time // when the last answer came; zero before the first
	state distributed.State
	err   error

	told   bool  // failed is known
	failed error // of workers, once the Job has ended
}

// ID is "job/NAME", with the namespace before it if one was given.
func (j *job) ID() string {
	if j.namespace == "" {
		return "job/" + j.name
	}
	return j.namespace + "/job/" + j.name
}

// Poll asks the control plane, or repeats its last answer if that is younger than [Engine.Poll].
// When the Job has ended, the error says why workers of it have failed.
func (j *job) Poll(ctx context.Context) (distributed.State, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.asked.IsZero() && time.Since(j.asked) < j.every {
		return j.state, j.err
	}
	found, err := j.get(ctx)
	if ctx.Err() != nil {
		return distributed.Unknown, ctx.Err()
	}
	switch {
	case errors.Is(err, errGone):
		j.state, j.err = distributed.Idle, nil
	case err != nil:
		j.state, j.err = distributed.Unknown, err
	default:
		j.state, j.err = found.state(), nil
		if j.state == distributed.Idle && found.Status.Failed > 0 {
			j.err = j.why(ctx)
		}
	}
	if ctx.Err() != nil {
		return distributed.Unknown, ctx.Err()
	}
	j.asked = time.Now()
	return j.state, j.err
}

// why asks once why workers have failed.
func (j *job) why(ctx context.Context) error {
	if !j.told {
		failed := j.failure(ctx)
		if ctx.Err() != nil {
			return nil
		}
		j.told, j.failed = true, failed
	}
	return j.failed
}

// Cancel deletes the Job, without waiting for its pods to end.
func (j *job) Cancel(ctx context.Context) error {
	_, err := j.kubectl.run(ctx, nil, "delete", "job", j.name, "--ignore-not-found", "--wait=false", "-o", "name")
	return err
}

// found is what is read of a Job.
type found struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Annotations       map[string]string `json:"annotations"`
		DeletionTimestamp string            `json:"deletionTimestamp"`
	} `json:"metadata"`
	Status struct {
		Active     int64 `json:"active"`
		Failed     int64 `json:"failed"`
		Conditions []struct {
			Type   string `json:"type"`
			Status string `json:"status"`
		} `json:"conditions"`
	} `json:"status"`
}

// get reads the Job. The error is errGone if there is none.
func (j *job) get(ctx context.Context) (found, error) {
	// With --ignore-not-found a Job that is gone is an empty answer, and not one of many failures.
	text, err := j.kubectl.run(ctx, nil, "get", "job", j.name, "--ignore-not-found", "-o", "json")
	if err != nil {
		return found{}, err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return found{}, errGone
	}
	var f found
	if err := json.Unmarshal(text, &f); err != nil {
		return found{}, fmt.Errorf("kubernetes: kubectl get job %s: %w", j.name, err)
	}
	if f.Kind != "Job" {
		return found{}, fmt.Errorf("kubernetes: kubectl get job %s: got kind %q, want Job", j.name, f.Kind)
	}
	return f, nil
}

// state reads the conditions. A Job is suspended, waits for room or runs until one of them says
// that it has ended; one whose end is only decided has no more to start, and is idle once its last
// pods were told to end.
func (f found) state() distributed.State {
	ending := false
	for _, c := range f.Status.Conditions {
		if c.Status != "True" {
			continue
		}
		switch c.Type {
		case "Complete", "Failed":
			return distributed.Idle
		case "SuccessCriteriaMet", "FailureTarget":
			ending = true
		}
	}
	if ending && f.Status.Active == 0 {
		return distributed.Idle
	}
	return distributed.Active
}
