package zipseek

import (
	"hash/crc32"
	"io"
)

// writePiece is the size of what is written at once, and its alignment in the file. Linux caches
// what is written in pieces up to this size as a whole; such a file can later be mapped 2 MiB at
// a time, which takes next to nothing, instead of page by page.
const writePiece = 2 << 20

// An output is the file that grows. It cuts what it is given at multiples of its piece.
type output struct {
	w     io.WriterAt
	piece int64
	at    int64  // in the file, where buf begins
	buf   []byte // waits for the rest of its piece
}

// offset is where the next byte goes.
func (o *output) offset() int64 { return o.at + int64(len(o.buf)) }

// room is how many bytes go before the next cut.
func (o *output) room() int { return int(o.piece - o.offset()%o.piece) }

// write takes b, which may lie in a mapping.
func (o *output) write(b []byte) error {
	for len(b) > 0 {
		room := int(o.piece - o.at%o.piece) // from the start of buf to the end of the piece
		if len(o.buf) == 0 && len(b) >= room {
			if err := o.put(b[:room]); err != nil {
				return err
			}
			b = b[room:]
			continue
		}
		n := min(len(b), room-len(o.buf))
		o.buf, b = append(o.buf, b[:n]...), b[n:] // which grows up to a piece, if there is so much
		if len(o.buf) == room {
			if err := o.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush writes what waits.
func (o *output) flush() error {
	b := o.buf
	o.buf = b[:0]
	if len(b) == 0 {
		return nil
	}
	return o.put(b)
}

func (o *output) put(b []byte) error {
	n, err := o.w.WriteAt(b, o.at)
	o.at += int64(n)
	if err != nil {
		// A write from mapped memory that is gone fails with "bad address", which says
		// nothing. Reading that memory says which file it was.
		crc32.ChecksumIEEE(b)
	}
	return err
}

// patch writes b at off over what was written before, be it in the file already or not.
func (o *output) patch(b []byte, off int64) error {
	if n := min(o.at-off, int64(len(b))); n > 0 {
		if _, err := o.w.WriteAt(b[:n], off); err != nil {
			return err
		}
		b, off = b[n:], off+n
	}
	if len(b) > 0 { // off is not before at
		copy(o.buf[off-o.at:], b)
	}
	return nil
}
