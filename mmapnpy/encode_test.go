package mmapnpy

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestEncodeVersions(t *testing.T) {
	named := func(name string) Header {
		d, err := StructOf(Field{Name: name, DType: Int8})
		if err != nil {
			t.Fatal(err)
		}
		return Header{DType: d, Shape: []int64{2, 3}}
	}
	long := strings.Repeat("x", 1<<16)
	for _, c := range []struct {
		name string
		ask  byte
		got  byte // 0 is an error
	}{
		{"a", 0, 1}, {"a", 1, 1}, {"a", 2, 2}, {"a", 3, 3}, {"a", 4, 0},
		{"é", 0, 1}, {"é", 1, 1}, {"é", 2, 2}, {"é", 3, 3},
		{"整", 0, 3}, {"整", 1, 0}, {"整", 2, 0}, {"整", 3, 3},
		{long, 0, 2}, {long, 1, 0}, {long, 2, 2}, {long, 3, 3},
		{long + "整", 0, 3},
	} {
		h := named(c.name)
		h.Version[0] = c.ask
		b, err := EncodeHeader(h)
		if (err == nil) != (c.got > 0) || (err == nil && b[6] != c.got) {
			t.Errorf("%.10q as version %d: %.8q, %v", c.name, c.ask, b, err)
			continue
		}
		if err != nil {
			continue
		}
		if len(b)%headerAlign != 0 || b[len(b)-1] != '\n' {
			t.Errorf("%.10q as version %d: %d bytes", c.name, c.ask, len(b))
		}
		again, err := ReadHeader(bytes.NewReader(b), int64(len(b)), "a.npy", AllowShort())
		if err != nil || !again.DType.Equal(h.DType) || again.Version != [2]uint8{c.got, 0} || !slices.Equal(again.Shape, h.Shape) {
			t.Errorf("%.10q as version %d is read back as %v, %v", c.name, c.ask, again.DType, err)
		}
	}
}

func TestEncodeErrors(t *testing.T) {
	sub := mustParse(t, "2i4")
	for name, h := range map[string]Header{
		"no dtype":     {Shape: []int64{1}},
		"subarray":     {DType: sub},
		"negative":     {DType: Int8, Shape: []int64{-1}},
		"overflow":     {DType: Int8, Shape: []int64{1 << 32, 1 << 32}},
		"hidden":       {DType: Int8, Shape: []int64{1 << 32, 0, 1 << 32}},
		"dims":         {DType: Int8, Shape: make([]int64, 65)},
		"version":      {DType: Int8, Version: [2]uint8{1, 1}},
		"only a minor": {DType: Int8, Version: [2]uint8{0, 1}},
	} {
		if b, err := EncodeHeader(h); err == nil {
			t.Errorf("%s: %q", name, b)
		}
	}
}

// TestGrowthRoom checks what appending in place relies on: the header is as long for one row as
// for the most there can be.
func TestGrowthRoom(t *testing.T) {
	for _, fortran := range []bool{false, true} {
		size := 0
		for rows := int64(0); rows < 1<<55; rows = 9*rows + 1 {
			h := Header{DType: Float64, Shape: []int64{rows, 3}, FortranOrder: fortran}
			if fortran {
				slices.Reverse(h.Shape)
			}
			b, err := EncodeHeader(h)
			if err != nil {
				t.Fatal(err)
			}
			if size == 0 {
				size = len(b)
			}
			if len(b) != size {
				t.Errorf("%v: header of %d bytes, with other lengths %d", h.Shape, len(b), size)
			}
		}
	}
}

func TestPythonRepr(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", `''`}, {"a", `'a'`}, {"it's", `"it's"`}, {`a"b`, `'a"b'`}, {`'"`, `'\'"'`}, {"\\", `'\\'`}, {"\t\n\r", `'\t\n\r'`},
		{"\x00\x1f\x7f", `'\x00\x1f\x7f'`}, {"\u0080\u00a0\u00ad", `'\x80\xa0\xad'`}, {"é¡ÿ", `'é¡ÿ'`},
		{"\u2028\u2003\u200b\ufeff\ue000", `'\u2028\u2003\u200b\ufeff\ue000'`}, {"整\u0301", "'整\u0301'"}, {"\U0001f600", "'\U0001f600'"},
		{"\U000e0001\U0010ffff", `'\U000e0001\U0010ffff'`}, {"\xed\xa0\x80\xed\xbf\xbf", `'\ud800\udfff'`}, {"\u0378", `'\u0378'`},
	} {
		if got := string(appendRepr(nil, c.in)); got != c.want {
			t.Errorf("%q: %s, want %s", c.in, got, c.want)
		}
	}
	for s, want := range map[string]bool{
		"": true, "aé整\U0001f600": true, "\xed\xa0\x80": true, "\uFFFD": true,
		"\xff": false, "\xed\xa0": false, "\xed": false, "\xc0\x80": false, "\xf4\x90\x80\x80": false,
	} {
		if validText(s) != want {
			t.Errorf("%q: valid is %v", s, !want)
		}
	}
}
