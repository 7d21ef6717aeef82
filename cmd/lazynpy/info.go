package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

func newInfoCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "info FILE...",
		Short: "Describe arrays: dtype, shape, order, offsets, plan",
		Long: "Info reads the headers of files, and nothing else. It describes arrays of Python objects as\n" +
			"well, which cannot be read.",
		Args: takes(1, -1),
		RunE: func(_ *cobra.Command, args []string) error {
			return c.eachFile(args, c.info)
		},
	}
}

// eachFile runs a verb on every file, also after one has failed.
func (c *cli) eachFile(paths []string, verb func(path string) error) error {
	failed := false
	for _, path := range paths {
		err := verb(path)
		if err == nil {
			continue
		}
		if len(paths) == 1 {
			return err
		}
		failed = true
		if !errors.Is(err, errReported) {
			c.complain(err)
		}
	}
	if failed {
		return errReported
	}
	return nil
}

// infoJSON is what info prints with --json. The names are stable.
type infoJSON struct {
	Path         string   `json:"path"`
	Member       *string  `json:"member"`
	Version      string   `json:"version"`
	DataOffset   int64    `json:"data_offset"`
	Descr        string   `json:"descr"`
	Shape        []int64  `json:"shape"`
	FortranOrder bool     `json:"fortran_order"`
	Itemsize     int64    `json:"itemsize"`
	NBytes       int64    `json:"nbytes"`
	Order        string   `json:"order"`
	Mappable     bool     `json:"mappable"`
	Warnings     []string `json:"warnings"`
}

func (c *cli) info(path string) error {
	a, err := c.openSlice([]string{path})
	if errors.Is(err, mmapnpy.ErrObject) {
		return c.infoObject(path)
	}
	if err != nil {
		return err
	}
	defer a.Close()
	if c.flags.json {
		return c.printInfo(path, a.Header(), nil)
	}
	backend, reason := a.Backend()
	return c.printInfo(path, a.Header(), [][]string{{"  read by", backend + ": " + reason}, {"  axes", axesText(a)}, {"  plan", a.Plan().String()}})
}

// infoObject describes an array that only Python can read.
func (c *cli) infoObject(path string) error {
	var opts []mmapnpy.Option
	if c.flags.lenient {
		opts = append(opts, mmapnpy.Lenient())
	}
	f, err := mmapnpy.Open(path, opts...)
	if err != nil {
		return inFile(path, err)
	}
	defer f.Close()
	h := f.Header()
	h.Warnings = append(h.Warnings, "cannot be read: "+mmapnpy.ErrObject.Error())
	return c.printInfo(path, h, nil)
}

func (c *cli) printInfo(path string, h mmapnpy.Header, more [][]string) error {
	order := "C"
	if h.FortranOrder {
		order = "F"
	}
	v := infoJSON{
		Path:         path,
		Version:      fmt.Sprintf("%d.%d", h.Version[0], h.Version[1]),
		DataOffset:   h.DataOffset,
		Descr:        descr(h.DType),
		Shape:        append([]int64{}, h.Shape...),
		FortranOrder: h.FortranOrder,
		Itemsize:     h.DType.ItemSize(),
		NBytes:       h.NBytes(),
		Order:        order,
		Mappable:     !h.DType.HasObject(),
		Warnings:     append([]string{}, h.Warnings...),
	}
	if c.flags.json {
		return c.printJSON(v)
	}
	rows := [][]string{
		{"  dtype", h.DType.String() + "  " + h.DType.Descr()},
		{"  shape", shapeText(h.Shape)},
		{"  order", order},
		{"  elements", grouped(h.Len())},
		{"  size", chunk.FormatBytes(v.NBytes) + "  (" + grouped(v.NBytes) + " bytes)"},
		{"  data at", strconv.FormatInt(v.DataOffset, 10)},
		{"  format", v.Version},
	}
	rows = append(rows, more...)
	for _, w := range v.Warnings {
		rows = append(rows, []string{"  warning", w})
	}
	if _, err := fmt.Fprintln(c.stdout, path); err != nil {
		return err
	}
	return c.table(rows)
}

// descr is a dtype as NumPy writes it into headers: the text of a plain dtype, such
// as <f8, and the Python literal of a list of fields.
func descr(t mmapnpy.DType) string {
	d := t.Descr()
	if len(d) > 1 && d[0] == '\'' {
		return d[1 : len(d)-1]
	}
	return d
}

// axesText says which axes are navigation axes.
func axesText(a *lazy.Array) string {
	var nav, sig []string
	for d, ax := range a.Axes() {
		if ax.Navigate {
			nav = append(nav, strconv.Itoa(d))
		} else {
			sig = append(sig, strconv.Itoa(d))
		}
	}
	text := func(name string, axes []string) string {
		if len(axes) == 0 {
			return "no " + name
		}
		return name + " " + strings.Join(axes, ", ")
	}
	return text("navigation", nav) + "; " + text("signal", sig)
}

// shapeText writes a shape as Python does a tuple.
func shapeText(shape []int64) string {
	if len(shape) == 1 {
		return fmt.Sprintf("(%d,)", shape[0])
	}
	return "(" + joined(shape) + ")"
}

func joined(numbers []int64) string {
	text := make([]string, len(numbers))
	for d, n := range numbers {
		text[d] = strconv.FormatInt(n, 10)
	}
	return strings.Join(text, ", ")
}

// grouped writes a number with its digits in groups of three.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	digits := strings.TrimPrefix(s, "-")
	out := s[:len(s)-len(digits)]
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out += ","
		}
		out += string(d)
	}
	return out
}
