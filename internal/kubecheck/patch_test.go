package kubecheck

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"

	"github.com/lazynpy/lazynpy/distributed/kubernetes"
)

// A patch does what a strategic merge patch of the API does.
func TestPatches(t *testing.T) {
	const pod = `{"spec": {"template": {"spec": {%s}}}}`
	for _, patch := range []string{
		`{}`,
		`{"metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}}}`,
		`{"spec": {"suspend": true, "ttlSecondsAfterFinished": null, "backoffLimitPerIndex": 1}}`,
		`{"spec": {"podFailurePolicy": {"rules": [{"action": "Count", "onExitCodes": {"operator": "In", "values": [1]}}]}}}`,
		fmt.Sprintf(pod, `"priorityClassName": "p", "imagePullSecrets": [{"name": "a"}], "schedulingGates": [{"name": "g"}]`),
		fmt.Sprintf(pod, `"securityContext": {"fsGroup": 100, "supplementalGroups": [1, 2], "runAsUser": null}`),
		fmt.Sprintf(pod, `"tolerations": [{"operator": "Exists"}], "nodeSelector": null, "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a"]}]`),
		fmt.Sprintf(pod, `"volumes": [{"name": "volume-1", "hostPath": {"path": "/other"}}, {"name": "x", "csi": {"driver": "d", "readOnly": null}}]`),
		fmt.Sprintf(pod, `"containers": [{"name": "worker", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}], "ports": [{"containerPort": 80}],
			"volumeMounts": [{"mountPath": "/refs", "subPath": "s", "readOnly": null}, {"mountPath": "/x", "name": "x"}],
			"resources": {"limits": {"memory": "1Gi", "cpu": null}}, "volumeDevices": [{"devicePath": "/dev/x", "name": "y"}]}]`),
		fmt.Sprintf(pod, `"initContainers": [{"name": "i", "image": "x", "command": ["a"]}], "resourceClaims": [{"name": "r", "resourceClaimName": "s"}],
			"containers": [{"name": "second", "image": "y", "args": null}]`),
		fmt.Sprintf(pod, `"topologySpreadConstraints": [{"topologyKey": "zone", "maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway"}],
			"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}`),
	} {
		e := engine()
		e.User, e.Tolerations = "1000:100", []string{"a"}
		e.NodeSelector = map[string]string{"b": "c"}
		e.Volumes = append(e.Volumes, kubernetes.Volume{Host: "/refs", ReadOnly: true})
		plain, err := e.Manifest(round(4))
		if err != nil {
			t.Fatal(err)
		}
		want, err := strategicpatch.StrategicMergePatch(plain, []byte(patch), batchv1.Job{})
		if err != nil {
			t.Fatalf("%s: %v", patch, err)
		}
		e.Patch = json.RawMessage(patch)
		got, err := e.Manifest(round(4))
		if err != nil {
			t.Errorf("%s: %v", patch, err)
			continue
		}
		if g, w := canonical(t, got), canonical(t, want); !reflect.DeepEqual(g, w) {
			t.Errorf("%s:\n got %v\nwant %v", patch, g, w)
		}
	}
}

// canonical is a manifest without its digest, without nulls, which the API takes for nothing, and
// without the order of lists, which merging does not promise.
func canonical(t *testing.T, text []byte) any {
	t.Helper()
	var job struct {
		Metadata map[string]any `json:"metadata"`
		Spec     any            `json:"spec"`
	}
	if err := json.Unmarshal(text, &job); err != nil {
		t.Fatal(err)
	}
	delete(job.Metadata["annotations"].(map[string]any), "lazynpy/manifest")
	return []any{job.Metadata, sorted(job.Spec)}
}

func sorted(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if v[key] = sorted(value); value == nil {
				delete(v, key)
			}
		}
	case []any:
		for i := range v {
			v[i] = sorted(v[i])
		}
		slices.SortFunc(v, func(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	}
	return v
}
