package zipseek

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"slices"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/internal/parallel"
)

// A sidecar keeps the checkpoints of an archive's members in a file beside it. docs/zip.md draws
// the layout. All numbers are little-endian.
const (
	// IndexSuffix is what the name of an archive's index file has behind the archive's own.
	IndexSuffix = ".lzidx"

	sidecarMagic   = "LZIDX\r\n\x1a"
	sidecarVersion = 1
	sidecarHead    = 32 // magic, version, members, size and time of the archive
	sidecarEntry   = 48
	sidecarMost    = 1 << 20  // members
	sectionMost    = 32 << 20 // bytes of one section, which holds at most maxWindows of windows

	// flagSums says that the points of a section have checksums.
	flagSums = 1
)

// sidecar is the table of an index file that belongs to an archive.
type sidecar struct {
	path    string
	entries map[int64]sidecarRow // of members, by the offset of the local header
	strays  int                  // rows of no member
}

type sidecarRow struct {
	compressed, size int64
	crc, sum         uint32
	offset, length   int64
}

// errOthers says that an index file may have been written by somebody who may not write to the
// archive.
var errOthers = errors.New("may have been written by others than the archive, and is not used")

// loadSidecar reads the table of the index file, if there is one that belongs to the archive. It is
// a cache: whatever is wrong with it, it is as if it were not there, but for
// [Archive.CheckSidecar]. No file at all is no error, and no sidecar.
func (a *Archive) loadSidecar() (*sidecar, error) {
	if !a.config.sidecar {
		return nil, nil
	}
	info, err := a.file.Stat()
	if err != nil {
		return nil, err
	}
	f, err := openBeside(a.path + IndexSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	own, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !mayVouch(own, info) {
		return nil, errOthers
	}
	head := make([]byte, sidecarHead)
	if _, err := f.ReadAt(head, 0); err != nil || string(head[:8]) != sidecarMagic {
		return nil, errStale
	}
	le := binary.LittleEndian
	n := int64(le.Uint32(head[12:]))
	if le.Uint32(head[8:]) != sidecarVersion || n > sidecarMost ||
		le.Uint64(head[16:]) != uint64(a.file.Size()) || le.Uint64(head[24:]) != uint64(info.ModTime().UnixNano()) ||
		f.Size() < sidecarHead+sidecarEntry*n+4 {
		return nil, errStale
	}
	s := &sidecar{path: f.Name()}
	if err := s.read(a, f, crc32.ChecksumIEEE(head), n); err != nil {
		return nil, err
	}
	return s, nil
}

// errStale is told of index files that are not used.
var errStale = errors.New("is damaged, or was made for another archive, and is not used")

// read takes over the rows that are of members of the archive, so that they take no more memory
// than those.
func (s *sidecar) read(a *Archive, f io.ReaderAt, sum uint32, n int64) error {
	le := binary.LittleEndian
	s.entries = make(map[int64]sidecarRow)
	r := bufio.NewReaderSize(io.NewSectionReader(f, sidecarHead, sidecarEntry*n+4), 64<<10)
	var b [sidecarEntry]byte
	for range n {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return errStale
		}
		sum = crc32.Update(sum, crc32.IEEETable, b[:])
		header := int64(le.Uint64(b[:]))
		if _, twice := s.entries[header]; twice {
			return errStale
		}
		if !a.hasHeader(header) {
			s.strays++
			continue
		}
		s.entries[header] = sidecarRow{
			compressed: int64(le.Uint64(b[8:])), size: int64(le.Uint64(b[16:])),
			crc: le.Uint32(b[24:]), sum: le.Uint32(b[28:]),
			offset: int64(le.Uint64(b[32:])), length: int64(le.Uint64(b[40:])),
		}
	}
	if _, err := io.ReadFull(r, b[:4]); err != nil || le.Uint32(b[:]) != sum || s.overlaps() {
		return errStale
	}
	return nil
}

// overlaps reports whether two members share bytes of the file: a small file would take the memory
// of a large one.
func (s *sidecar) overlaps() bool {
	rows := slices.SortedFunc(maps.Values(s.entries), func(x, y sidecarRow) int { return cmp.Compare(x.offset, y.offset) })
	end := int64(0)
	for _, r := range rows {
		if r.offset < end || r.length < 0 || r.offset > math.MaxInt64-r.length {
			return true
		}
		end = r.offset + r.length
	}
	return false
}

// hasHeader reports whether a member has its local header there.
func (a *Archive) hasHeader(off int64) bool {
	_, found := slices.BinarySearchFunc(a.order(), off, func(m *Member, off int64) int { return cmp.Compare(m.headerOffset, off) })
	return found
}

// openBeside opens a file that lies beside an archive, if it is one: waiting for whoever may write
// to a pipe of this name would be for ever.
func openBeside(path string) (*bytesrc.File, error) {
	return bytesrc.Open(path, bytesrc.Options{Backend: bytesrc.BackendPread})
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
	// a point takes 7 bytes
	if err1 != nil || err2 != nil || n == 0 || n > uint64(len(b))/7 || n > uint64(c.member.Size/minSpan)+2 || span < minSpan || span > 1<<62 {
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
	c.points, c.span, c.end, c.done = points, int64(span), c.member.Size, true
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
	todo, err := a.unindexed(false)
	if err != nil {
		return 0, err
	}
	return len(todo), a.finishAll(ctx, todo)
}

func (a *Archive) finishAll(ctx context.Context, todo []*inflated) error {
	return parallel.Each(ctx, a.workers(), int64(len(todo)), func(ctx context.Context, i int64) error {
		return todo[i].finishIndex(ctx)
	})
}

// unindexed lists the deflated members that are worth an index and have no SOZip index. Those with
// an index in an index file are left out, or, if it is to be written anew, lose it: what it says
// was not compared with the content.
func (a *Archive) unindexed(anew bool) ([]*inflated, error) {
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
		if old, ok := s.index().(*saved); ok && anew {
			s.replace(old, nil)
		}
		if _, ok := s.index().(*checkpoints); ok {
			out = append(out, s)
		}
	}
	return out, nil
}

// WriteIndex makes the index of every deflated member that has none in the archive, and saves them
// beside the archive, at its path with [IndexSuffix], where the next [Open] finds them. An index
// file that is there is not used for it. It returns the path and the size of the file; without
// members that need an index, none is written and the size is 0. The file has the permissions of
// the archive. It replaces an index file and nothing else, and is not written through a link.
func (a *Archive) WriteIndex(ctx context.Context) (path string, size int64, err error) {
	path = a.path + IndexSuffix
	rules := []atomicfile.Option{atomicfile.Beside(a.path), atomicfile.Begins("no index file, and stays", sidecarMagic)}
	if err := atomicfile.Check(path, rules...); err != nil {
		return path, 0, err
	}
	todo, err := a.unindexed(true)
	if err != nil || len(todo) == 0 {
		return path, 0, err
	}
	if err := a.finishAll(ctx, todo); err != nil {
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
