package lazy

import (
	"errors"
	"slices"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// stringArray is an array of strings of a dtype such as S3 or >U2.
func stringArray(t *testing.T, dtype string, values ...string) *Array {
	t.Helper()
	dt := mustDType(t, dtype)
	data := make([]byte, int64(len(values))*dt.ItemSize())
	for i, v := range values {
		at := data[int64(i)*dt.ItemSize():]
		for k, r := range []rune(v) {
			switch {
			case dt.Kind() == mmapnpy.KindBytes:
				at[k] = byte(r)
			case dt.ByteOrder() == '>':
				at[4*k+2], at[4*k+3] = byte(r>>8), byte(r)
			default:
				at[4*k], at[4*k+1] = byte(r), byte(r>>8)
			}
		}
	}
	return must[*Array](t)(FromBuffer(mmapnpy.Buffer{Data: data, DType: dt, Shape: []int64{int64(len(values))}, Strides: []int64{dt.ItemSize()}}))
}

// checkStrings compares dtype and elements.
func checkStrings(t *testing.T, what string, a *Array, dtype string, want ...string) {
	t.Helper()
	r := must[*Result](t)(a.Load(t.Context()))
	text := must[mmapnpy.Accessor[string]](t)(mmapnpy.Strings(r.Buffer()))
	if got := slices.Collect(text.All()); !slices.Equal(got, want) || !a.DType().Equal(mustDType(t, dtype)) {
		t.Errorf("%s: %q of %s, want %q of %s", what, got, a.DType(), want, dtype)
	}
}

// TestStringsWiden joins strings of different lengths, which become as long as the longest, as in
// NumPy.
func TestStringsWiden(t *testing.T) {
	s3, s5 := stringArray(t, "S3", "abc", "d", ""), stringArray(t, "S5", "12345", "xy", "z")
	checkStrings(t, "concatenate", must[*Array](t)(Concatenate(0, s3, s5)), "S5", "abc", "d", "", "12345", "xy", "z")
	checkStrings(t, "concatenate", must[*Array](t)(Concatenate(0, s5, s3)), "S5", "12345", "xy", "z", "abc", "d", "")
	checkStrings(t, "stack", must[*Array](t)(Stack(1, s3, s5)), "S5", "abc", "12345", "d", "xy", "", "z")
	u2, u4 := stringArray(t, ">U2", "äb", "c"), stringArray(t, "<U4", "wxyz", "é")
	joined := must[*Array](t)(Concatenate(0, u2, u4))
	checkStrings(t, "unicode", joined, "=U4", "äb", "c", "wxyz", "é")
	checkStrings(t, "a slice of it", must[*Array](t)(joined.Slice("::-2")), "=U4", "é", "c")
	checkStrings(t, "a byte order alone", must[*Array](t)(Concatenate(0, u2, stringArray(t, "<U2", "q"))), "=U2", "äb", "c", "q")
	checkStrings(t, "empty strings", must[*Array](t)(Concatenate(0, stringArray(t, "S", "", ""), s3)), "S3", "", "", "abc", "d", "")
	mask := mustSlice(t, []bool{true, false, true}, 3)
	checkStrings(t, "where", must[*Array](t)(Where(mask, s3, s5)), "S5", "abc", "xy", "")
	checkStrings(t, "where", must[*Array](t)(Where(mask, s5, s5)), "S5", "12345", "xy", "z")
	if _, err := Concatenate(0, s3, stringArray(t, "U3", "a")); !errors.Is(err, ErrDType) {
		t.Errorf("bytes and unicode: %v", err)
	}
	if _, err := Where(mask, s3, 1); !errors.Is(err, ErrDType) {
		t.Errorf("strings and numbers: %v", err)
	}
}
