package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/lazynpy/lazynpy/internal/parallel"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/zipseek"
)

// subject is an array that a verb looks at: in a file of its own, or a member of an archive.
type subject struct {
	name   string          // as it is named on the command line
	file   string          // that holds it
	zip    *lazy.Archive   // nil for a file of its own
	member *zipseek.Member // of zip
}

// open opens the array as the flags ask, and applies --field. The caller closes it.
func (s subject) open(c *cli) (*lazy.Array, error) {
	if s.zip == nil {
		return c.open(s.name)
	}
	a, err := s.zip.Array(s.member.Name)
	if err == nil {
		a, err = c.described(s.name, a)
	}
	if err == nil {
		a, err = c.fields(a)
	}
	return a, inFile(s.name, c.suggest(s.name, err))
}

// header reads the header, also of an array that cannot be read.
func (s subject) header(c *cli) (mmapnpy.Header, error) {
	var f *mmapnpy.File
	var err error
	if s.zip == nil {
		if err := c.reads(s.name); err != nil {
			return mmapnpy.Header{}, err
		}
		f, err = mmapnpy.Open(s.name, c.headerOptions()...)
	} else {
		f, err = s.zip.File(s.member.Name)
	}
	if err != nil {
		return mmapnpy.Header{}, inFile(s.name, err)
	}
	h := f.Header()
	return h, f.Close()
}

// headerOptions are what the flags ask of the reader of headers.
func (c *cli) headerOptions() []mmapnpy.Option {
	var opts []mmapnpy.Option
	if c.flags.lenient {
		opts = append(opts, mmapnpy.Lenient())
	}
	if c.flags.partial {
		opts = append(opts, mmapnpy.Partial())
	}
	return opts
}

// eachArray runs a verb on every array that the arguments name, also after one has failed: a file,
// a member as FILE.npz:KEY, or all arrays of FILE.npz.
func (c *cli) eachArray(paths []string, verb func(subject) error) error {
	return c.eachFile(paths, func(path string) error {
		file, key, named := lazy.SplitPath(path)
		if !named && !lazy.IsArchive(file) {
			return verb(subject{name: path, file: file})
		}
		z, err := c.openArchive(file)
		if err != nil {
			return err
		}
		defer z.Close()
		if named {
			m, err := z.Member(key)
			if err != nil {
				return err
			}
			return verb(subject{path, file, z, m})
		}
		members := arraysOf(z)
		if len(members) == 0 {
			return inFile(file, errors.New("there is no array in the archive"))
		}
		return each(c, members, func(m *zipseek.Member) error {
			return verb(subject{memberName(file, m), file, z, m})
		})
	})
}

// openArchive opens an archive as the flags ask.
func (c *cli) openArchive(path string) (*lazy.Archive, error) {
	if err := c.reads(path); err != nil {
		return nil, err
	}
	z, err := lazy.OpenArchive(path, c.flags.options()...)
	if err != nil {
		return nil, inFile(path, c.suggestPartial(path, err))
	}
	if cut := z.Zip().Cut(); cut != nil {
		c.note("%s", printable(cut.Error()))
	}
	return z, nil
}

// suggestPartial adds to an error about an archive that was cut off how many members of it can be
// read.
func (c *cli) suggestPartial(path string, err error) error {
	if !errors.Is(err, zipseek.ErrFormat) || c.flags.partial {
		return err
	}
	z, failed := zipseek.Open(path, zipseek.Partial(), zipseek.WithBackend(c.flags.backend.text))
	if failed != nil {
		return err
	}
	defer z.Close()
	switch {
	case z.Cut() == nil:
		return err
	case z.Len() == 0 && z.Rest() != nil:
		return fmt.Errorf("%w (what there is of %s can be read with --partial)", err, printable(z.Rest().Name))
	case z.Len() == 0:
		return err
	}
	return fmt.Errorf("%w (%s can be read with --partial)", err, counted(int64(z.Len()), "member", "members"))
}

// arraysOf lists the members that are arrays, or should be by their names, each name once.
func arraysOf(z *lazy.Archive) []*zipseek.Member {
	var members []*zipseek.Member
	for _, m := range z.Zip().All() {
		if !shadowed(m) && lazy.IsArray(m) {
			members = append(members, m)
		}
	}
	if rest := restOf(z); rest != nil {
		members = append(members, rest)
	}
	return members
}

// restOf is the array that an archive was cut off in, if its header is there.
func restOf(z *lazy.Archive) *zipseek.Member {
	rest := z.Zip().Rest()
	if rest == nil || !slices.Contains(z.Keys(), lazy.KeyOf(rest.Name)) {
		return nil
	}
	return rest
}

// shadowed reports whether a later member of the archive has the same name, so that this one is
// never read.
func shadowed(m *zipseek.Member) bool {
	last, _ := m.Archive().Lookup(m.Name)
	return last != m
}

// memberName names a member as the command line does.
func memberName(file string, m *zipseek.Member) string { return file + ":" + lazy.KeyOf(m.Name) }

// arrayName names the array that was opened.
func arrayName(a *lazy.Array) string {
	if a.Key() == "" {
		return a.Path()
	}
	return a.Path() + ":" + a.Key()
}

// maxAlignment is the largest alignment that is told: a page of memory.
const maxAlignment = 4096

// alignment is the largest power of two up to maxAlignment that divides an offset.
func alignment(offset int64) int64 { return (offset | maxAlignment) & -(offset | maxAlignment) }

// crcText is a checksum as everybody prints it.
func crcText(sum uint32) string {
	s := strconv.FormatUint(uint64(sum), 16)
	return strings.Repeat("0", 8-len(s)) + s
}

// innermost is the error about the content of a file that is the cause of all others in err.
func innermost(err error) (bad *zipseek.FormatError, ok bool) {
	for next, more := errors.AsType[*zipseek.FormatError](err); more; next, more = errors.AsType[*zipseek.FormatError](bad.Err) {
		bad, ok = next, true
	}
	return bad, ok
}

// bare is what an error says apart from the names of archive and member, and from an offset that is
// not one in the archive.
func bare(bad *zipseek.FormatError) string {
	b := *bad
	if b.Member == "" { // it is about the content of a member
		b.Offset = -1
	}
	b.Path, b.Member = "", ""
	return b.Error()
}

// workers is how many goroutines the flags allow.
func (c *cli) workers() int {
	if c.flags.workers != 0 {
		return int(c.flags.workers)
	}
	return runtime.GOMAXPROCS(0)
}

// parallel calls f with 0 to n-1, on as many goroutines as the flags allow. The first error ends
// it.
func (c *cli) parallel(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	return parallel.Each(ctx, c.workers(), int64(n), func(ctx context.Context, i int64) error { return f(ctx, int(i)) })
}

// keysOf completes arguments with the keys of an archive that were not given yet.
func keysOf(path string, given []string) []string {
	z, err := lazy.OpenArchive(path)
	if err != nil {
		return nil
	}
	defer z.Close()
	return slices.DeleteFunc(z.Keys(), func(key string) bool { return slices.Contains(given, key) || printable(key) != key })
}
