package kubernetes

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/lazynpy/lazynpy/distributed"
)

const (
	runKey    = "lazynpy/run"      // label: the name of the run
	digestKey = "lazynpy/manifest" // annotation: SHA-256 of the manifest without it

	grace = 60        // seconds that a worker has to record what it has computed
	keep  = 24 * 3600 // seconds for which a Job can be looked at after it has ended
)

// The types of the batch/v1 API, as far as they are used.
type (
	manifest struct {
		APIVersion string   `json:"apiVersion"`
		Kind       string   `json:"kind"`
		Metadata   metadata `json:"metadata"`
		Spec       jobSpec  `json:"spec"`
	}
	metadata struct {
		Name        string            `json:"name,omitempty"`
		Namespace   string            `json:"namespace,omitempty"`
		Labels      map[string]string `json:"labels,omitempty"`
		Annotations map[string]string `json:"annotations,omitempty"`
	}
	jobSpec struct {
		CompletionMode          string        `json:"completionMode"`
		Completions             int           `json:"completions"`
		Parallelism             int           `json:"parallelism"`
		BackoffLimitPerIndex    int           `json:"backoffLimitPerIndex"`
		MaxFailedIndexes        int           `json:"maxFailedIndexes"`
		PodReplacementPolicy    string        `json:"podReplacementPolicy"`
		PodFailurePolicy        failurePolicy `json:"podFailurePolicy"`
		TTLSecondsAfterFinished int           `json:"ttlSecondsAfterFinished"`
		Template                template      `json:"template"`
	}
	failurePolicy struct {
		Rules []failureRule `json:"rules"`
	}
	failureRule struct {
		Action          string         `json:"action"`
		OnPodConditions []podCondition `json:"onPodConditions,omitempty"`
		OnExitCodes     *exitCodes     `json:"onExitCodes,omitempty"`
	}
	podCondition struct {
		Type   string `json:"type"`
		Status string `json:"status"`
	}
	exitCodes struct {
		Operator string `json:"operator"`
		Values   []int  `json:"values"`
	}
	template struct {
		Metadata metadata `json:"metadata"`
		Spec     podSpec  `json:"spec"`
	}
	podSpec struct {
		RestartPolicy                 string            `json:"restartPolicy"`
		TerminationGracePeriodSeconds int               `json:"terminationGracePeriodSeconds"`
		EnableServiceLinks            bool              `json:"enableServiceLinks"`
		ServiceAccountName            string            `json:"serviceAccountName,omitempty"`
		AutomountServiceAccountToken  bool              `json:"automountServiceAccountToken"`
		NodeSelector                  map[string]string `json:"nodeSelector,omitempty"`
		SecurityContext               podSecurity       `json:"securityContext"`
		Containers                    []container       `json:"containers"`
		Volumes                       []map[string]any  `json:"volumes"`
	}
	podSecurity struct {
		RunAsUser      *int64            `json:"runAsUser,omitempty"`
		RunAsGroup     *int64            `json:"runAsGroup,omitempty"`
		RunAsNonRoot   bool              `json:"runAsNonRoot,omitempty"`
		SeccompProfile map[string]string `json:"seccompProfile"`
	}
	container struct {
		Name                     string            `json:"name"`
		Image                    string            `json:"image"`
		ImagePullPolicy          string            `json:"imagePullPolicy,omitempty"`
		Command                  []string          `json:"command,omitempty"`
		Args                     []string          `json:"args"`
		Resources                *resources        `json:"resources,omitempty"`
		SecurityContext          containerSecurity `json:"securityContext"`
		TerminationMessagePolicy string            `json:"terminationMessagePolicy"`
		VolumeMounts             []volumeMount     `json:"volumeMounts"`
	}
	resources struct {
		Requests map[string]string `json:"requests"`
		Limits   map[string]string `json:"limits"`
	}
	containerSecurity struct {
		AllowPrivilegeEscalation bool                `json:"allowPrivilegeEscalation"`
		Capabilities             map[string][]string `json:"capabilities,omitempty"`
	}
	volumeMount struct {
		Name      string `json:"name"`
		MountPath string `json:"mountPath"`
		ReadOnly  bool   `json:"readOnly,omitempty"`
	}
)

// Manifest is the Job of a round, as indented JSON that `kubectl create -f -` takes. The same engine and round give
// the same bytes.
func (e Engine) Manifest(r distributed.Round) ([]byte, error) {
	m, err := e.manifest(r)
	if err != nil {
		return nil, err
	}
	return m.encode()
}

func (e Engine) manifest(r distributed.Round) (manifest, error) {
	if err := e.check(r); err != nil {
		return manifest{}, err
	}
	pod, err := e.pod(r)
	if err != nil {
		return manifest{}, err
	}
	labels := maps.Clone(e.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels[runKey] = r.Name
	backoff := e.BackoffLimitPerIndex
	if backoff == 0 {
		backoff = DefaultBackoff
	}
	m := manifest{
		APIVersion: "batch/v1",
		Kind:       "Job",
		Metadata:   metadata{Name: jobName(r), Namespace: e.Namespace, Labels: labels},
		Spec: jobSpec{
			CompletionMode:       "Indexed",
			Completions:          r.Shares,
			Parallelism:          min(r.Shares, e.parallelism()),
			BackoffLimitPerIndex: backoff,
			// One index that is given up must not end the others.
			MaxFailedIndexes:        r.Shares,
			PodReplacementPolicy:    "Failed",
			PodFailurePolicy:        policy(),
			TTLSecondsAfterFinished: keep,
			Template:                template{Metadata: metadata{Labels: labels}, Spec: pod},
		},
	}
	return m.sign()
}

// policy says which ends of a pod count as a failure of its index: not those that the cluster brought about, and
// all others, of which a refusal is final.
func policy() failurePolicy {
	return failurePolicy{Rules: []failureRule{
		{Action: "Ignore", OnPodConditions: []podCondition{{Type: "DisruptionTarget", Status: "True"}}},
		{Action: "FailIndex", OnExitCodes: &exitCodes{Operator: "In", Values: []int{distributed.ExitRefused}}},
	}}
}

func (e Engine) pod(r distributed.Round) (podSpec, error) {
	security, capabilities, err := e.security()
	if err != nil {
		return podSpec{}, err
	}
	worker := container{
		Name:                     "worker",
		Image:                    e.Image,
		ImagePullPolicy:          e.PullPolicy,
		Command:                  literals(e.Command),
		Args:                     literals(r.Command[1:]),
		Resources:                e.resources(),
		SecurityContext:          containerSecurity{Capabilities: capabilities},
		TerminationMessagePolicy: "FallbackToLogsOnError", // `kubectl describe` then shows why a worker failed
	}
	var volumes []map[string]any
	for i, v := range e.Volumes {
		source, mount, err := v.resolve()
		if err != nil {
			return podSpec{}, fmt.Errorf("kubernetes: volume %d: %w", i, err)
		}
		source["name"] = "volume-" + strconv.Itoa(i)
		volumes = append(volumes, source)
		worker.VolumeMounts = append(worker.VolumeMounts,
			volumeMount{Name: "volume-" + strconv.Itoa(i), MountPath: mount, ReadOnly: v.ReadOnly})
	}
	return podSpec{
		RestartPolicy:                 "Never",
		TerminationGracePeriodSeconds: grace,
		ServiceAccountName:            e.ServiceAccount,
		NodeSelector:                  e.NodeSelector,
		SecurityContext:               security,
		Containers:                    []container{worker},
		Volumes:                       volumes,
	}, nil
}

// security is what the pod and its container may do. With a user other than root it satisfies the "restricted"
// Pod Security Standard. Root keeps its capabilities, without which it could not write into the directories of others.
func (e Engine) security() (podSecurity, map[string][]string, error) {
	s := podSecurity{SeccompProfile: map[string]string{"type": "RuntimeDefault"}}
	if e.User == "" {
		return s, nil, nil
	}
	user, group, grouped := strings.Cut(e.User, ":")
	uid, err := strconv.ParseInt(user, 10, 32)
	gid := int64(0)
	if err == nil && grouped {
		gid, err = strconv.ParseInt(group, 10, 32)
	}
	if err != nil || uid < 0 || gid < 0 {
		return podSecurity{}, nil, fmt.Errorf("kubernetes: user %q: want UID or UID:GID, in digits", e.User)
	}
	s.RunAsUser = &uid
	if grouped {
		s.RunAsGroup = &gid
	}
	if uid == 0 {
		return s, nil, nil
	}
	s.RunAsNonRoot = true
	return s, map[string][]string{"drop": {"ALL"}}, nil
}

func (e Engine) resources() *resources {
	amounts := map[string]string{}
	if e.CPU != "" {
		amounts["cpu"] = e.CPU
	}
	if e.Memory != "" {
		amounts["memory"] = e.Memory
	}
	if len(amounts) == 0 {
		return nil
	}
	return &resources{Requests: amounts, Limits: amounts}
}

// check finds what the control plane would refuse, or would accept and do wrong.
func (e Engine) check(r distributed.Round) error {
	switch name := jobName(r); {
	case e.Image == "":
		return errors.New("kubernetes: no image is named")
	case !isLabel(r.Name):
		return fmt.Errorf("kubernetes: %q is no name of a run: want letters, digits and hyphens, at most 63", r.Name)
	case !isLabel(name + "-" + strconv.Itoa(r.Shares)): // the names of its pods' hosts
		return fmt.Errorf("kubernetes: %q with an index after it is no name of a pod", name)
	case len(r.Command) == 0:
		return errors.New("kubernetes: the round has no command")
	case r.Shares < 1 || r.Shares > MaxShares:
		return fmt.Errorf("kubernetes: %d shares: want 1 to %d", r.Shares, MaxShares)
	case e.Parallelism < 0 || e.Parallelism > MaxParallelism:
		return fmt.Errorf("kubernetes: parallelism %d: want 1 to %d", e.Parallelism, MaxParallelism)
	case e.BackoffLimitPerIndex < 0:
		return fmt.Errorf("kubernetes: backoff limit per index %d: want 1 or more", e.BackoffLimitPerIndex)
	case !path.IsAbs(r.Dir):
		return fmt.Errorf("kubernetes: run directory %q: want an absolute path with slashes, as pods have", r.Dir)
	}
	return e.checkDir(r.Dir)
}

// checkDir says whether workers can write into the run directory. Where mounts nest, the innermost one counts.
func (e Engine) checkDir(dir string) error {
	inner, readOnly := "", false
	for i, v := range e.Volumes {
		_, mount, err := v.resolve()
		if err != nil {
			return fmt.Errorf("kubernetes: volume %d: %w", i, err)
		}
		if covers(mount, dir) && len(mount) > len(inner) {
			inner, readOnly = mount, v.ReadOnly
		}
	}
	switch {
	case inner == "":
		return fmt.Errorf("kubernetes: run directory %s is in no volume: pods would not see it", dir)
	case readOnly:
		return fmt.Errorf("kubernetes: run directory %s is in a read-only volume, at %s", dir, inner)
	}
	return nil
}

// sign notes what the manifest is, so that a Job can be recognised as made from it.
func (m manifest) sign() (manifest, error) {
	text, err := m.encode()
	if err != nil {
		return manifest{}, err
	}
	sum := sha256.Sum256(text)
	m.Metadata.Annotations = map[string]string{digestKey: hex.EncodeToString(sum[:])}
	return m, nil
}

func (m manifest) encode() ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		return nil, fmt.Errorf("kubernetes: encoding the manifest: %w", err)
	}
	return out.Bytes(), nil
}

// literals escapes arguments, in which Kubernetes would replace $(NAME) by a variable and $$ by a dollar sign.
func literals(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = strings.ReplaceAll(a, "$", "$$")
	}
	return out
}

func jobName(r distributed.Round) string { return r.Name + "-" + strconv.Itoa(r.Number) }

var label = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// isLabel says whether a string is a DNS label as in RFC 1123, in lower case.
func isLabel(s string) bool { return label.MatchString(s) }
