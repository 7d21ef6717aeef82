package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// trainingFiles are two archives of 6 and 4 samples.
func trainingFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for i, n := range []int64{6, 4} {
		x, y := array(t, []int64{n, 2}, make([]float32, 2*n)), array(t, []int64{n}, make([]int64, n))
		ok(t, "add", filepath.Join(dir, fmt.Sprintf("part%d.npz", 9+i)), "x="+x, "y="+y)
	}
	return dir
}

func TestBatches(t *testing.T) {
	dir := trainingFiles(t)
	got := ok(t, "batches", dir, "--inputs", "x", "--targets", "y", "--batch", "4")
	for _, want := range []string{
		"samples   10 in 2 files, in order\n", "batches   3 of 4\n", "input x   float32 (4, 2)\n", "target y  int64 (4,)\n",
		"part9.npz:x [0], ", "part9.npz:x [3]\n", "read      10 samples in ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nhas no %q", got, want)
		}
	}
	lines := strings.Split(strings.TrimSpace(ok(t, "batches", filepath.Join(dir, "*.npz"), "--inputs", "x", "--targets", "y", "--batch", "3", "--shuffle",
		"--seed", "1", "--epochs", "2", "--last", "drop", "--subset", "0:0.9", "--workers", "1", "--json")), "\n")
	var first batchesJSON
	var second timesJSON
	if len(lines) != 2 || json.Unmarshal([]byte(lines[0]), &first) != nil || json.Unmarshal([]byte(lines[1]), &second) != nil {
		t.Fatalf("%q", lines)
	}
	if first.Samples != 9 || first.Steps != 3 || first.Order != "shuffled" || len(first.First) != 3 || first.Inputs[0].Descr != "<f4" || second.Samples != 18 || second.Bytes != 18*16 {
		t.Errorf("%+v %+v", first, second)
	}
	if got := ok(t, "batches", dir, "--inputs", "x", "--shuffle=blocks:2:3", "--epochs", "0"); !strings.Contains(got, "by blocks of 2 samples, 3 mixed") || strings.Contains(got, "read") {
		t.Error(got)
	}
	if got := ok(t, "batches", dir, "--inputs", "x", "--window", "3", "--across", "--stride", "2", "--rank", "1", "--world", "2", "--batch", "2"); !strings.Contains(got, "float32 (2, 3, 2)") || !strings.Contains(got, "read      2 samples") {
		t.Error(got)
	}
	broken := filepath.Join(dir, "broken.npz")
	if err := os.WriteFile(broken, []byte("no archive"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := lazynpy(t, "batches", dir, "--inputs", "x", "--skip-errors")
	if o.code != exitFailure || !strings.Contains(o.stdout, "read      10 samples") || !strings.HasPrefix(o.stderr, "lazynpy: "+broken) || strings.Count(o.stderr, "\n") != 1 {
		t.Errorf("%+v", o)
	}
	fails(t, exitFailure, []string{broken}, "batches", dir, "--inputs", "x")
	if err := os.Remove(broken); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		code int
		args []string
		want string
	}{
		{exitUsage, nil, "usage"},
		{exitUsage, []string{dir, "--shuffle=much"}, `"much"`},
		{exitUsage, []string{dir, "--last", "some"}, `"some"`},
		{exitUsage, []string{dir, "--subset", "0:2"}, `"0:2"`},
		{exitUsage, []string{dir, "--batch", "0"}, "--batch 0"},
		{exitUsage, []string{dir, "--rank", "2", "--world", "2"}, "--rank 2"},
		{exitUsage, []string{dir, "--epochs", "-1"}, "--epochs"},
		{exitFailure, []string{dir, "--inputs", "z"}, "part9.npz"},
		{exitFailure, []string{filepath.Join(dir, "no*.npz")}, "no*.npz matches no file"},
		{exitFailure, []string{dir, "--inputs", "x", "--memory", "10B"}, "256 B"},
	} {
		fails(t, tt.code, []string{tt.want}, append([]string{"batches"}, tt.args...)...)
	}
}

// TestTrainingFlags goes on at a state that another run has saved, on another batch size, draws by
// weights and labels, and reads descriptions.
func TestTrainingFlags(t *testing.T) {
	dir := trainingFiles(t)
	state := filepath.Join(t.TempDir(), "state.json")
	read := func(args ...string) (first batchesJSON, second timesJSON) {
		t.Helper()
		lines := strings.Split(strings.TrimSpace(ok(t, append([]string{"batches", "--json", "--inputs", "x"}, args...)...)), "\n")
		if len(lines) != 2 || json.Unmarshal([]byte(lines[0]), &first) != nil || json.Unmarshal([]byte(lines[1]), &second) != nil {
			t.Fatalf("%q", lines)
		}
		return first, second
	}
	read(dir, "--shuffle", "--subset", "0:0.5", "--batch", "2", "--state", state) // 5 samples
	text, err := os.ReadFile(state)
	if err != nil || len(text) > 300 || !strings.Contains(string(text), `"step":3`) {
		t.Errorf("%s %v", text, err)
	}
	if _, second := read(dir, "--shuffle", "--subset", "0:0.5", "--batch", "4", "--epochs", "3", "--resume", state, "--state", state); second.Batches != 4 || second.Samples != 10 {
		t.Errorf("%+v", second)
	}
	weights, labels := array(t, []int64{10}, []float32{0, 0, 0, 0, 0, 0, 0, 1, 0, 0}), array(t, []int64{10}, []uint8{0, 1, 0, 1, 0, 1, 0, 1, 0, 1})
	first, _ := read(dir, "--weights", weights)
	if first.Order != "drawn by weights" || first.First[0] != (placeJSON{filepath.Join(dir, "part10.npz"), "x", 1}) || first.First[0] != first.First[3] {
		t.Errorf("%+v", first)
	}
	if first, _ := read(dir, "--labels", labels); first.Order != "shuffled by labels" {
		t.Errorf("%+v", first)
	}
	description := filepath.Join(t.TempDir(), "set.json")
	if err := os.WriteFile(description, fmt.Appendf(nil, `{"files": [%q], "inputs": [{"key": "x", "dtype": "f2"}], "order": "global", "batch": 5, "epochs": 2}`, dir), 0o600); err != nil {
		t.Fatal(err)
	}
	var second timesJSON
	lines := strings.Split(ok(t, "batches", "--json", "--config", description, "--last", "drop"), "\n")
	if json.Unmarshal([]byte(lines[0]), &first) != nil || json.Unmarshal([]byte(lines[1]), &second) != nil || first.Inputs[0].Descr != "<f2" || first.Order != "shuffled" || second.Batches != 4 {
		t.Errorf("%q", lines)
	}
	if first, second := read("--config", description, dir+"/part9.npz", "--batch", "3", "--epochs", "1"); first.Samples != 6 || first.Inputs[0].Descr != "<f4" || second.Batches != 2 {
		t.Errorf("%+v %+v", first, second)
	}
	for _, tt := range []struct {
		code int
		args []string
		want string
	}{
		{exitUsage, []string{dir, "--weights", weights, "--shuffle"}, "one order each"},
		{exitFailure, []string{dir, "--inputs", "x", "--weights", array(t, []int64{2}, []float64{1, 2})}, "2 weights for 10 samples"},
		{exitFailure, []string{dir, "--inputs", "x", "--labels", weights}, weights},
		{exitFailure, []string{dir, "--inputs", "x", "--labels", array(t, []int64{5, 2}, make([]int64, 10))}, "(5, 2)"},
		{exitFailure, []string{dir, "--inputs", "x", "--resume", weights}, weights},
		{exitFailure, []string{dir, "--inputs", "x", "--resume", state}, "another order"},
		{exitFailure, []string{dir, "--inputs", "x", "--state", weights}, weights},
		{exitFailure, []string{"--config", weights}, weights},
		{exitFailure, []string{"--config", filepath.Join(dir, "no.json")}, "no.json"},
	} {
		fails(t, tt.code, []string{tt.want}, append([]string{"batches"}, tt.args...)...)
	}
}
