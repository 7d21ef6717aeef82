package kubernetes

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestPatch(t *testing.T) {
	e := engines()["minimal"]
	e.Labels = map[string]string{"a": "1", "b": "2"}
	e.Patch = json.RawMessage(`{"metadata": {"labels": {"a": null, "c": "3"}}, "spec": {"suspend": true, "activeDeadlineSeconds": 9007199254740993,
		"podFailurePolicy": {"rules": [{"action": "Count", "onExitCodes": {"operator": "In", "values": [1]}}]},
		"template": {"spec": {"tolerations": [{"operator": "Exists"}],
			"containers": [{"name": "log", "image": "x"}, {"name": "worker", "env": [{"name": "GOGC", "value": "50"}]}]}}}}`)
	text, err := e.Manifest(round())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"c": "3"`, `"b": "2"`, `"suspend": true`, "9007199254740993", `"Count"`, `"GOGC"`, `"log"`, `"--plan"`, `"drop"`} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	if bytes.Contains(text, []byte("FailIndex")) {
		t.Error("the rules were not replaced")
	}
	m := decode(t, e, round())
	if _, there := m.Metadata.Labels["a"]; there {
		t.Error("the label was not removed")
	}
	if len(m.Metadata.Annotations[digestKey]) != 64 {
		t.Errorf("digest %q", m.Metadata.Annotations[digestKey])
	}
	if d := decode(t, engines()["minimal"], round()); d.Metadata.Annotations[digestKey] == m.Metadata.Annotations[digestKey] {
		t.Error("the digest is that of another manifest")
	}
}

func TestPatchRefuses(t *testing.T) {
	for patch, want := range map[string]string{
		``:                         "", // is none
		`[]`:                       "not a JSON object",
		`null`:                     "not a JSON object",
		`{} {}`:                    "not a JSON object",
		"spec:\n  suspend: true\n": "not a JSON object",
		`{"spec": {"template": {"spec": {"containers": [{"$patch": "delete", "name": "worker"}]}}}}`:   `"$patch"`,
		`{"spec": {"template": {"spec": {"containers": [{"image": "x"}]}}}}`:                           `containers: each item needs a "name"`,
		`{"spec": {"template": {"spec": {"containers": ["x"]}}}}`:                                      `containers: each item needs a "name"`,
		`{"spec": {"template": {"spec": {"containers": [{"name": "worker", "args": ["work"]}]}}}}`:     "args of the worker",
		`{"spec": {"template": {"spec": {"containers": null}}}}`:                                       "args of the worker",
		`{"spec": {"template": {"spec": {"containers": 3}}}}`:                                          "patch",
		`{"spec": {"completions": 3}}`:                                                                 "spec.completions",
		`{"spec": {"completionMode": null}}`:                                                           "spec.completionMode",
		`{"spec": null}`:                                                                               "on which the run depends",
		`{"spec": {"template": {"spec": {"restartPolicy": "OnFailure"}}}}`:                             "restartPolicy",
		`{"metadata": {"name": "x"}}`:                                                                  "metadata.name",
		`{"metadata": {"namespace": "x"}}`:                                                             "metadata.namespace",
		`{"metadata": {"labels": {"lazynpy/run": "x"}}}`:                                               "label lazynpy/run",
		`{"spec": {"template": {"metadata": {"labels": null}}}}`:                                       "label lazynpy/run",
		`{"metadata": {"annotations": null}}`:                                                          "annotation lazynpy/manifest",
		`{"kind": "CronJob"}`:                                                                          "kind",
		`{"spec": {"template": {"spec": {"containers": [{"name": "worker", "volumeMounts": null}]}}}}`: "in no volume",
	} {
		e := engines()["minimal"]
		e.Patch = json.RawMessage(patch)
		_, err := e.Manifest(round())
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: %v, want %q", patch, err, want)
		}
	}
}
