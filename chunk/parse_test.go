package chunk

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text string
		want Spec
		back string // String(), where not text
	}{
		{"auto", Auto(), ""},
		{"'auto'", Auto(), "auto"},
		{` "auto" `, Auto(), "auto"},
		{"(auto)", Auto(), "auto"},
		{"100", Size(100), ""},
		{"(100)", Size(100), "100"},
		{"+7", Size(7), "7"},
		{"-1", Size(-1), ""},
		{"64MiB", Bytes(64 << 20), ""},
		{"'64 MiB'", Bytes(64 << 20), "64MiB"},
		{"256 KiB", Bytes(256 << 10), "256KiB"},
		{"'100'", Bytes(100), "100B"},
		{"'1e6'", Bytes(1e6), "1000000B"},
		{"1e6B", Bytes(1e6), "1000000B"},
		{"()", Sizes(), ""},
		{"[]", Sizes(), "()"},
		{"(5,)", Sizes(5), ""},
		{"[5]", Sizes(5), "(5,)"},
		{"(4,-1,auto)", PerAxis(AxisSize(4), AxisWhole(), AxisAuto()), "(4, -1, 'auto')"},
		{"[4, None]", Sizes(4, -1), "(4, -1)"},
		{"('64MiB', -1,)", PerAxis(AxisBytes(64<<20), AxisWhole()), "('64MiB', -1)"},
		{"((2, 3), 'auto')", PerAxis(AxisSizes(2, 3), AxisAuto()), ""},
		{"((2,),)", Explicit([][]int64{{2}}), "((2,),)"},
		{"[[2, 2], [3, 3]]", Explicit([][]int64{{2, 2}, {3, 3}}), "((2, 2), (3, 3))"},
		{"((2, 3))", Sizes(2, 3), "(2, 3)"},
		{"((5), 3)", Sizes(5, 3), "(5, 3)"},
		{"{}", Dict(nil), ""},
		{"{1: auto, 0: 2,}", Dict(map[int]AxisSpec{0: AxisSize(2), 1: AxisAuto()}), "{0: 2, 1: 'auto'}"},
		{"{3: (2, 3)}", Dict(map[int]AxisSpec{3: AxisSizes(2, 3)}), ""},
		{"\t( 1 ,\n2 )\r\n", Sizes(1, 2), "(1, 2)"},
	} {
		got, err := Parse(c.text)
		if err != nil {
			t.Errorf("Parse(%q): %v", c.text, err)
			continue
		}
		if got.String() != c.want.String() || got.form != c.want.form {
			t.Errorf("Parse(%q) = %v, want %v", c.text, got, c.want)
		}
		back := c.back
		if back == "" {
			back = c.text
		}
		if got.String() != back {
			t.Errorf("Parse(%q).String() = %q, want %q", c.text, got, back)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct {
		text   string
		offset int // -1: a SpecError
		reason string
	}{
		{"", 0, "empty spec"},
		{"  ", 2, "empty spec"},
		{"None", 0, "more than None"},
		{"(1, 2", 5, "expected ',' or ')'"},
		{"(1, 2]", 5, "expected ',' or ')'"},
		{"(1 2)", 1, "not an integer"},
		{"(1, two)", 4, "neither auto, None, an integer nor a byte size"},
		{"(1, 2) 3", 7, "after the spec"},
		{"(,)", 1, "expected a chunk size"},
		{"(1,,2)", 3, "expected a chunk size"},
		{"2.5", 0, "not an integer"},
		{"1e6", 0, "needs a unit, as in 1e6B"},
		{"64 foos", 0, "not a byte unit"},
		{"(4, 'foo')", 4, "neither 'auto' nor a byte size"},
		{"(4, 'auto)", 4, "unterminated"},
		{"'None'", 0, "neither 'auto' nor a byte size"},
		{"'-5MB'", 0, "at least one byte"},
		{"0B", 0, "at least one byte"},
		{"20000PiB", 0, "too large"},
		{"99999999999999999999", 0, "beyond 64 bits"},
		{"(((1,),),)", 2, "nested too deeply"},
		{"((1, auto), 2)", 1, "explicit sizes are integers"},
		{"({0: 1}, 2)", 1, "expected a chunk size"},
		{"{0: 1, 0: 2}", 7, "axis 0 twice"},
		{"{a: 1}", 1, "axis numbers"},
		{"{0: 1; 1: 2}", 4, "neither auto"},
		{"{0: (1, 2) 3}", 11, "expected ',' or '}'"},
		{"{0 1}", 1, "axis numbers"},
		{"{0, 1}", 2, "expected ':'"},
		{"{0: {1: 2}}", 4, "expected a chunk size"},
		{strings.Repeat("(", 1000), 2, "nested too deeply"},
		{"(" + strings.Repeat("auto,", 65) + ")", 1 + 5*64, "more than 64 axes"},
		{strings.Repeat(" ", MaxSpecLen+1), MaxSpecLen, "longer"},
		{"(4, -3)", -1, "-3: a chunk size is positive"},
		{"-2", -1, "positive"},
		{"((2, -3),)", -1, "chunk size -3"},
		{"((2, 0),)", -1, "chunk size 0"},
		{"((),)", -1, "no sizes"},
		{"{-1: 2}", -1, "axes count from 0"},
		{"('64MiB', '32MiB')", -1, "byte sizes 64MiB and 32MiB"},
	} {
		s, err := Parse(c.text)
		var syntax *SyntaxError
		var spec *SpecError
		switch {
		case err == nil:
			t.Errorf("Parse(%.20q) = %v, want an error", c.text, s)
			continue
		case c.offset < 0 && !errors.As(err, &spec):
			t.Errorf("Parse(%.20q): %v, want a SpecError", c.text, err)
		case c.offset >= 0 && !errors.As(err, &syntax):
			t.Errorf("Parse(%.20q): %v, want a SyntaxError", c.text, err)
		case c.offset >= 0 && syntax.Offset != c.offset:
			t.Errorf("Parse(%.20q): offset %d, want %d", c.text, syntax.Offset, c.offset)
		}
		if !strings.Contains(err.Error(), c.reason) || strings.ContainsAny(err.Error(), "\n\r") {
			t.Errorf("Parse(%.20q): %q, want one line with %q", c.text, err, c.reason)
		}
	}
}

// TestParseLong reads as many explicit sizes as fit, within the memory promised.
func TestParseLong(t *testing.T) {
	const n = MaxSpecLen/4 - 3
	for _, text := range []string{
		"(" + strings.Repeat("1,1,", n) + ")",
		"((" + strings.Repeat("1,1,", n) + "),)",
		"(" + strings.Repeat("1,2,", n) + ")",
		"((" + strings.Repeat("1,2,", n) + "),)",
	} {
		var g Grid
		var err error
		bytes := allocated(func() {
			var s Spec
			if s, err = Parse(text); err == nil {
				g, err = Normalize(s, []int64{int64(strings.Count(text, "1") + 2*strings.Count(text, "2"))}, NormalizeOptions{})
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if g.NumBlocks() != 2*n {
			t.Errorf("%d blocks, want %d", g.NumBlocks(), 2*n)
		}
		if most := mostAllocated(text); bytes > most {
			t.Errorf("%.20q…: %d bytes allocated, of at most %d", text, bytes, most)
		}
	}
}

// mostAllocated is what reading a spec, and cutting by it, may allocate.
func mostAllocated(text string) uint64 { return 2*uint64(len(text)) + 1<<20 }

// allocated is how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestParseTooManyAxes(t *testing.T) {
	var text strings.Builder
	text.WriteByte('{')
	for d := range MaxDims + 1 {
		fmt.Fprintf(&text, "%d: 1,", d)
	}
	if _, err := Parse(text.String() + "}"); err == nil || !strings.Contains(err.Error(), "more than 64 axes") {
		t.Errorf("error %v, want more than 64 axes", err)
	}
}

func TestZeroValuesAreAuto(t *testing.T) {
	if !reflect.DeepEqual(Spec{}, Auto()) || !(Spec{}).IsAuto() || (Spec{}).String() != "auto" {
		t.Error("the zero Spec is not auto")
	}
	if PerAxis(AxisAuto()).IsAuto() || Bytes(1).IsAuto() {
		t.Error("more than the single word is auto")
	}
}

// checkParse parses anything: errors are typed, and what is accepted is written so that it is read
// as the same.
func checkParse(t *testing.T, text string) {
	t.Helper()
	var s Spec
	var err error
	bytes := allocated(func() { s, err = Parse(text) })
	if most := mostAllocated(text); bytes > most {
		t.Fatalf("%d bytes allocated, of at most %d", bytes, most)
	}
	if err != nil {
		var syntax *SyntaxError
		var spec *SpecError
		if !errors.As(err, &syntax) && !errors.As(err, &spec) {
			t.Fatalf("%q: untyped error %v", text, err)
		}
		return
	}
	again, err := Parse(s.String())
	if err != nil {
		t.Fatalf("%q: %q does not parse: %v", text, s, err)
	}
	if !reflect.DeepEqual(s, again) {
		t.Fatalf("%q: %q reads as %q", text, s, again)
	}
}
