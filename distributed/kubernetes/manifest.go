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

	workerName = "worker" // of the container

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
		Tolerations                   []toleration      `json:"tolerations,omitempty"`
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
		Resources                resources         `json:"resources"`
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
		ReadOnlyRootFilesystem   bool                `json:"readOnlyRootFilesystem"`
		Capabilities             map[string][]string `json:"capabilities"`
	}
	volumeMount struct {
		Name      string `json:"name"`
		MountPath string `json:"mountPath"`
		SubPath   string `json:"subPath,omitempty"`
		ReadOnly  bool   `json:"readOnly,omitempty"`
	}
)

// Manifest is the Job of a round, as indented JSON that `kubectl create -f -` takes. The same
// engine and round give the same bytes. A file of the plan in [distributed.Round.Dir] that pods
// would not see, or could not write where they must, is an error that names it.
func (e Engine) Manifest(r distributed.Round) ([]byte, error) {
	text, _, err := e.manifest(r)
	return text, err
}

// Script is the manifest as text.
func (e Engine) Script(r distributed.Round) (string, error) {
	text, err := e.Manifest(r)
	return string(text), err
}

// manifest is the Job, and its digest.
func (e Engine) manifest(r distributed.Round) ([]byte, string, error) {
	if err := e.check(r); err != nil {
		return nil, "", err
	}
	m, err := e.job(r)
	if err != nil {
		return nil, "", err
	}
	text, err := encode(m)
	if err != nil {
		return nil, "", err
	}
	text, made, err := patched(text, e.Patch)
	if err != nil {
		return nil, "", err
	}
	if err := checkFiles(made.mounts(), r.Dir); err != nil {
		return nil, "", err
	}
	text, digest := sign(text)
	return text, digest, nil
}

func (e Engine) job(r distributed.Round) (manifest, error) {
	pod, err := e.pod(r)
	if err != nil {
		return manifest{}, err
	}
	labels := maps.Clone(e.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels[runKey] = r.Name
	annotations := maps.Clone(e.Annotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[digestKey] = "" // see sign
	backoff := e.BackoffLimitPerIndex
	if backoff == 0 {
		backoff = DefaultBackoff
	}
	return manifest{
		APIVersion: "batch/v1",
		Kind:       "Job",
		Metadata:   metadata{Name: jobName(r), Namespace: e.Namespace, Labels: labels, Annotations: annotations},
		Spec: jobSpec{
			CompletionMode:       "Indexed",
			Completions:          r.Workers,
			Parallelism:          min(r.Workers, e.parallelism()),
			BackoffLimitPerIndex: backoff,
			// One index that is given up must not end the others.
			MaxFailedIndexes:        r.Workers,
			PodReplacementPolicy:    "Failed",
			PodFailurePolicy:        policy(),
			TTLSecondsAfterFinished: keep,
			Template:                template{Metadata: metadata{Labels: labels, Annotations: e.Annotations}, Spec: pod},
		},
	}, nil
}

// policy says which ends of a pod count as a failure of its index: not those that the cluster
// brought about, and all others, of which a refusal is final, and so is SIGKILL: what ran out of
// memory would do so again, and the next round has what is missing.
func policy() failurePolicy {
	return failurePolicy{Rules: []failureRule{
		{Action: "Ignore", OnPodConditions: []podCondition{{Type: "DisruptionTarget", Status: "True"}}},
		{Action: "FailIndex", OnExitCodes: &exitCodes{Operator: "In", Values: []int{distributed.ExitRefused, exitKill}}},
	}}
}

func (e Engine) pod(r distributed.Round) (podSpec, error) {
	security, err := e.security()
	if err != nil {
		return podSpec{}, err
	}
	var tolerations []toleration
	for _, text := range e.Tolerations {
		t, err := parseToleration(text)
		if err != nil {
			return podSpec{}, err
		}
		tolerations = append(tolerations, t)
	}
	worker := container{
		Name:            workerName,
		Image:           e.Image,
		ImagePullPolicy: e.PullPolicy,
		Command:         literals(e.Command),
		Args:            literals(r.Command[1:]),
		Resources:       e.resources(),
		SecurityContext: containerSecurity{ReadOnlyRootFilesystem: true, Capabilities: map[string][]string{"drop": {"ALL"}}},
		// `kubectl describe` then shows why a worker failed
		TerminationMessagePolicy: "FallbackToLogsOnError",
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
			volumeMount{Name: "volume-" + strconv.Itoa(i), MountPath: mount, SubPath: v.SubPath, ReadOnly: v.ReadOnly})
	}
	return podSpec{
		RestartPolicy:                 "Never",
		TerminationGracePeriodSeconds: grace,
		ServiceAccountName:            e.ServiceAccount,
		NodeSelector:                  e.NodeSelector,
		Tolerations:                   tolerations,
		SecurityContext:               security,
		Containers:                    []container{worker},
		Volumes:                       volumes,
	}, nil
}

// security is what the pod may do. With a user other than root, and what its container has, it
// satisfies the "restricted" Pod Security Standard.
func (e Engine) security() (podSecurity, error) {
	s := podSecurity{SeccompProfile: map[string]string{"type": "RuntimeDefault"}}
	if e.User == "" {
		return s, nil
	}
	user, group, grouped := strings.Cut(e.User, ":")
	uid, err := strconv.ParseInt(user, 10, 32)
	gid := int64(0)
	if err == nil && grouped {
		gid, err = strconv.ParseInt(group, 10, 32)
	}
	if err != nil || uid < 0 || gid < 0 {
		return podSecurity{}, fmt.Errorf("kubernetes: user %q: want UID or UID:GID, in digits", e.User)
	}
	s.RunAsUser = &uid
	if grouped {
		s.RunAsGroup = &gid
	}
	s.RunAsNonRoot = uid != 0
	return s, nil
}

// resources are both requested and allowed, so that a pod is the last to be evicted, and queues
// know what to count.
func (e Engine) resources() resources {
	amounts := map[string]string{"cpu": e.CPU, "memory": e.Memory}
	if e.CPU == "" {
		amounts["cpu"] = DefaultCPU
	}
	if e.Memory == "" {
		amounts["memory"] = DefaultMemory
	}
	return resources{Requests: amounts, Limits: amounts}
}

// check finds what the control plane would refuse, or would accept and do wrong.
func (e Engine) check(r distributed.Round) error {
	switch name := jobName(r); {
	case !isLabel(r.Name):
		return fmt.Errorf("kubernetes: %q is no name of a run: want letters, digits and hyphens, at most 63", r.Name)
	case !isLabel(name + "-" + strconv.Itoa(r.Workers)): // the names of its pods' hosts
		return fmt.Errorf("kubernetes: %q with an index after it is no name of a pod", name)
	case len(r.Command) == 0:
		return errors.New("kubernetes: the round has no command")
	case r.Workers < 1 || r.Workers > MaxWorkers:
		return fmt.Errorf("kubernetes: %d workers: want 1 to %d", r.Workers, MaxWorkers)
	case !path.IsAbs(r.Dir):
		return fmt.Errorf("kubernetes: run directory %q: want an absolute path with slashes, as pods have", r.Dir)
	}
	return e.Validate()
}

// sign notes what the manifest is, in the annotation that is empty, so that a Job can be recognised
// as made from it.
func sign(text []byte) (signed []byte, digest string) {
	sum := sha256.Sum256(text)
	digest = hex.EncodeToString(sum[:])
	// In a string, as of an argument, the quotes would be escaped.
	empty := `"` + digestKey + `": "`
	return bytes.Replace(text, []byte(empty+`"`), []byte(empty+digest+`"`), 1), digest
}

func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("kubernetes: encoding the manifest: %w", err)
	}
	return out.Bytes(), nil
}

// literals escapes arguments, in which Kubernetes would replace $(NAME) by a variable and $$ by a
// dollar sign.
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
