package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/lazynpy/lazynpy/distributed"
)

// failedPods is what is read of the pods of a Job that have failed.
type failedPods struct {
	Items []failedPod `json:"items"`
}

type failedPod struct {
	Metadata struct {
		Name        string            `json:"name"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Status struct {
		Reason     string `json:"reason"`
		Message    string `json:"message"`
		Containers []struct {
			Name  string `json:"name"`
			State struct {
				Terminated *terminated `json:"terminated"`
			} `json:"state"`
		} `json:"containerStatuses"`
	} `json:"status"`
}

type terminated struct {
	ExitCode int    `json:"exitCode"`
	Reason   string `json:"reason"`
	Message  string `json:"message"`
}

const (
	indexKey = "batch.kubernetes.io/job-completion-index" // annotation of a pod
	outOfMem = "OOMKilled"                                // reason of a container's end
	// of what SIGKILL has ended, as the kernel does for want of memory.
	exitKill  = 137
	fewMemory = "give workers more with --mem, or share it among fewer --cpus, and resume"
)

// failure says why workers of a Job have failed, as its pods tell; nil if none has. Those that ran
// out of memory come first, as more of it is what helps.
func (j *job) failure(ctx context.Context) error {
	text, err := j.kubectl.run(ctx, nil, "get", "pods", "-l", "batch.kubernetes.io/job-name="+j.name, "--field-selector=status.phase=Failed", "-o", "json")
	if err != nil {
		return fmt.Errorf("kubernetes: job %s: workers have failed, and why is not known: %w", j.name, err)
	}
	var pods failedPods
	if err := json.Unmarshal(text, &pods); err != nil {
		return fmt.Errorf("kubernetes: kubectl get pods: %w", err)
	}
	var starved, others []failedPod
	for _, p := range pods.Items {
		switch {
		case p.starved():
			starved = append(starved, p)
		case p.end().ExitCode != distributed.ExitInterrupted:
			others = append(others, p)
		}
	}
	var errs []string
	if len(starved) > 0 {
		limit := ""
		if j.memory != "" {
			limit = " of " + j.memory
		}
		errs = append(errs, fmt.Sprintf("%s ran out of their memory%s (%s, pod %s): %s", workers(starved), limit, outOfMem,
			oneLine(starved[len(starved)-1].Metadata.Name), fewMemory))
	}
	if len(others) > 0 {
		last := others[len(others)-1]
		errs = append(errs, fmt.Sprintf("%s failed, pod %s: %s", workers(others), oneLine(last.Metadata.Name), last.why()))
	}
	if len(errs) == 0 {
		return nil
	}
	return errors.New("kubernetes: job " + j.name + ": " + strings.Join(errs, "; "))
}

// workers counts the indices of pods.
func workers(pods []failedPod) string {
	indices := map[string]bool{}
	for _, p := range pods {
		indices[p.Metadata.Annotations[indexKey]] = true
	}
	if len(indices) == 1 {
		return "1 worker"
	}
	return fmt.Sprintf("%d workers", len(indices))
}

// end is how the worker of a pod has ended.
func (p failedPod) end() terminated {
	for _, c := range p.Status.Containers {
		if c.Name == workerName && c.State.Terminated != nil {
			return *c.State.Terminated
		}
	}
	return terminated{}
}

// starved says whether a pod ran out of memory.
func (p failedPod) starved() bool { return p.end().Reason == outOfMem }

// why is what a pod says of its end.
func (p failedPod) why() string {
	end := p.end()
	var said []string
	switch {
	case end.ExitCode == exitKill:
		said = append(said, "killed by SIGKILL")
	case end.ExitCode != 0:
		said = append(said, fmt.Sprintf("exit status %d", end.ExitCode))
	}
	for _, s := range []string{p.Status.Reason, p.Status.Message, end.Message} {
		if s = oneLine(s); s != "" {
			said = append(said, s)
		}
	}
	if len(said) == 0 {
		return "no reason is known"
	}
	return strings.Join(said, ": ")
}
