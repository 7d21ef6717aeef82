package zipseek

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"

	"golang.org/x/sync/errgroup"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
)

// A sidecar keeps the checkpoints of an archive's members in a file beside it. docs/zip.md draws
// the layout. All numbers are little-endian.
const (
	// SidecarSuffix is what the name of an archive's index file has behind the archive's own.
	SidecarSuffix = ".lzidx"

	sidecarMagic   = "LZIDX\r\n\x1a"
	sidecarVersion = 1
	sidecarHead    = 32 // magic, version, members, size and time of the archive
	sidecarEntry   = 48
	sidecarMost    = 1 << 20  // members
	sectionMost    = 64 << 20 // bytes of one section, which holds at most maxWindows of windows

	// flagSums says that the points of a section have checksums.
	flagSums = 1
)

// sidecar is the table of an index file that belongs to an archive.
type sidecar struct {
	path    string
	entries map[int64]sidecarRow // by the offset of the local header
}

type sidecarRow struct {
	compressed, size int64
	crc, sum         uint32
	offset, length   int64
}

// loadSidecar reads the table of the index file, if there is one that belongs to the archive.
// It is a cache: whatever is wrong with it, it is as if it were not there.
func (a *Archive) loadSidecar() *sidecar {
	if !a.config.sidecar {
		return nil
	}
	info, err := a.file.Stat()
	if err != nil {
		return nil
	}
	f, err := openBeside(a.path + SidecarSuffix)
	if err != nil {
		return nil
	}
	defer f.Close()
	head := make([]byte, sidecarHead)
	if _, err := f.ReadAt(head, 0); err != nil || string(head[:8]) != sidecarMagic {
		return nil
	}
	le := binary.LittleEndian
	n := le.Uint32(head[12:])
	if le.Uint32(head[8:]) != sidecarVersion || n > sidecarMost ||
		le.Uint64(head[16:]) != uint64(a.file.Size()) || le.Uint64(head[24:]) != uint64(info.ModTime().UnixNano()) {
		return nil
	}
	if f.Size() < sidecarHead+sidecarEntry*int64(n)+4 {
		return nil
	}
	table := make([]byte, sidecarEntry*int(n)+4)
	if _, err := f.ReadAt(table, sidecarHead); err != nil {
		return nil
	}
	rows := table[:len(table)-4]
	if crc32.Update(crc32.ChecksumIEEE(head), crc32.IEEETable, rows) != le.Uint32(table[len(rows):]) {
		return nil
	}
	s := &sidecar{path: f.Name(), entries: make(map[int64]sidecarRow, n)}
	for ; len(rows) > 0; rows = rows[sidecarEntry:] {
		s.entries[int64(le.Uint64(rows))] = sidecarRow{
			compressed: int64(le.Uint64(rows[8:])), size: int64(le.Uint64(rows[16:])),
			crc: le.Uint32(rows[24:]), sum: le.Uint32(rows[28:]),
			offset: int64(le.Uint64(rows[32:])), length: int64(le.Uint64(rows[40:])),
		}
	}
	return s
}

// openBeside opens a file that lies beside an archive, if it is one: waiting for whoever may write to a pipe
// of this name would be for ever.
func openBeside(path string) (*bytesrc.File, error) {
	return bytesrc.Open(path, bytesrc.Options{Backend: bytesrc.BackendPread})
}

// savedIndex is the index of a member in the index file, or nil.
func (a *Archive) savedIndex(m *Member) *checkpoints {
	s := a.beside()
	if s == nil || a.config.check == CheckAlways {
		return nil // reading all of the member makes an index of our own
	}
	row, ok := s.entries[m.headerOffset]
	if !ok || row.compressed != m.CompressedSize || row.size != m.Size || row.crc != m.CRC32 || row.length < 0 || row.length > sectionMost {
		return nil
	}
	f, err := openBeside(s.path)
	if err != nil {
		return nil
	}
	defer f.Close()
	if row.offset < 0 || row.length > f.Size()-row.offset {
		return nil
	}
	b := make([]byte, row.length)
	if _, err := f.ReadAt(b, row.offset); err != nil || crc32.ChecksumIEEE(b) != row.sum {
		return nil
	}
	c := newCheckpoints(m, a.config.span)
	if err := c.decode(b); err != nil || a.config.check == CheckOnce && !c.points[0].summed {
		return nil
	}
	return c
}

// encode writes a complete index as a section.
func (c *checkpoints) encode() []byte {
	c.mu.RLock()
	defer c.mu.RUnlock()
	flags := byte(flagSums)
	for _, p := range c.points {
		if !p.summed {
			flags = 0
		}
	}
	b := []byte{flags}
	b = binary.AppendUvarint(b, uint64(c.span))
	b = binary.AppendUvarint(b, uint64(len(c.points)))
	before := point{}
	for _, p := range c.points {
		b = binary.AppendUvarint(b, uint64(p.out-before.out))
		b = binary.AppendUvarint(b, uint64(p.bit-before.bit))
		b = binary.AppendUvarint(b, uint64(len(p.window)))
		b = binary.LittleEndian.AppendUint32(b, p.sum)
		before = p
	}
	for _, p := range c.points {
		b = append(b, p.window...)
	}
	return b
}

var errSection = errors.New("bad section of an index file")

// decode reads a section. Every number is checked: a section with the right checksum may have been
// written by anybody.
func (c *checkpoints) decode(b []byte) error {
	if len(b) == 0 {
		return errSection
	}
	r := bytes.NewReader(b[1:])
	span, err1 := binary.ReadUvarint(r)
	n, err2 := binary.ReadUvarint(r)
	if err1 != nil || err2 != nil || n == 0 || n > uint64(len(b))/7 || n > uint64(c.member.Size/minSpan)+2 || span < minSpan || span > 1<<62 { // a point takes 7 bytes
		return errSection
	}
	points, lengths := make([]point, n), make([]uint64, n)
	for i := range points {
		if err := points[i].decode(r, &lengths[i]); err != nil {
			return err
		}
		points[i].summed = b[0]&flagSums != 0
		if i == 0 {
			if points[0].out != 0 || points[0].bit != 0 {
				return errSection
			}
			continue
		}
		before := points[i-1]
		points[i].out += before.out
		points[i].bit += before.bit
		if points[i].out <= before.out || points[i].bit <= before.bit || points[i].out >= c.member.Size || points[i].bit >= 8*c.member.CompressedSize {
			return errSection
		}
	}
	windows := b[len(b)-r.Len():]
	c.windows = int64(len(windows))
	for i, n := range lengths {
		if n > uint64(len(windows)) {
			return errSection
		}
		if n > 0 {
			points[i].window = windows[:n:n]
		}
		windows = windows[n:]
	}
	if len(windows) > 0 {
		return errSection
	}
	c.points, c.span, c.end, c.done, c.foreign = points, int64(span), c.member.Size, true, true
	return c.compare() // the sums of the spans must make that of the member
}

func (p *point) decode(r *bytes.Reader, window *uint64) error {
	out, err1 := binary.ReadUvarint(r)
	bit, err2 := binary.ReadUvarint(r)
	n, err3 := binary.ReadUvarint(r)
	var sum [4]byte
	_, err4 := io.ReadFull(r, sum[:])
	if errors.Join(err1, err2, err3, err4) != nil || out > 1<<62 || bit > 1<<62 || n > sectionMost {
		return errSection
	}
	p.out, p.bit, p.sum = int64(out), int64(bit), binary.LittleEndian.Uint32(sum[:])
	*window = n
	return nil
}

// BuildIndex makes the index of every deflated member that has none, several members at a
// time, checks their checksums on the way, and returns how many members it indexed.
func (a *Archive) BuildIndex(ctx context.Context) (int, error) {
	todo, err := a.unindexed()
	if err != nil {
		return 0, err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(a.workers())
	for _, s := range todo {
		g.Go(func() error { return s.finishIndex(ctx) })
	}
	return len(todo), g.Wait()
}

// unindexed lists the deflated members that are worth an index and have no SOZip index.
func (a *Archive) unindexed() ([]*inflated, error) {
	var out []*inflated
	for i := range a.members {
		m := &a.members[i]
		if m.Method != Deflate || m.Size <= a.config.span {
			continue
		}
		src, err := m.state().open()
		if err != nil {
			return nil, err
		}
		s := src.(*inflated)
		if _, ok := s.index().(*checkpoints); ok {
			out = append(out, s)
		}
	}
	return out, nil
}

// WriteIndex makes the indexes that are missing ([Archive.BuildIndex]) and saves them beside the
// archive, at its path with [SidecarSuffix], where the next [Open] finds them. It returns the path
// and the size of the file; without members that need an index, none is written and the size is 0.
// The file has the permissions of the archive. It replaces an index file and nothing else, and is not written through a link.
func (a *Archive) WriteIndex(ctx context.Context) (path string, size int64, err error) {
	path = a.path + SidecarSuffix
	rules := []atomicfile.Option{atomicfile.Beside(a.path), atomicfile.Begins("no index file, and stays", sidecarMagic)}
	if err := atomicfile.Check(path, rules...); err != nil {
		return path, 0, err
	}
	if _, err := a.BuildIndex(ctx); err != nil {
		return path, 0, err
	}
	todo, err := a.unindexed()
	if err != nil || len(todo) == 0 {
		return path, 0, err
	}
	if len(todo) > sidecarMost {
		return path, 0, a.formatError(-1, "directory", badf("%d members are more than an index file holds", len(todo)))
	}
	info, err := a.file.Stat()
	if err != nil {
		return path, 0, err
	}
	if err := a.file.Pristine(); err != nil { // the index says of which bytes it is
		return path, 0, err
	}
	err = atomicfile.Write(path, func(f *os.File) error {
		size, err = writeSidecar(f, todo, a.file.Size(), info.ModTime().UnixNano())
		return err
	}, rules...)
	return path, size, err
}

// writeSidecar writes the sections, and then the table before them.
func writeSidecar(f *os.File, todo []*inflated, archiveSize, modified int64) (int64, error) {
	le := binary.LittleEndian
	head := append([]byte(sidecarMagic), make([]byte, sidecarHead-len(sidecarMagic))...)
	le.PutUint32(head[8:], sidecarVersion)
	le.PutUint32(head[12:], uint32(len(todo)))
	le.PutUint64(head[16:], uint64(archiveSize))
	le.PutUint64(head[24:], uint64(modified))
	at := int64(len(head)+len(todo)*sidecarEntry) + 4
	for _, s := range todo {
		section := s.index().(*checkpoints).encode()
		if _, err := f.WriteAt(section, at); err != nil {
			return 0, err
		}
		for _, n := range []int64{s.m.headerOffset, s.m.CompressedSize, s.m.Size} {
			head = le.AppendUint64(head, uint64(n))
		}
		head = le.AppendUint32(head, s.m.CRC32)
		head = le.AppendUint32(head, crc32.ChecksumIEEE(section))
		head = le.AppendUint64(head, uint64(at))
		head = le.AppendUint64(head, uint64(len(section)))
		at += int64(len(section))
	}
	head = le.AppendUint32(head, crc32.ChecksumIEEE(head))
	_, err := f.WriteAt(head, 0)
	return at, err
}
