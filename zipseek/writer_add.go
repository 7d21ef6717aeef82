package zipseek

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"iter"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/internal/fileerr"
)

// Add adds a member of exactly size bytes, which come in pieces of any length; a piece is used
// only until the next one is asked for. Options override those of the writer for this member.
//
// A name is refused if it is empty, is not UTF-8, contains a NUL, has more than 65,535 bytes, is in
// the archive already, or is that of a folder ("/" at its end) and size is not 0. Whether a file of
// this name can be extracted [CheckPath] tells. If the pieces are not size bytes, or one comes with
// an error, or the context is cancelled, Add returns why, and like every error that ends the
// writer.
func (w *Writer) Add(ctx context.Context, name string, size int64, pieces iter.Seq2[[]byte, error], opts ...WriterOption) error {
	return w.attempt(func() error {
		c, err := w.config.with("Add", aboutMembers, opts)
		if err != nil {
			return w.about(name, err)
		}
		if err := w.checkName(name, size); err != nil {
			return w.about(name, err)
		}
		if pieces == nil && size > 0 {
			return w.about(name, errors.New("there are no pieces"))
		}
		if pieces == nil {
			pieces = func(func([]byte, error) bool) {}
		}
		return w.add(ctx, c, name, size, pieces)
	})
}

// AddBytes adds a member that holds b, as [Writer.Add] does.
func (w *Writer) AddBytes(ctx context.Context, name string, b []byte, opts ...WriterOption) error {
	return w.Add(ctx, name, int64(len(b)), func(yield func([]byte, error) bool) { yield(b, nil) }, opts...)
}

// attempt runs fn unless the writer has ended, and ends it with the error. While fn runs, the
// writer cannot be used; pieces that lie in a mapping may fault.
func (w *Writer) attempt(fn func() error) error {
	if w.err != nil {
		return w.err
	}
	w.err = fileerr.New(w.path, errInterrupted)
	w.err = bytesrc.Guard(fn)
	return w.err
}

// about says which member an error is about.
func (w *Writer) about(name string, err error) error {
	return fmt.Errorf("%s:%.100s: %w", w.path, strings.ToValidUTF8(name, "\uFFFD"), err)
}

// checkName returns an error unless a member of this name and size can be added.
func (w *Writer) checkName(name string, size int64) error {
	switch _, exists := w.names[name]; {
	case exists:
		return errors.New("a member of this name is in the archive already")
	case name == "":
		return errors.New("name is empty")
	case len(name) > math.MaxUint16:
		return fmt.Errorf("name of %d bytes: more than %d do not fit", len(name), math.MaxUint16)
	case !utf8.ValidString(name):
		return errors.New("name is not valid UTF-8")
	case strings.IndexByte(name, 0) >= 0:
		return errors.New("name contains a NUL")
	case size < 0:
		return fmt.Errorf("size %d is negative", size)
	case size > 0 && strings.HasSuffix(name, "/"):
		return errors.New(`a name that ends in "/" is that of a folder, which holds no bytes`)
	}
	return nil
}

// add writes a member: its header, its data, the header again with what is known then, and the
// index of its chunks.
func (w *Writer) add(ctx context.Context, c writerConfig, name string, size int64, pieces iter.Seq2[[]byte, error]) error {
	e := entry{name: name, size: size, header: w.out.offset(), align: 1, date: c.date, time: c.time}
	if c.deflate && size > 0 {
		if err := checkSOZip(size, c.chunk); err != nil {
			return w.about(name, err)
		}
		e.method = Deflate
		e.zip64 = size >= escape32 || maxDeflated(size, int64(c.chunk)) >= escape32
	} else {
		e.packed, e.align = size, c.align
		e.zip64 = size >= escape32
	}
	if err := w.out.write(e.local()); err != nil {
		return err
	}
	var offsets []int64
	var err error
	if e.method == Deflate {
		offsets, err = w.deflate(ctx, c, &e, pieces)
	} else {
		err = w.feed(ctx, &e, pieces, w.out.write)
	}
	if err != nil {
		return err
	}
	if err := w.out.patch(e.local(), e.header); err != nil {
		return err
	}
	if len(offsets) > 1 {
		if err := w.addIndex(&e, int64(c.chunk), offsets[1:]); err != nil {
			return err
		}
	}
	w.record(&e)
	return nil
}

// record puts a member that has been written into the directory.
func (w *Writer) record(e *entry) {
	w.dir = e.appendDirectory(w.dir, w.base)
	w.names[e.name] = struct{}{}
	w.count++
	w.idle = false
}

// feed hands the pieces of a member to use, checks that they add up to its size, and sums them.
// They are cut where the file will be cut, so that use need not copy them, and are still in the
// cache there.
func (w *Writer) feed(ctx context.Context, e *entry, pieces iter.Seq2[[]byte, error], use func([]byte) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	left := e.size
	for b, err := range pieces {
		if err != nil {
			return err
		}
		if left -= int64(len(b)); left < 0 {
			return w.about(e.name, fmt.Errorf("more bytes were given than the %d of the member", e.size))
		}
		for len(b) > 0 {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			n := min(len(b), w.out.room())
			e.crc = crc32.Update(e.crc, crc32.IEEETable, b[:n])
			if err := use(b[:n]); err != nil {
				return err
			}
			b = b[n:]
		}
	}
	if left > 0 {
		return w.about(e.name, fmt.Errorf("the bytes given are %d short of the %d of the member", left, e.size))
	}
	return nil
}

// deflate writes the data of a member in chunks, and returns where they begin.
func (w *Writer) deflate(ctx context.Context, c writerConfig, e *entry, pieces iter.Seq2[[]byte, error]) (offsets []int64, err error) {
	if w.chunk != c.chunk { // buffers for large chunks must not gather while small ones are written
		w.spare, w.chunk = nil, c.chunk
	}
	p := newPacker(c, e.size, w.spare, func(out []byte) error {
		offsets = append(offsets, e.packed)
		e.packed += int64(len(out))
		return w.out.write(out)
	})
	w.spare = nil
	defer func() { w.spare = p.close() }()
	if err := w.feed(ctx, e, pieces, p.write); err != nil {
		return nil, err
	}
	return offsets, p.finish()
}

// addIndex writes the index of the member before it: a file without an entry in the directory.
// Offsets are those of all chunks but the first.
func (w *Writer) addIndex(e *entry, chunk int64, offsets []int64) error {
	name := sozipName(e.name)
	if len(name) > math.MaxUint16 {
		return nil // the member can be read without
	}
	b := appendSOZip(make([]byte, 0, sozipHeaderSize+sozipOffsetSize*len(offsets)), chunk, e.size, e.packed, offsets)
	index := entry{
		name: name, size: int64(len(b)), packed: int64(len(b)), crc: crc32.ChecksumIEEE(b),
		header: w.out.offset(), align: 1, date: e.date, time: e.time,
	}
	if err := w.out.write(index.local()); err != nil {
		return err
	}
	return w.out.write(b)
}
