package zipseek

import (
	"cmp"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
)

// An Archive is an open .zip file.
type Archive struct {
	path    string
	file    *bytesrc.File
	config  config
	end     endRecord
	members []Member
	cut     error   // why there is no directory
	rest    *Member // that is cut off, if it has anything

	names  func() map[string]*Member
	order  func() []*Member // by offset
	idle   cursors
	blocks blocks     // of members that are decoded from their start
	rounds sync.Mutex // held by who makes all processors work on one member

	indexes atomic.Int64 // that were begun, which share maxWindows
	beside  func() (*sidecar, error)
	saved   savedSections
	ours    func() bool // nobody but this user may write to the file
}

// Open opens the archive at path and reads its directory, which is a few milliseconds for a
// hundred thousand members. Members are looked at when they are used, so that a bad one does
// not keep the others from being read. Members that are appended while it is open ([Append]) are
// not seen; those that were there stay readable.
func Open(path string, opts ...Option) (*Archive, error) {
	c, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	file, err := bytesrc.Open(path, bytesrc.Options{Backend: c.backend})
	if err != nil {
		return nil, err
	}
	a := &Archive{path: path, file: file, config: c}
	a.idle.limit, a.blocks.limit = c.cache, c.cache
	a.names = sync.OnceValue(a.index)
	a.order = sync.OnceValue(a.sorted)
	a.beside = sync.OnceValues(a.loadSidecar)
	a.ours = sync.OnceValue(func() bool {
		info, err := file.Stat()
		return err == nil && isOurs(info)
	})
	if err := a.read(); err != nil {
		grown := file.Outgrown() // it was looked at in the middle of an append that is over now
		err = errors.Join(err, file.Close())
		if grown {
			return Open(path, opts...)
		}
		return nil, err
	}
	return a, nil
}

// read finds and reads the directory.
func (a *Archive) read() error {
	size := a.file.Size()
	if old, ok := readJournal(a.path); ok && !completed(a.path, a.file, old) {
		// members are being appended, or were when a process died: what was there before is whole
		size = old
	}
	if a.config.local {
		return a.scan(size, nil)
	}
	err := a.load(size)
	if errors.Is(err, ErrFormat) && a.config.partial {
		scanned := a.scan(size, err)
		if errors.Is(err, errNoDirectory) || scanned == nil && len(a.members) > 0 {
			return scanned
		}
	}
	if err == nil {
		err = a.unwrap()
	}
	if err != nil {
		return err
	}
	a.watch()
	return nil
}

// watch lets the file grow, as long as the directory and what lies behind it stay: whoever writes
// to an archive in place otherwise than [Append] writes over them.
func (a *Archive) watch() {
	sum := func(r io.ReaderAt) (uint32, error) {
		h := crc32.NewIEEE()
		n, err := io.Copy(h, io.NewSectionReader(r, a.end.start, a.end.end-a.end.start))
		if err == nil && n < a.end.end-a.end.start {
			err = io.ErrUnexpectedEOF
		}
		return h.Sum32(), err
	}
	was, err := sum(a.file)
	if err != nil { // a comment that is cut off, behind which nobody appends
		return
	}
	a.file.MayGrow(func(r io.ReaderAt, _ int64) (int64, bool) {
		now, err := sum(r)
		return 0, err == nil && now == was
	}, 0, a.end.end)
}

// Path is the path that was opened.
func (a *Archive) Path() string { return a.path }

// Comment is the comment of the archive.
func (a *Archive) Comment() string { return a.end.comment }

// Len is the number of members, folders and duplicates included.
func (a *Archive) Len() int { return len(a.members) }

// Member is the i-th entry of the directory.
func (a *Archive) Member(i int) *Member { return &a.members[i] }

// All yields the members in the order of the directory, duplicates included.
func (a *Archive) All() func(yield func(int, *Member) bool) {
	return func(yield func(int, *Member) bool) {
		for i := range a.members {
			if !yield(i, &a.members[i]) {
				return
			}
		}
	}
}

// Lookup finds a member by its full name, that of [Archive.Rest] included. Of several with one name
// it is the last, as in Python, and one that is whole.
func (a *Archive) Lookup(name string) (*Member, bool) {
	m, ok := a.names()[name]
	return m, ok
}

func (a *Archive) index() map[string]*Member {
	names := make(map[string]*Member, len(a.members))
	for i := range a.members {
		names[a.members[i].Name] = &a.members[i]
	}
	if a.rest != nil {
		names[a.rest.Name] = a.rest
	}
	return names
}

// sorted lists the members by the offset of their local headers.
func (a *Archive) sorted() []*Member {
	order := make([]*Member, len(a.members))
	for i := range a.members {
		order[i] = &a.members[i]
	}
	byOffset := func(x, y *Member) int { return cmp.Compare(x.headerOffset, y.headerOffset) }
	if !slices.IsSortedFunc(order, byOffset) {
		slices.SortStableFunc(order, byOffset)
	}
	return order
}

// limit is where the next member, or the directory, begins: no byte of m may lie beyond. Of
// several members with one local header, only the last in the directory has any room.
func (a *Archive) limit(m *Member) int64 {
	if m.rest {
		return a.file.Size()
	}
	order := a.order()
	next, _ := slices.BinarySearchFunc(order, m.headerOffset, func(x *Member, off int64) int {
		if x.headerOffset <= off {
			return -1
		}
		return 1
	})
	if order[next-1] != m {
		return m.headerOffset
	}
	limit := a.file.Size()
	if m.headerOffset < a.end.start {
		limit = a.end.start
	}
	if next < len(order) {
		limit = min(limit, order[next].headerOffset)
	}
	return limit
}

// Changed returns an error that matches [ErrChanged] if the file no longer is what was opened.
func (a *Archive) Changed() error { return a.file.Changed() }

// Close waits until all that was lent out is released, and closes the file. Members must not be
// used afterwards. Closing twice is fine.
func (a *Archive) Close() error {
	err := a.file.Close()
	a.idle.clear()
	a.blocks.clear()
	return err
}

// workers is how many goroutines one call may use.
func (a *Archive) workers() int {
	if a.config.workers != 0 {
		return a.config.workers
	}
	return min(runtime.GOMAXPROCS(0), math.MaxInt32)
}
