package lazy

import (
	"testing"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// TestNestedSubarrayField reads a field that is an array of arrays: its axes are appended, the
// outer ones first.
func TestNestedSubarrayField(t *testing.T) {
	inner := must[mmapnpy.DType](t)(mmapnpy.SubarrayOf(mmapnpy.Float64, 5))
	outer := must[mmapnpy.DType](t)(mmapnpy.SubarrayOf(inner, 2))
	dt := must[mmapnpy.DType](t)(mmapnpy.StructOf(mmapnpy.Field{Name: "i", DType: mmapnpy.Int8}, mmapnpy.Field{Name: "c", DType: outer}))
	values := make([]float64, 3*2*5)
	raw := make([]byte, 0, 3*dt.ItemSize())
	for i := range 3 {
		for k := range 10 {
			values[10*i+k] = float64(100*i + k)
		}
		raw = append(append(raw, byte(i)), kernel.Bytes(values[10*i:10*i+10])...)
	}
	path := writeFile(t, t.TempDir(), dt, []int64{3}, false, raw)
	a := mustOpen(t, path)
	c := must[*Array](t)(a.Field("c"))
	if got := shapeString(c.Shape()); got != "(3, 2, 5)" || !c.DType().Equal(mmapnpy.Float64) {
		t.Fatalf("field is %s of %s", got, c.DType())
	}
	same(t, "field", c, values)
	same(t, "slice of the field", must[*Array](t)(c.Slice("1:, 1, ::-2")), []float64{109, 107, 105, 209, 207, 205})
	same(t, "field of a take", must[*Array](t)(must[*Array](t)(a.Take([]int64{2, 0}, 0)).Field("c")), append(values[20:30:30], values[:10]...))
	if sum := must[*Result](t)(Sum(t.Context(), c, OverAll())).Float64(); sum != 3135 {
		t.Errorf("sum is %v", sum)
	}
	rawArray := must[*Array](t)(OpenRaw(path, Raw{DType: outer, Offset: a.Header().DataOffset, Shape: []int64{2}}))
	defer rawArray.Close()
	if got := shapeString(rawArray.Shape()); got != "(2, 2, 5)" {
		t.Errorf("OpenRaw: shape %s", got)
	}
	b := mmapnpy.Buffer{Data: kernel.Bytes(values), DType: outer, Shape: []int64{3}, Strides: []int64{80}}
	same(t, "FromBuffer", must[*Array](t)(FromBuffer(b)), values)
}
