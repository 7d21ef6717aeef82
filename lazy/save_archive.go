package lazy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"slices"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/zipseek"
)

// Storable is what can be saved into an archive: an [*Array], a [*Result], or [Values].
type Storable interface {
	DType() mmapnpy.DType
	Shape() []int64

	// content yields the elements in C order, in memory that cannot fault.
	content(ctx context.Context) iter.Seq2[[]byte, error]
	// rules say what a file that is made of it may not replace.
	rules() []atomicfile.Option
}

// Entry is one array of an archive that is to be written.
type Entry struct {
	Key   string // the member is called Key and ".npy"
	Array Storable
}

// Entries lists the arrays of a map, sorted by key.
func Entries[S Storable](arrays map[string]S) []Entry {
	list := make([]Entry, 0, len(arrays))
	for _, key := range slices.Sorted(maps.Keys(arrays)) {
		list = append(list, Entry{key, arrays[key]})
	}
	return list
}

// ArchiveOption changes how the members of an archive are written; see [Compressed], and
// [zipseek.WriterOption] for the others.
type ArchiveOption = zipseek.WriterOption

// Compressed deflates the members, at a level from 1 to 9, or 0 for the default, 7. They stay
// seekable: an index is hidden in the archive that other readers do not see. Without it members are
// stored, aligned so that they are used in place.
func Compressed(level int) ArchiveOption { return zipseek.Compressed(level) }

// SaveArchive writes a .npz archive that NumPy reads, of arrays of any size, in bounded memory.
// Arrays are written in C order, and compressed on all cores. The archive appears whole under its
// name, or what was there stays. A key that could not be extracted ([zipseek.CheckPath]) is
// refused. What may be replaced is as for [Array.Save]: of an archive that is there nothing is
// left.
//
// It waits for whoever writes to the archive ([zipseek.WaitFor]). Members that others add from the
// call on are not lost: they go into the new archive, or SaveArchive returns an error that matches
// [zipseek.ErrReplaced].
func SaveArchive(ctx context.Context, path string, entries []Entry, opts ...ArchiveOption) error {
	rules, err := rulesOf(path, entries)
	if err != nil {
		return err
	}
	opts = waiting(ctx, opts)
	claim, err := zipseek.NewClaim(path, isOneOf(entries), opts...)
	if err != nil {
		return err
	}
	defer claim.Release()
	f, err := atomicfile.Create(path, append(rules, atomicfile.Replacing(claim.Allows))...)
	if err != nil {
		return err
	}
	defer f.Abort() // also when a user's function panics
	if err := fillArchive(ctx, f, path, entries, opts); err != nil {
		return f.Named(err)
	}
	return f.Named(claim.Place(f))
}

// waiting is options by which waiting for others ends with the context, unless they say otherwise.
func waiting(ctx context.Context, opts []ArchiveOption) []ArchiveOption {
	return slices.Insert(slices.Clone(opts), 0, zipseek.WaitFor(ctx, zipseek.DefaultWait, nil))
}

// readersOf are options that keep a new archive from having more readers than what it is made of.
func readersOf(entries []Entry) (opts []ArchiveOption) {
	for _, e := range entries {
		a, ok := e.Array.(*Array)
		if !ok {
			continue // in memory
		}
		for _, f := range a.files {
			if info, err := f.src.Stat(); err == nil {
				opts = append(opts, zipseek.Readers(info.Mode()))
			}
		}
	}
	return opts
}

// isOneOf tells the names of the members that entries become.
func isOneOf(entries []Entry) func(name string) bool {
	names := make(map[string]bool, len(entries))
	for _, e := range entries {
		names[e.Key+".npy"] = true
	}
	return func(name string) bool { return names[name] }
}

// fillArchive writes an archive into a file.
func fillArchive(ctx context.Context, f *atomicfile.File, path string, entries []Entry, opts []ArchiveOption) error {
	if _, err := rulesOf(path, entries); err != nil {
		return err
	}
	w, err := zipseek.NewWriter(f, path, opts...)
	if err != nil {
		return err
	}
	return addAll(ctx, w, entries)
}

// AppendArchive adds arrays to an existing archive, of which no byte is changed; with the option
// [zipseek.OrCreate] it makes one that does not exist. After an error, it is what it was. A key
// that it has already is refused.
//
// Those who add to one archive at once, in one process or in many, take turns ([zipseek.WaitFor]),
// also in making it. See [zipseek.Append] for what a process that is killed leaves.
func AppendArchive(ctx context.Context, path string, entries []Entry, opts ...ArchiveOption) error {
	rules, err := rulesOf(path, entries)
	if err == nil {
		err = atomicfile.Check(path, rules...)
	}
	if err != nil {
		return err
	}
	opts = append(waiting(ctx, opts), readersOf(entries)...)
	for {
		w, err := zipseek.Append(path, opts...)
		if err == nil {
			if err := addEach(ctx, w, entries); err != nil {
				return err
			}
			err = w.Close()
		}
		if !errors.Is(err, fs.ErrExist) {
			return err
		} // else somebody else has made the archive meanwhile
	}
}

// rulesOf are the rules of all entries of an archive.
func rulesOf(path string, entries []Entry) (rules []atomicfile.Option, err error) {
	for _, e := range entries {
		if e.Array == nil {
			return nil, fileerr.Errorf(path, "nothing to save under %q", e.Key)
		}
		if err := zipseek.CheckPath(e.Key + ".npy"); err != nil {
			return nil, fileerr.Errorf(path, "key %q: %w, and could not be extracted", e.Key, err)
		}
		rules = append(rules, e.Array.rules()...)
	}
	return rules, nil
}

// addAll adds the entries, and ends the writer.
func addAll(ctx context.Context, w *zipseek.Writer, entries []Entry) error {
	if err := addEach(ctx, w, entries); err != nil {
		return err
	}
	return w.Close()
}

// addEach adds the entries. An error, or a panic of a user's function, ends the writer.
func addEach(ctx context.Context, w *zipseek.Writer, entries []Entry) error {
	whole := false
	defer func() {
		if !whole {
			_ = w.Abort() // best effort
		}
	}()
	for _, e := range entries {
		if err := add(ctx, w, e); err != nil {
			return err
		}
	}
	whole = true
	return nil
}

// add writes one array as a member.
func add(ctx context.Context, w *zipseek.Writer, e Entry) error {
	t, shape := e.Array.DType(), e.Array.Shape()
	if t.HasObject() {
		return fmt.Errorf("%q: %w", e.Key, mmapnpy.ErrObject)
	}
	head, err := mmapnpy.EncodeHeader(mmapnpy.Header{DType: t, Shape: shape})
	if err != nil {
		return fmt.Errorf("%q: %w", e.Key, err)
	}
	size := int64(len(head)) + product(shape)*t.ItemSize()
	pieces := func(yield func([]byte, error) bool) {
		if !yield(head, nil) {
			return
		}
		for b, err := range e.Array.content(ctx) {
			if !yield(b, err) {
				return
			}
		}
	}
	return w.Add(ctx, e.Key+".npy", size, pieces)
}

func (a *Array) content(ctx context.Context) iter.Seq2[[]byte, error] { return a.copies(ctx) }

func (r *Result) content(context.Context) iter.Seq2[[]byte, error] { return onePiece(r.data) }
func (r *Result) rules() []atomicfile.Option                       { return nil }

func onePiece(b []byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) { yield(b, nil) }
}

// Values makes a [Storable] of elements in memory, as [mmapnpy.BufferOf] describes a slice. They
// must not change before they are saved.
func Values(b mmapnpy.Buffer) Storable { return values{b} }

type values struct{ buffer mmapnpy.Buffer }

func (v values) DType() mmapnpy.DType       { return v.buffer.DType }
func (v values) Shape() []int64             { return append([]int64{}, v.buffer.Shape...) }
func (v values) rules() []atomicfile.Option { return nil }

func (v values) content(context.Context) iter.Seq2[[]byte, error] { return v.buffer.Elements() }
