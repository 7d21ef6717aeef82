package mmapnpy

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/internal/kernel"
)

func TestViewReadsInPlace(t *testing.T) {
	want := []float32{0, 1, 2, 3, 4, 5}
	for _, backend := range []string{"mmap", "pread", "copy"} {
		f := openTemp(t, saveTemp(t, cBuffer(Float32, kernel.Bytes(want), 2, 3)), WithBackend(backend))
		v, err := View[float32](f)
		if err != nil {
			t.Fatal(err)
		}
		if x, ok := v.Slice(); ok != kernel.Shares() || v.Order() != 'C' || ok && !slices.Equal(x, want) {
			t.Errorf("%s: Slice() = %v, %v", backend, x, ok)
		}
		if got := v.At(1, 2); got != 5 {
			t.Errorf("%s: At(1, 2) = %v", backend, got)
		}
		if got := slices.Collect(v.All()); !slices.Equal(got, want) {
			t.Errorf("%s: All() = %v", backend, got)
		}
	}
}

func TestViewOfFortranOrder(t *testing.T) {
	raw := kernel.Bytes([]int16{1, 4, 2, 5, 3, 6}) // [[1 2 3] [4 5 6]]
	b := Buffer{Data: raw, DType: Int16, Shape: []int64{2, 3}, Strides: []int64{2, 4}}
	f := openTemp(t, saveTemp(t, b))
	if !f.Header().FortranOrder {
		t.Fatal("an array in Fortran order was not saved as such")
	}
	v, err := View[int16](f)
	if err != nil {
		t.Fatal(err)
	}
	if x, ok := v.Slice(); ok != kernel.Shares() || v.Order() != 'F' || ok && x[1] != 4 {
		t.Errorf("Slice() = %v, %v in order %c", x, ok, v.Order())
	}
	if got := slices.Collect(v.All()); !slices.Equal(got, []int16{1, 2, 3, 4, 5, 6}) {
		t.Errorf("All() = %v", got)
	}
	if v.At(1, 0) != 4 || v.At(0, 2) != 3 {
		t.Errorf("At(1, 0) = %d, At(0, 2) = %d", v.At(1, 0), v.At(0, 2))
	}
}

func TestStridedView(t *testing.T) {
	b := cBuffer(Uint16, kernel.Bytes([]uint16{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}), 3, 4)
	// [::-1, ::-2]
	part := Buffer{Data: b.Data, Offset: 22, DType: Uint16, Shape: []int64{3, 2}, Strides: []int64{-8, -4}}
	v, err := ViewOf[uint16](part)
	if err != nil {
		t.Fatal(err)
	}
	want := []uint16{11, 9, 7, 5, 3, 1}
	if got := slices.Collect(v.All()); !slices.Equal(got, want) {
		t.Errorf("All() = %v", got)
	}
	if got, err := CopyOf[uint16](part); err != nil || !slices.Equal(got, want) {
		t.Errorf("CopyOf = %v, %v", got, err)
	}
	if v.At(2, 1) != 1 {
		t.Errorf("At(2, 1) = %d", v.At(2, 1))
	}
}

// rawFile writes a .npy file whose data begin at offset, padded as no NumPy would.
func rawFile(t testing.TB, h Header, offset int, data []byte) string {
	t.Helper()
	text, err := h.text()
	if err != nil {
		t.Fatal(err)
	}
	text = strings.TrimRight(text, " ")
	version, body, err := encodeText(text, h.Version)
	if err != nil {
		t.Fatal(err)
	}
	if least := prefixSize(version) + len(body) + 1; offset < least {
		t.Fatalf("header %q needs %d bytes", text, least)
	}
	path := filepath.Join(t.TempDir(), "raw.npy")
	if err := os.WriteFile(path, append(frameHeader(version, body, offset), data...), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestViewUnaligned views numbers that begin at odd places of the file.
func TestViewUnaligned(t *testing.T) {
	want := []float64{1.5, -2.25, math.Inf(1), math.Copysign(0, -1), 1e300, 5e-324}
	for _, offset := range []int{70, 73, 82, 128, 4095, 4096} {
		path := rawFile(t, Header{DType: Float64, Shape: []int64{6}}, offset, kernel.Bytes(want))
		f := openTemp(t, path)
		v, err := View[float64](f)
		if err != nil || f.Header().DataOffset != int64(offset) {
			t.Fatalf("offset %d: %d, %v", offset, f.Header().DataOffset, err)
		}
		if got := slices.Collect(v.All()); !slices.Equal(got, want) {
			t.Errorf("offset %d: %v", offset, got)
		}
		if x, ok := v.Slice(); ok != kernel.Aligned[float64](v.buf.Data) || ok && !slices.Equal(x, want) {
			t.Errorf("offset %d: slice %v, %v", offset, x, ok)
		}
		if v.At(4) != 1e300 {
			t.Errorf("offset %d: At(4) = %v", offset, v.At(4))
		}
	}
}

func TestViewEmptyAndScalar(t *testing.T) {
	for _, shape := range [][]int64{{}, {0}, {3, 0, 2}, {1, 1}} {
		b := Buffer{DType: Int32, Shape: shape, Strides: cStrides(shape, 4)}
		b.Data = make([]byte, b.NBytes())
		for i := range b.Data {
			b.Data[i] = 7
		}
		for _, backend := range []string{"mmap", "pread", "copy"} {
			v, err := View[int32](openTemp(t, saveTemp(t, b), WithBackend(backend)))
			if err != nil {
				t.Fatal(err)
			}
			x, ok := v.Slice()
			if int64(len(x)) != b.Len()*btoi(ok) || ok != (kernel.Shares() || b.Len() == 0) || v.Order() != 'C' || v.Len() != b.Len() {
				t.Errorf("%v: slice %v, %v in order %c", shape, x, ok, v.Order())
			}
			n := int64(0)
			for x := range v.All() {
				n++
				if x != 0x07070707 {
					t.Errorf("%v: element %x", shape, x)
				}
			}
			if n != b.Len() {
				t.Errorf("%v: %d elements", shape, n)
			}
			if len(shape) == 0 && v.At() != 0x07070707 {
				t.Errorf("At() = %x", v.At())
			}
		}
	}
}

func btoi(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// TestViewZeroSizeElements views elements that have no bytes.
func TestViewZeroSizeElements(t *testing.T) {
	f := openTemp(t, saveTemp(t, Buffer{DType: mustParse(t, "V0"), Shape: []int64{1 << 20}, Strides: []int64{0}}))
	v, err := View[[0]byte](f)
	if err != nil {
		t.Fatal(err)
	}
	if x, ok := v.Slice(); !ok || len(x) != 1<<20 || v.At(5) != [0]byte{} {
		t.Errorf("%d elements, %v", len(x), ok)
	}
	none, err := StructOf()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := CopyOf[struct{}](Buffer{DType: none, Shape: []int64{3}, Strides: []int64{0}}); err != nil || len(got) != 3 {
		t.Errorf("structs without fields: %v, %v", got, err)
	}
}

type (
	celsius float32
	halves  uint16
	pixel   struct{ R, G, B uint8 }
	padded  struct {
		Flag uint8
		_    [7]byte
		X    float64
	}
	implicit struct {
		Flag uint8
		X    int32
	}
	cased  struct{ Mass, MASS int32 }
	tagged struct{ A, B int32 }
	hidden struct{ a, b int32 }
	outer  struct {
		ID    int16
		Inner [2]struct {
			On bool
			V  uint8
		} `npy:"in"`
	}
	pointed struct {
		_ [0]*int
		X int64
	}
)

var _ = hidden{a: 1, b: 2} // fields that nothing else names

// matchCase asks whether elements of a dtype can be seen as a Go type.
type matchCase struct {
	dtype string
	view  func(Buffer) error
	want  string // a part of the error; empty if it works
}

func as[T any](b Buffer) error {
	v, err := ViewOf[T](b)
	if err == nil {
		v.At(0)
		_, err = CopyOf[T](b)
	}
	return err
}

func TestViewTypes(t *testing.T) {
	for _, c := range []matchCase{
		{"?", as[bool], ""}, {"?", as[uint8], ""}, {"?", as[int8], "int8 requested"},
		{"i1", as[int8], ""}, {"i2", as[int16], ""}, {"i4", as[int32], ""}, {"i8", as[int64], ""}, {"i4", as[rune], ""},
		{"u1", as[uint8], ""}, {"u2", as[uint16], ""}, {"u4", as[uint32], ""}, {"u8", as[uint64], ""},
		{"u1", as[bool], "bool requested, the elements are uint8 (|u1)"},
		{"i8", as[float64], "float64 requested, the elements are int64 (<i8)"},
		{"i8", as[uint64], "uint64 requested"}, {"u8", as[uintptr], "uintptr requested"},
		{"f2", as[uint16], ""}, {"f2", as[halves], ""}, {"f2", as[int16], "int16 requested"},
		{"f4", as[float32], ""}, {"f4", as[celsius], ""}, {"f8", as[float64], ""}, {"f4", as[float64], "float64 requested, the elements are float32 (<f4)"},
		{"f4", as[uint32], "uint32 requested"}, {"f16", as[[16]byte], ""}, {"f16", as[[2]uint64], "requested"},
		{"c8", as[complex64], ""}, {"c16", as[complex128], ""}, {"c16", as[[2]float64], "requested"}, {"c32", as[[32]byte], ""},
		{"S5", as[[5]byte], ""}, {"S5", as[[4]byte], "[4]uint8 requested"}, {"S16", as[string], "string requested"}, {"S24", as[[]byte], "[]uint8 requested"},
		{"V5", as[[5]byte], ""}, {"U3", as[[3]rune], ""}, {"U3", as[[3]uint32], ""}, {"U3", as[[12]byte], ""}, {"U3", as[[3]float32], "requested"},
		{"M8[s]", as[int64], ""}, {"m8[25us]", as[int64], ""}, {"M8[s]", as[uint64], "uint64 requested"},
		{"i8", as[*int64], "*int64 requested"}, {"i8", as[map[int]int], "requested"}, {"i8", as[any], "requested"},

		{">i2", as[int16], "foreign byte order: the elements are >i2 (>i2); take a converted copy (CopyOf)"},
		{">f8", as[float64], "foreign byte order"}, {">U2", as[[2]rune], "foreign byte order"}, {">U2", as[[8]byte], ""},
		{">f16", as[[16]byte], ""}, {">M8[D]", as[int64], "foreign byte order"}, {">i1", as[int8], ""},

		{"[('r','u1'),('g','u1'),('b','u1')]", as[pixel], ""},
		{"[('r','u1'),('g','u1'),('b','u1')]", as[[3]byte], ""},
		{"[('r','u1'),('g','i1'),('b','u1')]", as[pixel], `field G is uint8 of 1 bytes, and "g" at byte 1 is int8 (|i1) of 1 bytes`},
		{"[('r','u1'),('b','u1'),('g','u1')]", as[pixel], ""},
		{"[('r','u1'),('g','u1'),('b','u1'),('a','u1')]", as[pixel], `nothing in the Go struct is for field "a" of 1 bytes at byte 3`},
		{"[('flag','u1'),('','V7'),('x','f8')]", as[padded], ""},
		{"[('flag','u1'),('','V7'),('x','>f8')]", as[padded], "foreign byte order"},
		{"[('flag','u1'),('y','V7'),('x','f8')]", as[padded], ""},
		{"[('flag','u1'),('y','u1'),('','V2'),('x','i4')]", as[implicit], `nothing in the Go struct is for field "y"`},
		{"[('mass','i4'),('Mass','i4')]", as[cased], `several fields "MASS"`},
		{"[('mass','i4'),('mASS','i4')]", as[cased], `several fields "Mass"`},
		{"[('Mass','i4'),('MASS','i4')]", as[cased], ""},
		{"[('a','i4'),('b','i4')]", as[tagged], ""}, {"[('a','i4'),('c','i4')]", as[tagged], `no field "B"`},
		{"[('A','i4'),('a','i4')]", as[tagged], `no field "B"`},
		{"[('a','i4'),('b','i4')]", as[hidden], "field a is not exported"},
		{"[('id','i2'),('in',[('on','?'),('v','u1')],(2,))]", as[outer], ""},
		{"[('id','i2'),('in',[('on','?'),('v','u1')],(3,))]", as[outer], `"in" at byte 2 is`},
		{"[('x','i8')]", as[pointed], "holds pointers"},
	} {
		dt := headerDType(t, c.dtype)
		err := c.view(cBuffer(dt, make([]byte, 2*dt.size), 2))
		switch {
		case !kernel.Shares() && strings.Contains(fmt.Sprint(err), "without unsafe"):
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.dtype, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want %q", c.dtype, err, c.want)
		case err != nil && !errors.Is(err, ErrType) && !errors.Is(err, ErrByteOrder):
			t.Errorf("%s: %v matches no sentinel", c.dtype, err)
		case err != nil && strings.Contains(err.Error(), "\n"):
			t.Errorf("%s: error has several lines: %q", c.dtype, err)
		}
	}
}

// headerDType is the dtype of a header with this descr, which may be a list of fields.
func headerDType(t testing.TB, descr string) DType {
	t.Helper()
	if !strings.HasPrefix(descr, "[") {
		return mustParse(t, descr)
	}
	version, body, err := encodeText(headerText(descr, false, "(0,)", 1), [2]uint8{1, 0})
	if err != nil {
		t.Fatal(err)
	}
	head := frameHeader(version, body, prefixSize(version)+paddedSize(body, version))
	h, err := ReadHeader(bytes.NewReader(head), int64(len(head)), "descr")
	if err != nil {
		t.Fatal(err)
	}
	return h.DType
}

func TestViewNamesTheFile(t *testing.T) {
	path := saveTemp(t, cBuffer(Int16, make([]byte, 4), 2))
	_, err := View[float32](openTemp(t, path))
	format, ok := errors.AsType[*FormatError](err)
	if !ok || format.Path != path || !errors.Is(err, ErrType) || !strings.Contains(err.Error(), "float32 requested, the elements are int16 (<i2)") {
		t.Errorf("error is %v", err)
	}
	objects := filepath.Join(t.TempDir(), "o.npy")
	head, err := EncodeHeader(Header{DType: mustParse(t, "O"), Shape: []int64{1}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(objects, append(head, "pickle"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := View[int64](openTemp(t, objects)); !errors.Is(err, ErrObject) || !strings.HasPrefix(err.Error(), objects) {
		t.Errorf("objects: %v", err)
	}
}

// TestBools gives a Go bool bytes that NumPy takes as true.
func TestBools(t *testing.T) {
	raw := []byte{0, 1, 2, 255, 0, 1}
	want := []bool{false, true, true, true, false, true}
	v, err := ViewOf[bool](cBuffer(Bool, raw, 6))
	if err != nil {
		t.Fatal(err)
	}
	if x, ok := v.Slice(); ok {
		t.Errorf("bytes that are no bools are in a slice of %d bools", len(x))
	}
	if got := slices.Collect(v.All()); !slices.Equal(got, want) || !v.At(3) {
		t.Errorf("All() = %v", got)
	}
	if got, err := CopyOf[bool](cBuffer(Bool, raw, 6)); err != nil || !slices.Equal(got, want) {
		t.Errorf("CopyOf = %v, %v", got, err)
	}
	if !bytes.Equal(raw, []byte{0, 1, 2, 255, 0, 1}) {
		t.Errorf("looking at the bytes changed them: %v", raw)
	}
	v.Set(true, 2)
	v.Set(true, 3)
	if x, ok := v.Slice(); ok != kernel.Shares() || ok && !slices.Equal(x, want) {
		t.Errorf("Slice() = %v, %v", x, ok)
	}

	dt := headerDType(t, "[('id','i2'),('in',[('on','?'),('v','u1')],(2,))]")
	records := []byte{1, 0, 7, 7, 0, 9, 2, 0, 1, 8, 2, 6}
	if nativeOrder == '>' {
		dt = dt.WithByteOrder('<')
	}
	r, err := CopyOf[outer](cBuffer(dt, records, 2))
	if err != nil {
		t.Fatal(err)
	}
	if r[0].ID != 1 || !r[0].Inner[0].On || r[0].Inner[0].V != 7 || r[0].Inner[1].On || !r[1].Inner[1].On {
		t.Errorf("records: %+v", r)
	}
	if nativeOrder == '<' {
		w, err := ViewOf[outer](cBuffer(dt, records, 2))
		if _, ok := w.Slice(); err != nil || ok || w.At(0) != r[0] || w.At(1) != r[1] {
			t.Errorf("views of records: %v, %v, %v", w.At(0), w.At(1), err)
		}
	}
}

// TestSet writes through views of every layout and reads the file back.
func TestSet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.npy")
	f, err := Create(path, Float32, []int64{2, 3}, FortranOrder())
	if err != nil {
		t.Fatal(err)
	}
	v, err := View[float32](f)
	if err != nil {
		t.Fatal(err)
	}
	for i := range int64(2) {
		for j := range int64(3) {
			v.Set(float32(10*i+j), i, j)
		}
	}
	if err := errors.Join(f.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
	got, err := CopyOf[float32](mustBuffer(t, openTemp(t, path)))
	if err != nil || !slices.Equal(got, []float32{0, 1, 2, 10, 11, 12}) {
		t.Errorf("%v, %v", got, err)
	}
	f = openTemp(t, path, WithBackend("mmap"))
	if v, err = View[float32](f); err != nil {
		t.Fatal(err)
	}
	err = f.Guard(func() error {
		v.Set(1, 0, 0)
		return nil
	})
	if fault, ok := errors.AsType[*FaultError](err); !ok || fault.Path != path || fault.Offset != 128 {
		t.Errorf("writing to a file opened for reading: %v", err)
	}
}

// TestCopyOfByteOrders compares copies of both byte orders for every kind of element.
func TestCopyOfByteOrders(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	check := func(name string, native, foreign []byte, err error) {
		if err != nil || !bytes.Equal(native, foreign) {
			t.Errorf("%s: %x, %x, %v", name, native, foreign, err)
		}
	}
	for _, name := range []string{"i2", "u4", "i8", "f2", "f4", "f8", "c8", "c16", "M8[s]", "U2"} {
		dt := mustParse(t, name).WithByteOrder('=')
		other := byte('>')
		if nativeOrder == '>' {
			other = '<'
		}
		raw := make([]byte, 6*dt.size)
		for i := range raw {
			raw[i] = byte(rng.IntN(100))
		}
		swapped := slices.Clone(raw)
		width := map[byte]int{'c': int(dt.size) / 2, 'U': 4}[byte(dt.Kind())]
		if width == 0 {
			width = int(dt.size)
		}
		for at := 0; at < len(raw); at += width {
			slices.Reverse(swapped[at : at+width])
		}
		a, errA := copyBytes(cBuffer(dt, raw, 2, 3))
		b, errB := copyBytes(cBuffer(dt.WithByteOrder(other), swapped, 2, 3))
		check(name, a, b, errors.Join(errA, errB))
		strided := cBuffer(dt.WithByteOrder(other), swapped, 2, 3).Transpose()
		a, errA = copyBytes(cBuffer(dt, raw, 2, 3).Transpose())
		b, errB = copyBytes(strided)
		check(name+" transposed", a, b, errors.Join(errA, errB))
	}
}

// copyBytes is the memory of what CopyOf makes of b.
func copyBytes(b Buffer) ([]byte, error) {
	switch b.DType.size {
	case 2:
		if b.DType.Kind() == KindFloat {
			s, err := CopyOf[uint16](b)
			return kernel.Bytes(s), err
		}
		s, err := CopyOf[int16](b)
		return kernel.Bytes(s), err
	case 4:
		if b.DType.Kind() == KindFloat {
			s, err := CopyOf[float32](b)
			return kernel.Bytes(s), err
		}
		s, err := CopyOf[uint32](b)
		return kernel.Bytes(s), err
	case 16:
		s, err := CopyOf[complex128](b)
		return kernel.Bytes(s), err
	}
	switch b.DType.Kind() {
	case KindFloat:
		s, err := CopyOf[float64](b)
		return kernel.Bytes(s), err
	case KindComplex:
		s, err := CopyOf[complex64](b)
		return kernel.Bytes(s), err
	case KindString:
		s, err := CopyOf[[2]rune](b)
		return kernel.Bytes(s), err
	}
	s, err := CopyOf[int64](b)
	return kernel.Bytes(s), err
}
