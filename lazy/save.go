package lazy

import (
	"context"
	"fmt"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// SaveOption changes how [Array.Save] writes; see [Order] and [Sync].
type SaveOption func(*saving) error

// saving is what the options of one call of Save have said.
type saving struct {
	order    byte
	unsynced bool
	place    func(place func() error) error
}

// Order says in which order the elements lie in the file, in NumPy's letters: "C" (the default),
// with the last index fastest; "F", with the first index fastest; "K", as the array lies in its own
// file, so that nothing is transposed: F if it lies in Fortran order, else C. "A" is the same as K.
func Order(order string) SaveOption {
	return func(s *saving) error {
		switch order {
		case "C", "F", "K":
			s.order = order[0]
		case "A":
			s.order = 'K'
		default:
			return fmt.Errorf("order %q (want C, F, A or K)", order)
		}
		return nil
	}
}

// Sync says whether Save waits until the file is on disk, which is the default. Without it the file
// has its name sooner, still only when it is whole, but if the machine stops within the next half
// minute, it may be short, or what it replaces be lost. Space is then not reserved either.
func Sync(durable bool) SaveOption {
	return func(s *saving) error {
		s.unsynced = !durable
		return nil
	}
}

// Placing has f give the file its place, by calling place once: what belongs to the file, and must
// not lie beside another one, can change before and after that. The file is complete then, and on
// disk unless [Sync] says otherwise. Its error is that of Save.
func Placing(f func(place func() error) error) SaveOption {
	return func(s *saving) error {
		s.place = f
		return nil
	}
}

// Save writes the array as a .npy file, in C order if no option says otherwise, with the dtype it
// has here. Elements are read or computed, and written, by all workers, within the memory budget;
// Progress sees them.
//
// The write is atomic: the file appears whole under its name and is on disk ([Sync]), or what was
// there stays. Space is reserved first, so that a full disk is an error at once. A save that is
// cancelled ends within one piece of 4 MiB per worker, and like one that fails leaves nothing
// behind.
//
// A file that is there is replaced, whatever it is, and keeps its owner and permissions. Saving
// over a file that is being read is refused, by whatever name; so are a file that is
// write-protected, the name of a sidecar of another file, and that of a member of an archive
// ("scan.npz:x"). A new file has no more readers than the files that are read.
//
// Where the order of the file is not that in which the elements are read, they are transposed in
// blocks that take most of the budget: the larger it is, the longer are the runs that are read and
// written. Files that would take more than an eighth of the machine's memory do not stay in the
// page cache.
func (a *Array) Save(ctx context.Context, path string, opts ...SaveOption) error {
	s := saving{order: 'C'}
	for _, o := range opts {
		if o == nil {
			continue // an option that was left out
		}
		if err := o(&s); err != nil {
			return err
		}
	}
	f, err := atomicfile.Create(path, a.rules()...)
	if err != nil {
		return err
	}
	defer f.Abort() // also when a user's function panics
	if err := a.fill(ctx, f, path, s); err != nil {
		return f.Named(err)
	}
	place := f.Commit
	if s.unsynced {
		place = f.CommitUnsynced
	}
	if s.place == nil {
		return place()
	}
	if !s.unsynced { // now, and not between the two
		if err := f.Sync(); err != nil {
			return f.Named(err)
		}
	}
	return s.place(place)
}

// fill writes the array into a file.
func (a *Array) fill(ctx context.Context, f *atomicfile.File, path string, s saving) error {
	order, fortran := a.fileOrder(s.order)
	head, err := mmapnpy.EncodeHeader(mmapnpy.Header{DType: a.DType(), Shape: a.Shape(), FortranOrder: fortran})
	if err != nil {
		return fileerr.New(path, err)
	}
	if a.DType().HasObject() {
		return fileerr.New(path, mmapnpy.ErrObject)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	t, err := newTarget(f.File, head, a.NBytes(), s.unsynced)
	if err != nil {
		return err
	}
	if a.NBytes() > 0 {
		err = a.write(ctx, t, order)
	}
	if err != nil {
		return err
	}
	return a.changed()
}

// write chooses the way through the elements. Where a piece of the file needs few elements beyond
// those that are read with it, pieces are made one by one, and else in blocks.
func (a *Array) write(ctx context.Context, t *target, order []int) error {
	if mixed(a.node.shape(), a.node.order(), order)*elemSize(a.node) <= savePiece/4 {
		return a.writePieces(ctx, t, order)
	}
	return a.writeBlocks(ctx, t, order)
}

// fileOrder is the order of the axes in a file, slowest first, for a letter of NumPy's, and what
// the header is to say: NumPy says Fortran order only where that is not C order as well.
func (a *Array) fileOrder(letter byte) (order []int, fortran bool) {
	n := a.NDim()
	shape := a.node.shape()
	order = chunk.FOrder(n)
	if sameOrder(shape, order, chunk.COrder(n)) || slices.Contains(shape, 0) {
		return chunk.COrder(n), false
	}
	if letter == 'F' || letter == 'K' && sameOrder(shape, order, a.node.order()) {
		return order, true
	}
	return chunk.COrder(n), false
}

// FortranOrder reports whether the elements are read in Fortran order, which is not C order as
// well: whether [Array.Save] would write them so with [Order] "K".
func (a *Array) FortranOrder() bool {
	_, fortran := a.fileOrder('K')
	return fortran
}

// sameOrder reports whether two orders of axes are one but for axes of length one.
func sameOrder(shape []int64, x, y []int) bool { return mixed(shape, x, y) == 1 }

// mixed is how many elements lie together in both orders, but not in the same order: the product of
// the axes from the fastest to the slowest one that has another place. It is 1 for the same order.
func mixed(shape []int64, x, y []int) int64 {
	long := func(order []int) []int {
		var out []int
		for _, d := range order {
			if shape[d] != 1 {
				out = append(out, d)
			}
		}
		return out
	}
	x, y = long(x), long(y)
	for i := range x {
		if x[i] != y[i] {
			return product(inOrder(shape, x[i:]))
		}
	}
	return 1
}

// rules say what a file that is made of a may not replace: a file that a reads from, by whatever
// name, through links, hard or symbolic, or another mount of the same file system.
func (a *Array) rules() []atomicfile.Option {
	var rules []atomicfile.Option
	for _, f := range a.files {
		rules = append(rules, atomicfile.Apart(f.is))
		if info, err := f.src.Stat(); err == nil {
			rules = append(rules, atomicfile.Readers(info.Mode()))
		}
	}
	return rules
}
