package lazy

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/zipseek"
)

// TestHeaderDescribes writes the header of derived arrays with their elements behind it, which
// makes a file of the same array.
func TestHeaderDescribes(t *testing.T) {
	dir := t.TempDir()
	values := make([]int16, 2*3*4)
	for i := range values {
		values[i] = int16(i)
	}
	b, err := mmapnpy.BufferOf(values, 2, 3, 4)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]mmapnpy.Buffer{"c.npy": b, "f.npy": b.Transpose()} {
		path := filepath.Join(dir, name)
		if err := mmapnpy.Save(path, b); err != nil {
			t.Fatal(err)
		}
		a := must[*Array](t)(Open(path))
		t.Cleanup(func() { _ = a.Close() })
		file, ok := a.FileHeader()
		if h := a.Header(); !ok || h.DataOffset == 0 || h.FortranOrder != (name == "f.npy") || !slices.Equal(h.Shape, file.Shape) {
			t.Errorf("%s: the whole file is %+v, %+v", name, h, file)
		}
		full := must[*Array](t)(a.Slice("..."))
		if h := full.Header(); h.DataOffset != file.DataOffset || h.FortranOrder != file.FortranOrder {
			t.Errorf("%s: a slice of everything is %+v", name, h)
		}
		for derived, a := range map[string]*Array{
			"slice":     must[*Array](t)(a.Slice("1:, :, ::2")),
			"one":       must[*Array](t)(a.Slice("1, 1, 1")),
			"none":      must[*Array](t)(a.Slice("1:1")),
			"reversed":  must[*Array](t)(a.Slice("::-1")),
			"transpose": must[*Array](t)(a.Transpose()),
			"cast":      must[*Array](t)(a.AsType(mmapnpy.Float32)),
		} {
			h := a.Header()
			if again, ok := a.FileHeader(); !ok || again.DataOffset != file.DataOffset || !slices.Equal(again.Shape, file.Shape) {
				t.Errorf("%s: %s: the file's header is %+v", name, derived, again)
			}
			out, err := mmapnpy.EncodeHeader(h)
			if err != nil {
				t.Fatal(err)
			}
			for piece, err := range a.Elements(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, piece...)
			}
			saved, copied := filepath.Join(dir, "saved.npy"), filepath.Join(dir, "copied.npy")
			if err := a.Save(t.Context(), saved); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(copied, out, 0o600); err != nil {
				t.Fatal(err)
			}
			want := must[[]byte](t)(os.ReadFile(saved))
			if !bytes.Equal(out, want) {
				t.Errorf("%s: %s: header %+v and elements are not what Save writes", name, derived, h)
			}
		}
	}
}

// TestScalarShapes tells an empty shape from none.
func TestScalarShapes(t *testing.T) {
	a := must[*Array](t)(FromSlice([]float64{3}, []int64{}...))
	r := must[*Result](t)(a.Load(t.Context()))
	for name, shape := range map[string][]int64{"array": a.Shape(), "result": r.Shape(), "buffer": r.Buffer().Shape} {
		if shape == nil || len(shape) != 0 {
			t.Errorf("%s has the shape %#v", name, shape)
		}
	}
	if r := must[*Result](t)(NewResult([]float64{3}, r.Shape()...)); len(r.Shape()) != 0 {
		t.Errorf("NewResult of the shape () has %v", r.Shape())
	}
	if r := must[*Result](t)(NewResult([]float64{3})); !slices.Equal(r.Shape(), []int64{1}) {
		t.Errorf("NewResult without a shape has %v", r.Shape())
	}
	if _, err := FromSlice([]float64{3, 4}, []int64{}...); err == nil {
		t.Error("two elements have the shape ()")
	}
}

// TestNilOptions passes an option that was left out to whatever takes options.
func TestNilOptions(t *testing.T) {
	dir := t.TempDir()
	path, npz := filepath.Join(dir, "a.npy"), filepath.Join(dir, "a.npz")
	a := must[*Array](t)(FromSlice([]int16{1, 2}))
	entries := []Entry{{"x", a}}
	for name, err := range map[string]error{
		"Save":          a.Save(t.Context(), path, nil, Order("C")),
		"SaveArchive":   SaveArchive(t.Context(), npz, entries, nil),
		"AppendArchive": AppendArchive(t.Context(), npz, []Entry{{"y", a}}, nil, Compressed(1)),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, open := range map[string]func() (*Array, error){
		"Open":       func() (*Array, error) { return Open(path, nil, NavigationAxes(0), Header(nil), Zip(nil)) },
		"member":     func() (*Array, error) { return Open(npz+":x", nil, Header(nil), Zip(nil, zipseek.WithoutSidecar())) },
		"OpenStack":  func() (*Array, error) { return OpenStack(path, nil) },
		"OpenRaw":    func() (*Array, error) { return OpenRaw(path, Raw{DType: mmapnpy.Uint8}, nil) },
		"With":       func() (*Array, error) { return a.With(nil) },
		"FromBuffer": func() (*Array, error) { return FromBuffer(must[*Result](t)(a.Load(t.Context())).Buffer(), nil) },
		"Archive": func() (*Array, error) {
			z, err := OpenArchive(npz, nil)
			if err != nil {
				return nil, err
			}
			defer z.Close()
			if _, err := z.File("x", nil); err != nil {
				return nil, err
			}
			return z.Array("x", nil)
		},
	} {
		a, err := open()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := a.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
