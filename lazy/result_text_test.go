package lazy

import (
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

func TestResultString(t *testing.T) {
	text := func(a *Array) string { return must[*Result](t)(a.Load(t.Context())).String() }
	at := func(a *Array) *Array { return must[*Array](t)(a.Index(At(0))) }
	f4 := at(must[*Array](t)(FromSlice([]float32{0.1})))
	for name, want := range map[string]string{"<f4": "0.1", ">f4": "0.1", "<f2": "0.1", "<f8": "0.10000000149011612", "<c8": "(0.1+0i)", "<i2": "0"} {
		if got := text(must[*Array](t)(f4.AsType(mustDType(t, name)))); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	third := make([]byte, 16)
	copy(third, "\xab\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xfd\x3f")
	path := writeFile(t, t.TempDir(), mustDType(t, "<f16"), []int64{1}, false, third)
	if got := text(at(mustOpen(t, path, Header(mmapnpy.LongDouble(mmapnpy.X87))))); got != "0.33333333333333333334" {
		t.Errorf("long double: %s", got)
	}
}
