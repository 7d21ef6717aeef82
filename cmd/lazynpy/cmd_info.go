package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/zipseek"
)

func newInfoCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "info FILE...",
		Short: "Describe arrays: dtype, shape, order, offsets, plan",
		Long: "Info reads the headers of files, and nothing else. Of FILE.npz it describes every array. It describes\n" +
			"arrays of Python objects as well, which cannot be read.",
		Args: takes(1, -1),
		RunE: func(_ *cobra.Command, args []string) error {
			return c.eachArray(args, c.info)
		},
	}
}

// eachFile runs a verb on every file, also after one has failed.
func (c *cli) eachFile(paths []string, verb func(path string) error) error {
	return each(c, paths, func(path string) error {
		if err := c.reads(path); err != nil {
			return err
		}
		return verb(path)
	})
}

// each runs a verb on every item, also after one has failed, but not after an interrupt. Of several
// failures the first ones are told when they happen, and the others counted.
func each[T any](c *cli, items []T, verb func(T) error) error {
	failed := false
	tell := telling{cli: c}
	for _, item := range items {
		err := verb(item)
		if err == nil {
			continue
		}
		if len(items) == 1 || errors.Is(err, context.Canceled) {
			return err
		}
		failed = true
		if !errors.Is(err, errReported) {
			tell.add(err)
		}
	}
	tell.finish()
	if failed {
		return errReported
	}
	return nil
}

// infoJSON is what info prints with --json. The names are stable.
type infoJSON struct {
	Path         string    `json:"path"`
	Member       *string   `json:"member"`
	Version      string    `json:"version"`
	DataOffset   int64     `json:"data_offset"`
	Descr        string    `json:"descr"`
	Shape        []int64   `json:"shape"`
	FortranOrder bool      `json:"fortran_order"`
	Itemsize     int64     `json:"itemsize"`
	NBytes       int64     `json:"nbytes"`
	Order        string    `json:"order"`
	Mappable     bool      `json:"mappable"`
	Warnings     []string  `json:"warnings"`
	Archive      *heldJSON `json:"archive"`
	Reading      *readJSON `json:"reading"` // null for arrays that cannot be read
}

// heldJSON says how an archive holds a member.
type heldJSON struct {
	Path           string `json:"path"`
	Method         string `json:"method"`
	Size           int64  `json:"size"`
	CompressedSize int64  `json:"compressed_size"`
	Offset         *int64 `json:"offset"`  // of the elements in the file, if they are there
	Aligned        *int64 `json:"aligned"` // what offset is a multiple of
	MemberOffset   int64  `json:"member_offset"`
	Seekable       string `json:"seekable"`
	CRC32          string `json:"crc32"`
}

func (c *cli) info(s subject) error {
	held, err := s.held()
	if err != nil {
		return inFile(s.name, err)
	}
	a, err := s.open(c)
	if errors.Is(err, mmapnpy.ErrObject) {
		return c.infoObject(s, held)
	}
	if err != nil {
		return err
	}
	defer a.Close()
	if a, err = c.slice(a, nil); err != nil {
		return inFile(s.name, err)
	}
	read, err := s.reading(a)
	if err != nil {
		return inFile(s.name, err)
	}
	more := [][]string{{"  axes", axesText(a)}, {"  plan", a.Plan().String()}}
	h, _ := a.FileHeader()
	return c.printInfo(s, h, held, read, append(more, calibration(s)...))
}

// infoObject describes an array that only Python can read.
func (c *cli) infoObject(s subject, held *heldJSON) error {
	h, err := s.header(c)
	if err != nil {
		return err
	}
	h.Warnings = append(h.Warnings, "cannot be read: "+mmapnpy.ErrObject.Error())
	return c.printInfo(s, h, held, nil, nil)
}

// held says how the archive holds the array; nil for a file of its own.
func (s subject) held() (*heldJSON, error) {
	if s.zip == nil {
		return nil, nil
	}
	m := s.member
	at, err := m.DataOffset()
	if err != nil {
		return nil, err
	}
	seek, err := m.Seekable()
	return &heldJSON{
		Path: s.file, Method: m.Method.String(), Size: m.Size, CompressedSize: m.CompressedSize, MemberOffset: at,
		Seekable: string(seek), CRC32: crcText(m.CRC32),
	}, err
}

// locate says where the elements lie, for a header that ends at so many bytes of the member.
func (h *heldJSON) locate(dataOffset int64) {
	if h.Seekable == string(zipseek.SeekInPlace) {
		at := h.MemberOffset + dataOffset
		aligned := alignment(at)
		h.Offset, h.Aligned = &at, &aligned
	}
}

// rows is the table for people.
func (h *heldJSON) rows(m *zipseek.Member) [][]string {
	compressed := chunk.FormatBytes(h.CompressedSize)
	if h.Method != zipseek.Stored.String() {
		compressed += ", " + share(h.CompressedSize, h.Size)
	}
	rows := [][]string{
		{"  archive", h.Path},
		{"  member", printable(m.Name)},
		{"  method", h.Method},
		{"  takes", compressed + "  (" + grouped(h.CompressedSize) + " bytes at " + strconv.FormatInt(h.MemberOffset, 10) + ")"},
	}
	if h.Offset != nil {
		rows = append(rows, []string{"  elements at", fmt.Sprintf("%d, aligned to %d", *h.Offset, *h.Aligned)})
	}
	return append(rows, []string{"  seekable", h.Seekable}, []string{"  CRC-32", h.CRC32})
}

// share is a part of a whole in percent.
func share(part, whole int64) string {
	return strconv.FormatFloat(100*float64(part)/float64(max(whole, 1)), 'f', 1, 64) + " %"
}

func (c *cli) printInfo(s subject, h mmapnpy.Header, held *heldJSON, read *readJSON, more [][]string) error {
	order := "C"
	if h.FortranOrder {
		order = "F"
	}
	v := infoJSON{
		Path:         s.name,
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
		Archive:      held,
		Reading:      read,
	}
	if held != nil {
		v.Member = &s.member.Name
		held.locate(h.DataOffset)
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
	if held != nil {
		rows = append(rows, held.rows(s.member)...)
	}
	if read != nil {
		rows = append(rows, read.rows()...)
	}
	rows = append(rows, more...)
	for _, w := range v.Warnings {
		rows = append(rows, []string{"  warning", w})
	}
	if _, err := fmt.Fprintln(c.stdout, printable(s.name)); err != nil {
		return err
	}
	return c.table(rows)
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
