package main

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

func TestValidate(t *testing.T) {
	plain := array(t, []int64{3}, []float64{1, nan(), 3})
	b := read(t, plain)
	text := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, 0x10FFFF), 0x110000)
	text = binary.LittleEndian.AppendUint32(text, 0xFFFFFFFF)
	big := binary.BigEndian.AppendUint32(nil, 0x110000)
	nested, err := mmapnpy.StructOf(mmapnpy.Field{Name: "n", DType: mmapnpy.Int32}, mmapnpy.Field{Name: "flags", DType: dtype(t, "(2,2)?")})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path string
		valid      bool
		words      []string
	}{
		{"plain", plain, true, []string{": ok\n"}},
		{"0-d", array(t, nil, []int32{1}), true, []string{": ok\n"}},
		{"empty", array(t, []int64{0}, []int32{}), true, []string{": ok\n"}},
		{"bools", file(t, mmapnpy.Header{DType: mmapnpy.Bool, Shape: []int64{4}}, []byte{0, 1, 1, 0}), true, []string{": ok\n"}},
		{"short", rawFile(t, b[:len(b)-1]), false, []string{"error: "}},
		{"trailing", rawFile(t, append(b[:len(b):len(b)], "xy"...)), false, []string{"error: offset 152: data: 2 bytes follow the data"}},
		{"appended", rawFile(t, append(b[:len(b):len(b)], b...)), false, []string{"another array"}},
		{"shape", rawFile(t, []byte(strings.Replace(string(b), "(3,), }", "(3), } ", 1))), false, []string{"shape", "--lenient"}},
		{"junk", rawFile(t, []byte("junk")), false, []string{"error: "}},
		{"bad bools", file(t, mmapnpy.Header{DType: mmapnpy.Bool, Shape: []int64{2, 2}, FortranOrder: true}, []byte{0, 1, 7, 9}), false,
			[]string{"offset 130: data: boolean is the byte 7 (2 such in all)"}},
		{"bad field", file(t, mmapnpy.Header{DType: nested, Shape: []int64{2}}, append(make([]byte, 15), 3)), false,
			[]string{"offset 143: data: boolean is the byte 3 (1 such in all)"}},
		{"bad text", file(t, mmapnpy.Header{DType: dtype(t, "<U3"), Shape: []int64{1}}, text), false,
			[]string{"offset 132: data: code point U+110000 is beyond Unicode (2 such in all)"}},
		{"bad big text", file(t, mmapnpy.Header{DType: dtype(t, ">U1"), Shape: []int64{1}}, big), false, []string{"offset 128", "U+110000"}},
		{"objects", file(t, mmapnpy.Header{DType: dtype(t, "O"), Shape: []int64{1}}, []byte("x")), true, []string{"warning", "Python objects"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := exitFailure
			if c.valid {
				want = exitOK
			}
			o := lazynpy(t, "validate", c.path)
			if o.code != want || o.stderr != "" || !strings.HasPrefix(o.stdout, c.path+": ") {
				t.Errorf("exit %d, %q, %q", o.code, o.stdout, o.stderr)
			}
			for _, w := range c.words {
				if !strings.Contains(o.stdout, w) {
					t.Errorf("no %q in %q", w, o.stdout)
				}
			}
			o = lazynpy(t, "validate", "--json", c.path)
			v := decode(t, o.stdout)
			if o.code != want || v["valid"] != c.valid || v["path"] != c.path {
				t.Errorf("exit %d, %v", o.code, v)
			}
			for _, f := range v["findings"].([]any) {
				for _, name := range []string{"level", "field", "offset", "message"} {
					if _, has := f.(map[string]any)[name]; !has {
						t.Errorf("a finding lacks %q: %v", name, f)
					}
				}
			}
		})
	}
	missing := plain + ".missing"
	fails(t, exitFailure, []string{missing}, "validate", missing)
}
