package dataset

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseConfig(t *testing.T) {
	got, err := ParseConfig([]byte(`{
		"files": ["train/*.npz", "more"],
		"inputs": ["x1", {"key": "x2", "name": "depth", "files": ["d/*.npy"], "channels": [2, 0], "dtype": "f8", "scale": 0.5, "mean": [1, 2], "std": [3]}, {}],
		"targets": [{"key": "y", "classes": 10}],
		"file_per_sample": true, "match_names": true, "join": true,
		"window": {"length": 16, "stride": 4, "across": true, "edge": "start", "targets": "steps", "ahead": 2},
		"subset": {"fraction": [0, 0.8], "seed": 7},
		"order": "blocks:512:8", "seed": 18446744073709551615, "batch": 32, "last": "pad", "epochs": -1,
		"workers": 3, "memory": 1048576, "on_error": "skip"}`))
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Files: []string{"train/*.npz", "more"},
		Inputs: []Column{
			{Key: "x1"},
			{Key: "x2", Name: "depth", Files: []string{"d/*.npy"}, Channels: []int64{2, 0}, DType: "f8", Scale: 0.5, Mean: []float64{1, 2}, Std: []float64{3}},
			{},
		},
		Targets:       []Column{{Key: "y", Classes: 10}},
		FilePerSample: true, MatchNames: true, Join: true,
		Window: Window{Length: 16, Stride: 4, Across: true, Edge: EdgeStart, Targets: TargetSteps, Ahead: 2},
		Subset: Fraction(0, 0.8, 7), Order: ShuffleBlocks(512, 8), Seed: 1<<64 - 1, Batch: 32, Last: Pad, Epochs: -1,
		Workers: 3, Memory: 1 << 20, OnError: SkipErrors,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestParseConfigKinds reads what comes in several forms.
func TestParseConfigKinds(t *testing.T) {
	for text, want := range map[string]Config{
		`{"order": "none"}`:                                {},
		`{"order": "auto"}`:                                {Order: Shuffle()},
		`{"order": "global"}`:                              {Order: ShuffleGlobal()},
		`{"order": "blocks"}`:                              {Order: ShuffleBlocks(0, 0)},
		`{"order": "blocks:5"}`:                            {Order: ShuffleBlocks(5, 0)},
		`{"order": {"stratified": [0, 1]}}`:                {Order: Stratified([]int64{0, 1})},
		`{"order": {"weighted": [0.5, 2]}}`:                {Order: Weighted([]float64{0.5, 2})},
		`{"subset": {"indices": []}}`:                      {Subset: Indices([]int64{})},
		`{"subset": {"file": "val.npy"}}`:                  {Subset: IndexFile("val.npy")},
		`{"last": "drop", "on_error": "fail"}`:             {Last: Drop},
		`{"last": "short", "window": {"edge": "end"}}`:     {Window: Window{Edge: EdgeEnd}},
		`{"window": {"edge": "none", "targets": "last"}} `: {},
	} {
		got, err := ParseConfig([]byte(text))
		got.Inputs, got.Targets = nil, nil
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v\nwant %+v", text, got, err, want)
		}
	}
}

func TestParseConfigRefuses(t *testing.T) {
	for text, want := range map[string]string{
		``:                          "EOF",
		`{} {}`:                     "more follows",
		`{"Resume": {}}`:            "unknown field",
		`{"inputs": [{"k": 1}]}`:    "unknown field",
		`{"inputs": [3]}`:           "3 is no column",
		`{"batch": 2.5}`:            "batch: number 2.5 is not an integer of 64 bits",
		`{"memory": "1GiB"}`:        "memory: string is not an integer of 64 bits",
		`{"window": {"across": 1}}`: "window.across: number is not true or false",
		`{"files": "a"}`:            "files: string is not a list",
		`{"last": 3}`:               "last: number is not a string",
		`{"inputs": [{"key": "x", "scale": "a"}]}`:        "scale: string is not a number",
		`{"order": "random"}`:                             `"random" is not auto, global or blocks`,
		`{"order": "blocks:0"}`:                           "blocks:512:16",
		`{"order": {}}`:                                   "stratified by labels or weighted",
		`{"order": {"weighted": [1], "stratified": [1]}}`: "stratified by labels or weighted",
		`{"last": "wrap"}`:                                `"wrap" is not short, drop or pad`,
		`{"on_error": "ignore"}`:                          `"ignore" is not fail or skip`,
		`{"window": {"edge": "both"}}`:                    `"both" is not none, start or end`,
		`{"subset": {}}`:                                  "a fraction of two numbers, indices or a file",
		`{"subset": {"fraction": [1]}}`:                   "a fraction of two numbers, indices or a file",
		`{"subset": {"file": "a", "indices": [1]}}`:       "a fraction of two numbers, indices or a file",
		`{"batch": 9223372036854775808}`:                  "batch: number 9223372036854775808 is not an integer of 64 bits",
		`{"subset": {"fraction": [0, 1], "seed":-1}}`:     "subset.seed: number -1 is not an integer of 64 bits that is not negative",
	} {
		if _, err := ParseConfig([]byte(text)); err == nil || !strings.Contains(err.Error(), want) || strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), "Go ") {
			t.Errorf("%s: got %v, want …%s…", text, err, want)
		}
	}
}
