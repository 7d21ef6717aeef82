package zipseek

import (
	"context"
	"encoding/binary"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
)

// Copy adds a member of an open archive as it is: its bytes in the file are not inflated nor
// compared with their checksum, and a SOZip index behind them comes along. The time stamp is kept.
// What is stored is aligned as [Align] says, the only option that Copy takes. The member must not
// be one of the archive that is appended to.
func (w *Writer) Copy(ctx context.Context, m *Member, opts ...WriterOption) error {
	return w.attempt(func() error {
		c, err := w.config.with("Copy", aboutStored, opts)
		if err == nil {
			err = w.checkName(m.Name, m.Size)
		}
		if err != nil {
			return w.about(m.Name, err)
		}
		return w.copy(ctx, c, m)
	})
}

// copied are the flags that say how data are compressed.
const copied = 1<<1 | 1<<2

func (w *Writer) copy(ctx context.Context, c writerConfig, m *Member) error {
	data, err := m.DataOffset()
	if err != nil {
		return err
	}
	e := entry{
		name: m.Name, method: m.Method, size: m.Size, packed: m.CompressedSize, crc: m.CRC32,
		zip64:  m.Size >= escape32 || m.CompressedSize >= escape32,
		header: w.out.offset(), align: 1, date: m.dosDate, time: m.dosTime, bits: m.Flags & copied,
	}
	if m.Method == Stored {
		e.align = c.align
	}
	if err := w.out.write(e.local()); err != nil {
		return err
	}
	if err := w.copyRange(ctx, m.archive.file, data, m.CompressedSize); err != nil {
		return err
	}
	if m.Method == Deflate {
		if err := w.copyIndex(&e, findChunks(m, data)); err != nil {
			return err
		}
	}
	w.record(&e)
	return nil
}

// copyRange writes n bytes of a file, where they are mapped without another copy of them.
func (w *Writer) copyRange(ctx context.Context, f *bytesrc.File, off, n int64) error {
	for n > 0 {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		piece := min(n, int64(w.out.room()))
		if err := bytesrc.With(f, off, int(piece), w.out.write); err != nil {
			return err
		}
		off, n = off+piece, n-piece
	}
	return f.Unmodified()
}

// copyIndex writes the index of the member before it, if there is one.
func (w *Writer) copyIndex(e *entry, c *chunks) error {
	if c == nil || c.count < 2 {
		return nil
	}
	b := make([]byte, sozipOffsetSize*(c.count-1)) // which lie in the file
	if _, err := c.member.archive.file.ReadAt(b, c.offsets); err != nil {
		return err
	}
	offsets := make([]int64, 0, c.count-1)
	for ; len(b) > 0; b = b[sozipOffsetSize:] {
		offsets = append(offsets, int64(binary.LittleEndian.Uint64(b)))
	}
	return w.addIndex(e, c.size, offsets)
}
