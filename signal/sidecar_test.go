package signal

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/internal/strictjson"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// framed is a sidecar around the text of a description.
func framed(signal string) string {
	return `{"format": "lazynpy-signal", "version": 1, "signal": ` + signal + `}`
}

const goodSidecar = `{"format": "lazynpy-signal", "version": 1, "later": {"a": 1}, "signal": {
	"axes": [{"size": 2, "name": null, "is_binned": true}, {"size": 3, "scale": 2, "units": "nm", "navigate": true}],
	"metadata": {"bad": NaN, "big": 123456789012345678901234567890, "f": 1.50, "__float__": "nan", "deep": [Infinity, -Infinity, {"__float__": "nan"}]},
	"note": "stays"}}`

func TestSidecarKeepsWhatItDoesNotKnow(t *testing.T) {
	dir := t.TempDir()
	path := ramp(t, filepath.Join(dir, "a.npy"), 0, 2, 3)
	if err := os.WriteFile(SidecarPath(path), []byte(goodSidecar), 0o666); err != nil {
		t.Fatal(err)
	}
	s := mustSignal(t, path)
	if s.String() != "(3|2) int32" || s.Axes[1].Units != "nm" || s.Axes[1].Scale != 2 || s.Axes[0].Scale != 1 {
		t.Errorf("%v: %+v", s, s.Axes)
	}
	s.Axes[1].Offset = -0.25
	if err := WriteSidecar(path, s); err != nil {
		t.Fatal(err)
	}
	want := `{
  "format": "lazynpy-signal",
  "version": 1,
  "signal": {
    "axes": [
      {"name": "", "units": "", "size": 2, "scale": 1.0, "offset": 0.0, "navigate": false, "index_in_array": 0, "is_binned": true},
      {"name": "", "units": "nm", "size": 3, "scale": 2.0, "offset": -0.25, "navigate": true, "index_in_array": 1}
    ],
    "metadata": {
      "__float__": "nan",
      "bad": {"__float__": "nan"},
      "big": 123456789012345678901234567890,
      "deep": [
        {"__float__": "inf"},
        {"__float__": "-inf"},
        {"__float__": "nan"}
      ],
      "f": 1.5
    },
    "original_metadata": {},
    "note": "stays"
  },
  "later": {"a": 1}
}
`
	if got := mustRead(t, SidecarPath(path)); got != want {
		t.Errorf("wrote\n%s", got)
	}
	if !json.Valid([]byte(want)) {
		t.Error("which is not JSON")
	}
	// Derived signals keep it too, and share no metadata.
	cut, err := s.Slice("1")
	if err != nil {
		t.Fatal(err)
	}
	cut.Metadata["deep"].([]any)[0] = "changed"
	if s.Metadata["deep"].([]any)[0] == "changed" || cut.extra["note"] != "stays" || cut.Axes[0].Units != "nm" {
		t.Errorf("%v, %+v", s.Metadata, cut)
	}
}

func TestHostileSidecars(t *testing.T) {
	dir := t.TempDir()
	path := ramp(t, filepath.Join(dir, "a.npy"), 0, 2, 3)
	axes := func(second string) string { return framed(`{"axes": [{"size": 2}, ` + second + `]}`) }
	for text, want := range map[string]string{
		"":                                "offset 0: a value is missing",
		"{":                               "offset 1: expected a key",
		"[]":                              "an array, and not an object",
		"{}":                              `format: is "", and not "lazynpy-signal"`,
		`{"format": "other"}`:             `format: is "other"`,
		`{"format": 1}`:                   "format: is the number 1, and not a string",
		framed("{}") + "x":                "something follows the end",
		framed("null"):                    "signal: is missing or null, and not an object",
		framed("{}"):                      "signal.axes: is no array",
		framed(`{"axes": {}}`):            "signal.axes: is no array",
		framed(`{"axes": []}`):            "signal.axes: the sizes () do not fit " + path + ", whose shape is (2, 3)",
		axes(`{"size": 4}`):               "signal.axes: the sizes (2, 4) do not fit " + path + ", whose shape is (2, 3)",
		axes(`{"size": 3, "size": 3}`):    "signal.axes[1].size: is there twice",
		axes(`{"size": -3}`):              "signal.axes[1].size: is -3",
		axes(`{"size": 3.0}`):             "signal.axes[1].size: is the number 3, and not an integer",
		axes(`{"size": 1e400}`):           "signal.axes[1].size: is the number 1e400",
		axes(`{}`):                        "signal.axes[1].size: is missing",
		axes(`{"size": 3, "scale": "1"}`): "signal.axes[1].scale: is a string, and not a number",
		axes(`{"size": 3, "scale": 0}`):   "signal.axes[1].scale: is 0",
		axes(`{"size": 3, "scale": NaN}`): "signal.axes[1].scale: is NaN",
		axes(`{"size": 3, "offset": {"__float__": "inf"}}`):              "signal.axes[1].offset: is +Inf",
		axes(`{"size": 3, "scale": 1e999}`):                              "signal.axes[1].scale: is the number 1e999",
		axes(`{"size": 3, "name": []}`):                                  "signal.axes[1].name: is an array, and not a string",
		axes(`{"size": 3, "navigate": 1}`):                               "signal.axes[1].navigate: is the number 1, and not a boolean",
		axes(`{"size": 3, "index_in_array": 0}`):                         "signal.axes[1].index_in_array: is 0",
		axes(`{"size": 3, "axis": [1, 2]}`):                              "signal.axes[1].axis: has 2 values, and size is 3",
		axes(`{"axis": [1, 2, 2]}`):                                      "signal.axes[1].axis: neither rises nor falls",
		axes(`{"axis": [1, 3, 2]}`):                                      "signal.axes[1].axis: neither rises nor falls",
		axes(`{"axis": [1, "2", 3]}`):                                    "signal.axes[1].axis[1]: is a string",
		axes(`{"axis": [1, 2, 3], "scale": 1}`):                          "signal.axes[1].axis: excludes scale",
		axes(`{"axis": 3}`):                                              "signal.axes[1].axis: is the number 3, and not an array",
		axes(`{"size": 3, "name": "` + "\xff" + `"}`):                    "is not UTF-8",
		axes(`{"size": 3, "name": "` + "\n" + `"}`):                      "signal.axes[1].name: bad string",
		axes(`{"size": 3, "name": "x`):                                   "signal.axes[1].name: a string does not end",
		axes(`{"size": 03}`):                                             "signal.axes[1].size: is no number",
		axes(`{"size": 3,}`):                                             "signal.axes[1]: expected a key",
		framed(`{"axes": [], "metadata": 1}`):                            "signal.metadata: is the number 1, and not an object",
		framed(strings.Repeat("[", 1<<20)):                               "is nested more than 64 deep",
		framed("[" + strings.Repeat("0,", strictjson.MaxValues)):         "there are more than 1048576 values",
		strings.Repeat(" ", maxSidecar+1):                                "is longer than 16777216 bytes",
		strings.Replace(framed("{}"), "version\": 1", "version\": 2", 1): "version: is 2, and only 1 is known",
	} {
		if err := os.WriteFile(SidecarPath(path), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := Read(path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), SidecarPath(path)+": ") || strings.Contains(err.Error(), "\n") || len(err.Error()) > 600 {
			t.Errorf("%.200q: %.600v, not %q", text, err, want)
		}
		if bad, ok := errors.AsType[*mmapnpy.FormatError](err); !ok || !errors.Is(err, ErrSidecar) || bad.Path != SidecarPath(path) {
			t.Errorf("%.200q: a %T", text, err)
		}
		if s, err := Read(path, IgnoreSidecar()); err != nil {
			t.Error(err)
		} else {
			s.Close()
		}
	}
	if err := errors.Join(os.Remove(SidecarPath(path)), os.Mkdir(SidecarPath(path), 0o777)); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); !errors.Is(err, ErrSidecar) {
		t.Errorf("a folder: %v", err)
	}
}

// FuzzSidecar checks that what is read is written so that it is read again as the same, in the same
// bytes.
func FuzzSidecar(f *testing.F) {
	f.Add(goodSidecar)
	f.Add(strings.Replace(goodSidecar, `"signal": {`, `"signals": {"k": {"axes": [{"axis": [3, 2.5, -1e-300]}]}, "x": {`, 1) + "}")
	f.Add(framed(`{"axes": [], "metadata": {"a": [[], {}, [{"b": "\ud800\u0000\u2028"}], -0, -0.0, 1E5]}}`))
	f.Add(framed(`{"axes": [{"size": 1}, {"size": 9223372036854775807}]}`))
	f.Fuzz(func(t *testing.T, text string) {
		for _, archive := range []bool{false, true} {
			c, err := decodeSidecar(text, archive)
			if err != nil {
				if !errors.Is(err, ErrSidecar) || strings.Contains(err.Error(), "\n") {
					t.Errorf("%T %q", err, err)
				}
				continue
			}
			first, err := c.encode()
			if err != nil {
				// The canonical form is longer, and named floats are one level deeper.
				if !strings.Contains(err.Error(), "nested") && !strings.Contains(err.Error(), "longer") && !strings.Contains(err.Error(), "values") {
					t.Fatal(err)
				}
				continue
			}
			if !json.Valid(first) {
				t.Fatalf("not JSON: %q", first)
			}
			again, err := decodeSidecar(string(first), archive)
			if err != nil {
				t.Fatal(err)
			}
			second, err := again.encode()
			if err != nil || string(second) != string(first) {
				t.Fatalf("%q, then %q: %v", first, second, err)
			}
			if !strings.Contains(string(first), "nan") && !reflect.DeepEqual(c, again) {
				t.Fatalf("%+v, then %+v", c, again)
			}
		}
	})
}
