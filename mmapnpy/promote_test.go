package mmapnpy

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

// dtypesOf parses dtypes separated by blanks.
func dtypesOf(t *testing.T, codes string) []DType {
	t.Helper()
	var out []DType
	for code := range strings.FieldsSeq(codes) {
		d, err := ParseDType(code)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, d)
	}
	return out
}

// TestResultType has a row of each rule; internal/interop compares all pairs and triples with
// NumPy.
func TestResultType(t *testing.T) {
	for codes, want := range map[string]string{
		"?":               "?",
		"? u1":            "u1",
		"i1 u1":           "i2",
		"u1 i4":           "i4",
		"u4 i4":           "i8",
		"u8 i1":           "f8",
		"? f2":            "f2",
		"i1 f2":           "f2",
		"i2 f2":           "f4",
		"i4 f4":           "f8",
		"i2 u2 f4":        "f4",
		"f2 f4 f8":        "f8",
		"f4 c8":           "c8",
		"f8 c8":           "c16",
		"i4 c8":           "c16",
		"i8 g":            "g",
		"g c8":            "G",
		">i4 <i4":         "i4",
		">f8":             "f8",
		"bfloat16 ?":      "bfloat16",
		"u1 bfloat16":     "bfloat16",
		"bfloat16 i2":     "f4",
		"bfloat16 f2":     "f4",
		"f2 bfloat16 u1":  "f4",
		"bfloat16 i8":     "f8",
		"bfloat16 f4":     "f4",
		"bfloat16 c8":     "c8",
		"bfloat16":        "bfloat16",
		"S3 S5":           "S5",
		"U2 >U7 U1":       "U7",
		"M8[s] >M8[s]":    "M8[s]",
		"V4 V4":           "V4",
		"i4,>f8 >i4,f8":   "i4,f8",
		"(2,3)f8 (2,3)f8": "(2,3)f8",
	} {
		got, err := ResultType(dtypesOf(t, codes)...)
		if err != nil || !got.Equal(dtypesOf(t, want)[0].WithByteOrder('=')) {
			t.Errorf("%s: %s %v, want %s", codes, got, err, want)
		}
	}
	for _, codes := range []string{"", "S3 U3", "i4 S3", "S3 i4", "M8[s] M8[ms]", "M8[s] i8", "i8 m8[s]", "V4 V5", "V2 bfloat16", "i4,f8 i4,f4", "i4 O"} {
		if got, err := ResultType(dtypesOf(t, codes)...); !errors.Is(err, ErrPromotion) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %s %v", codes, got, err)
		}
	}
	x87 := DType{kind: KindFloat, size: 16, order: nativeOrder, long: X87}
	quad := DType{kind: KindComplex, size: 32, order: nativeOrder, long: Quad}
	if got, err := ResultType(x87, quad); !errors.Is(err, ErrPromotion) {
		t.Errorf("x87 and quad: %s %v", got, err)
	}
	if got, err := ResultType(Float64, quad); err != nil || !got.Equal(quad) {
		t.Errorf("f8 and quad: %s %v", got, err)
	}
	if _, err := ResultType(Int8, DType{}); !errors.Is(err, ErrPromotion) {
		t.Errorf("invalid: %v", err)
	}
}

func TestResultTypeWeak(t *testing.T) {
	for _, tt := range []struct{ code, b, i, f, c string }{
		{"?", "?", "i8", "f8", "c16"},
		{"u1", "u1", "u1", "f8", "c16"},
		{"i8", "i8", "i8", "f8", "c16"},
		{"f2", "f2", "f2", "f2", "c8"},
		{">f4", "f4", "f4", "f4", "c8"},
		{"f8", "f8", "f8", "f8", "c16"},
		{"g", "g", "g", "g", "G"},
		{"c8", "c8", "c8", "c8", "c8"},
		{"bfloat16", "bfloat16", "bfloat16", "f4", "c8"},
	} {
		d := dtypesOf(t, tt.code)[0]
		for kind, want := range map[byte]string{'b': tt.b, 'i': tt.i, 'f': tt.f, 'c': tt.c} {
			got, err := ResultTypeWeak(d, kind)
			if err != nil || !got.Equal(dtypesOf(t, want)[0]) {
				t.Errorf("%s with %c: %s %v, want %s", tt.code, kind, got, err, want)
			}
		}
	}
	for _, code := range []string{"S3", "M8[s]", "V2", "i4,f8"} {
		if _, err := ResultTypeWeak(dtypesOf(t, code)[0], 'i'); !errors.Is(err, ErrPromotion) {
			t.Errorf("%s: %v", code, err)
		}
	}
	for _, kind := range []byte{'u', 0} {
		if _, err := ResultTypeWeak(Int8, kind); !errors.Is(err, ErrPromotion) {
			t.Errorf("kind %d: %v", kind, err)
		}
	}
}

func TestCheckWeakInt(t *testing.T) {
	for _, tt := range []struct {
		code      string
		negative  bool
		magnitude uint64
		fits      bool
	}{
		{"u1", false, 255, true},
		{"u1", false, 256, false},
		{"u1", true, 1, false},
		{"u1", true, 0, true},
		{"i1", false, 127, true},
		{"i1", false, 128, false},
		{"i1", true, 128, true},
		{"i1", true, 129, false},
		{"i8", false, math.MaxInt64, true},
		{"i8", false, math.MaxInt64 + 1, false},
		{"i8", true, math.MaxInt64 + 1, true},
		{"i8", true, math.MaxUint64, false},
		{"u8", false, math.MaxUint64, true},
		{"f2", true, math.MaxUint64, true},
		{"c8", false, math.MaxUint64, true},
		{"?", false, 1, true},
		{"?", false, 2, false},
	} {
		err := CheckWeakInt(dtypesOf(t, tt.code)[0], tt.negative, tt.magnitude)
		if (err == nil) != tt.fits || err != nil && !errors.Is(err, ErrOverflow) {
			t.Errorf("%+v: %v", tt, err)
		}
	}
}

func ExampleResultType() {
	d, err := ResultType(Int16, Uint16, Float32)
	fmt.Println(d, err)
	_, err = ResultType(Int16, DType{kind: KindBytes, size: 3, order: '|'})
	fmt.Println(err)
	// Output:
	// float32 <nil>
	// int16 and |S3: the dtypes have no common dtype
}
