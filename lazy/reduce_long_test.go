package lazy

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// TestLongDoublesReduceAsTheyAre looks at 80-bit numbers that float64 cannot hold or tell apart: 1e4000, 1e-4000,
// 2^63 + 1, 2^63, -inf and 0.
func TestLongDoublesReduceAsTheyAre(t *testing.T) {
	if format, _ := mustDType(t, "f16").LongDouble(); format != mmapnpy.X87 {
		t.Log("the numbers are those of an x87")
	}
	var raw []byte
	for _, bits := range []string{
		"e5c9b5e4f9e6b9c0e873", "00000000000000000000", "0100000000000080" + "3e40", "0000000000000080" + "3e40", "0000000000000080" + "ffff", "0000000000000080" + "0100",
	} {
		b, err := hex.DecodeString(bits)
		if err != nil {
			t.Fatal(err)
		}
		raw = append(append(raw, b...), make([]byte, 6)...)
	}
	path := writeFile(t, t.TempDir(), mustDType(t, "<f16"), []int64{6}, false, raw)
	a := mustOpen(t, path, Header(mmapnpy.LongDouble(mmapnpy.X87)))
	all := OverAll()
	results := must[[]*Result](t)(Run(t.Context(), a, NewMax(all), NewMin(all), NewArgMax(all), NewCountInf(all), NewCountZero(all), NewCountNaN(all)))
	for i, want := range []string{"e+", "-Inf", "0", "1", "1", "0"} {
		if got := results[i].String(); !strings.Contains(got, want) || i == 0 && len(got) < 10 {
			t.Errorf("result %d is %s, want %s", i, got, want)
		}
	}
	two := must[*Array](t)(a.Slice("2:4"))
	results = must[[]*Result](t)(Run(t.Context(), two, NewMax(all), NewMin(all), NewArgMin(all)))
	if got := results[0].String() + " " + results[1].String() + " " + results[2].String(); got != "9223372036854775809 9223372036854775808 1" {
		t.Errorf("neighbours: %s", got)
	}
	tiny := must[*Array](t)(a.Slice("5:"))
	if got := must[*Result](t)(Min(t.Context(), tiny, all)).String(); !strings.HasSuffix(got, "e-4932") {
		t.Errorf("tiny: %s", got)
	}
}
