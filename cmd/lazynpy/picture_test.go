package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"path/filepath"
	"strings"
	"testing"
)

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
	want := []uint8{0, 127, 254, nanIndex, 0, 254}
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
		"only NaN":   {array(t, []int64{1, 2}, []float64{nan(), nan()}), "", []uint8{nanIndex, nanIndex}},
		"magnitudes": {array(t, []int64{1, 3}, []complex128{0, 3 + 4i, -10}), "", []uint8{0, 127, 254}},
	} {
		img := decodePNG(t, []byte(ok(t, "png", "--percentile", "0,100", c.path, c.slice)))
		if !bytes.Equal(img.Pix, c.want) {
			t.Errorf("%s: pixels %v, want %v", name, img.Pix, c.want)
		}
	}
}

func TestPNGSampled(t *testing.T) {
	for _, c := range [][4]int64{{2048, 2048, 1, 1}, {1 << 14, 1 << 14, 8, 8}, {1, 1 << 26, 1, 16}, {1 << 26, 3, 48, 3}, {0, 5, 1, 1}} {
		if y, x := sampleSteps(c[:2]); c[0] == c[1] && (y != c[2] || x != c[3]) || (c[0]+y-1)/y*((c[1]+x-1)/x) > samplePixels {
			t.Errorf("%v: steps %d, %d", c, y, x)
		}
	}
	n := int64(2100)
	path := array(t, []int64{n, n}, count[uint16](int(n*n)))
	img := decodePNG(t, []byte(ok(t, "png", "--percentile", "0,100", path)))
	if img.Bounds().Dx() != int(n) || img.Pix[0] != 0 {
		t.Errorf("bounds %v, first pixel %d", img.Bounds(), img.Pix[0])
	}
}

func TestColormaps(t *testing.T) {
	for name, table := range colormaps {
		if len(table) != 3*256 {
			t.Errorf("%s has %d bytes", name, len(table))
		}
		last := -1
		for i, c := range palette(name)[:levels] {
			n := c.(color.NRGBA)
			if y := luma(rgb{n.R, n.G, n.B}); y < last-1 {
				t.Errorf("%s gets darker at level %d", name, i)
			} else {
				last = y
			}
		}
	}
	p := palette("viridis")
	if p[0] != (color.NRGBA{68, 1, 84, 255}) || p[levels-1] != (color.NRGBA{253, 231, 36, 255}) {
		t.Errorf("viridis runs from %v to %v", p[0], p[levels-1])
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
	img := image.NewPaletted(image.Rect(0, 0, 1, 2), palette("gray"))
	img.Pix[1] = levels - 1
	got := preview(img, 2, true)
	want := strings.Repeat("\x1b[38;2;0;0;0m\x1b[48;2;255;255;255m▀", 1)
	if len(got) != 2 || !strings.HasSuffix(got[1], "\x1b[0m") || strings.Contains(got[0], want) {
		t.Errorf("got %q", got)
	}
	if got := beside("|", []string{"a", "b"}, []string{"c"}); len(got) != 1 || got[0] != "a|c" {
		t.Errorf("beside gave %q", got)
	}
}

func TestPreviewShrinks(t *testing.T) {
	img := image.NewPaletted(image.Rect(0, 0, 1000, 500), palette("gray"))
	for i := range img.Pix {
		img.Pix[i] = uint8(i % 2 * (levels - 1))
	}
	small := resize(img, 100)
	if len(small) != 50 || len(small[0]) != 100 || small[7][7] != (rgb{127, 127, 127}) {
		t.Errorf("%d x %d of %v", len(small[0]), len(small), small[7][7])
	}
}
