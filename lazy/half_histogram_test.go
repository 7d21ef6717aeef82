package lazy

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// TestHalfHistograms compares histograms of float16 with np.histogram's
// (testdata/half_histograms.json), which computes edges and bins in float16.
func TestHalfHistograms(t *testing.T) {
	var cases []struct {
		Data         []byte
		Bins         int
		Range, Edges []float64
		Counts       []int64
	}
	if err := json.Unmarshal(must[[]byte](t)(os.ReadFile("testdata/half_histograms.json")), &cases); err != nil || len(cases) < 60 {
		t.Fatalf("%d cases: %v", len(cases), err)
	}
	for i, c := range cases {
		n := int64(len(c.Data) / 2)
		a := must[*Array](t)(FromBuffer(mmapnpy.Buffer{Data: c.Data, DType: mustDType(t, "<f2"), Shape: []int64{n}, Strides: []int64{2}}))
		var r *Result
		if len(c.Range) == 2 {
			r = must[[]*Result](t)(Run(t.Context(), a, NewHistogram(OverAll(), c.Bins, c.Range[0], c.Range[1])))[0]
		} else {
			r = must[*Result](t)(Histogram(t.Context(), a, OverAll(), c.Bins))
		}
		if got := must[[]int64](t)(Copy[int64](r)); !slices.Equal(got, c.Counts) {
			t.Errorf("case %d: %d bins, range %v: %v, want %v", i, c.Bins, c.Range, got, c.Counts)
		}
		if !slices.Equal(r.Edges(), c.Edges) {
			t.Errorf("case %d: edges %v, want %v", i, r.Edges(), c.Edges)
		}
	}
}
