package mmapnpy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// rawHeader puts the prefix of a version before a header text, whatever that is.
func rawHeader(major byte, text string) []byte {
	b := append([]byte(magic), major, 0)
	if major == 1 {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(text)))
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
	}
	return append(b, text...)
}

func readText(text string, opts ...Option) (Header, error) {
	b := rawHeader(2, text)
	return ReadHeader(bytes.NewReader(b), int64(len(b)), "test.npy", append(opts, AllowShort())...)
}

func dictText(descr, fortran, shape string) string {
	return "{'descr': " + descr + ", 'fortran_order': " + fortran + ", 'shape': " + shape + ", }"
}

func TestLenient(t *testing.T) {
	f8 := func(shape string) string { return dictText("'<f8'", "False", shape) }
	for _, c := range []struct {
		text, shape string
		fortran     bool
	}{
		{f8("(3)"), "(3,)", false},
		{f8("3"), "(3,)", false},
		{f8("[3]"), "(3,)", false},
		{f8("[3, 4]"), "(3, 4)", false},
		{f8("(np.int64(3), 4)"), "(3, 4)", false},
		{f8("(numpy.uint8(3), np.intp(4))"), "(3, 4)", false},
		{f8("(int64(3),)"), "(3,)", false},
		{f8("np.int64(3)"), "(3,)", false},
		{f8("(2, array(3))"), "(2, 3)", false},
		{f8("(2, np.array(3))"), "(2, 3)", false},
		{f8("(array(3, dtype=int64),)"), "(3,)", false},
		{f8("(np.bool_(True), np.True_, bool(False), True)"), "(1, 1, 0, 1)", false},
		{f8("np.True_"), "(1,)", false},
		{dictText("'<f8'", "np.bool_(True)", "(3,)"), "(3,)", true},
		{dictText("'<f8'", "array(True)", "(3,)"), "(3,)", true},
		{f8("(3,)") + "\x00\x00\x00", "(3,)", false},
		{f8("(3,)") + " \x00\x00\n", "(3,)", false},
		{dictText("'<f8'", "np.True_", "(3,)"), "(3,)", true},
		{dictText("'<f8'", "np.False_", "(3,)"), "(3,)", false},
		{"{'descr': '<f8', 'shape': (3,)}", "(3,)", false},
		{"{'descr': '<f8', 'shape': (3,), 'fortran_order': True, 'version': 5, 7: 8}", "(3,)", true},
	} {
		if _, err := readText(c.text); err == nil {
			t.Errorf("%q is not refused without Lenient", c.text)
		}
		h, err := readText(c.text, Lenient())
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if shapeString(h.Shape) != c.shape || h.FortranOrder != c.fortran || h.DType.Descr() != "'<f8'" {
			t.Errorf("%q: %s %v %v", c.text, h.DType.Descr(), h.Shape, h.FortranOrder)
		}
		if len(h.Warnings) == 0 {
			t.Errorf("%q: no warning", c.text)
		}
	}
	h, err := readText(dictText("'bfloat16'", "False", "(3,)"), Lenient())
	if err != nil || !h.DType.IsBFloat16() {
		t.Errorf("bfloat16 by name: %v, %v", h.DType, err)
	}
	// Python 2 on Windows, by way of a writer that ends lines with CR. NumPy refuses it for the
	// blanks.
	h, err = readText(f8("(65536L,65536L,)")+"\r  ", Lenient())
	if err != nil || shapeString(h.Shape) != "(65536, 65536)" || len(h.Warnings) != 2 {
		t.Errorf("carriage return: %v %v", h, err)
	}
	for _, text := range []string{
		f8("-3"), f8("(-3,)"), f8("np.int64(-3)"), f8("3.0"), f8("np.float64(3)"), f8("np.int64(3.0)"), f8("np.int64(3"), f8("np.int64"),
		f8("np.int64()"), f8("np.int64(3, 4)"), f8("np.int64(np.int64(3))"), f8("os.system('true')"), f8("None"), f8("'3'"), f8("99999999999999999999"),
		f8("(3,)\x00") + " ", "\x00" + f8("(3,)"), "{'descr': '<f8', 'fortran_order': False}", "{'fortran_order': False, 'shape': (3,)}",
		dictText("'<f8'", "0", "(3,)"), dictText("'<f8'", "None", "(3,)"), dictText("'<f8'", "false", "(3,)"),
		dictText("'float8_e9m9'", "False", "(3,)"), dictText("<class 'float'>", "False", "(3,)"), dictText("('<f8', <b>)", "False", "(3,)"),
		f8("(np.bool_(3),)"), f8("(array([3]),)"), f8("(array(3.0),)"), f8("(array(3, dtype=int64)"), f8("(array(),)"), f8("(nan,)"),
		dictText("('<f8', {'a': <class 'x')", "False", "(3,)"), dictText("('<f8', {'a': f((})})", "False", "(3,)"),
		dictText("('<f8', {'a': "+strings.Repeat("f(", 100)+strings.Repeat(")", 100)+"})", "False", "(3,)"),
	} {
		if h, err := readText(text, Lenient()); err == nil {
			t.Errorf("%q: %v %v %v", text, h.DType, h.Shape, h.FortranOrder)
		}
	}
}

// TestLenientDTypes reads dtypes that NumPy has no words for: with metadata, which are left out,
// and of ml_dtypes.
func TestLenientDTypes(t *testing.T) {
	for descr, want := range map[string]string{
		"[('a', '<f8'), ('b', ('|S3', {'some': 'stuff'}))]":                  "[('a', '<f8'), ('b', '|S3')]",
		"[('a', '<f8'), ('b', ('|S3', {'h5py_encoding': <class 'bytes'>}))]": "[('a', '<f8'), ('b', '|S3')]",
		"[('m', ('|i1', {'enum': {'FALSE': 0, 'TRUE': 1}})), ('x', '<f8')]":  "[('m', '|i1'), ('x', '<f8')]",
		"('<i4', {'k': 1})": "<i4",
		"('<i4', {'f': <function <lambda> at 0x7f>, 'd': datetime.date(2020, 1, 1)})":           "<i4",
		"('<i4', {'e': <Color.RED: 1>, 'n': nan, 's': <x '>'>, 't': np.dtype([('a', '<f8')])})": "<i4",
		"[('id', '|V4'), ('t', ('|O', {'vlen': dtype('float64')}))]":                            "[('id', '|V4'), ('t', '|O')]",
		"[('c', ('<f8', {'k': 1}), (2,))]":                                                      "[('c', '<f8', (2,))]",
		"'<f1'":                                                                                 "|V1", "'<g2'": "<V2", "'float8_e4m3fn'": "|V1", "'float8_e5m2'": "|V1", "'int4'": "|V1", "'int2'": "|V1",
		"'float4_e2m1fn'": "|V1", "[('a', 'uint4', (3,))]": "[('a', '|V1', (3,))]",
	} {
		text := dictText(descr, "False", "(2,)")
		if _, err := readText(text); err == nil {
			t.Errorf("%s is not refused without Lenient", descr)
		}
		h, err := readText(text, Lenient())
		if err != nil || bareDescr(h.DType) != want || len(h.Warnings) == 0 {
			t.Errorf("%s: %s, want %s; %v, %v", descr, bareDescr(h.DType), want, h.Warnings, err)
		}
	}
	if _, err := ParseDType("int4"); err == nil {
		t.Error("ParseDType takes int4, of which it could not warn")
	}
}

func TestGeometry(t *testing.T) {
	for _, c := range []struct {
		descr, shape string
		ok           bool
	}{
		{"'|u1'", "(9223372036854775807,)", true}, {"'|u1'", "(9223372036854775808,)", false}, {"'|u1'", "(18446744073709551616,)", false},
		{"'<f8'", "(1152921504606846976,)", false}, {"'<f8'", "(1152921504606846975,)", true},
		{"'|u1'", "(4294967296, 4294967296)", false}, {"'|u1'", "(0, 4294967296, 4294967296)", false},
		{"'|u1'", "(4294967296, 0, 4294967296)", false}, {"'|u1'", "(4294967296, 4294967296, 0)", false},
		{"'<f8'", "(0, 1152921504606846976)", false}, {"'|V0'", "(9223372036854775807,)", true}, {"'|V0'", "(9223372036854775807, 2)", false},
		{"'|V0'", "(4611686018427387904, 0, 2)", false}, {"'<f8'", "(0, 9, 0)", true},
		{"'<f8'", "(-1,)", false}, {"'<f8'", "(0, -1)", false}, {"'<f8'", "(-1, -3)", false}, {"'<f8'", "(-9223372036854775808,)", false},
		{"'<f8'", "(" + strings.Repeat("1,", 64) + ")", true}, {"'<f8'", "(" + strings.Repeat("1,", 65) + ")", false},
		{"('<f8',(2,))", "(" + strings.Repeat("1,", 63) + ")", true}, {"('<f8',(2,))", "(" + strings.Repeat("1,", 64) + ")", false},
		{"('<f8',(2,))", "(1152921504606846975,)", false}, {"('<f8',(0,))", "(1152921504606846976,)", false},
	} {
		h, err := readText(dictText(c.descr, "False", c.shape))
		if (err == nil) != c.ok {
			t.Errorf("%s %s: %v", c.descr, c.shape, err)
		}
		if c.ok {
			h.Len()
			h.NBytes()
			h.Strides()
		}
	}
}

func TestStrides(t *testing.T) {
	for _, c := range []struct {
		shape   string
		fortran string
		want    []int64
	}{
		{"()", "False", []int64{}}, {"(3,)", "True", []int64{8}}, {"(2,3,4)", "False", []int64{96, 32, 8}}, {"(2,3,4)", "True", []int64{8, 16, 48}},
		{"(3,0,2)", "False", []int64{16, 16, 8}}, {"(3,0,2)", "True", []int64{8, 24, 24}},
	} {
		h, err := readText(dictText("'<f8'", c.fortran, c.shape))
		if err != nil {
			t.Fatal(err)
		}
		if got := h.Strides(); !slices.Equal(got, c.want) {
			t.Errorf("%s, Fortran %s: %v, want %v", c.shape, c.fortran, got, c.want)
		}
	}
	// A subarray takes part in the order of the whole array, as in open_memmap.
	for fortran, want := range map[string][]int64{"False": {80, 40, 8}, "True": {8, 24, 48}} {
		h, err := readText(dictText("(('<f8',(5,)),(2,))", fortran, "(3,)"))
		if err != nil || shapeString(h.Shape) != "(3, 2, 5)" || !slices.Equal(h.Strides(), want) {
			t.Errorf("subarray: %v %v: %v", h.Shape, h.Strides(), err)
		}
	}
}

func TestDataSize(t *testing.T) {
	b, err := EncodeHeader(Header{DType: Float64, Shape: []int64{3}})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 30 {
		data := append(slices.Clone(b), make([]byte, n)...)
		h, err := ReadHeader(bytes.NewReader(data), int64(len(data)), "a.npy")
		if (err == nil) != (n >= 24) {
			t.Errorf("%d bytes of data: %v", n, err)
		}
		if err != nil && (!errors.Is(err, io.ErrUnexpectedEOF) || !errors.Is(err, ErrFormat)) {
			t.Errorf("%d bytes of data: %v", n, err)
		}
		if err == nil && (h.DataOffset != 128 || h.NBytes() != 24) {
			t.Errorf("data at %d, %d bytes", h.DataOffset, h.NBytes())
		}
		if _, err := ReadHeader(bytes.NewReader(data), int64(len(data)), "a.npy", AllowShort()); err != nil {
			t.Errorf("%d bytes of data, AllowShort: %v", n, err)
		}
	}
	// The end of the data must not overflow either.
	text := dictText("'|u1'", "False", fmt.Sprintf("(%d,)", int64(math.MaxInt64)))
	raw := rawHeader(1, text)
	if _, err := ReadHeader(bytes.NewReader(raw), int64(len(raw)), "a.npy"); err == nil {
		t.Error("data end beyond 64 bits")
	}
}

func TestMaxHeaderSize(t *testing.T) {
	text := dictText("'<f8'", "False", "()")
	for _, n := range []int{1 << 10, 10_001, DefaultMaxHeaderSize, DefaultMaxHeaderSize + 1, 3 << 20} {
		padded := text + strings.Repeat(" ", n-len(text))
		_, err := readText(padded)
		if (err == nil) != (n <= DefaultMaxHeaderSize) {
			t.Errorf("%d bytes: %v", n, err)
		}
		if _, err := readText(padded, MaxHeaderSize(int64(n))); err != nil {
			t.Errorf("%d bytes, limit raised: %v", n, err)
		}
		if _, err := readText(padded, MaxHeaderSize(int64(n-1))); err == nil || !strings.Contains(err.Error(), "MaxHeaderSize") {
			t.Errorf("%d bytes, limit of one less: %v", n, err)
		}
	}
	for _, n := range []int64{-1, 0, 1<<28 + 1, math.MaxInt64} {
		if _, err := readText(text, MaxHeaderSize(n)); err == nil {
			t.Errorf("limit %d", n)
		}
	}
}

func TestLongDoubleOption(t *testing.T) {
	for _, f := range []LongDoubleFormat{X87, Quad} {
		h, err := readText(dictText("[('a', '<f16'), ('b', '>c32', (2,))]", "False", "()"), LongDouble(f))
		if err != nil {
			t.Fatal(err)
		}
		a, _ := h.DType.Field("a")
		b, _ := h.DType.Field("b")
		base, _, _ := b.DType.Subarray()
		for _, d := range []DType{a.DType, base} {
			if got, ok := d.LongDouble(); !ok || got != f {
				t.Errorf("%v: %v, want %v", d, got, f)
			}
		}
	}
	if _, err := readText(dictText("'<f8'", "False", "()"), LongDouble(0)); err == nil {
		t.Error("no such long double")
	}
}

// manyFields is the descr of n fields with names as short as they can be.
func manyFields(n int) string {
	var b strings.Builder
	b.WriteByte('[')
	for i := range n {
		fmt.Fprintf(&b, "('%x','i1'),", i)
	}
	return b.String() + "]"
}

// allocated is how much memory f takes from the heap in all.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestMemory reads headers that are made to take memory.
func TestMemory(t *testing.T) {
	fill := func(s string) string { return strings.Repeat(s, (1<<20-200)/len(s)) }
	for name, text := range map[string]string{
		"plain":          dictText("'<f8'", "False", "()") + fill(" "),
		"10,001 fields":  dictText(manyFields(10_001), "False", "()"),
		"60,000 fields":  dictText(manyFields(60_000), "False", "()"),
		"numbers":        dictText("["+fill("1,")+"]", "False", "()"),
		"tuples":         dictText("["+fill("(),")+"]", "False", "()"),
		"dimensions":     dictText("'<f8'", "False", "("+fill("1,")+")"),
		"same name":      dictText("["+fill("('','i1'),")+"]", "False", "()"),
		"padding":        dictText("["+fill("('','V1'),")+"]", "False", "()"),
		"escaped name":   dictText(`[('`+fill(`\x41`)+`','i1')]`, "False", "()"),
		"latin-1 name":   dictText("[('"+fill("\xe9")+"','i1')]", "False", "()"),
		"nested":         dictText(strings.Repeat("[('a',", 30)+"'i1'"+strings.Repeat(")]", 30), "False", "()"),
		"nested lists":   dictText(fill("["), "False", "()"),
		"comma string":   dictText("'"+fill("i1,")+"'", "False", "()"),
		"comma dims":     dictText("'"+fill("1,")+"i1'", "False", "()"),
		"subarrays":      dictText("["+fill("('','i1',("+strings.Repeat("1,", 64)+")),")+"]", "False", "()"),
		"pieces":         dictText("["+fill("'a''a'")+"]", "False", "()"),
		"long dtype":     dictText("'"+fill("x")+"'", "False", "()"),
		"long number":    dictText("'<f8'", "False", "("+fill("9")+",)"),
		"unknown keys":   "{" + fill("'a':1,") + "}",
		"repeated keys":  "{" + fill("'descr':'i1',") + "}",
		"titles":         dictText("["+fill("((1,''),'i1'),")+"]", "False", "()"),
		"comment":        dictText("'<f8'", "False", "()") + "#" + fill(","),
		"not literal":    fill("a"),
		"unending":       "'" + fill("a"),
		"binary":         fill("\xff\x00"),
		"python 2 longs": dictText("'<f8'", "False", "(3"+fill(" L")+",)"),
	} {
		for _, opts := range [][]Option{{AllowShort()}, {AllowShort(), Lenient()}} {
			b := rawHeader(2, text)
			var err error
			got := allocated(func() { _, err = ReadHeader(bytes.NewReader(b), int64(len(b)), "test.npy", opts...) })
			if most := uint64(2*len(b) + 1<<20); got > most {
				t.Errorf("%s: %d bytes taken for a file of %d", name, got, len(b))
			}
			if name == "plain" || name == "10,001 fields" {
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			} else if err != nil {
				checkFormatError(t, err, "test.npy")
			}
		}
	}
	// A length that is not true must not be believed.
	lie := append([]byte(magic), 2, 0, 0xFF, 0xFF, 0xFF, 0xFF)
	var err error
	got := allocated(func() { _, err = ReadHeader(bytes.NewReader(lie), int64(len(lie)), "lie.npy") })
	if err == nil || got > 1<<14 {
		t.Errorf("%d bytes taken for a header that is not there: %v", got, err)
	}
}

// brokenReader fails after some bytes.
type brokenReader struct {
	data []byte
	err  error
}

func (r brokenReader) ReadAt(p []byte, off int64) (int, error) {
	if off >= int64(len(r.data)) {
		return 0, r.err
	}
	n := copy(p, r.data[off:])
	if n < len(p) {
		return n, r.err
	}
	return n, nil
}

func TestReadErrors(t *testing.T) {
	failure := errors.New("disk on fire")
	b := rawHeader(2, dictText("'<f8'", "False", "()")+strings.Repeat(" ", 5000))
	for _, n := range []int{0, 5, 100, 600, len(b) - 1} {
		_, err := ReadHeader(brokenReader{b[:n], failure}, int64(len(b))+8, "a.npy")
		if !errors.Is(err, failure) || errors.Is(err, ErrFormat) || !strings.HasPrefix(err.Error(), "a.npy: ") {
			t.Errorf("failure after %d bytes: %v", n, err)
		}
	}
	// A file that is shorter than it was said to be.
	for _, n := range []int{0, 5, 100, 600, len(b) - 1} {
		_, err := ReadHeader(bytes.NewReader(b[:n]), int64(len(b))+8, "a.npy")
		if f, ok := errors.AsType[*FormatError](err); !ok || !errors.Is(err, io.ErrUnexpectedEOF) || f.Offset != int64(n) {
			t.Errorf("end after %d bytes: %v", n, err)
		}
	}
	if _, err := ReadHeader(bytes.NewReader(nil), -1, "a.npy"); err == nil {
		t.Error("negative size")
	}
}

// TestErrorPlaces checks that errors point at what is wrong.
func TestErrorPlaces(t *testing.T) {
	for _, c := range []struct{ text, field, at string }{
		{dictText("'<f9'", "False", "()"), "descr", "'<f9'"},
		{dictText("[('a', '<f9')]", "False", "()"), "descr", "'<f9'"},
		{dictText("'<f8'", "0", "()"), "fortran_order", "0,"},
		{dictText("'<f8'", "False", "(3, -4)"), "shape", "-4"},
		{dictText("'<f8'", "False", "(3, 4.5)"), "shape", "4.5"},
		{dictText("'<f8'", "False", "[3]"), "shape", "[3]"},
		{dictText("'<f8'", "False", "(3, 4") + "}", "header", "}"},
		{dictText("'<f8'", "False", "(3 4)"), "header", "4)"},
		{dictText("'<f8'", "False", "(x,)"), "header", "x,"},
		{"{'descr': '<f8', 'shop': ()}", "header", "'shop'"},
		{dictText("'<f8'", "False", "()") + "x", "header", "x"},
	} {
		_, err := readText(c.text)
		f, ok := errors.AsType[*FormatError](err)
		if !ok || f.Field != c.field || f.Offset != int64(12+strings.Index(c.text, c.at)) && c.at != "x" {
			t.Errorf("%q: %v", c.text, err)
		}
	}
}
