package picture

import (
	"image"
	"image/color"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/internal/export"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// TestSampleSteps has at most samplePixels left.
func TestSampleSteps(t *testing.T) {
	for _, c := range [][4]int64{{2048, 2048, 1, 1}, {1 << 14, 1 << 14, 8, 8}, {1, 1 << 26, 1, 16}, {1 << 26, 3, 48, 3}, {0, 5, 1, 1}} {
		if y, x := sampleSteps(c[:2]); c[0] == c[1] && (y != c[2] || x != c[3]) || (c[0]+y-1)/y*((c[1]+x-1)/x) > samplePixels {
			t.Errorf("%v: steps %d, %d", c, y, x)
		}
	}
}

// values is a row of numbers.
func values(values []float64) export.Stream {
	b, err := mmapnpy.BufferOf(values, 1, int64(len(values)))
	if err != nil {
		panic(err)
	}
	return export.Stream{Name: "values", DType: b.DType, Shape: b.Shape, Pieces: func(yield func([]byte, error) bool) { yield(b.Data, nil) }}
}

// TestRenderExtremes tells numbers apart whose distance is beyond float64.
func TestRenderExtremes(t *testing.T) {
	img, err := Render(values([]float64{1e308, -1e308, 0, 5e307}), values([]float64{1e308, -1e308}),
		Options{Colormap: DefaultColormap, Percentile: [2]float64{0, 100}})
	if err != nil || img.Pix[0] == img.Pix[1] || img.Pix[2] == img.Pix[0] || img.Pix[2] == img.Pix[1] || img.Pix[3] == img.Pix[0] {
		t.Errorf("colours of extremes: %v, %v", img.Pix, err)
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

func TestPreviewColours(t *testing.T) {
	img := image.NewPaletted(image.Rect(0, 0, 1, 2), palette("gray"))
	img.Pix[1] = levels - 1
	got := Preview(img, 2, true)
	want := strings.Repeat("\x1b[38;2;0;0;0m\x1b[48;2;255;255;255m▀", 1)
	if len(got) != 2 || !strings.HasSuffix(got[1], "\x1b[0m") || strings.Contains(got[0], want) {
		t.Errorf("got %q", got)
	}
	if got := Beside("|", []string{"a", "b"}, []string{"c"}); len(got) != 1 || got[0] != "a|c" {
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
