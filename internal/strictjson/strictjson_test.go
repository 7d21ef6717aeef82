package strictjson

import (
	"math"
	"strings"
	"testing"
)

// TestFloats writes floats in the one form that they have, and reads them back bit for bit.
func TestFloats(t *testing.T) {
	for want, f := range map[string]float64{
		"0.0": 0, "-0.0": math.Copysign(0, -1), "1.0": 1, "0.1": 0.1, "9e-07": 9e-7, "0.000001": 1e-6,
		"9007199254740992.0": 1 << 53, "10000000000000000.0": 1e16, "1e+21": 1e21, "1.7976931348623157e+308": math.MaxFloat64, "5e-324": 5e-324,
		`{"__float__": "nan"}`: math.NaN(), `{"__float__": "inf"}`: math.Inf(1), `{"__float__": "-inf"}`: math.Inf(-1),
	} {
		text, err := Write(f, 100)
		if got := strings.TrimSpace(string(text)); err != nil || got != want {
			t.Errorf("%v is %s, not %s: %v", f, got, want, err)
		}
		back, err := Read(string(text))
		if v, ok := back.(float64); err != nil || !ok || math.Float64bits(v) != math.Float64bits(f) && v == v {
			t.Errorf("%s comes back as %v: %v", text, back, err)
		}
	}
}

// TestErrors says where something is wrong.
func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		`{"a": [1, {"b c": tru}]}`: `a[1]["b c"]: is no value: "tru}]}"`,
		`{"a": 1, "a": 2}`:         "a: is there twice",
		`[1] 2`:                    `something follows the end: "2"`,
	} {
		if _, err := Read(text); err == nil || err.Error() != want {
			t.Errorf("%s: %v, not %q", text, err, want)
		}
	}
	if _, err := Write(map[string]any{"a": []any{nil, func() {}}}, 100); err == nil || err.Error() != "a[1]: a func() cannot be written" {
		t.Error(err)
	}
}
