package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

func newValidateCommand(c *cli) *cobra.Command {
	var v validation
	cmd := &cobra.Command{
		Use:   "validate FILE...",
		Short: "Check headers, sizes, checksums, booleans and code points",
		Long: "Validate checks that a header is one that NumPy accepts, that the data are as long as the header says\n" +
			"with nothing behind them, that booleans are the bytes 0 or 1, and that Unicode strings hold code points.\n" +
			"NaN and infinities are valid. Of .npy files only those with booleans or Unicode strings are read.\n\n" +
			"Of an archive it checks the directory, the local header of each member, that no two of them overlap, all\n" +
			"checksums (--no-crc leaves them out, and reads no more than of .npy files), and every array. What makes\n" +
			"other programs find other members or other data in the archive is an error; what makes them refuse it, or\n" +
			"know a member by another name, is a warning, and so are members of one name, members that are no arrays,\n" +
			"and an index file that does not belong to the archive. The exit status is 1 if any file is invalid;\n" +
			"warnings do not count. Of each file the first few of both are told, and the others counted; --json has all.",
		Args: takes(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			v.cli = c
			return c.eachFile(args, func(path string) error { return v.validate(cmd.Context(), path) })
		},
	}
	cmd.Flags().BoolVar(&v.noCRC, "no-crc", false, "do not read archives to compare checksums")
	return cmd
}

// validation is a validate command line.
type validation struct {
	cli   *cli
	noCRC bool
}

// finding is something that validate has to say about a file.
type finding struct {
	Level   string  `json:"level"`  // error or warning
	Member  *string `json:"member"` // of the archive that it is about
	Field   string  `json:"field"`
	Offset  *int64  `json:"offset"` // in the file
	Message string  `json:"message"`
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

func (v *validation) validate(ctx context.Context, path string) error {
	file, key, named := lazy.SplitPath(path)
	var findings []finding
	var err error
	if named || lazy.IsArchive(file) {
		findings, err = v.inspectArchive(ctx, file, key, named)
	} else {
		findings, err = v.inspectFile(ctx, path)
	}
	if err != nil {
		return inFile(path, err)
	}
	result := validateJSON{Path: path, Valid: true, Findings: append([]finding{}, findings...)}
	for _, f := range findings {
		result.Valid = result.Valid && f.Level != levelError
	}
	if err := v.cli.printFindings(file, result); err != nil {
		return err
	}
	if !result.Valid {
		return errReported
	}
	return nil
}

func (c *cli) printFindings(file string, v validateJSON) error {
	if c.flags.json {
		return c.printJSON(v)
	}
	told := map[string]int64{} // by level
	for _, f := range v.Findings {
		if told[f.Level]++; told[f.Level] > mostTold {
			continue
		}
		text := v.Path
		if f.Member != nil {
			text = file + ":" + *f.Member
		}
		text += ": " + f.Level + ": "
		if f.Offset != nil {
			text += fmt.Sprintf("offset %d: ", *f.Offset)
		}
		if f.Field != "" {
			text += f.Field + ": "
		}
		if _, err := fmt.Fprintln(c.stdout, printable(text+f.Message)); err != nil {
			return err
		}
	}
	for _, level := range []string{levelError, levelWarning} {
		if more := told[level] - mostTold; more > 0 {
			if _, err := fmt.Fprintf(c.stdout, "%s: and %s (--json has all)\n", printable(v.Path), counted(more, "more "+level, "more "+level+"s")); err != nil {
				return err
			}
		}
	}
	if !v.Valid {
		return nil
	}
	_, err := fmt.Fprintf(c.stdout, "%s: ok\n", printable(v.Path))
	return err
}

// content is the bytes of a .npy file, be it a file of its own or a member.
type content struct {
	io.ReaderAt
	name  string
	size  int64
	label string // of a progress bar, or empty
	open  func() (*lazy.Array, error)
}

// inspectFile checks a .npy file. Its error is one of reading it.
func (v *validation) inspectFile(ctx context.Context, path string) ([]finding, error) {
	src, err := bytesrc.Open(path, bytesrc.Options{Backend: v.cli.flags.backend.value})
	if err != nil {
		return nil, err
	}
	defer src.Close()
	return v.inspect(ctx, content{src, path, src.Size(), "validate", func() (*lazy.Array, error) {
		return lazy.Open(path, v.cli.flags.options()...)
	}})
}

// inspect checks an array. Offsets are those in its own bytes.
func (v *validation) inspect(ctx context.Context, s content) ([]finding, error) {
	h, err := mmapnpy.ReadHeader(s, s.size, s.name, v.cli.headerOptions()...)
	if bad, ok := innermost(err); ok && bad.Member == "" {
		return v.badHeader(s, bad), nil
	}
	if err != nil {
		return nil, err
	}
	var out []finding
	for _, w := range h.Warnings {
		out = append(out, finding{Level: levelWarning, Field: "header", Message: w})
	}
	if h.DType.HasObject() {
		return append(out, finding{Level: levelWarning, Field: "descr", Message: "Python objects are not looked at"}), nil
	}
	contents, err := v.contents(ctx, s)
	return slices.Concat(out, trailingBytes(s, h), contents), err
}

// badHeader is the finding for a file that does not open, with a hint if it would
// open with other options.
func (v *validation) badHeader(s content, bad *mmapnpy.FormatError) []finding {
	out := []finding{{Level: levelError, Field: bad.Field, Message: bad.Err.Error()}}
	if bad.Offset >= 0 {
		out[0].Offset = &bad.Offset
	}
	for _, way := range []struct {
		flag   string
		option mmapnpy.Option
	}{{"--lenient", mmapnpy.Lenient()}, {"--partial", mmapnpy.Partial()}} {
		if _, err := mmapnpy.ReadHeader(s, s.size, s.name, append(v.cli.headerOptions(), way.option)...); err == nil {
			out = append(out, finding{Level: levelWarning, Field: "header", Message: "it can be read with " + way.flag})
		}
	}
	return out
}

// trailingBytes finds what lies behind the data.
func trailingBytes(s content, h mmapnpy.Header) []finding {
	end := h.DataOffset + h.NBytes()
	if s.size <= end {
		return nil
	}
	message := fmt.Sprintf("%s bytes follow the data", grouped(s.size-end))
	magic := make([]byte, len(npyMagic))
	if n, _ := s.ReadAt(magic, end); string(magic[:n]) == npyMagic {
		message += ", another array among them"
	}
	return []finding{{Level: levelError, Field: "data", Offset: &end, Message: message}}
}

// contents reads the elements, if there is anything in them to check.
func (v *validation) contents(ctx context.Context, s content) ([]finding, error) {
	a, err := s.open()
	if err != nil {
		return nil, err
	}
	defer a.Close()
	var seen census
	check := seen.check(a.DType())
	if check == nil || a.NBytes() == 0 {
		return nil, nil
	}
	h, _ := a.FileHeader()
	if h.FortranOrder { // so that the elements come as they lie in the file
		if a, err = a.Transpose(); err != nil {
			return nil, err
		}
	}
	at := h.DataOffset
	size := a.DType().ItemSize()
	err = v.cli.arrayStream(ctx, a, s.label).Each(func(piece []byte) error {
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
