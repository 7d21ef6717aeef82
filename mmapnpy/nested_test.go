package mmapnpy

import (
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/internal/kernel"
)

// nestedDescrs are dtypes of one field c that is an array of arrays, as np.save writes them, with
// the shape that NumPy gives the field of one element.
var nestedDescrs = []struct{ descr, shape string }{
	{"[('c', ('<f8', (5,)), (2,))]", "(1, 2, 5)"},
	{"[('c', (('<f8', (5,)), (2,)), (1, 2))]", "(1, 1, 2, 2, 5)"},
	{"[('c', ([('p', '<f8'), ('q', '<f8', (4,))], (2,)), (2,))]", "(1, 2, 2)"},
	{"[('c', ('<f8', (1,)), (2,))]", "(1, 2, 1)"},
	{"[('c', ('<f8', (1,)), (1,))]", "(1, 1, 1)"},
	{"[('a', '|i1'), ('c', ([('q', ('>i2', (2,)), (3,))], (2, 1)), (2,)), ('', '|V3')]", "(1, 2, 2, 1)"},
}

func TestNestedSubarray(t *testing.T) {
	for _, c := range nestedDescrs {
		dt := headerDType(t, c.descr)
		if got := dt.Descr(); got != c.descr {
			t.Errorf("%s is written as %s", c.descr, got)
		}
		raw := make([]byte, dt.ItemSize())
		for i := range raw {
			raw[i] = byte(i)
		}
		f, err := cBuffer(dt, raw, 1).Field("c")
		if err != nil || shapeString(f.Shape) != c.shape {
			t.Errorf("%s: shape %v, want %s: %v", c.descr, f.Shape, c.shape, err)
			continue
		}
		field, _ := dt.Field("c")
		got := make([]byte, f.NBytes())
		if err := f.CopyTo(got); err != nil || !slices.Equal(got, raw[field.Offset:][:field.DType.ItemSize()]) {
			t.Errorf("%s: elements %x, %v", c.descr, got, err)
		}
	}
}

func TestNestedSubarrayValues(t *testing.T) {
	type inner struct {
		P float64
		Q [4]float64
	}
	type outer struct{ C [2][2]inner }
	dt := headerDType(t, nestedDescrs[2].descr)
	x := []outer{{}}
	x[0].C[1][0].Q[3] = 7
	b := cBuffer(dt, kernel.Bytes(x), 1)
	v, err := ViewOf[outer](b)
	if err != nil || v.At(0).C[1][0].Q[3] != 7 {
		t.Errorf("as structs: %v, %v", v, err)
	}
	c, err := b.Field("c")
	if err != nil {
		t.Fatal(err)
	}
	q, err := c.Field("q")
	if err != nil || shapeString(q.Shape) != "(1, 2, 2, 4)" {
		t.Fatalf("q: %v, %v", q.Shape, err)
	}
	if got, err := CopyOf[float64](q); err != nil || got[11] != 7 {
		t.Errorf("q: %v, %v", got, err)
	}
	record, err := b.Value(0)
	if err != nil {
		t.Fatal(err)
	}
	row := record.(Record)[0].Value.([]any)[1].([]any)[0].(Record)
	if got := row[1].Value.([]any)[3]; got != 7.0 {
		t.Errorf("value: %v", row)
	}
	back, err := BufferOf([][2][5]float64{{}, {}, {}})
	if err != nil || shapeString(back.Shape) != "(3, 2, 5)" || !back.DType.Equal(Float64) {
		t.Errorf("BufferOf: %v %v", back.Shape, err)
	}
}

// TestSubarrayOfOne checks what np.load makes of a descr that is an array of one element: nothing
// at all.
func TestSubarrayOfOne(t *testing.T) {
	for descr, want := range map[string]string{
		"'1f8'": "<f8 (2,)", "'1<f8'": "<f8 (2,)", "('<f8', (1,))": "<f8 (2,)", "('<f8', 1)": "<f8 (2,)", "'()f8'": "<f8 (2,)",
		"('<f8', [1])": "<f8 (2,)", "('<f8', (1, 1))": "<f8 (2,)", "([('a', '<f8')], (1,))": "[('a', '<f8')] (2,)",
		"('S', 3)": "|S3 (2,)", "('S3', 1)": "|S3 (2,)",
		"[('a', '<f8', (1,))]": "[('a', '<f8', (1,))] (2,)", "[('a', '1f8')]": "[('a', '<f8', (1,))] (2,)",
		// NumPy fails to read these; see docs/format.md.
		"(('<f8', (1,)), (2,))": "<f8 (2, 2, 1)",
	} {
		h, err := readText(dictText(descr, "False", "(2,)"))
		if got := strings.ReplaceAll(bareDescr(h.DType), `"`, "'") + " " + shapeString(h.Shape); err != nil || got != want {
			t.Errorf("%s is %s, want %s: %v", descr, got, want, err)
		}
	}
}
