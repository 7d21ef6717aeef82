package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/internal/export"
	"github.com/lazynpy/lazynpy/internal/picture"
	"github.com/lazynpy/lazynpy/lazy"
)

func newPNGCommand(c *cli) *cobra.Command {
	p := pngRequest{look: picture.Options{Colormap: picture.DefaultColormap}}
	cmd := &cobra.Command{
		Use:   "png FILE [SLICE]",
		Short: "Draw a two-dimensional slice, as a PNG or in the terminal",
		Long: "Png gives the values between two percentiles the colours of a map. Without -o it draws the image on a\n" +
			"terminal, and writes a PNG to anything else. NaN is transparent; of complex numbers the magnitude is\n" +
			"shown. Percentiles of images above four million pixels are taken from every k-th row and column.",
		Example: "  lazynpy png bright.npy -o bright.png\n" +
			"  lazynpy png scan.npy '100, 120' --log --cmap magma",
		Args: takes(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := p.check(cmd); err != nil {
				return err
			}
			a, err := c.openSlice(args)
			if err != nil {
				return err
			}
			defer a.Close()
			return inFile(args[0], p.run(cmd.Context(), c, a))
		},
	}
	p.register(c, cmd.Flags())
	return cmd
}

// pngRequest is a png command line.
type pngRequest struct {
	output           string
	preview          bool
	look             picture.Options
	percentile, span []float64
}

func (p *pngRequest) register(c *cli, set *pflag.FlagSet) {
	set.StringVarP(&p.output, "output", "o", "", "write a PNG to this `file`; - is standard output")
	c.forces(set)
	set.BoolVar(&p.preview, "preview", false, "draw on standard output, whether it is a terminal or not")
	set.StringVar(&p.look.Colormap, "cmap", picture.DefaultColormap, "colour `map`: "+picture.Colormaps())
	set.BoolVar(&p.look.Log, "log", false, "logarithmic scale")
	set.Float64SliceVar(&p.percentile, "percentile", []float64{0.1, 99.9}, "`percentiles` of the first and last colour")
	set.Float64SliceVar(&p.span, "range", nil, "`values` of the first and last colour, instead of percentiles")
}

func (p *pngRequest) check(cmd *cobra.Command) error {
	if !picture.IsColormap(p.look.Colormap) {
		return usagef("png: unknown --cmap %q (want %s)", p.look.Colormap, picture.Colormaps())
	}
	q := p.percentile
	if len(q) != 2 || !(q[0] >= 0 && q[0] <= q[1] && q[1] <= 100) {
		return usagef("png: --percentile wants two numbers from 0 to 100, as 1,99")
	}
	p.look.Percentile = [2]float64(q)
	if p.output != "" {
		if err := named(p.output, export.PNG, ""); err != nil {
			return err
		}
	}
	if !cmd.Flags().Changed("range") {
		return nil
	}
	if len(p.span) != 2 || !(p.span[0] < p.span[1]) || p.look.Log && p.span[0] <= 0 {
		return usagef("png: --range wants two rising numbers, positive ones with --log")
	}
	p.look.Range = (*[2]float64)(p.span)
	return nil
}

func (p *pngRequest) run(ctx context.Context, c *cli, a *lazy.Array) error {
	p.look.Large = c.flags.large
	if p.output != "" {
		if err := c.check(p.output, export.PNG); err != nil {
			return err
		}
	}
	img, err := c.renderArray(ctx, a, p.look)
	if err != nil {
		return err
	}
	preview := p.preview || p.output == "" && isTerminal(c.stdout)
	if preview {
		for _, line := range c.draw(img) {
			if _, err := fmt.Fprintln(c.stdout, line); err != nil {
				return err
			}
		}
		c.note("%d x %d pixels, colours from %.6g to %.6g", img.Rect.Dx(), img.Rect.Dy(), img.Lo, img.Hi)
	}
	c.noteBlank(img)
	switch {
	case p.output != "":
		return c.output(p.output, export.PNG, img.Encode)
	case preview:
		return nil
	}
	return img.Encode(c.stdout)
}

// noteBlank notes which pixels show nothing of their values.
func (c *cli) noteBlank(p picture.Picture) {
	all := grouped(int64(len(p.Pix)))
	if p.NaN > 0 {
		c.note("%s of %s pixels are NaN, and transparent", grouped(p.NaN), all)
	}
	if p.Low > 0 {
		c.note("%s of %s pixels are not positive, and have the first colour", grouped(p.Low), all)
	}
}

// renderArray makes a picture of an array.
func (c *cli) renderArray(ctx context.Context, a *lazy.Array, l picture.Options) (picture.Picture, error) {
	part, err := picture.Sample(a)
	if err != nil {
		return picture.Picture{}, err
	}
	s := c.arrayStream(ctx, a, "read")
	sample := s
	if part != a {
		sample = c.arrayStream(ctx, part, "sample")
	}
	return picture.Render(s, sample, l)
}

// draw draws a picture as large as standard output has room for.
func (c *cli) draw(img picture.Picture) []string {
	cols, lines := terminalSize(c.stdout)
	width := min(cols-1, 2*(lines-2)*img.Rect.Dx()/img.Rect.Dy())
	return picture.Preview(img.Paletted, max(width, 1), wantsColour(c.stdout))
}
