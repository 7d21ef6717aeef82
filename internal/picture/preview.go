package picture

import (
	"fmt"
	"image"
	"strings"
)

// shades are what a preview without colours is drawn with, from dark to bright.
const shades = " .:-=+*#%@"

// Preview draws an image in lines of at most width characters, each two pixels
// tall: half blocks of 24-bit colours, or shades of ASCII.
func Preview(img *image.Paletted, width int, colour bool) []string {
	small := resize(img, width)
	lines := make([]string, 0, (len(small)+1)/2)
	for y := 0; y < len(small); y += 2 {
		top, bottom := small[y], small[y]
		if y+1 < len(small) {
			bottom = small[y+1]
		}
		var b strings.Builder
		for x := range top {
			if colour {
				t, u := top[x], bottom[x]
				fmt.Fprintf(&b, "\x1b[38;2;%d;%d;%dm\x1b[48;2;%d;%d;%dm▀", t[0], t[1], t[2], u[0], u[1], u[2])
				continue
			}
			b.WriteByte(shades[(luma(top[x])+luma(bottom[x]))/2*(len(shades)-1)/255])
		}
		if colour {
			b.WriteString("\x1b[0m")
		}
		lines = append(lines, b.String())
	}
	return lines
}

type rgb [3]uint8

// luma is how bright a colour looks, 0 to 255.
func luma(c rgb) int { return (299*int(c[0]) + 587*int(c[1]) + 114*int(c[2])) / 1000 }

// resize averages pixels, or repeats them, so that the image is at most width wide
// and of the same aspect.
func resize(img *image.Paletted, width int) [][]rgb {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	cols := max(min(width, max(w, 64)), 1)
	if w < cols {
		cols = cols / w * w // whole pixels, all of one size
	}
	rows := min(max((h*cols+w/2)/w, 1), 2*cols)
	out := make([][]rgb, rows)
	for y := range out {
		out[y] = make([]rgb, cols)
		y0, y1 := y*h/rows, max((y+1)*h/rows, y*h/rows+1)
		for x := range out[y] {
			x0, x1 := x*w/cols, max((x+1)*w/cols, x*w/cols+1)
			out[y][x] = average(img, image.Rect(x0, y0, x1, y1))
		}
	}
	return out
}

// average is the mean colour of a part of an image; NaN counts as black.
func average(img *image.Paletted, r image.Rectangle) rgb {
	var sum [3]int
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			cr, cg, cb, _ := img.Palette[img.Pix[y*img.Stride+x]].RGBA()
			sum[0] += int(cr >> 8)
			sum[1] += int(cg >> 8)
			sum[2] += int(cb >> 8)
		}
	}
	n := r.Dx() * r.Dy()
	return rgb{uint8(sum[0] / n), uint8(sum[1] / n), uint8(sum[2] / n)}
}

// Beside sets previews side by side.
func Beside(gap string, blocks ...[]string) []string {
	rows := len(blocks[0])
	for _, b := range blocks {
		rows = min(rows, len(b))
	}
	lines := make([]string, rows)
	for i := range lines {
		for k, b := range blocks {
			if k > 0 {
				lines[i] += gap
			}
			lines[i] += b[i]
		}
	}
	return lines
}
