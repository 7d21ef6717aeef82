package mmapnpy

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/internal/kernel"
)

func mustParse(t testing.TB, s string) DType {
	t.Helper()
	d, err := ParseDType(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestParseDType holds what NumPy 2.4.6 makes of these strings on little-endian Linux: descr, str,
// itemsize. An empty descr is an error.
func TestParseDType(t *testing.T) {
	if nativeOrder != '<' {
		t.Log("the table is that of a little-endian machine")
		return
	}
	for _, c := range []struct {
		in, descr, str string
		size           int64
	}{
		{"?", "'|b1'", "bool", 1}, {"bool_", "'|b1'", "bool", 1}, {">b1", "'|b1'", "bool", 1},
		{"i1", "'|i1'", "int8", 1}, {"byte", "'|i1'", "int8", 1}, {">B", "'|u1'", "uint8", 1},
		{"h", "'<i2'", "int16", 2}, {">u2", "'>u2'", ">u2", 2}, {"intc", "'<i4'", "int32", 4},
		{"l", "'<i8'", "int64", 8}, {"p", "'<i8'", "int64", 8}, {"n", "'<i8'", "int64", 8},
		{"N", "'<u8'", "uint64", 8}, {"int", "'<i8'", "int64", 8}, {"uint", "'<u8'", "uint64", 8},
		{"long", "'<i8'", "int64", 8}, {"ulonglong", "'<u8'", "uint64", 8}, {"=i8", "'<i8'", "int64", 8},
		{"e", "'<f2'", "float16", 2}, {"half", "'<f2'", "float16", 2}, {"single", "'<f4'", "float32", 4},
		{"|f8", "'<f8'", "float64", 8}, {">d", "'>f8'", ">f8", 8}, {"g", "'<f16'", "float128", 16},
		{"longdouble", "'<f16'", "float128", 16}, {">f16", "'>f16'", ">f16", 16},
		{"csingle", "'<c8'", "complex64", 8}, {"complex", "'<c16'", "complex128", 16}, {"G", "'<c32'", "complex256", 32},
		{"f 8", "'<f8'", "float64", 8}, {"f+8", "'<f8'", "float64", 8}, {"f08", "'<f8'", "float64", 8},
		{"S", "'|S0'", "|S0", 0}, {"a5", "'|S5'", "|S5", 5}, {"c", "'|S1'", "|S1", 1}, {">S7", "'|S7'", "|S7", 7},
		{"S2147483647", "'|S2147483647'", "|S2147483647", 1<<31 - 1},
		{"U", "'<U0'", "<U0", 0}, {"str", "'<U0'", "<U0", 0}, {">U3", "'>U3'", ">U3", 12},
		{"U536870911", "'<U536870911'", "<U536870911", 1<<31 - 4},
		{"V", "'|V0'", "|V0", 0}, {"void", "'|V0'", "|V0", 0}, {"=V4", "'|V4'", "|V4", 4},
		{"O", "'|O'", "object", 8}, {"O4", "'|O'", "object", 8}, {"object", "'|O'", "object", 8},
		{"M8", "'<M8'", "datetime64", 8}, {"m", "'<m8'", "timedelta64", 8}, {"datetime64", "'<M8'", "datetime64", 8},
		{"<datetime64[ns]", "'<M8[ns]'", "datetime64[ns]", 8}, {">m8[25us]", "'>m8[25us]'", ">m8[25us]", 8},
		{"M8[1s]", "'<M8[s]'", "datetime64[s]", 8}, {"M8[0s]", "'<M8[0s]'", "datetime64[0s]", 8},
		{"M8[-0s]", "'<M8[0s]'", "datetime64[0s]", 8}, {"M8[ +2us]", "'<M8[2us]'", "datetime64[2us]", 8},
		{"M8[2generic]", "'<M8'", "datetime64", 8}, {"M8[generic/1]", "'<M8'", "datetime64", 8},
		{"M8[s/25]", "'<M8[40ms]'", "datetime64[40ms]", 8}, {"M8[2s/25]", "'<M8[80ms]'", "datetime64[80ms]", 8},
		{"M8[Y/12]", "'<M8[M]'", "datetime64[M]", 8}, {"M8[Y/52]", "'<M8[W]'", "datetime64[W]", 8},
		{"M8[M/60]", "'<M8[12h]'", "datetime64[12h]", 8}, {"M8[W/14]", "'<M8[12h]'", "datetime64[12h]", 8},
		{"M8[D/86400]", "'<M8[s]'", "datetime64[s]", 8}, {"M8[h/3600]", "'<M8[s]'", "datetime64[s]", 8},
		{"M8[m/60000]", "'<M8[ms]'", "datetime64[ms]", 8}, {"M8[s/2000]", "'<M8[500us]'", "datetime64[500us]", 8},
		{"M8[ps/1000]", "'<M8[fs]'", "datetime64[fs]", 8}, {"M8[fs/10]", "'<M8[100as]'", "datetime64[100as]", 8},
		{"M8[as/1]", "'<M8[as]'", "datetime64[as]", 8}, {"m8[μs]", "'<m8[us]'", "timedelta64[us]", 8},
		{"2i4", "('<i4', (2,))", "('<i4', (2,))", 8}, {"(2,3)f8", "('<f8', (2, 3))", "('<f8', (2, 3))", 48},
		{"2, 3f8", "('<f8', (2, 3))", "('<f8', (2, 3))", 48}, {"2<f8", "('<f8', (2,))", "('<f8', (2,))", 16},
		{"=2<f8", "('<f8', (2,))", "('<f8', (2,))", 16}, {">2 f8", "('>f8', (2,))", "('>f8', (2,))", 16},
		{"1i4", "('<i4', (1,))", "('<i4', (1,))", 4}, {"0i4", "('<i4', (0,))", "('<i4', (0,))", 0},
		{"()i4", "'<i4'", "int32", 4}, {"(2,)3f8", "(('<f8', (3,)), (2,))", "(('<f8', (3,)), (2,))", 48},
		{"2?", "('|b1', (2,))", "('?', (2,))", 2}, {"2i1", "('|i1', (2,))", "('i1', (2,))", 2},
		{"2S", "'|S2'", "|S2", 2}, {"2U", "'<U2'", "<U2", 8}, {"2O", "('|O', (2,))", "('O', (2,))", 16},
		{"i4,f8", "[('f0', '<i4'), ('f1', '<f8')]", "[('f0', '<i4'), ('f1', '<f8')]", 12},
		{"i4 ,\t>f8, ", "[('f0', '<i4'), ('f1', '>f8')]", "[('f0', '<i4'), ('f1', '>f8')]", 12},
		{"(2)i4,f8", "[('f0', '<i4', (2,)), ('f1', '<f8')]", "[('f0', '<i4', (2,)), ('f1', '<f8')]", 16},
		{"S,U", "[('f0', '|S0'), ('f1', '<U0')]", "[('f0', 'S'), ('f1', '<U')]", 0},
		{"M8[ns],?", "[('f0', '<M8[ns]'), ('f1', '|b1')]", "[('f0', '<M8[ns]'), ('f1', '?')]", 9},
		// Not as NumPy 2.4.6: its bytes are the same, it is NumPy 1's answer.
		{"i4,", "'<i4'", "int32", 4},
		// Extensions.
		{"bfloat16", "'<V2'", "bfloat16", 2}, {"<V2", "'<V2'", "bfloat16", 2}, {">V2", "'>V2'", ">V2", 2},
		{"<V1", "'<V1'", "<V1", 1}, {"bfloat16,>V2", "[('f0', '<V2'), ('f1', '>V2')]", "[('f0', '<V2'), ('f1', '>V2')]", 4},
	} {
		d, err := ParseDType(c.in)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := d.Descr(); got != c.descr {
			t.Errorf("%q: descr %s, want %s", c.in, got, c.descr)
		}
		if got := d.String(); got != c.str {
			t.Errorf("%q: str %s, want %s", c.in, got, c.str)
		}
		if d.ItemSize() != c.size {
			t.Errorf("%q: itemsize %d, want %d", c.in, d.ItemSize(), c.size)
		}
	}
}

func TestParseDTypeErrors(t *testing.T) {
	for _, s := range []string{
		"", " ", "<", ">", "|", " f8", "f8 ", "f8\n", "f8\x00", "!f8", "@f8", "<>f8", "<float64", "=float64", "|float64",
		"Float64", "F8", "f1", "f3", "f10", "f12", "c24", "c4", "i3", "i16", "f0", "f-8", "b2", "b4", "?1", "O2", "O0", "c1",
		"bool8", "int0", "uint0", "void0", "bytes0", "str0", "object0", "float_", "complex_", "cfloat", "longfloat", "string_",
		"unicode_", "string", "datetime", "timedelta", "T", "StringDType()", "float8_e4m3fn", "float8", "int4", "<bfloat16",
		"float96", "complex192", ">a", "<T", "é", "\xff",
		"S-1", "S2147483648", "U536870912", "V2147483648", "V99999999999999999999",
		"M4", "M4[s]", "M8[", "M8]", "M8[]", "M8[s", "M8[s]x", "M8[s]]", "M8[[s]]", "M8[B]", "M8[min]", "M8[5]", "M8[0]", "M8[0xs]",
		"M8[25/4s]", "M8[-1s]", "M8[2147483648s]", "M8[99999999999999999999s]", "M8[25 us]", "M8[s ]", "M8[us]//3", "M8[s/]",
		"M8[s/0]", "M8[s/-1]", "M8[s/3]", "M8[s/25 ]", "M8[as/2]", "M8[fs/1000000]", "M8[ns/10000000]", "M8[Y/24]", "M8[ms/7]",
		"M8[3s/3]", "M8[generic/2]", "M8[W/11]", "M8[2147483647s/25]", "M8[s/4294967321]", "datetime64[]", "M8[µs]",
		"i4,,i4", ",i4", " i4,i4", "i4, ,f8", "i4;f8", "i4,x", "i4,b1 x", "i4,f8[ns]", "M8[s/25],i4", "i4,(2,3)", "i4,2", "2", "2,", "3,4",
		"()", "<()", "(2,3)", "(2)i4", "01f8", "(2,,3)f8", "(2 3)f8", "2 3f8", "(2,3f8", "2)f8", "(((2,)))f8", "(-1,)i4", "-1i4",
		"<2>f8", "|2<f8", ">2=f8", "<i4>,f8", "i4[a,b]", "i4[,]", "[i4,i4]", "<,i4", "(2,)S", "()S,i4",
		"(2147483648,)i1", "(65536,65536)i1", "99999999999999999999i4", "(" + strings.Repeat("1,", 65) + ")f8", "(0,2147483648)i1",
		"S2147483647,i1", strings.Repeat("i1,", 1<<20),
	} {
		if d, err := ParseDType(s); err == nil {
			t.Errorf("%.50q is %s", s, d.Descr())
		} else if msg := err.Error(); len(msg) > 250 || strings.Contains(msg, "\n") {
			t.Errorf("%.50q: error is not one short line: %q", s, msg)
		}
	}
}

func TestDTypeMethods(t *testing.T) {
	point, err := StructOf(Field{Name: "x", DType: Float32}, Field{Name: "y", Title: "up", DType: Float32})
	if err != nil {
		t.Fatal(err)
	}
	if f, ok := point.Field("up"); !ok || f.Name != "y" || f.Offset != 4 {
		t.Errorf("field by title: %+v, %v", f, ok)
	}
	if f, ok := point.Field("x"); !ok || f.Offset != 0 || !f.DType.Equal(Float32) {
		t.Errorf("field by name: %+v, %v", f, ok)
	}
	if _, ok := point.Field("z"); ok {
		t.Error("found a field that is not there")
	}
	fields := point.Fields()
	fields[0].Name = "changed"
	if point.Fields()[0].Name != "x" {
		t.Error("the caller can change the dtype")
	}
	sub, err := SubarrayOf(point, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	base, shape, ok := sub.Subarray()
	if !ok || !base.Equal(point) || !slices.Equal(shape, []int64{2, 3}) || sub.ItemSize() != 48 || sub.Kind() != KindVoid {
		t.Errorf("subarray: %v %v %v", base, shape, ok)
	}
	if u, ok := mustParse(t, "m8[25us]").Unit(); !ok || u != (DatetimeUnit{Microsecond, 25}) || u.String() != "25us" {
		t.Errorf("unit: %v", u)
	}
	if _, ok := Int64.Unit(); ok {
		t.Error("an integer has a unit")
	}
	if d := (DType{}); d.IsValid() || d.HasObject() || d.String() != "invalid" {
		t.Error("the zero value is a dtype")
	}
	if !mustParse(t, "i4,(2,)O").HasObject() || mustParse(t, "i4,S3").HasObject() {
		t.Error("HasObject")
	}
}

func TestStructAt(t *testing.T) {
	d, err := StructAt(16, Field{Name: "a", DType: Uint8, Offset: 1}, Field{Name: "b", DType: Float64, Offset: 4})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := d.Descr(), "[('', '|V1'), ('a', '|u1'), ('', '|V2'), ('b', '<f8'), ('', '|V4')]"; got != want && nativeOrder == '<' {
		t.Errorf("descr %s, want %s", got, want)
	}
	if got, want := d.String(), "{'names': ['a', 'b'], 'formats': ['u1', '<f8'], 'offsets': [1, 4], 'itemsize': 16}"; got != want && nativeOrder == '<' {
		t.Errorf("str %s, want %s", got, want)
	}
	for name, fields := range map[string][]Field{
		"overlap":      {{Name: "a", DType: Int32}, {Name: "b", DType: Int32, Offset: 3}},
		"order":        {{Name: "a", DType: Int32, Offset: 4}, {Name: "b", DType: Int32}},
		"outside":      {{Name: "a", DType: Int32, Offset: 13}},
		"far outside":  {{Name: "a", DType: Int32, Offset: 1 << 62}},
		"negative":     {{Name: "a", DType: Int32, Offset: -1}},
		"same name":    {{Name: "a", DType: Int32}, {Name: "a", DType: Int32, Offset: 4}},
		"title = name": {{Name: "a", DType: Int32}, {Name: "b", Title: "a", DType: Int32, Offset: 4}},
		"own title":    {{Name: "a", Title: "a", DType: Int32}},
		"same title":   {{Name: "a", Title: "t", DType: Int32}, {Name: "b", Title: "t", DType: Int32, Offset: 4}},
		"no dtype":     {{Name: "a"}},
		"not UTF-8":    {{Name: "\xff", DType: Int32}},
	} {
		if d, err := StructAt(16, fields...); err == nil {
			t.Errorf("%s: %s", name, d.Descr())
		}
	}
	for name, make := range map[string]func() (DType, error){
		"huge struct": func() (DType, error) { return StructAt(1 << 31) },
		"negative":    func() (DType, error) { return StructAt(-1) },
		"huge sum": func() (DType, error) {
			return StructOf(Field{Name: "a", DType: mustParse(t, "V2147483647")}, Field{Name: "b", DType: Bool})
		},
		"no dims":       func() (DType, error) { return SubarrayOf(Int8) },
		"negative dim":  func() (DType, error) { return SubarrayOf(Int8, 2, -1) },
		"huge dim":      func() (DType, error) { return SubarrayOf(Int8, 0, 1<<31) },
		"huge product":  func() (DType, error) { return SubarrayOf(Int8, 1<<16, 1<<16) },
		"huge size":     func() (DType, error) { return SubarrayOf(Float64, 1<<28) },
		"65 dims":       func() (DType, error) { return SubarrayOf(Int8, slices.Repeat([]int64{1}, 65)...) },
		"no base dtype": func() (DType, error) { return SubarrayOf(DType{}, 1) },
	} {
		if d, err := make(); err == nil {
			t.Errorf("%s: %s", name, d.Descr())
		}
	}
}

func TestByteOrder(t *testing.T) {
	for _, c := range []struct{ in, little, big string }{
		{"i1", "'|i1'", "'|i1'"}, {"f8", "'<f8'", "'>f8'"}, {"S3", "'|S3'", "'|S3'"}, {"U3", "'<U3'", "'>U3'"},
		{"V2", "'|V2'", "'|V2'"}, {"bfloat16", "'<V2'", "'>V2'"}, {"<V1", "'<V1'", "'<V1'"}, {"M8[s]", "'<M8[s]'", "'>M8[s]'"},
		{"i4,(2,)>f8", "[('f0', '<i4'), ('f1', '<f8', (2,))]", "[('f0', '>i4'), ('f1', '>f8', (2,))]"},
	} {
		d := mustParse(t, c.in)
		before := d.Descr()
		if got := d.WithByteOrder('<'); got.Descr() != c.little || got.Native() != (nativeOrder == '<' || c.little == c.big) {
			t.Errorf("%s little-endian: %s, native %v", c.in, got.Descr(), got.Native())
		}
		if got := d.WithByteOrder('>'); got.Descr() != c.big || got.Native() != (nativeOrder == '>' || c.little == c.big) {
			t.Errorf("%s big-endian: %s, native %v", c.in, got.Descr(), got.Native())
		}
		if !d.WithByteOrder('=').Native() {
			t.Errorf("%s in native order is not native", c.in)
		}
		if d.Descr() != before || d.WithByteOrder('|').Descr() != before {
			t.Errorf("%s was changed", c.in)
		}
	}
}

func TestElem(t *testing.T) {
	long, longComplex := kernel.X87, kernel.ComplexX87
	if hostLongDouble() == Quad {
		long, longComplex = kernel.Quad, kernel.ComplexQuad
	}
	for code, want := range map[string]kernel.Elem{
		"?": kernel.Bool, "i1": kernel.Int8, "i2": kernel.Int16, "i4": kernel.Int32, "i8": kernel.Int64,
		"u1": kernel.Uint8, "u2": kernel.Uint16, "u4": kernel.Uint32, "u8": kernel.Uint64,
		"f2": kernel.Float16, "f4": kernel.Float32, ">f8": kernel.Float64, "f16": long,
		"c8": kernel.Complex64, "c16": kernel.Complex128, "c32": longComplex, "bfloat16": kernel.BFloat16, ">V2": kernel.BFloat16,
		"V2": kernel.Invalid, "S1": kernel.Invalid, "U1": kernel.Invalid, "M8[s]": kernel.Invalid, "m8": kernel.Invalid,
		"O": kernel.Invalid, "i4,i4": kernel.Invalid, "2i4": kernel.Invalid,
	} {
		d := mustParse(t, code)
		got, ok := d.Elem()
		if got != want || ok != (want != kernel.Invalid) {
			t.Errorf("%s: %v, %v, want %v", code, got, ok, want)
		}
		if ok && int64(got.Size()) != d.ItemSize() {
			t.Errorf("%s: %d bytes, its element %d", code, d.ItemSize(), got.Size())
		}
	}
}

func TestPlainDTypes(t *testing.T) {
	for name, d := range map[string]DType{
		"bool": Bool, "int8": Int8, "int16": Int16, "int32": Int32, "int64": Int64,
		"uint8": Uint8, "uint16": Uint16, "uint32": Uint32, "uint64": Uint64,
		"float16": Float16, "bfloat16": BFloat16, "float32": Float32, "float64": Float64,
		"complex64": Complex64, "complex128": Complex128,
	} {
		if !mustParse(t, name).Equal(d) || d.String() != name || !d.Native() {
			t.Errorf("%s: %v %s", name, d, d.Descr())
		}
	}
}

// TestEqual wants all of these to differ.
func TestEqual(t *testing.T) {
	var all []DType
	for _, s := range []string{
		"i4", ">i4", "u4", "f4", "i8", "S4", "V4", "U1", ">U1", "M8", "m8", "M8[s]", "M8[2s]", "M8[ms]", ">M8[s]",
		"V2", "<V2", ">V2", "O", "2i4", "3i4", "(2,2)i4", "i4,i4", "i4,u4", "i4,i4,i4", "2i4,i4", "f16",
	} {
		all = append(all, mustParse(t, s))
	}
	for _, s := range []string{
		"[('a','<i4'),('b','<i4')]", "[('a','<i4'),('c','<i4')]", "[('a','<i4'),(('t','b'),'<i4')]", "[('a','<i4'),(('u','b'),'<i4')]",
		"[('a','<i4'),(('','b'),'<i4')]", "[('a','<i4'),((1,'b'),'<i4')]", "[('a','<i4'),((2,'b'),'<i4')]", "[]", "[('','|V1')]",
		"[('a','<i4'),('','|V4'),('b','<i4')]", "[('a','<i4'),('b','<i4'),('','|V4')]",
	} {
		d, err := parseDescr(s)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	other := all[slices.IndexFunc(all, func(d DType) bool { return d.Descr() == "'"+string(rune(nativeOrder))+"f16'" })]
	other.long = X87 + Quad - other.long
	all = append(all, other, DType{})
	for i, d := range all {
		for j, e := range all {
			if d.Equal(e) != (i == j) {
				t.Errorf("%s and %s: equal is %v", d.Descr(), e.Descr(), d.Equal(e))
			}
		}
		if i < len(all)-2 {
			if again, err := parseDescr(d.Descr()); err != nil || !again.Equal(d) {
				t.Errorf("%s is read back as %s: %v", d.Descr(), again.Descr(), err)
			}
		}
	}
}

// TestDescr reads what numpy.lib.format.descr_to_dtype of NumPy 2.4.6 reads, and compares with what
// dtype_to_descr then writes. An empty want is an error.
func TestDescr(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"[('','<f8',(2,))]", "[('', '|V16')]"}, {"[('',('<f8',(2,)))]", "[('', '|V16')]"}, {"[('',[('x','<i4')],(2,))]", "[('', '|V8')]"},
		{"[('','|V4'),('','|V4')]", "[('', '|V8')]"}, {"[('','|V0')]", "[]"}, {"[('a','|S0')]", "[('a', '|S0')]"},
		{"[('a','|S0',(2,))]", ""}, {"[('a','|S',3)]", "[('a', '|S3')]"}, {"[('a',('|U',3))]", "[('a', '" + string(rune(nativeOrder)) + "U3')]"},
		{"[(('','a'),'<i4')]", "[(('', 'a'), '<i4')]"}, {"[((5,'a'),'<i4'),((5,'b'),'<i4')]", "[((5, 'a'), '<i4'), ((5, 'b'), '<i4')]"},
		{"[((None,'a'),'<i4')]", "[('a', '<i4')]"}, {"[((True,'a'),'<i4')]", "[((True, 'a'), '<i4')]"}, {"[((-3,'a'),'<i4')]", "[((-3, 'a'), '<i4')]"},
		{"[(('t','a'),'<i4'),('t','<i4')]", ""}, {"[('t','<i4'),(('t','a'),'<i4')]", ""}, {"[(('a','a'),'<i4')]", ""},
		{"[(('',''),'<i4')]", ""}, {"[(('t',''),'|V4')]", "[(('t', ''), '|V4')]"}, {"[(['t','a'],'<i4')]", ""},
		{"[('a','<i4','<f4')]", "[('a', '<i4')]"}, {"[('a','<i4','<f8')]", ""}, {"[('a','|S','<f8')]", "[('a', '|S8')]"},
		{"('>i4','f4')", "'>i4'"}, {"('O','O')", ""}, {"('<i8','O')", ""}, {"('<i4','<i2,<i2')", ""}, {"('<f8',None)", ""},
		{"[]", "[]"}, {"[[]]", ""}, {"[('a',)]", ""}, {"[('a','<i4',(2,),1)]", ""}, {"['ab']", ""}, {"[['a','<i4']]", "[('a', '<i4')]"},
		{"'<i4,>f8'", "[('f0', '<i4'), ('f1', '>f8')]"}, {"[('a','<i4,>f8')]", "[('a', [('f0', '<i4'), ('f1', '>f8')])]"},
		{"[('a','<i4',())]", "[('a', '<i4')]"}, {"[('a','<i4',1)]", "[('a', '<i4', (1,))]"}, {"[('a','<i4',[2,3])]", "[('a', '<i4', (2, 3))]"},
		{"[('a','<i4',[])]", ""}, {"[('a','<i4',True)]", ""}, {"[('a','<i4',(True,))]", ""}, {"[('a','<i4',2.0)]", ""}, {"[('a','<i4',-1)]", ""},
		{"[('a','<i4',9223372036854775808)]", ""}, {"[('a','<i4',(9223372036854775808,))]", ""}, {"[('a','<i4',b'2')]", ""}, {"[('a','<i4',{})]", ""},
		{"([('a','<i4')],2)", "([('a', '<i4')], (2,))"}, {"([('a','<i4')],())", "[('a', '<i4')]"}, {"([],2)", "([], (2,))"}, {"(([],2),2)", ""},
		{"(('<f8',0),2)", ""}, {"('<f8',(0,2147483647,2147483647))", "('<f8', (0, 2147483647, 2147483647))"}, {"('<f8',(0,2147483648))", ""},
		{"('S',(5,))", ""}, {"('S',-1)", ""}, {"('S',5)", "'|S5'"}, {"('U',536870912)", ""}, {"('U',9223372036854775807)", ""}, {"('V',0)", "'|V0'"},
		{"[('a','|V2147483647'),('b','|i1')]", ""}, {"[('','|V2147483647'),('b','|i1')]", ""}, {"[('a','|V65536',(32767,))]", "[('a', '|V65536', (32767,))]"},
		{"[('a','|V65536',(32768,))]", ""}, {"[('a','')]", ""}, {"[('a','<M8[0s]')]", "[('a', '<M8[0s]')]"}, {"[('','|O')]", "[('', '|O')]"},
		{`[('\ud800','<i4')]`, `[('\ud800', '<i4')]`}, {`[('a\0b','<i4')]`, `[('a\x00b', '<i4')]`}, {"[('a' 'b','<' 'i4')]", "[('ab', '<i4')]"},
		{"[(b'a','<i4')]", ""}, {"[('a',b'<i4')]", ""}, {"[('a',None)]", ""}, {"[(5,'<i4')]", ""}, {"[(((1,2),'a'),'<i4')]", ""},
		{"[(('t','a','z'),'<i4')]", ""}, {"[((9223372036854775808,'a'),'<i4')]", ""}, {"{}", ""}, {"{('a','<i4')}", ""}, {"()", ""}, {"None", ""}, {"5", ""},
		{"('<f8',2,3)", "('<f8', (2,))"}, {"(('<f8',(5,)),(2,))", "(('<f8', (5,)), (2,))"}, {"[('x',('<f8',(5,)),(2,))]", "[('x', ('<f8', (5,)), (2,))]"},
		{"'bfloat16'", ""}, {"'<V2'", "'<V2'"}, {"(((('<f8'))))", "'<f8'"}, {"('<f8', " + strings.Repeat("1,", 65) + ")", "('<f8', (1,))"},
		{"('<f8', (" + strings.Repeat("1,", 65) + "))", ""},
	} {
		d, err := parseDescr(c.in)
		switch {
		case err != nil && c.want != "":
			t.Errorf("%s: %v", c.in, err)
		case err == nil && d.Descr() != c.want:
			t.Errorf("%s: %s, want %q", c.in, d.Descr(), c.want)
		case err != nil && !errors.Is(err, ErrFormat):
			t.Errorf("%s: not an ErrFormat: %v", c.in, err)
		}
	}
}
