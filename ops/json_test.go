package ops

import (
	"encoding/json"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestGoldenParams has the bytes of parameters, which plans are told apart by: they never change.
func TestGoldenParams(t *testing.T) {
	inf := Float(math.Inf(1))
	for want, op := range map[string]Op{
		"sqrt":                         Must("sqrt", nil),
		"sum":                          Must("sum", OverParams{}),
		`sum{"over":"signal"}`:         Must("sum", OverParams{Over: "signal"}),
		`multiply{"operand":2}`:        Must("multiply", BinaryParams{Operand: Operand{Value: 2}}),
		`multiply{"operand":2.0}`:      Must("multiply", BinaryParams{Operand: Operand{Value: 2.0}}),
		`multiply{"operand":-0.0}`:     Must("multiply", BinaryParams{Operand: Operand{Value: math.Copysign(0, -1)}}),
		`multiply{"operand":1e+21}`:    Must("multiply", BinaryParams{Operand: Operand{Value: 1e21}}),
		`multiply{"operand":1e-07}`:    Must("multiply", BinaryParams{Operand: Operand{Value: 1e-7}}),
		`multiply{"operand":"nan"}`:    Must("multiply", BinaryParams{Operand: Operand{Value: math.NaN()}}),
		`multiply{"operand":"-inf"}`:   Must("multiply", BinaryParams{Operand: Operand{Value: math.Inf(-1)}}),
		`multiply{"operand":true}`:     Must("multiply", BinaryParams{Operand: Operand{Value: true}}),
		`astype{"dtype":"<f4"}`:        Must("astype", AsTypeParams{"float32"}),
		`astype{"dtype":"bfloat16"}`:   Must("astype", AsTypeParams{"bfloat16"}),
		`where{"x":0,"y":0.5}`:         Must("where", WhereParams{X: Operand{Value: 0}, Y: Operand{Value: 0.5}}),
		`reshape{"shape":[]}`:          Must("reshape", ShapeParams{Shape: []int64{}}),
		`user/x{"a":"<&>","b":[1.5]}`:  Must("user/x", map[string]any{"b": []float64{1.5}, "a": "<&>"}),
		`user/x{"a":{"b":null},"é":1}`: Must("user/x", json.RawMessage(" {\n\"\\u00e9\" : 1, \"a\":{ \"b\": null } }")),
		`user/x{"a":[100.0,0.1,12]}`:   Must("user/x", json.RawMessage(`{"a":[1e2,1.0e-1,12]}`)),
		`subtract{"operand":{"array":"dark.npy"},"reverse":true}`: Must("subtract",
			BinaryParams{Operand: Operand{Array: "dark.npy"}, Reverse: true}),
		`add{"operand":{"im":-2,"re":"nan"}}`: Must("add",
			BinaryParams{Operand: Operand{Value: complex(math.NaN(), -2)}}),
		`add{"operand":{"dtype":"<u8","value":18446744073709551615}}`: Must("add",
			BinaryParams{Operand: Operand{Value: uint64(math.MaxUint64), DType: "u8"}}),
		`masks{"masks":[{"ring":[64,64.5,20,"inf"]},{"box":[[0],[1]]}]}`: Must("masks",
			MasksParams{[]Mask{{Ring: []Float{64, 64.5, 20, inf}}, {Box: [][]int64{{0}, {1}}}}}),
	} {
		if op.String() != want {
			t.Errorf("%s instead of %s", op, want)
		}
		roundTrip(t, op)
	}
}

// roundTrip writes and reads an operation, alone and in another value, as plans do.
func roundTrip(t *testing.T, op Op) {
	t.Helper()
	type plan struct {
		Ops []Op `json:"ops"`
	}
	raw := must(json.MarshalIndent(plan{[]Op{op}}, "", "  "))(t)
	var again plan
	if err := json.Unmarshal(raw, &again); err != nil {
		t.Errorf("%s: %v", op, err)
		return
	}
	if again.Ops[0].String() != op.String() || (again.Ops[0].Params == nil) != (op.Params == nil) {
		t.Errorf("%s came back as %s", op, again.Ops[0])
	}
}

func TestCanonical(t *testing.T) {
	for _, test := range [][2]string{
		{`radial_sum{"cy":64.0,"cx":6.45e1}`, `radial_sum{"cx":64.5,"cy":64}`},
		{`radial_sum{"cy":1,"cx":2,"bins":0}`, `radial_sum{"cx":2,"cy":1}`},
		{`astype{"dtype":"=f4"}`, `astype{"dtype":"<f4"}`},
		{`add{"operand":-0}`, `add{"operand":0}`},
		{`clip{"lo":null,"hi":1}`, `clip{"hi":1}`},
		{`sum{"over":""}`, `sum`},
	} {
		if op := must(Parse(test[0]))(t); op.String() != test[1] {
			t.Errorf("%s is %s, not %s", test[0], op, test[1])
		}
	}
}

// TestStrictParams has parameters that are not right: each error names the operation and what is
// wrong with it.
func TestStrictParams(t *testing.T) {
	for _, test := range []struct{ name, params, want string }{
		{"sqrt", `{"x":1}`, `sqrt: no parameter "x"; it has none`},
		{"sum", `{"Over":"all"}`, `sum: no parameter "Over"; it has over`},
		{"sum", `{"over":1}`, "sum: parameter over: a number where a string belongs"},
		{"sum", `[]`, "sum: parameters: a array where an object belongs"},
		{"sum", `{"over":"all"} {}`, "sum: parameters: invalid character"},
		{"sum", `{"over":"all","over":"all"}`, `sum: parameters: "over" is there twice`},
		{"sum", `{"over":`, "sum: parameters: unexpected end"},
		{"multiply", ``, "multiply: parameter operand is missing"},
		{"multiply", `{"operand":null}`, "multiply: parameter operand is missing"},
		{"multiply", `{"operand":"NaN"}`, `multiply: parameter operand: "NaN" is not a number`},
		{"multiply", `{"operand":""}`, `multiply: parameter operand: "" is not a number`},
		{"multiply", `{"operand":[1]}`, `multiply: parameter operand: [1] is not a number`},
		{"multiply", `{"operand":{"re":1}}`, `multiply: parameter operand: an operand is a number, or has`},
		{"multiply", `{"operand":{"array":"a.npy","value":1}}`, `multiply: parameter operand: an operand is a number, or has`},
		{"multiply", `{"operand":{"array":""}}`, `multiply: parameter operand: an operand is a number, or has`},
		{"multiply", `{"operand":{"file":"a.npy"}}`, `multiply: parameter operand: json: unknown field "file"`},
		{"multiply", `{"operand":{"dtype":"f4","value":{"re":1}}}`, `multiply: parameter operand: {"re":1} is not a number`},
		{"multiply", `{"operand":1e999}`, "multiply: parameters: the number 1e999 is out of range"},
		{"multiply", `{"operand":99999999999999999999}`, "multiply: parameter operand: 99999999999999999999 is not a number"},
		{"multiply", `{"operand":1,"reverse":"yes"}`, "multiply: parameter reverse: a string where true or false belongs"},
		{"histogram", `{"bins":2,"hi":1}`, "histogram: parameter lo is missing"},
		{"histogram", `{"bins":2.5,"lo":0,"hi":1}`, "histogram: parameter bins: a number 2.5 where an integer"},
		{"histogram", `{"bins":2,"lo":"zero","hi":1}`, `histogram: parameter lo: "zero" is not a number, nor "nan"`},
		{"astype", `{"dtype":"f5"}`, "astype: parameter dtype: "},
		{"astype", `{"dtype":"g"}`, "astype: parameter dtype: dtype float128 is not the same on every machine"},
		{"astype", `{"dtype":"U3"}`, "astype: parameter dtype: dtype <U3 is not one of numbers"},
		{"masks", `{"masks":[{"circle":[1,1,1]}]}`, `masks: parameter masks: json: unknown field "circle"`},
		{"sqrrt", ``, `no operation "sqrrt"; close to it: sqrt`},
		{"logical", ``, `no operation "logical"; close to it: logical_and, logical_not, logical_or, logical_xor`},
		{"frobnicate", ``, `no operation "frobnicate"; there are: absolute, add, argmax`},
	} {
		op := Op{Name: test.name, Params: json.RawMessage(test.params)}
		_, err := op.Canonical()
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: %v, not %s", op, err, test.want)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: an error of more than one line: %q", op, err)
		}
	}
	for _, test := range []struct{ op, want string }{
		{`sum{"over":"rows"}`, "sum: parameter over: "},
		{"histogram=0,0,1", "histogram: parameter bins: "},
		{"histogram=4,1,0", "histogram: parameters lo and hi: "},
		{"histogram=4,0,nan", "histogram: parameters lo and hi: "},
		{`masks{"masks":[]}`, "masks: parameter masks: there is none"},
		{"masks=disk(1,2)", "masks: parameter masks: mask 0: it has 2 numbers, not 3"},
		{"masks=ring(1,2,3)", "masks: parameter masks: mask 0: it has 3 numbers, not 4"},
		{"masks=box(1,2,3)", "masks: parameter masks: mask 0: box: "},
		{`masks{"masks":[{"disk":[1,1,1],"point":[1,1]}]}`, "masks: parameter masks: mask 0: it has 2 forms"},
		{`masks{"masks":[{}]}`, "masks: parameter masks: mask 0: it has 0 forms"},
		{`center_of_mass{"regression":"cubic"}`, `center_of_mass: parameter regression: "cubic"`},
		{"radial_sum=1,1,-1", "radial_sum: parameter bins: "},
		{"sqrt", "sqrt is a map"},
	} {
		if _, err := must(Parse(test.op))(t).Reducer(); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: %v, not %s", test.op, err, test.want)
		}
	}
}

func TestNewOpRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		params any
		want   string
	}{
		{"", nil, "without a name"},
		{"a b", nil, "name of operation"},
		{"x", math.NaN(), "x: parameters: json: unsupported value: NaN"},
		{"x", json.RawMessage("{"), "x: parameters: "},
		{"x", func() {}, "x: parameters: json: unsupported type"},
		{"add", BinaryParams{}, "add: parameters: the operand is neither a number nor an array"},
		{"add", BinaryParams{Operand: Operand{Value: int16(1)}}, "add: parameters: an operand of type int16 needs a DType"},
		{"add", BinaryParams{Operand: Operand{Value: 1, Array: "a.npy"}}, "add: parameters: an operand is a number or an array, not both"},
		{"add", BinaryParams{Operand: Operand{Value: "1", DType: "f4"}}, "add: parameters: a string is not a number"},
		{"add", BinaryParams{Operand: Operand{DType: "f4"}}, "add: parameters: the operand has no value"},
		{"add", BinaryParams{Operand: Operand{Array: "\xff.npy"}}, "is not UTF-8"},
		{"astype", AsTypeParams{}, "astype: parameters: "},
	} {
		if op, err := New(test.name, test.params); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, not %s", op, err, test.want)
		}
	}
	for _, raw := range []string{`{}`, `{"name":"sum","parameters":{}}`, `{"name":"sum","params":{"over":1e999}}`, `[]`} {
		var op Op
		if err := json.Unmarshal([]byte(raw), &op); err == nil {
			t.Errorf("%s was read as %s", raw, op)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("Must of a bad name has not panicked")
		}
	}()
	Must("", nil)
}

// TestFilesAnywhere finds paths in all that parameters of users can be made of.
func TestFilesAnywhere(t *testing.T) {
	type inner struct{ Deep []*Path }
	type params struct {
		inner
		ByName map[string]Operand
		Two    [2]Path
		hidden map[string]Path
	}
	deep := Path("deep")
	p := params{inner{[]*Path{nil, &deep}}, map[string]Operand{"a": {Array: "map"}}, [2]Path{"", "two"}, map[string]Path{"a": "hidden"}}
	err := eachPath(reflect.ValueOf(&p), func(p Path) (Path, error) { return "/" + p, nil })
	if err != nil || deep != "/deep" || p.ByName["a"].Array != "/map" || p.Two != [2]Path{"", "/two"} || p.hidden["a"] != "hidden" {
		t.Errorf("%+v %s: %v", p, deep, err)
	}
}

func TestFiles(t *testing.T) {
	for s, want := range map[string][]string{
		"sqrt":                              nil,
		"multiply=2":                        nil,
		"subtract=dark.npy":                 {"dark.npy"},
		"correct=dark.npy,cal.npz:gain":     {"dark.npy", "cal.npz:gain"},
		"masks=a.npy disk(1,1,1) b.npy":     {"a.npy", "b.npy"},
		"select=mask.npy":                   {"mask.npy"},
		`where{"cond":{"array":"c"},"x":1}`: {"c"},
	} {
		op := must(Parse(s))(t)
		files := must(op.Files())(t)
		if !slices.Equal(files, want) {
			t.Errorf("%s names %q, not %q", s, files, want)
		}
		absolute := must(op.Absolute())(t)
		for i, file := range must(absolute.Files())(t) {
			if abs := must(filepath.Abs(files[i]))(t); file != abs {
				t.Errorf("%s: %s is not %s", s, file, abs)
			}
		}
		if len(want) == 0 && absolute.String() != op.String() {
			t.Errorf("%s became %s", op, absolute)
		}
	}
}
