package picture

import (
	_ "embed" // the tables
	"image/color"
	"maps"
	"slices"
	"strings"
)

// The perceptual maps of matplotlib, by Nathaniel J. Smith, Stefan van der Walt and
// (viridis) Eric Firing, released under CC0: 256 colours of three bytes each.
//
//go:embed colormaps/viridis.rgb
var viridis string

//go:embed colormaps/magma.rgb
var magma string

//go:embed colormaps/inferno.rgb
var inferno string

// DefaultColormap is the map of who names none.
const DefaultColormap = "viridis"

var colormaps = map[string]string{"viridis": viridis, "magma": magma, "inferno": inferno, "gray": grayRamp()}

// IsColormap reports whether there is a map of a name.
func IsColormap(name string) bool {
	_, ok := colormaps[name]
	return ok
}

func grayRamp() string {
	ramp := make([]byte, 0, 3*256)
	for v := range 256 {
		ramp = append(ramp, byte(v), byte(v), byte(v))
	}
	return string(ramp)
}

// Colormaps lists the maps, with commas between their names.
func Colormaps() string {
	return strings.Join(slices.Sorted(maps.Keys(colormaps)), ", ")
}

const (
	levels   = 255    // colours that values get
	nanIndex = levels // the one that NaN gets
)

// palette spreads a colormap over the levels; NaN is transparent.
func palette(name string) color.Palette {
	table := colormaps[name]
	p := make(color.Palette, 0, levels+1)
	for i := range levels {
		at := 3 * ((i*255 + (levels-1)/2) / (levels - 1))
		p = append(p, color.NRGBA{table[at], table[at+1], table[at+2], 255})
	}
	return append(p, color.NRGBA{})
}
