package dataset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
)

// ParseConfig reads a config from JSON, for programs in other languages and files:
//
//	{"files": ["train/*.npz"],
//	 "inputs": ["x1", {"key": "x2", "scale": 0.0039, "mean": [0.5], "channels": [2, 1, 0]}],
//	 "targets": [{"key": "y", "classes": 10}],
//	 "order": "auto", "seed": 1, "batch": 32, "epochs": 10, "last": "short"}
//
// A column is its key, or an object with key, name, files, channels, dtype, scale, mean, std and
// classes. Order is "none", what [ParseOrder] reads, {"stratified": [labels]} or {"weighted":
// [weights]}. Last is "short", "drop" or "pad". Beside them there are file_per_sample, match_names,
// join, workers, memory (in bytes), on_error ("fail" or "skip"), window ({"length", "stride",
// "across", "edge": "none", "start" or "end", "targets": "last" or "steps", "ahead"}), and subset
// ({"fraction": [lo, hi], "seed": n}, {"indices": [...]} or {"file": path}). What is left out has
// the default of its field; other fields are an error. Rank, World, Resume, Transform, Options and
// arrays are for the program to set.
func ParseConfig(text []byte) (Config, error) {
	var j configJSON
	if err := strictly(text, &j); err != nil {
		return Config{}, fmt.Errorf("description of a data set: %w", err)
	}
	c := Config{
		Files: j.Files, Inputs: columnsOf(j.Inputs), Targets: columnsOf(j.Targets), FilePerSample: j.FilePerSample, MatchNames: j.MatchNames,
		Window: Window{j.Window.Length, j.Window.Stride, j.Window.Across, Edge(j.Window.Edge), WindowTargets(j.Window.Targets), j.Window.Ahead},
		Order:  Order(j.Order), Seed: j.Seed, Batch: j.Batch, Last: Last(j.Last), Epochs: j.Epochs, Join: j.Join,
		Workers: j.Workers, Memory: j.Memory, OnError: OnError(j.OnError),
	}
	if j.Subset != nil {
		var err error
		if c.Subset, err = j.Subset.subset(); err != nil {
			return Config{}, fmt.Errorf("description of a data set: subset: %w", err)
		}
	}
	return c, nil
}

// ParseOrder reads a shuffled order: "auto" for [Shuffle], "global" for [ShuffleGlobal], and
// "blocks", "blocks:N" or "blocks:N:M" for [ShuffleBlocks].
func ParseOrder(s string) (Order, error) {
	how, sizes, sized := strings.Cut(s, ":")
	switch {
	case s == "auto":
		return Shuffle(), nil
	case s == "global":
		return ShuffleGlobal(), nil
	case how != "blocks":
		return Order{}, fmt.Errorf("%q is not auto, global or blocks", s)
	case !sized:
		return ShuffleBlocks(0, 0), nil
	}
	block, mixed, two := strings.Cut(sizes, ":")
	n, err := strconv.ParseInt(block, 10, 64)
	m := int64(0)
	if err == nil && two {
		m, err = strconv.ParseInt(mixed, 10, 64)
	}
	if err != nil || n < 1 || two && m < 1 {
		return Order{}, fmt.Errorf("%q is not of the form blocks:512:16", s)
	}
	return ShuffleBlocks(n, m), nil
}

type configJSON struct {
	Files         []string     `json:"files"`
	Inputs        []columnJSON `json:"inputs"`
	Targets       []columnJSON `json:"targets"`
	FilePerSample bool         `json:"file_per_sample"`
	MatchNames    bool         `json:"match_names"`
	Window        windowJSON   `json:"window"`
	Subset        *subsetJSON  `json:"subset"`
	Order         orderJSON    `json:"order"`
	Seed          uint64       `json:"seed"`
	Batch         int          `json:"batch"`
	Last          lastJSON     `json:"last"`
	Epochs        int          `json:"epochs"`
	Join          bool         `json:"join"`
	Workers       int          `json:"workers"`
	Memory        int64        `json:"memory"`
	OnError       onErrorJSON  `json:"on_error"`
}

type windowJSON struct {
	Length  int64             `json:"length"`
	Stride  int64             `json:"stride"`
	Across  bool              `json:"across"`
	Edge    edgeJSON          `json:"edge"`
	Targets windowTargetsJSON `json:"targets"`
	Ahead   int64             `json:"ahead"`
}

type columnJSON Column

func columnsOf(list []columnJSON) []Column {
	columns := make([]Column, len(list))
	for i, c := range list {
		columns[i] = Column(c)
	}
	return columns
}

func (c *columnJSON) UnmarshalJSON(text []byte) error {
	switch text[0] {
	case '"':
		return json.Unmarshal(text, &c.Key)
	case '{':
	default:
		return fmt.Errorf("%.20s is no column, which is its key or an object", text)
	}
	var j struct {
		Key      string    `json:"key"`
		Name     string    `json:"name"`
		Files    []string  `json:"files"`
		Channels []int64   `json:"channels"`
		DType    string    `json:"dtype"`
		Scale    float64   `json:"scale"`
		Mean     []float64 `json:"mean"`
		Std      []float64 `json:"std"`
		Classes  int64     `json:"classes"`
	}
	if err := strictly(text, &j); err != nil {
		return err
	}
	*c = columnJSON{Key: j.Key, Name: j.Name, Files: j.Files, Channels: j.Channels, DType: j.DType, Scale: j.Scale, Mean: j.Mean, Std: j.Std, Classes: j.Classes}
	return nil
}

type subsetJSON struct {
	Fraction []float64 `json:"fraction"`
	Seed     uint64    `json:"seed"`
	Indices  []int64   `json:"indices"`
	File     string    `json:"file"`
}

func (s *subsetJSON) subset() (Subset, error) {
	switch {
	case len(s.Fraction) == 2 && s.Indices == nil && s.File == "":
		return Fraction(s.Fraction[0], s.Fraction[1], s.Seed), nil
	case s.Fraction == nil && s.Indices != nil && s.File == "":
		return Indices(s.Indices), nil
	case s.Fraction == nil && s.Indices == nil && s.File != "":
		return IndexFile(s.File), nil
	}
	return Subset{}, errors.New("it is a fraction of two numbers, indices or a file")
}

type orderJSON Order

func (o *orderJSON) UnmarshalJSON(text []byte) error {
	if text[0] == '"' {
		var s string
		if err := json.Unmarshal(text, &s); err != nil || s == "none" {
			return err
		}
		order, err := ParseOrder(s)
		if err != nil {
			return fmt.Errorf("order: %w", err)
		}
		*o = orderJSON(order)
		return nil
	}
	var j struct {
		Stratified []int64   `json:"stratified"`
		Weighted   []float64 `json:"weighted"`
	}
	if err := strictly(text, &j); err != nil {
		return err
	}
	switch {
	case j.Stratified != nil && j.Weighted == nil:
		*o = orderJSON(Stratified(j.Stratified))
	case j.Weighted != nil && j.Stratified == nil:
		*o = orderJSON(Weighted(j.Weighted))
	default:
		return errors.New("an order is stratified by labels or weighted")
	}
	return nil
}

// The words of what is a number in Config, in order.
type (
	lastJSON          Last
	onErrorJSON       OnError
	edgeJSON          Edge
	windowTargetsJSON WindowTargets
)

func (v *lastJSON) UnmarshalText(text []byte) error {
	return word("last", v, text, "short", "drop", "pad")
}
func (v *onErrorJSON) UnmarshalText(text []byte) error {
	return word("on_error", v, text, "fail", "skip")
}
func (v *edgeJSON) UnmarshalText(text []byte) error {
	return word("window.edge", v, text, "none", "start", "end")
}
func (v *windowTargetsJSON) UnmarshalText(text []byte) error {
	return word("window.targets", v, text, "last", "steps")
}

func word[T ~uint8](field string, v *T, text []byte, words ...string) error {
	for i, w := range words {
		if string(text) == w {
			*v = T(i)
			return nil
		}
	}
	return fmt.Errorf("%s: %q is not %s or %s", field, text, strings.Join(words[:len(words)-1], ", "), words[len(words)-1])
}

// strictly decodes one value, all of whose fields are known.
func strictly(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return plainly(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more follows the value")
	}
	return nil
}

// plainly is an error of package json in words that do not take knowledge of Go.
func plainly(err error) error {
	t, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		if text, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
			return fmt.Errorf("unknown field %s", text)
		}
		return err
	}
	want := "an object"
	switch t.Type.Kind() {
	case reflect.Bool:
		want = "true or false"
	case reflect.String, reflect.Uint8: // see [word]
		want = "a string"
	case reflect.Int, reflect.Int64:
		want = "an integer of 64 bits"
	case reflect.Uint64:
		want = "an integer of 64 bits that is not negative"
	case reflect.Float64:
		want = "a number"
	case reflect.Slice:
		want = "a list"
	}
	field := ""
	if t.Field != "" {
		field = t.Field + ": "
	}
	return fmt.Errorf("%s%s is not %s", field, t.Value, want)
}
