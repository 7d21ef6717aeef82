package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

func newValidateCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "validate FILE...",
		Short: "Check headers, sizes, booleans and code points",
		Long: "Validate checks that a header is one that NumPy accepts, that the data are as long as the header says\n" +
			"with nothing behind them, that booleans are the bytes 0 or 1, and that Unicode strings hold code points.\n" +
			"NaN and infinities are valid. Only arrays with booleans or Unicode strings are read. The exit status is\n" +
			"1 if any file is invalid; warnings do not count.",
		Args: takes(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.eachFile(args, func(path string) error { return c.validate(cmd.Context(), path) })
		},
	}
}

// finding is something that validate has to say about a file.
type finding struct {
	Level   string `json:"level"` // error or warning
	Field   string `json:"field"`
	Offset  *int64 `json:"offset"` // in the file
	Message string `json:"message"`
}

const (
	levelError   = "error"
	levelWarning = "warning"
)

// validateJSON is what validate prints with --json.
type validateJSON struct {
	Path     string    `json:"path"`
	Valid    bool      `json:"valid"`
	Findings []finding `json:"findings"`
}

func (c *cli) validate(ctx context.Context, path string) error {
	findings, err := c.inspect(ctx, path)
	if err != nil {
		return inFile(path, err)
	}
	v := validateJSON{Path: path, Valid: true, Findings: append([]finding{}, findings...)}
	for _, f := range findings {
		v.Valid = v.Valid && f.Level != levelError
	}
	if err := c.printFindings(v); err != nil {
		return err
	}
	if !v.Valid {
		return errReported
	}
	return nil
}

func (c *cli) printFindings(v validateJSON) error {
	if c.flags.json {
		return c.printJSON(v)
	}
	for _, f := range v.Findings {
		text := v.Path + ": " + f.Level + ": "
		if f.Offset != nil {
			text += fmt.Sprintf("offset %d: ", *f.Offset)
		}
		if f.Field != "" {
			text += f.Field + ": "
		}
		if _, err := fmt.Fprintln(c.stdout, text+f.Message); err != nil {
			return err
		}
	}
	if !v.Valid {
		return nil
	}
	_, err := fmt.Fprintf(c.stdout, "%s: ok\n", v.Path)
	return err
}

// inspect checks one file. Its error is one of reading it.
func (c *cli) inspect(ctx context.Context, path string) ([]finding, error) {
	var opts []mmapnpy.Option
	if c.flags.lenient {
		opts = append(opts, mmapnpy.Lenient())
	}
	f, err := mmapnpy.Open(path, opts...)
	if bad := (*mmapnpy.FormatError)(nil); errors.As(err, &bad) {
		return c.badHeader(path, bad), nil
	}
	if err != nil {
		return nil, err
	}
	h := f.Header()
	if err := f.Close(); err != nil {
		return nil, err
	}
	var out []finding
	for _, w := range h.Warnings {
		out = append(out, finding{Level: levelWarning, Field: "header", Message: w})
	}
	if h.DType.HasObject() {
		return append(out, finding{Level: levelWarning, Field: "descr", Message: "Python objects are not looked at"}), nil
	}
	trailing, err := trailingBytes(path, h)
	if err != nil {
		return nil, err
	}
	contents, err := c.contents(ctx, path)
	return append(append(out, trailing...), contents...), err
}

// badHeader is the finding for a file that does not open, with a hint if it would
// open leniently.
func (c *cli) badHeader(path string, bad *mmapnpy.FormatError) []finding {
	out := []finding{{Level: levelError, Field: bad.Field, Message: bad.Err.Error()}}
	if bad.Offset >= 0 {
		out[0].Offset = &bad.Offset
	}
	if c.flags.lenient {
		return out
	}
	if f, err := mmapnpy.Open(path, mmapnpy.Lenient()); err == nil {
		_ = f.Close() // only read from
		out = append(out, finding{Level: levelWarning, Field: "header", Message: "it can be read with --lenient"})
	}
	return out
}

// trailingBytes finds what lies behind the data.
func trailingBytes(path string, h mmapnpy.Header) ([]finding, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	end := h.DataOffset + h.NBytes()
	if info.Size() <= end {
		return nil, nil
	}
	message := fmt.Sprintf("%s bytes follow the data", grouped(info.Size()-end))
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var magic [6]byte
	if n, _ := f.ReadAt(magic[:], end); n == len(magic) && bytes.Equal(magic[:], []byte("\x93NUMPY")) {
		message += ", another array among them"
	}
	return []finding{{Level: levelError, Field: "data", Offset: &end, Message: message}}, nil
}

// contents reads the elements, if there is anything in them to check.
func (c *cli) contents(ctx context.Context, path string) ([]finding, error) {
	a, err := lazy.Open(path, c.flags.options()...)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	var seen census
	check := seen.check(a.DType())
	if check == nil || a.NBytes() == 0 {
		return nil, nil
	}
	h := a.Header()
	if h.FortranOrder { // so that the elements come as they lie in the file
		if a, err = a.Transpose(); err != nil {
			return nil, err
		}
	}
	at := h.DataOffset
	size := a.DType().ItemSize()
	err = c.arrayStream(ctx, a, "validate").each(func(piece []byte) error {
		for i := int64(0); i < int64(len(piece)); i += size {
			check(piece[i:i+size], at+i)
		}
		at += int64(len(piece))
		return nil
	})
	return seen.findings(), err
}

// census counts values that no valid element has.
type census struct {
	bools, points oddity
}

type oddity struct {
	count, first int64 // first is an offset in the file
	value        uint32
}

func (o *oddity) add(at int64, value uint32) {
	if o.count == 0 {
		o.first, o.value = at, value
	}
	o.count++
}

// checker looks at one element, at an offset in the file.
type checker func(element []byte, at int64)

// check makes the checker for a dtype, or nil if every value of it is valid.
func (s *census) check(t mmapnpy.DType) checker {
	if base, _, ok := t.Subarray(); ok {
		return repeated(s.check(base), base.ItemSize())
	}
	if t.IsStruct() {
		return s.checkFields(t)
	}
	switch t.Kind() {
	case mmapnpy.KindBool:
		return func(e []byte, at int64) {
			if e[0] > 1 {
				s.bools.add(at, uint32(e[0]))
			}
		}
	case mmapnpy.KindString:
		order := binary.ByteOrder(binary.LittleEndian)
		if t.ByteOrder() == '>' {
			order = binary.BigEndian
		}
		return func(e []byte, at int64) {
			for i := 0; i+4 <= len(e); i += 4 {
				if r := order.Uint32(e[i:]); r > unicode.MaxRune {
					s.points.add(at+int64(i), r)
				}
			}
		}
	}
	return nil
}

func (s *census) checkFields(t mmapnpy.DType) checker {
	type part struct {
		offset, end int64
		check       checker
	}
	var parts []part
	for _, f := range t.Fields() {
		if c := s.check(f.DType); c != nil {
			parts = append(parts, part{f.Offset, f.Offset + f.DType.ItemSize(), c})
		}
	}
	if parts == nil {
		return nil
	}
	return func(e []byte, at int64) {
		for _, p := range parts {
			p.check(e[p.offset:p.end], at+p.offset)
		}
	}
}

// repeated checks the elements of a subarray.
func repeated(check checker, size int64) checker {
	if check == nil || size == 0 {
		return nil
	}
	return func(e []byte, at int64) {
		for i := int64(0); i < int64(len(e)); i += size {
			check(e[i:i+size], at+i)
		}
	}
}

func (s *census) findings() []finding {
	var out []finding
	if o := s.bools; o.count > 0 {
		out = append(out, finding{Level: levelError, Field: "data", Offset: &o.first,
			Message: fmt.Sprintf("boolean is the byte %d (%s such in all)", o.value, grouped(o.count))})
	}
	if o := s.points; o.count > 0 {
		out = append(out, finding{Level: levelError, Field: "data", Offset: &o.first,
			Message: fmt.Sprintf("code point U+%X is beyond Unicode (%s such in all)", o.value, grouped(o.count))})
	}
	return out
}
