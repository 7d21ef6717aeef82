package zipseek

import (
	"bufio"
	"compress/bzip2"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"sync"

	"github.com/klauspost/compress/zstd"
)

const (
	// zstdWindow is the largest window of a zstd frame that is accepted; zstd --long has 128 MiB.
	zstdWindow = 128 << 20

	// plausible is how many times as long as its data a member may claim to be and be believed. Others are
	// decoded to their end, in bounded memory, before anything is allocated for them: these
	// methods can make gigabytes of zeros from a few kilobytes, so that no ratio is impossible.
	plausible = 1024
)

// sequential is a member that can only be decoded from its start. The blocks that were decoded
// last are kept (see [CacheSize]); what lies before them is decoded again from the start.
type sequential struct {
	compressed

	mu    sync.Mutex
	r     io.Reader // nil: begin at the start
	close func()
	next  int64 // number of the block that r gives next
	sum   uint32
}

// newSequential makes sure that a size which is hard to believe is true.
func newSequential(m *Member, data int64) (*sequential, error) {
	s := &sequential{compressed: compressed{m: m, data: data}}
	s.fill = s.decodeTo
	if m.Size > 0 && m.Size/plausible <= m.CompressedSize {
		return s, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.restart(); err != nil {
		return nil, err
	}
	defer s.stop()
	for b := make([]byte, seqBlock); ; s.next++ {
		if _, err := s.decode(b); err != nil || s.next*seqBlock+seqBlock >= m.Size {
			return s, err
		}
	}
}

// Reason says that there is no index.
func (s *sequential) Reason() string { return s.m.Method.String() + " member, decoded from its start" }

// decodeTo fills p with the bytes at off.
func (s *sequential) decodeTo(p []byte, off int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(p) > 0 {
		b, err := s.block(off / seqBlock)
		if changed := s.m.archive.file.Unmodified(); changed != nil {
			err = changed
		}
		if err != nil {
			return err
		}
		n := copy(p, b[off%seqBlock:])
		p, off = p[n:], off+int64(n)
	}
	return nil
}

// block returns block i, decoding up to it.
func (s *sequential) block(i int64) ([]byte, error) {
	cache := &s.m.archive.blocks
	if b, ok := cache.get(s, i); ok {
		return b, nil
	}
	if s.r == nil || i < s.next {
		if err := s.restart(); err != nil {
			return nil, err
		}
	}
	for {
		b, err := s.decode(make([]byte, seqBlock))
		if err != nil {
			s.stop()
			return nil, err
		}
		cache.put(s, s.next, b)
		if s.next++; s.next > i {
			return b, nil
		}
	}
}

// restart begins at the start of the member.
func (s *sequential) restart() error {
	s.stop()
	s.m.archive.blocks.begin(s)
	in := bufio.NewReaderSize(io.NewSectionReader(s.m.archive.file, s.data, s.m.CompressedSize), 256<<10)
	switch s.m.Method {
	case BZip2:
		s.r, s.close = bzip2.NewReader(in), func() {}
		return nil
	case LZMA:
		r, err := newLZMA(s.m, in)
		if err != nil {
			return s.decodeError(err, 0)
		}
		s.r, s.close = r, func() {}
		return nil
	}
	d, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(zstdWindow), zstd.WithDecoderMaxMemory(1<<62))
	if err != nil {
		return err
	}
	s.r, s.close = d, d.Close
	return nil
}

func (s *sequential) stop() {
	if s.r != nil {
		s.close()
	}
	s.r, s.close, s.next, s.sum = nil, nil, 0, 0
}

// decode decodes the next block to b, and what must come of the last: the end, and the checksum.
func (s *sequential) decode(b []byte) ([]byte, error) {
	at := s.next * seqBlock
	b = b[:min(seqBlock, s.m.Size-at)]
	if n, err := io.ReadFull(s.r, b); err != nil {
		return nil, s.decodeError(err, at+int64(n))
	}
	s.sum = crc32.Update(s.sum, crc32.IEEETable, b)
	if at+int64(len(b)) < s.m.Size {
		return b, nil
	}
	var more [1]byte
	switch n, err := io.ReadFull(s.r, more[:]); {
	case n > 0:
		return nil, s.m.formatError(s.data, s.m.Method.String(), badf("goes on after the %d bytes that the directory declares", s.m.Size))
	case !errors.Is(err, io.EOF):
		return nil, s.decodeError(err, s.m.Size)
	}
	if s.m.archive.config.check == CheckNever {
		return b, nil
	}
	return b, s.m.compareSum(s.sum)
}

// decodeError is an error of the decoder after so many bytes of output.
func (s *sequential) decodeError(err error, at int64) error {
	if fault, ok := errors.AsType[*fs.PathError](err); ok {
		return fault
	}
	if bad, ok := errors.AsType[*badZip](err); ok {
		return s.m.formatError(s.data, s.m.Method.String(), bad)
	}
	eof := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	return s.m.formatError(s.data, s.m.Method.String(), &badZip{eof: eof, msg: "after " + itoa(at) + " of " + itoa(s.m.Size) + " bytes: " + err.Error()})
}
