package main

import (
	"bytes"
	"image"
	"image/png"
	"path/filepath"
	"strings"
	"testing"
)

// transparent is the colour that NaN gets.
const transparent = 255

func decodePNG(t *testing.T, data []byte) *image.Paletted {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	p, ok := img.(*image.Paletted)
	if !ok {
		t.Fatalf("image is a %T", img)
	}
	return p
}

func TestPNG(t *testing.T) {
	path := array(t, []int64{2, 3}, []float64{0, 50, 100, nan(), -1e9, 1 / zero()})
	out := filepath.Join(t.TempDir(), "out.png")
	ok(t, "png", "--range", "0,100", "--cmap", "gray", path, "-o", out)
	img := decodePNG(t, read(t, out))
	if img.Bounds() != image.Rect(0, 0, 3, 2) {
		t.Fatalf("bounds %v", img.Bounds())
	}
	want := []uint8{0, 127, 254, transparent, 0, 254}
	if !bytes.Equal(img.Pix, want) {
		t.Errorf("pixels %v, want %v", img.Pix, want)
	}
	if _, _, _, alpha := img.At(0, 1).RGBA(); alpha != 0 {
		t.Error("NaN is not transparent")
	}
	if r, g, b, _ := img.At(2, 0).RGBA(); r != 0xFFFF || g != r || b != r {
		t.Errorf("the brightest gray is %v", img.At(2, 0))
	}
	if stdout := ok(t, "png", "--range", "0,100", "--cmap", "gray", path); stdout != string(read(t, out)) {
		t.Error("standard output differs from the file")
	}
}

func TestPNGScales(t *testing.T) {
	decades := array(t, []int64{1, 5}, []float64{0, 1, 10, 100, 1000})
	for _, c := range []struct {
		args []string
		want []uint8
	}{
		{[]string{"--percentile", "0,100"}, []uint8{0, 0, 3, 25, 254}},
		{[]string{"--percentile", "0,100", "--log"}, []uint8{0, 0, 85, 169, 254}},
		{[]string{"--percentile", "25,75"}, []uint8{0, 0, 23, 254, 254}},
		{[]string{"--range", "10,1000", "--log"}, []uint8{0, 0, 0, 127, 254}},
	} {
		img := decodePNG(t, []byte(ok(t, append([]string{"png", decades}, c.args...)...)))
		if !bytes.Equal(img.Pix, c.want) {
			t.Errorf("%q: pixels %v, want %v", c.args, img.Pix, c.want)
		}
	}
	for name, c := range map[string]struct {
		path, slice string
		want        []uint8
	}{
		"slice":      {array(t, []int64{2, 2, 2}, count[uint16](8)), "1, ::-1", []uint8{169, 254, 0, 85}},
		"constant":   {array(t, []int64{1, 2}, []float32{5, 5}), "", []uint8{0, 0}},
		"only NaN":   {array(t, []int64{1, 2}, []float64{nan(), nan()}), "", []uint8{transparent, transparent}},
		"magnitudes": {array(t, []int64{1, 3}, []complex128{0, 3 + 4i, -10}), "", []uint8{0, 127, 254}},
	} {
		img := decodePNG(t, []byte(ok(t, "png", "--percentile", "0,100", c.path, c.slice)))
		if !bytes.Equal(img.Pix, c.want) {
			t.Errorf("%s: pixels %v, want %v", name, img.Pix, c.want)
		}
	}
}

func TestPNGSampled(t *testing.T) {
	n := int64(2100)
	path := array(t, []int64{n, n}, count[uint16](int(n*n)))
	img := decodePNG(t, []byte(ok(t, "png", "--percentile", "0,100", path)))
	if img.Bounds().Dx() != int(n) || img.Pix[0] != 0 {
		t.Errorf("bounds %v, first pixel %d", img.Bounds(), img.Pix[0])
	}
}

func TestPreview(t *testing.T) {
	path := array(t, []int64{4, 4}, []uint16{0, 0, 9, 9, 0, 0, 9, 9, 9, 9, 0, 0, 9, 9, 0, 0})
	o := lazynpy(t, "png", "--preview", "--cmap", "gray", "--percentile", "0,100", path)
	lines := strings.Split(strings.TrimSuffix(o.stdout, "\n"), "\n")
	dark, bright := strings.Repeat(" ", 32), strings.Repeat("@", 32)
	if o.code != exitOK || len(lines) != 32 || lines[0] != dark+bright || lines[31] != bright+dark {
		t.Errorf("exit %d, %d lines\n%s%s", o.code, len(lines), o.stdout, o.stderr)
	}
}
