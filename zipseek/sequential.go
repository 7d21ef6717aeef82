package zipseek

import (
	"bufio"
	"compress/bzip2"
	"compress/flate"
	"context"
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

	// seqStep is how much is decoded at the least: those who read a header want no more.
	seqStep = 64 << 10
)

// sequential is a member that can only be decoded from its start. Opening it decodes nothing. The
// blocks that were decoded last are kept (see [CacheSize]), and so are the decoders that came
// somewhere (at most seqDecoders in an archive): what lies before both is decoded again from the
// start. Who reads in order decodes everything once. Where that is not so, what is decoded is kept
// in a scratch file; see [sequential.keep].
type sequential struct {
	compressed

	mu      sync.Mutex
	streams []*stream
	decoded int64 // bytes, by all decoders
	reached int64 // by the one that came farthest
	out     bool  // of order, as a reader has said
	kept    *kept
}

// A stream is a decoder that came somewhere.
type stream struct {
	s     *sequential
	r     io.Reader
	close func()
	at    int64  // in the output
	block []byte // what was decoded of the block that at is in, or before which it is
	sum   uint32 // of the output
}

func newSequential(m *Member, data int64) *sequential {
	s := &sequential{compressed: compressed{m: m, data: data}}
	s.fill = s.decodeTo
	return s
}

// Reason says that there is no index.
func (s *sequential) Reason() string { return s.m.Method.String() + " member, decoded from its start" }

// InOrder says that reading in order, by one goroutine, decodes everything once, and any other way
// more often.
func (s *sequential) InOrder() bool { return true }

// decodeTo fills p with the bytes at off.
func (s *sequential) decodeTo(p []byte, off int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(p) > 0 {
		if n, err := s.kept.read(p, off); n > 0 || err != nil {
			if err != nil {
				return s.explain(err)
			}
			p, off = p[n:], off+int64(n)
			continue
		}
		i := off / seqBlock
		b, err := s.blockTo(i, min(off%seqBlock+int64(len(p)), seqBlock))
		if changed := s.m.archive.file.Unmodified(); changed != nil {
			err = changed
		}
		if err != nil {
			return err
		}
		n := copy(p, b[off%seqBlock:])
		p, off = p[n:], off+int64(n)
	}
	return s.m.archive.file.Unmodified()
}

// verify decodes the whole content and compares its checksum.
func (s *sequential) verify(ctx context.Context) error {
	if s.m.Size == 0 {
		return s.verifyEmpty()
	}
	b := make([]byte, min(seqBlock, s.m.Size))
	sum := uint32(0)
	for off := int64(0); off < s.m.Size; off += int64(len(b)) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		b = b[:min(seqBlock, s.m.Size-off)]
		if err := s.decodeTo(b, off); err != nil {
			return err
		}
		sum = crc32.Update(sum, crc32.IEEETable, b)
	}
	return s.m.compareSum(sum)
}

// verifyEmpty checks that the data of an empty member, if there are any, hold nothing.
func (s *sequential) verifyEmpty() error {
	if s.m.CompressedSize == 0 {
		return s.m.compareSum(0)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.begin()
	if err != nil {
		return err
	}
	defer s.end(d)
	return d.finish()
}

// blockTo returns the first n bytes of block i, or more of it.
func (s *sequential) blockTo(i, n int64) ([]byte, error) {
	if b, ok := s.m.archive.blocks.get(s, i); ok {
		return b, nil
	}
	d, err := s.nearest(i)
	if err != nil {
		return nil, err
	}
	s.m.archive.blocks.use(d)
	for {
		if at := d.at - int64(len(d.block)); at == i*seqBlock && int64(len(d.block)) >= min(n, s.m.Size-at) {
			return d.block, nil
		}
		if err := d.decode(i*seqBlock + n); err != nil {
			s.m.archive.blocks.stop(d)
			return nil, err
		}
	}
}

// nearest is the decoder that has the least to decode before block i, or a new one.
func (s *sequential) nearest(i int64) (*stream, error) {
	var best *stream
	for _, d := range s.streams {
		if d.at-int64(len(d.block)) <= i*seqBlock && (best == nil || d.at > best.at) {
			best = d
		}
	}
	if s.kept == nil && (best == nil || s.out) && s.keep() {
		best = nil
	}
	if best != nil {
		return best, nil
	}
	return s.begin()
}

// begin makes a decoder at the start of the member.
func (s *sequential) begin() (*stream, error) {
	d := &stream{s: s, close: func() {}}
	in := bufio.NewReaderSize(io.NewSectionReader(s.m.archive.file, s.data, s.m.CompressedSize), 256<<10)
	switch s.m.Method {
	case Deflate: // of which only the beginning is there
		d.r = flate.NewReader(in)
	case BZip2:
		d.r = bzip2.NewReader(in)
	case LZMA:
		r, err := newLZMA(s.m, in)
		if err != nil {
			return nil, d.decodeError(err, 0)
		}
		d.r = r
	default:
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(zstdWindow), zstd.WithDecoderMaxMemory(1<<62))
		if err != nil {
			return nil, err
		}
		d.r, d.close = z, z.Close
	}
	s.streams = append(s.streams, d)
	return d, nil
}

// end closes a decoder.
func (s *sequential) end(d *stream) {
	for i, other := range s.streams {
		if other == d {
			s.streams = append(s.streams[:i], s.streams[i+1:]...)
			d.close()
			return
		}
	}
}

// decode decodes some more of the block that comes next, up to its end or about to an offset, and
// what must come of the member's end: the end of its data, and the checksum.
func (d *stream) decode(to int64) error {
	s := d.s
	if err := s.m.archive.config.stopped(); err != nil {
		return err
	}
	if len(d.block) == seqBlock {
		d.block = nil // it is in the cache
	}
	start := d.at - int64(len(d.block))
	end := min(start+seqBlock, s.m.Size)
	want := min(end, max(to, d.at+seqStep))
	n := len(d.block)
	if room := int(want - start); room > cap(d.block) {
		if n > 0 || want == end {
			room = int(end - start)
		}
		d.block = append(make([]byte, 0, room), d.block...)
	}
	d.block = d.block[:want-start]
	if got, err := io.ReadFull(d.r, d.block[n:]); err != nil {
		return d.decodeError(err, d.at+int64(got))
	}
	d.sum = crc32.Update(d.sum, crc32.IEEETable, d.block[n:])
	s.m.archive.blocks.decoded.Add(want - d.at)
	s.decoded += want - d.at
	before := d.at
	d.at = want
	s.reached = max(s.reached, d.at)
	if d.at == s.m.Size {
		if err := d.finish(); err != nil {
			return err
		}
	}
	s.kept.write(d.block[n:], before)
	if d.at == end {
		s.m.archive.blocks.put(s, start/seqBlock, d.block)
	}
	return nil
}

// finish looks at what comes behind the last byte.
func (d *stream) finish() error {
	m := d.s.m
	if m.rest {
		return nil
	}
	var more [1]byte
	switch n, err := io.ReadFull(d.r, more[:]); {
	case n > 0:
		return m.formatError(d.s.data, m.Method.String(), badf("goes on after the %d bytes that the directory declares", m.Size))
	case !errors.Is(err, io.EOF):
		return d.decodeError(err, m.Size)
	}
	if m.archive.config.check == CheckNever {
		return nil
	}
	return m.compareSum(d.sum)
}

// decodeError is an error of the decoder after so many bytes of output.
func (d *stream) decodeError(err error, at int64) error {
	s := d.s
	if fault, ok := errors.AsType[*fs.PathError](err); ok {
		return fault
	}
	if bad, ok := errors.AsType[*badZip](err); ok {
		return s.m.formatError(s.data, s.m.Method.String(), bad)
	}
	eof := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	return s.m.formatError(s.data, s.m.Method.String(), &badZip{eof: eof, msg: "after " + itoa(at) + " of " + itoa(s.m.Size) + " bytes: " + err.Error()})
}
