package zipseek

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"os"
	"sync"
	"time"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/internal/parallel"
)

// A Recoding says how [Repack] compresses members.
type Recoding uint8

const (
	KeepMethods Recoding = iota // as they were
	StoreAll                    // not
	DeflateAll                  // all that hold anything
)

// RepackOptions says what [Repack] does. The zero value keeps every member's method, aligns what is
// stored, and makes what is deflated seekable.
type RepackOptions struct {
	Recode Recoding

	// Level and ChunkSize are those of members that are deflated anew; 0 stands for [DefaultLevel]
	// and [DefaultChunkSize]. If a level is given, all deflated members are deflated anew, and if a
	// chunk size is, those that have other chunks. Otherwise members with a SOZip index, and those
	// that are no longer than a chunk, are copied as they are.
	Level, ChunkSize int

	// Align is where stored data begin, as in [Align]; 0 stands for [DefaultAlign].
	Align int

	// Keep chooses the members to keep, if it is not nil.
	Keep func(*Member) bool

	// Add are members that follow those of the old archive. Names that it has are errors.
	Add []NewMember

	// Workers bounds the goroutines; 0 stands for GOMAXPROCS.
	Workers int

	// Wait is how long to wait while somebody else writes to the archive at the path: 0 stands for
	// [DefaultWait], and a negative one does not wait. Waiting, if not nil, is called when waiting
	// begins. The context ends the wait as well.
	Wait    time.Duration
	Waiting func()

	// Replacing is as the option of that name; nil allows everything.
	Replacing func(old *os.File) error

	// Progress is called with the bytes of content that have been written, and then read again, and
	// with the number of both at the end. Calls do not overlap; it must return soon.
	Progress func(done, total int64)
}

// A NewMember is one that [Repack] adds, as [Writer.Add] does.
type NewMember struct {
	Name    string
	Size    int64
	Content iter.Seq2[[]byte, error]
}

// Repack writes the members of an open archive to a new one at path, which may be the path of in
// itself: what is there is replaced when the new archive is complete and all of it has been read
// back. Names, sizes and checksums are then those of the directory of in, and the content has these
// checksums; if not, or after any other error, nothing has changed and no temporary file is left. A
// member that cannot be read, or is damaged, is an error, and so is an archive that was written to
// meanwhile ([ErrChanged]).
//
// Of several members with one name only the last is kept. Folders, and members that are no arrays,
// come along. The comment and the time stamps are kept; what lies before the first member, and
// extra fields, are not. bzip2 and zstd members whose method is to be kept are copied as they are,
// which leaves them without an index. An index file beside the archive at path is removed, since it
// belongs to what was there before.
//
// Systems on which an open file cannot be replaced, such as Windows, refuse to replace in; write to
// another path there.
func Repack(ctx context.Context, in *Archive, path string, opts RepackOptions) error {
	r := repacking{in: in, path: path, opts: opts}
	writing, err := r.writerOptions()
	if err != nil {
		return fileerr.New(path, err)
	}
	if err := r.choose(); err != nil {
		return err
	}
	t, err := r.place(ctx)
	if err != nil {
		return err
	}
	w := newWriter(path, writing, t, 0)
	defer func() { _ = w.Abort() }() // best effort, after an error
	w.comment = in.end.comment
	for _, m := range r.members {
		if err := r.write(ctx, w, m); err != nil {
			return cmp.Or(in.Changed(), err)
		}
	}
	for _, m := range opts.Add {
		if err := w.Add(ctx, m.Name, m.Size, m.Content); err != nil {
			return cmp.Or(in.Changed(), err)
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	r.removeRelics()
	return nil
}

// checkedTarget is a new file that is looked at before it takes its place.
type checkedTarget struct {
	createTarget
	check func() error
}

func (t checkedTarget) commit() error {
	if err := t.check(); err != nil {
		return err
	}
	return t.createTarget.commit()
}

// repacking is one call of Repack.
type repacking struct {
	in      *Archive
	path    string
	opts    RepackOptions
	members []*Member
	inPlace bool

	mu          sync.Mutex
	done, total int64 // bytes, for Progress
}

// writerOptions are those of the new archive.
func (r *repacking) writerOptions() (writerConfig, error) {
	opts := []WriterOption{Compressed(r.opts.Level)}
	if r.opts.ChunkSize != 0 {
		opts = append(opts, ChunkSize(r.opts.ChunkSize))
	}
	if r.opts.Align != 0 {
		opts = append(opts, Align(r.opts.Align))
	}
	if r.opts.Workers != 0 {
		opts = append(opts, WriterWorkers(r.opts.Workers))
	}
	return defaultWriterConfig.with("Repack", aboutMembers, opts)
}

// choose lists the members to keep, and makes sure that each can be read before anything is
// written.
func (r *repacking) choose() error {
	for _, m := range r.in.All() {
		if last, _ := r.in.Lookup(m.Name); last != m || r.opts.Keep != nil && !r.opts.Keep(m) {
			continue
		}
		if _, err := m.state().open(); err != nil {
			return err
		}
		r.members = append(r.members, m)
		r.total += 2 * m.Size
	}
	return nil
}

// place makes the file that takes the place of what is at the path, which nobody else writes to
// until then.
func (r *repacking) place(ctx context.Context) (target, error) {
	names := make(map[string]struct{}, len(r.members))
	for _, m := range r.members {
		names[m.Name] = struct{}{}
	}
	most := r.opts.Wait
	if most == 0 {
		most = DefaultWait
	}
	for _, m := range r.opts.Add {
		names[m.Name] = struct{}{}
	}
	claim, err := NewClaim(r.path, func(name string) bool {
		_, ok := names[name]
		return ok
	}, WaitFor(ctx, most, r.opts.Waiting), Replacing(r.opts.Replacing))
	if err != nil {
		return nil, err
	}
	t, err := claim.file(func() (*atomicfile.File, error) { return r.create(claim) })
	if err != nil {
		return nil, err
	}
	return checkedTarget{t, func() error { return r.check(ctx, t.f.Name()) }}, nil
}

// create makes the file. It may replace the archive by itself, as it was opened, but not through
// another name that came to be its own meanwhile, and not what has taken the place of the archive
// since: that may hold more.
func (r *repacking) create(claim *Claim) (*atomicfile.File, error) {
	there, err := r.in.file.Stat()
	if err != nil {
		return nil, err
	}
	here, err := os.Stat(r.path)
	if err == nil {
		successor, gone := os.Stat(r.in.path)
		r.inPlace = os.SameFile(here, there) || gone == nil && os.SameFile(here, successor)
	}
	rule := atomicfile.Inputs(there)
	if r.inPlace {
		if err := r.unchanged(); err != nil {
			return nil, err
		}
		rule = atomicfile.Replacing(func(*os.File) error { return r.unchanged() })
	}
	return atomicfile.Create(r.path, rule, atomicfile.Replacing(claim.Allows))
}

// unchanged returns an error if the old archive is not what it was. One that is replaced by itself
// must not have got any more members.
func (r *repacking) unchanged() error {
	if r.inPlace {
		return r.in.file.Pristine()
	}
	return r.in.Changed()
}

// write adds one member to the new archive.
func (r *repacking) write(ctx context.Context, w *Writer, m *Member) error {
	if r.verbatim(w, m) {
		if err := w.Copy(ctx, m); err != nil {
			return err
		}
		r.advance(m.Size)
		return nil
	}
	how := Uncompressed()
	if r.deflated(m) {
		how = Compressed(r.opts.Level)
	}
	pieces := func(yield func([]byte, error) bool) {
		for b, err := range m.Content(ctx) {
			if !yield(b, err) || err != nil {
				return
			}
			r.advance(int64(len(b)))
		}
	}
	return w.recode(ctx, m, pieces, how)
}

// recode adds a member under the name that it has, whatever that is, and with its time stamp.
func (w *Writer) recode(ctx context.Context, m *Member, pieces iter.Seq2[[]byte, error], how WriterOption) error {
	return w.attempt(func() error {
		c, err := w.config.with("Repack", aboutMembers, []WriterOption{how})
		if err == nil {
			err = w.checkName(m.Name, m.Size)
		}
		if err != nil {
			return w.about(m.Name, err)
		}
		c.date, c.time = m.dosDate, m.dosTime
		return w.add(ctx, c, m.Name, m.Size, pieces)
	})
}

// deflated reports whether a member is deflated in the new archive.
func (r *repacking) deflated(m *Member) bool {
	switch r.opts.Recode {
	case StoreAll:
		return false
	case DeflateAll:
		return true
	}
	return m.Method == Deflate
}

// verbatim reports whether the bytes in the archive can stay as they are.
func (r *repacking) verbatim(w *Writer, m *Member) bool {
	switch {
	case m.Method == Stored:
		return !r.deflated(m) || m.Size == 0
	case m.Method != Deflate:
		return r.opts.Recode == KeepMethods
	case !r.deflated(m) || r.opts.Level != 0:
		return false
	}
	src, err := m.state().open()
	if err != nil {
		return false
	}
	if c, ok := src.(*inflated).index().(*chunks); ok {
		return r.opts.ChunkSize == 0 || c.size == int64(r.opts.ChunkSize)
	}
	return m.Size <= int64(w.config.chunk)
}

// advance takes note of bytes that were written or read again.
func (r *repacking) advance(n int64) {
	if r.opts.Progress == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done += n
	r.opts.Progress(r.done, r.total)
}

// causeOf prefers what is wrong with the old member to what came of it.
func (r *repacking) causeOf(ctx context.Context, old *Member, err error) error {
	if _, bad := errors.AsType[*FormatError](err); !bad {
		return err
	}
	return cmp.Or(r.in.Changed(), old.Verify(ctx), err)
}

// check reads the new archive, which is called temp for now, and compares it with the old one.
func (r *repacking) check(ctx context.Context, temp string) error {
	if err := r.unchanged(); err != nil {
		return err
	}
	a, err := Open(temp, WithoutSidecar(), Workers(r.opts.Workers))
	if err != nil {
		return r.notRight(err)
	}
	defer a.Close()
	a.path = r.path // for errors
	if n := len(r.members) + len(r.opts.Add); a.Len() != n || a.Comment() != r.in.Comment() {
		return r.notRight(a.formatError(-1, "directory", badf("has %d members and not %d, or another comment", a.Len(), n)))
	}
	for i, old := range r.members {
		m := a.Member(i)
		if m.Name != old.Name || m.Size != old.Size || m.CRC32 != old.CRC32 {
			return r.notRight(m.formatError(-1, "directory", badf("%.100q of %d bytes with the checksum %s was %.100q of %d bytes with %s",
				m.Name, m.Size, hex32(m.CRC32), old.Name, old.Size, hex32(old.CRC32))))
		}
	}
	err = parallel.Each(ctx, a.workers(), int64(a.Len()), func(ctx context.Context, i int64) error {
		m := a.Member(int(i))
		err := m.Verify(ctx)
		switch added := int(i) >= len(r.members); {
		case err != nil && added:
			return r.notRight(err)
		case err != nil:
			return r.causeOf(ctx, r.members[i], r.notRight(err))
		case !added:
			r.advance(m.Size)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.unchanged()
}

// notRight is the error of a new archive that is not what it should be.
func (r *repacking) notRight(err error) error {
	return fileerr.Errorf(r.path, "nothing was replaced: new archive: %w", err)
}

// removeRelics removes what belongs to the archive that was replaced. Where that fails it does no
// harm: both files say which archive they are about.
func (r *repacking) removeRelics() {
	if r.inPlace {
		if _, exists, err := loadJournal(journalPath(r.path)); err == nil && exists {
			_ = os.Remove(journalPath(r.path))
		}
	}
	if isSidecar(r.path + IndexSuffix) {
		_ = os.Remove(r.path + IndexSuffix)
	}
}

// isSidecar reports whether a file begins as an index file does.
func isSidecar(path string) bool {
	f, err := openBeside(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var magic [len(sidecarMagic)]byte
	n, _ := f.ReadAt(magic[:], 0)
	return string(magic[:n]) == sidecarMagic
}
