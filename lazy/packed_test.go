package lazy

import (
	"errors"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// TestPackedRecords folds and copies records that NumPy has packed, as Go structs that Go aligns.
func TestPackedRecords(t *testing.T) {
	type record struct {
		Flag  bool
		Value int32
	}
	dt := mustDType(t, "[('flag', '?'), ('value', '=i4')]")
	data := make([]byte, 5*4)
	for i := range 4 {
		data[5*i] = byte(i % 2 * 7) // any byte but 0 is true
		copy(data[5*i+1:], must[*Result](t)(must[*Array](t)(FromSlice([]int32{int32(i)})).Load(t.Context())).data)
	}
	a := must[*Array](t)(FromBuffer(mmapnpy.Buffer{Data: data, DType: dt, Shape: []int64{4}, Strides: []int64{5}}))
	got := must[[]record](t)(Copy[record](must[*Result](t)(a.Load(t.Context()))))
	if len(got) != 4 || got[3] != (record{true, 3}) || got[2] != (record{false, 2}) {
		t.Errorf("copy: %+v", got)
	}
	sum := NewFold("flagged", OverAll(), Fold[record, int64, int64]{
		Add: func(s *int64, x []record) {
			for _, r := range x {
				if r.Flag {
					*s += int64(r.Value)
				}
			}
		},
		Merge:  func(s *int64, other int64) { *s += other },
		Finish: func(s int64) int64 { return s },
	})
	if n := must[[]*Result](t)(Run(t.Context(), a, sum))[0].Float64(); n != 4 {
		t.Errorf("fold: %v", n)
	}
	if _, err := Map(a, func(dst []int32, src []record) {}); !errors.Is(err, mmapnpy.ErrType) {
		t.Errorf("map: %v", err)
	}
}
