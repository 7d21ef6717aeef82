package mmapnpy

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// FuzzHeader reads anything as a file. What is accepted is written and read again; what is refused
// is refused with a FormatError. Neither takes more memory than promised.
func FuzzHeader(f *testing.F) {
	for _, path := range tortureFiles(f) {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[:min(len(data), 4096)])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var h Header
		var err error
		got := allocated(func() { h, err = ReadHeader(bytes.NewReader(data), int64(len(data)), "fuzz.npy", AllowShort()) })
		if most := uint64(2*len(data) + 1<<20); got > most {
			t.Errorf("%d bytes taken for a file of %d", got, len(data))
		}
		lenient, lenientErr := ReadHeader(bytes.NewReader(data), int64(len(data)), "fuzz.npy", AllowShort(), Lenient())
		if err != nil {
			checkFuzzError(t, err)
			if lenientErr == nil {
				checkRoundTrip(t, lenient)
			}
			return
		}
		checkRoundTrip(t, h)
		if lenientErr != nil || !sameArray(h, lenient) {
			t.Errorf("strictly %v %v, leniently %v %v: %v", h.DType, h.Shape, lenient.DType, lenient.Shape, lenientErr)
		}
	})
}

func checkFuzzError(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[*FormatError](err); !ok || !errors.Is(err, ErrFormat) || strings.ContainsAny(err.Error(), "\n\r") {
		t.Errorf("%T: %v", err, err)
	}
}

func sameArray(a, b Header) bool {
	return a.DType.Equal(b.DType) && slices.Equal(a.Shape, b.Shape) && a.FortranOrder == b.FortranOrder
}

func checkRoundTrip(t *testing.T, h Header) {
	t.Helper()
	h.Version = [2]uint8{}
	b, err := EncodeHeader(h)
	if err != nil {
		t.Fatalf("cannot write %s %v: %v", h.DType.Descr(), h.Shape, err)
	}
	again, err := ReadHeader(bytes.NewReader(b), int64(len(b)), "again.npy", AllowShort(), MaxHeaderSize(largestHeaderSize))
	if err != nil {
		t.Fatalf("cannot read what was written for %s %v: %v", h.DType.Descr(), h.Shape, err)
	}
	if !sameArray(h, again) || again.DataOffset != int64(len(b)) || len(again.Warnings) > 0 {
		t.Errorf("%s %v is read back as %s %v", h.DType.Descr(), h.Shape, again.DType.Descr(), again.Shape)
	}
	if d := again.DType.String(); d != h.DType.String() {
		t.Errorf("%s is read back as %s", h.DType, d)
	}
}

// FuzzDType reads anything as a dtype string, writes what is accepted as a descr and reads that.
func FuzzDType(f *testing.F) {
	for _, s := range []string{
		"<f8", "|S5", ">U3", "M8[25us]", "m8[s/25]", "i4, (2,3)f8, S5", "(2,)3f8", "=2<f8", "<V2", "bfloat16", "datetime64[ns]",
		"O", "|O4", "()i4", "0i4", "2S", "f 8", "f16", "c32", "float64,int32", "M8[μs]", "S2147483647", "i4,",
	} {
		f.Add(s)
	}
	for _, row := range readTSV(f, filepath.Join(tortureDir, "EXPECT.tsv"), 7) {
		f.Add(strings.Trim(row[1], "'"))
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDType(s)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("%q: %q", s, err)
			}
			return
		}
		again, err := parseDescr(d.Descr())
		if err != nil || !again.Equal(d) || again.String() != d.String() {
			t.Errorf("%q is %s, read back as %s: %v", s, d.Descr(), again.Descr(), err)
		}
		if size := d.ItemSize(); size < 0 || size > maxItemSize {
			t.Errorf("%q: itemsize %d", s, size)
		}
		swapped := d.WithByteOrder('>').WithByteOrder('<')
		if !swapped.Equal(d.WithByteOrder('<')) || swapped.ItemSize() != d.ItemSize() {
			t.Errorf("%q: %s with its bytes swapped", s, swapped.Descr())
		}
	})
}

// FuzzLiteral parses anything as a Python literal, in all dialects.
func FuzzLiteral(f *testing.F) {
	for _, row := range readTSV(f, "testdata/python_literals.tsv", 2) {
		f.Add(strings.Trim(row[0], `"`), uint8(0))
	}
	f.Fuzz(func(t *testing.T, text string, flags uint8) {
		d := dialect{latin1: flags&1 != 0, longs: flags&2 != 0, lenient: flags&4 != 0}
		p := newParser(text, d, parseMemory)
		if err := p.parse(); err != nil {
			return
		}
		if end := p.next(0); end != len(p.nodes) {
			t.Errorf("%q: %d of %d nodes belong to the value", text, end, len(p.nodes))
		}
		for i, n := range p.nodes {
			if p.next(i) <= i || int(n.pos) >= len(text) {
				t.Errorf("%q: node %d: %+v", text, i, n)
			}
			switch n.kind {
			case nodeInt:
				p.intValue(i)
			case nodeStr:
				if s, err := p.strValue(i); err == nil && !validText(s) && (d.latin1 || validText(text)) {
					t.Errorf("%q: node %d is %q", text, i, s)
				}
			}
		}
	})
}
