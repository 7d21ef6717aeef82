package mmapnpy

import (
	"bytes"
	"strings"
	"testing"
)

// TestEncodeHeaderAligned reads aligned headers again, and compares them with those that are not.
func TestEncodeHeaderAligned(t *testing.T) {
	fields := []Field{}
	for i := range 200 {
		fields = append(fields, Field{Name: strings.Repeat("n", i+1), DType: Uint8})
	}
	long, err := StructOf(fields...)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []Header{{DType: Uint16, Shape: []int64{}}, {DType: Float64, Shape: []int64{3, 4}, FortranOrder: true}, {DType: long, Shape: []int64{0}}} {
		plain, err := EncodeHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		for _, align := range []int{64, 128, 4096, 8192} {
			b, err := EncodeHeaderAligned(h, align)
			if err != nil {
				t.Fatal(err)
			}
			if len(b)%align != 0 || len(b)-len(plain) >= align || b[len(b)-1] != '\n' {
				t.Errorf("%v aligned to %d: %d bytes instead of %d", h.DType, align, len(b), len(plain))
			}
			file := append(bytes.Clone(b), make([]byte, h.NBytes())...)
			got, err := ReadHeader(bytes.NewReader(file), int64(len(file)), "aligned", MaxHeaderSize(1<<20))
			if err != nil {
				t.Fatal(err)
			}
			if got.DataOffset != int64(len(b)) || !got.DType.Equal(h.DType) || got.FortranOrder != h.FortranOrder {
				t.Errorf("read again: %+v", got)
			}
		}
		for _, align := range []int{0, -64, 100} {
			if _, err := EncodeHeaderAligned(h, align); err == nil {
				t.Errorf("an alignment of %d", align)
			}
		}
	}
	if _, err := EncodeHeaderAligned(Header{DType: Uint8, Shape: []int64{1}, Version: [2]uint8{1, 0}}, 1<<17); err == nil {
		t.Error("a header of 128 KiB in format 1.0")
	}
	if b, err := EncodeHeaderAligned(Header{DType: Uint8, Shape: []int64{1}}, 1<<15); err != nil || len(b) != 1<<15 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}
