package mmapnpy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"unicode"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/internal/termtext"
)

// Finding is something that [Check] has to say about an array.
type Finding struct {
	Warning bool   // the array is as NumPy would read it
	Field   string // of the format, such as "shape", or "data"
	Offset  int64  // in the bytes of the array; negative if none applies
	Message string
}

// Check checks the array of size bytes that r reads, as a .npy file or a member of an archive,
// which is called name: that its header is one that NumPy accepts, that the data are as long as the
// header says with nothing behind them, that booleans are the bytes 0 or 1, and that Unicode
// strings hold code points. NaN and infinities are valid.
//
// Only arrays with booleans or Unicode strings are read further than their headers. Elements, if
// not nil, is called for these at most once, and yields the bytes of whole elements as they lie in
// the file; otherwise r is read, 1 MiB at a time. The error is one of reading; what is wrong with
// the array is a Finding.
func Check(r io.ReaderAt, size int64, name string, elements func() (iter.Seq2[[]byte, error], error), opts ...Option) ([]Finding, error) {
	h, err := ReadHeader(r, size, name, opts...)
	if bad := innermost(err); bad != nil && bad.Member == "" {
		return checkRefused(r, size, name, bad, opts), nil
	}
	if err != nil {
		return nil, err
	}
	var out []Finding
	for _, w := range h.Warnings {
		out = append(out, Finding{Warning: true, Field: "header", Offset: -1, Message: w})
	}
	if h.DType.HasObject() {
		return append(out, Finding{Warning: true, Field: "descr", Offset: -1, Message: "Python objects are not looked at"}), nil
	}
	out = append(out, checkTrailing(r, size, h)...)
	var seen census
	check := seen.check(h.DType)
	if check == nil || h.NBytes() == 0 {
		return out, nil
	}
	pieces := readElements(r, h)
	if elements != nil {
		if pieces, err = elements(); err != nil {
			return out, err
		}
	}
	at, item := h.DataOffset, h.DType.ItemSize()
	err = bytesrc.Guard(func() error { // pieces may be mapped memory
		for piece, err := range pieces {
			if err != nil {
				return err
			}
			for i := int64(0); i+item <= int64(len(piece)); i += item {
				check(piece[i:i+item], at+i)
			}
			at += int64(len(piece))
		}
		return nil
	})
	return append(out, seen.findings()...), err
}

// innermost is the error about the content of a file that is the cause of all others in err; nil if
// there is none.
func innermost(err error) (bad *FormatError) {
	for next, ok := errors.AsType[*FormatError](err); ok; next, ok = errors.AsType[*FormatError](bad.Err) {
		bad = next
	}
	return bad
}

// checkRefused is about a header that is refused, with a hint if it would not be with other
// options.
func checkRefused(r io.ReaderAt, size int64, name string, bad *FormatError, opts []Option) []Finding {
	out := []Finding{{Field: bad.Field, Offset: max(bad.Offset, -1), Message: bad.Err.Error()}}
	for _, way := range []struct {
		name   string
		option Option
	}{{"--lenient", Lenient()}, {"--partial", Partial()}} {
		if _, err := ReadHeader(r, size, name, append(opts[:len(opts):len(opts)], way.option)...); err == nil {
			out = append(out, Finding{Warning: true, Field: "header", Offset: -1, Message: "it can be read with " + way.name})
		}
	}
	return out
}

// checkTrailing finds what lies behind the data.
func checkTrailing(r io.ReaderAt, size int64, h Header) []Finding {
	end := h.DataOffset + h.NBytes()
	if size <= end {
		return nil
	}
	message := fmt.Sprintf("%s bytes follow the data", termtext.Grouped(size-end))
	begins := make([]byte, len(magic))
	if n, _ := r.ReadAt(begins, end); string(begins[:n]) == magic {
		message += ", another array among them"
	}
	return []Finding{{Field: "data", Offset: end, Message: message}}
}

// readElements yields the elements in pieces of up to about 1 MiB.
func readElements(r io.ReaderAt, h Header) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		item := h.DType.ItemSize()
		buf := make([]byte, min(max(1<<20/item, 1)*item, h.NBytes()))
		for at, end := h.DataOffset, h.DataOffset+h.NBytes(); at < end; at += int64(len(buf)) {
			buf = buf[:min(int64(len(buf)), end-at)]
			n, err := r.ReadAt(buf, at)
			if n == len(buf) {
				err = nil
			}
			if !yield(buf, err) || err != nil {
				return
			}
		}
	}
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
func (s *census) check(t DType) checker {
	if base, _, ok := t.Subarray(); ok {
		return repeated(s.check(base), base.ItemSize())
	}
	if t.IsStruct() {
		return s.checkFields(t)
	}
	switch t.Kind() {
	case KindBool:
		return func(e []byte, at int64) {
			if e[0] > 1 {
				s.bools.add(at, uint32(e[0]))
			}
		}
	case KindString:
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

func (s *census) checkFields(t DType) checker {
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

func (s *census) findings() []Finding {
	var out []Finding
	if o := s.bools; o.count > 0 {
		out = append(out, Finding{Field: "data", Offset: o.first,
			Message: fmt.Sprintf("boolean is the byte %d (%s such in all)", o.value, termtext.Grouped(o.count))})
	}
	if o := s.points; o.count > 0 {
		out = append(out, Finding{Field: "data", Offset: o.first,
			Message: fmt.Sprintf("code point U+%X is beyond Unicode (%s such in all)", o.value, termtext.Grouped(o.count))})
	}
	return out
}
