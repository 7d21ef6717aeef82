package ops

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestParseOp(t *testing.T) {
	for _, test := range [][2]string{
		{"sqrt", "sqrt"},
		{" sqrt ", "sqrt"},
		{"sum{}", "sum"},
		{"astype=f4", `astype{"dtype":"<f4"}`},
		{"astype = >u2", `astype{"dtype":">u2"}`},
		{"multiply=0.5", `multiply{"operand":0.5}`},
		{"multiply=1", `multiply{"operand":1}`},
		{"multiply=+01", `multiply{"operand":1}`},
		{"multiply=1.", `multiply{"operand":1.0}`},
		{"multiply=.5", `multiply{"operand":0.5}`},
		{"multiply=1e3", `multiply{"operand":1000.0}`},
		{"multiply=-inf", `multiply{"operand":"-inf"}`},
		{"multiply=true", `multiply{"operand":true}`},
		{"subtract=dark.npy", `subtract{"operand":{"array":"dark.npy"}}`},
		{"subtract=a,b.npy", `subtract{"operand":{"array":"a,b.npy"}}`},
		{"subtract=cal.npz:dark", `subtract{"operand":{"array":"cal.npz:dark"}}`},
		{`subtract {"operand": 1, "reverse": true}`, `subtract{"operand":1,"reverse":true}`},
		{"clip=0,100", `clip{"hi":100,"lo":0}`},
		{"clip=,100.0", `clip{"hi":100.0}`},
		{"clip=0", `clip{"lo":0}`},
		{"slice=0:10, ::2", `slice{"index":"0:10, ::2"}`},
		{"bin_mean=1,1,2,2", `bin_mean{"factors":[1,1,2,2]}`},
		{"axes=0,1", `axes{"navigation":[0,1]}`},
		{"histogram=256,0,1000", `histogram{"bins":256,"hi":1000,"lo":0}`},
		{"histogram=256, -0.5, 1e3", `histogram{"bins":256,"hi":1000,"lo":-0.5}`},
		{"masks=disk(64,64,20) ring(64,64,20,40)", `masks{"masks":[{"disk":[64,64,20]},{"ring":[64,64,20,40]}]}`},
		{"masks=disk(64, 64, inf)ring(1,1,0.5,2)", `masks{"masks":[{"disk":[64,64,"inf"]},{"ring":[1,1,0.5,2]}]}`},
		{"masks=box(0,0,4,5) mask.npy", `masks{"masks":[{"box":[[0,0],[4,5]]},{"array":"mask.npy"}]}`},
		{"center_of_mass", "center_of_mass"},
		{"center_of_mass=64,64.5", `center_of_mass{"center":[64,64.5]}`},
		{"radial_profile=64,64,100", `radial_profile{"bins":100,"cx":64,"cy":64}`},
		{"std=1", `std{"ddof":1}`},
		{"at_positions{\"positions\":[[1]]}", `at_positions{"positions":[[1]]}`},
	} {
		op, err := Parse(test[0])
		if err != nil {
			t.Errorf("%s: %v", test[0], err)
			continue
		}
		if op.String() != test[1] {
			t.Errorf("%s is %s, not %s", test[0], op, test[1])
		}
	}
}

func TestParseOpRefuses(t *testing.T) {
	for _, test := range [][2]string{
		{"", "without a name"},
		{"=1", "without a name"},
		{"sqrt=2", "sqrt takes nothing behind"},
		{"sum=signal", "sum takes nothing behind"},
		{"at_positions=1", "at_positions takes nothing behind"},
		{"multiply", "multiply: parameter operand is missing"},
		{"multiply=", "multiply: parameter operand is missing"},
		{"multiply{", "multiply: parameters: "},
		{"multiply{\"operand\":1} x", "multiply: parameters: "},
		{"clip=1,2,3", "clip: more than 2 parameters"},
		{"histogram=256", "histogram: parameter lo is missing"},
		{"histogram=x,0,1", `histogram: parameter bins: "x" is not a number`},
		{"histogram=2.5,0,1", "histogram: parameter bins: "},
		{"bin_mean=1,,2", `bin_mean: parameter factors: "" is not a number`},
		{"take=1.5", "take: parameter indices: "},
		{"astype=float", "astype"},
		{"astype=float63", "astype: parameter"},
		{"masks=", "masks: parameter masks: there is none"},
		{"masks=disk(1,2,3", "no closing parenthesis"},
		{"masks=disk(a,2,3)", `"a" is not a number`},
		{"masks=disc(1,2,3)", `unknown field "disc"`},
		{"masks=rect(1,2,3,4.5)", "masks: parameter masks: "},
		{"subtract=\xff.npy", "not UTF-8"},
		{"s um", "letter"},
	} {
		op, err := Parse(test[0])
		if test[0] == "astype=float" { // a name of float64, as in NumPy
			if err != nil || op.String() != `astype{"dtype":"<f8"}` {
				t.Errorf("%s is %s: %v", test[0], op, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), test[1]) {
			t.Errorf("%s is %s: %v, not %s", test[0], op, err, test[1])
		}
	}
}

func FuzzParseOp(f *testing.F) {
	for _, d := range Describe() {
		f.Add(d.Example)
		f.Add(d.Name + d.Params)
	}
	for _, s := range []string{
		`add{"operand":{"dtype":"f4","value":"nan"}}`, `add{"operand":{"re":-0,"im":1e-9}}`, "multiply=18446744073709551615",
		"masks=box() point(1)", `correct{"dead_pixels":[null,[1,2]],"gain":null}`, "add{\"operand\":{\"array\":\"\\ud800\"}}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		op, err := Parse(s)
		if err != nil {
			return
		}
		again, err := Parse(op.String())
		if err != nil || again.String() != op.String() {
			t.Fatalf("%q is %s, and that %s: %v", s, op, again, err)
		}
		raw, err := json.Marshal(op)
		if err != nil {
			t.Fatal(err)
		}
		var read Op
		if err := json.Unmarshal(raw, &read); err != nil || read.String() != op.String() {
			t.Fatalf("%q is %s, and read again %s: %v", s, op, read, err)
		}
		if over, err := op.WithOver("signal"); err == nil {
			if _, err := over.Canonical(); err != nil {
				t.Fatalf("%s: %v", over, err)
			}
		}
	})
}
