package lazy

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// TestLongDoublesReduceAsTheyAre looks at 80-bit numbers that float64 cannot hold or tell apart:
// 1e4000, 1e-4000, 2^63 + 1, 2^63, -inf and 0.
func TestLongDoublesReduceAsTheyAre(t *testing.T) {
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

// TestLongDoublesAreComputedWithAsTheyAre sums and combines numbers beyond float64, and expects an
// error that says what to do where that is not done.
func TestLongDoublesAreComputedWithAsTheyAre(t *testing.T) {
	// 3.7e4000 and 1, 2^63 and 2^63 + 1 would be two infinities and two equal numbers.
	var raw []byte
	for _, bits := range []string{"e5c9b5e4f9e6b9c0e873", "0000000000000080" + "ff3f", "0100000000000080" + "3e40", "0000000000000080" + "3e40"} {
		b, err := hex.DecodeString(bits)
		if err != nil {
			t.Fatal(err)
		}
		raw = append(append(raw, b...), make([]byte, 6)...)
	}
	all := OverAll()
	for _, typ := range []struct {
		dtype string
		shape []int64
	}{{"<f16", []int64{4}}, {"<f16", []int64{2, 2}}, {"<c32", []int64{2}}} {
		path := writeFile(t, t.TempDir(), mustDType(t, typ.dtype), typ.shape, false, raw)
		a := mustOpen(t, path, Header(mmapnpy.LongDouble(mmapnpy.X87)))
		results := must[[]*Result](t)(Run(t.Context(), a, NewSum(all), NewMean(all), NewStd(all, 0)))
		for i, r := range results {
			if got := r.String(); !strings.Contains(got, "e+") {
				t.Errorf("%s %v: result %d is %s", typ.dtype, typ.shape, i, got)
			}
			if i < 2 && !r.DType().Equal(a.DType()) {
				t.Errorf("%s: result %d has dtype %s", typ.dtype, i, r.DType())
			}
		}
		doubled := must[*Array](t)(Add(a, a))
		if got := must[*Result](t)(Max(t.Context(), doubled, all)).String(); !strings.Contains(got, "7.3514518921819545314e+4000") {
			t.Errorf("%s: twice 3.7e4000 is %s", typ.dtype, got)
		}
		binned := must[*Array](t)(a.BinSum(typ.shape...))
		if got, want := must[*Result](t)(binned.Load(t.Context())).data, results[0].data; string(got) != string(want) {
			t.Errorf("%s: one bin is % x, the sum % x", typ.dtype, got, want)
		}
		for name, f := range map[string]func() error{
			"power":     func() error { _, err := Power(a, 2); return err },
			"exp":       func() error { _, err := Exp(a); return err },
			"histogram": func() error { _, err := Run(t.Context(), a, NewHistogram(all, 4, 0, 1)); return err },
			"masks":     func() error { _, err := Run(t.Context(), a, NewMasks(Disk(0, 0, 1))); return err },
			"center":    func() error { _, err := Run(t.Context(), a, NewCenterOfMass(CenterOfMass{})); return err },
		} {
			if err := f(); err == nil || !strings.Contains(err.Error(), "astype=f8") {
				t.Errorf("%s of %s: %v", name, typ.dtype, err)
			}
		}
	}
	neighbours := must[*Array](t)(mustOpen(t, writeFile(t, t.TempDir(), mustDType(t, "<f16"), []int64{4}, false, raw), Header(mmapnpy.LongDouble(mmapnpy.X87))).Slice("2:4"))
	if got := must[*Result](t)(Std(t.Context(), neighbours, all)).String(); got != "0.5" {
		t.Errorf("std of neighbours: %s", got)
	}
	first, second := must[*Array](t)(neighbours.Index(At(0))), must[*Array](t)(neighbours.Index(At(1)))
	if got := must[*Result](t)(must[*Array](t)(Greater(first, second)).Load(t.Context())).data[0]; got != 1 {
		t.Error("2^63 + 1 is not above 2^63")
	}
}
