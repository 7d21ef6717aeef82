package kubernetes

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// mergeKeys are the lists of a Job whose items are merged one by one, and the field that tells
// which is which, as the API has them for strategic merge patches. Other lists are replaced.
var mergeKeys = map[string]string{
	"containers":                "name",
	"env":                       "name",
	"hostAliases":               "ip",
	"imagePullSecrets":          "name",
	"initContainers":            "name",
	"ports":                     "containerPort",
	"resourceClaims":            "name",
	"schedulingGates":           "name",
	"topologySpreadConstraints": "topologyKey",
	"volumeDevices":             "devicePath",
	"volumeMounts":              "mountPath",
	"volumes":                   "name",
}

// ParsePatch reads a patch: a JSON object, which is merged into the Job as kubectl does it with
// --type=strategic. Objects are merged, null removes, items of lists such as containers and volumes
// are merged with those of the same name, and other lists and values are replaced. There are no
// directives such as "$patch".
func ParsePatch(text []byte) (json.RawMessage, error) {
	if _, err := patchTree(text); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Compact(&out, text); err != nil {
		return nil, fmt.Errorf("kubernetes: patch: %w", err)
	}
	return out.Bytes(), nil
}

// patchTree decodes a patch.
func patchTree(text []byte) (map[string]any, error) {
	tree, err := decodeTree(text)
	if err != nil {
		return nil, fmt.Errorf("kubernetes: the patch is not a JSON object, as {\"spec\": {…}}: %w", err)
	}
	if err := checkPatch(tree); err != nil {
		return nil, fmt.Errorf("kubernetes: patch: %w", err)
	}
	return tree, nil
}

// decodeTree decodes an object whose numbers stay as they are.
func decodeTree(text []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var tree map[string]any
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is something behind it")
	}
	if tree == nil {
		return nil, errors.New("it is null")
	}
	return tree, nil
}

// checkPatch finds directives, which would be taken for fields.
func checkPatch(v any) error {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if strings.HasPrefix(key, "$") {
				return fmt.Errorf("%q: there are no directives", key)
			}
			if err := checkPatch(value); err != nil {
				return err
			}
		}
	case []any:
		for _, item := range v {
			if err := checkPatch(item); err != nil {
				return err
			}
		}
	}
	return nil
}

// merge changes an object by a patch.
func merge(into, patch map[string]any) error {
	for key, value := range patch {
		switch value := value.(type) {
		case nil:
			delete(into, key)
		case map[string]any:
			object, is := into[key].(map[string]any)
			if !is {
				object = map[string]any{}
			}
			if err := merge(object, value); err != nil {
				return err
			}
			into[key] = object
		case []any:
			if by, merged := mergeKeys[key]; merged {
				list, _ := into[key].([]any)
				list, err := mergeList(list, value, by)
				if err != nil {
					return fmt.Errorf("%s: %w", key, err)
				}
				into[key] = list
				continue
			}
			into[key] = value
		default:
			into[key] = value
		}
	}
	return nil
}

// mergeList changes the items of a list that a patch has, too, and appends the others.
func mergeList(list, patch []any, by string) ([]any, error) {
	for _, item := range patch {
		change, is := item.(map[string]any)
		if !is || change[by] == nil {
			return nil, fmt.Errorf("each item needs a %q", by)
		}
		i := slices.IndexFunc(list, func(old any) bool {
			object, is := old.(map[string]any)
			return is && object[by] == change[by]
		})
		if i < 0 {
			list, i = append(list, map[string]any{by: change[by]}), len(list)
		}
		if err := merge(list[i].(map[string]any), change); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// pinned is what of a Job the run depends on.
type pinned struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   metadata `json:"metadata"`
	Spec       struct {
		CompletionMode string `json:"completionMode"`
		Completions    int    `json:"completions"`
		Template       struct {
			Metadata metadata `json:"metadata"`
			Spec     struct {
				RestartPolicy string                       `json:"restartPolicy"`
				Containers    []pinnedContainer            `json:"containers"`
				Volumes       []map[string]json.RawMessage `json:"volumes"`
			} `json:"spec"`
		} `json:"template"`
	} `json:"spec"`
}

type pinnedContainer struct {
	Name         string        `json:"name"`
	Args         []string      `json:"args"`
	VolumeMounts []volumeMount `json:"volumeMounts"`
}

// worker is the container that works; it has no name if there is none.
func (p pinned) worker() pinnedContainer {
	for _, c := range p.Spec.Template.Spec.Containers {
		if c.Name == workerName {
			return c
		}
	}
	return pinnedContainer{}
}

// patched is a manifest after a patch, which may not change what the run depends on.
func patched(text, patch []byte) ([]byte, pinned, error) {
	var before, after pinned
	if err := json.Unmarshal(text, &before); err != nil {
		return nil, after, fmt.Errorf("kubernetes: decoding the manifest: %w", err)
	}
	if len(patch) == 0 {
		return text, before, nil
	}
	change, err := patchTree(patch)
	if err != nil {
		return nil, after, err
	}
	tree, err := decodeTree(text)
	if err != nil {
		return nil, after, fmt.Errorf("kubernetes: decoding the manifest: %w", err)
	}
	if err := merge(tree, change); err != nil {
		return nil, after, fmt.Errorf("kubernetes: patch: %w", err)
	}
	if text, err = encode(tree); err != nil {
		return nil, after, err
	}
	if err := json.Unmarshal(text, &after); err != nil {
		return nil, after, fmt.Errorf("kubernetes: patch: %w", err)
	}
	for _, c := range []struct {
		what string
		same bool
	}{
		{"apiVersion", before.APIVersion == after.APIVersion},
		{"kind", before.Kind == after.Kind},
		{"metadata.name", before.Metadata.Name == after.Metadata.Name},
		{"metadata.namespace", before.Metadata.Namespace == after.Metadata.Namespace},
		{"the label " + runKey, before.Metadata.Labels[runKey] == after.Metadata.Labels[runKey] &&
			before.Spec.Template.Metadata.Labels[runKey] == after.Spec.Template.Metadata.Labels[runKey]},
		{"the annotation " + digestKey, hasDigest(after.Metadata.Annotations)},
		{"spec.completionMode", before.Spec.CompletionMode == after.Spec.CompletionMode},
		{"spec.completions", before.Spec.Completions == after.Spec.Completions},
		{"the restartPolicy", before.Spec.Template.Spec.RestartPolicy == after.Spec.Template.Spec.RestartPolicy},
		{"the args of the worker", slices.Equal(before.worker().Args, after.worker().Args)},
	} {
		if !c.same {
			return nil, after, fmt.Errorf("kubernetes: the patch changes %s, on which the run depends", c.what)
		}
	}
	return text, after, nil
}

// hasDigest says whether there is a place for the digest, and nothing in it yet.
func hasDigest(annotations map[string]string) bool {
	v, there := annotations[digestKey]
	return there && v == ""
}
