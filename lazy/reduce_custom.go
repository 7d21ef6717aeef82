package lazy

import (
	"errors"
	"fmt"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Accumulator is what one task of a pass has found. It belongs to one goroutine at a time.
type Accumulator interface {
	// Block takes in a part of the array: the elements of b.Region, in the byte order of this
	// machine. Parts come in storage order and are as small as the cache of a processor, unless
	// [Accumulators] ask for whole frames; b.Index is the block of the plan in which the part
	// begins. The elements are borrowed until Block returns, and are not to be written to.
	Block(b Block) error

	// Merge takes in an accumulator of another part of the array, which New of the same
	// [Accumulators] has made and which is not used any more.
	Merge(other Accumulator) error

	// To be computed in [Parts], an accumulator must also be an [encoding.BinaryMarshaler] and an
	// [encoding.BinaryUnmarshaler]. UnmarshalBinary is called on one that New has made for the same
	// region. What is marshaled is stored for every block: unlike those of a [Fold], accumulators
	// are not merged before, since only that of the whole array must have room for what others
	// have found. Larger blocks have fewer of them.
}

// Accumulators is a reducer of a user's own at work on one array. An error of its functions, or
// a panic, ends the pass with a [FuncError] that names the block.
type Accumulators struct {
	// New makes an empty accumulator for a region of the array. It is called for every task, on
	// several goroutines, and once for the whole array: into that one all others are merged, one
	// after another in the order of the plan.
	New func(r chunk.Region) (Accumulator, error)

	// Finish makes the result. [NewResult] does, from a slice.
	Finish func(whole Accumulator) (*Result, error)

	// WholeSignal asks for frames that are not cut: every Block then has the signal axes at full
	// length, and a number of scan positions. A frame that does not fit the memory budget is
	// an error of [Run].
	WholeSignal bool

	// Size is the memory in bytes of an accumulator for a region of the given shape, which
	// counts in the memory budget. Default: nothing.
	Size func(shape []int64) int64
}

// NewReducer is a reducer that a user wrote, for what [NewFold] cannot do: what can fail, needs
// to know where elements lie, or looks at frames as a whole. start is called by every [Run]
// with the array. The reducer may share a pass with any others.
//
// Floating-point results are the same with any number of workers as long as Block and Merge
// depend on nothing but what they are given.
func NewReducer(name string, start func(a *Array) (Accumulators, error)) Reducer {
	return Reducer{name: name, newJob: func(a *Array, order []int) (job, error) {
		if start == nil {
			return nil, errors.New("a reducer without a start function")
		}
		var acc Accumulators
		err := callUser(func() (err error) {
			acc, err = start(a)
			return err
		})
		if err != nil {
			return nil, err
		}
		if acc.New == nil || acc.Finish == nil {
			return nil, errors.New("accumulators need New and Finish")
		}
		return &userJob{name: name, a: a, order: order, acc: acc, dtype: toNative(a.node).dtype()}, nil
	}}
}

// NewResult makes a result of the given shape from its elements in C order. The shape is as that of
// [mmapnpy.BufferOf]: one dimension if none is given, none if it is an empty slice. It keeps the
// slice. [mmapnpy.DTypeOf] says which T are possible.
func NewResult[T any](values []T, shape ...int64) (*Result, error) {
	b, err := mmapnpy.BufferOf(values, shape...)
	if err != nil {
		return nil, err
	}
	return &Result{dtype: b.DType, shape: b.Shape, data: b.Data}, nil
}

// userJob is a user's reducer in a pass.
type userJob struct {
	name  string
	a     *Array
	order []int
	acc   Accumulators
	dtype mmapnpy.DType
	whole Accumulator // what all others merge into; nil until there is one
}

func (j *userJob) computes() bool    { return false }
func (j *userJob) wholeSignal() bool { return j.acc.WholeSignal }
func (j *userJob) start(*tasks)      {}

func (j *userJob) memory() int64 { return j.stateBytes(j.a.node.shape()) }

func (j *userJob) stateBytes(shape []int64) int64 {
	if j.acc.Size == nil {
		return 0
	}
	size := int64(0)
	err := callUser(func() error {
		size = max(j.acc.Size(shape), 0)
		return nil
	})
	if err != nil {
		return 0 // New is asked about the same region, and can say what is wrong
	}
	return size
}

// make is an accumulator for a region of its own.
func (j *userJob) make(r chunk.Region) (acc Accumulator, err error) {
	err = callUser(func() (err error) {
		if acc, err = j.acc.New(r); err == nil && acc == nil {
			err = errors.New("no accumulator from New")
		}
		return err
	})
	return acc, err
}

func (j *userJob) begin(r chunk.Region) (part, error) {
	acc, err := j.make(r.Clone())
	return &userPart{j, acc}, err
}

func (j *userJob) merge(_ int64, _ chunk.Region, p part) error {
	if err := j.ready(); err != nil {
		return err
	}
	return callUser(func() error { return j.whole.Merge(p.(*userPart).acc) })
}

func (j *userJob) encode(b []byte, p part) ([]byte, error) {
	err := callUser(func() (err error) {
		b, err = appendSized(b, func(b []byte) ([]byte, error) { return appendMarshaled(b, p.(*userPart).acc) })
		return err
	})
	return b, err
}

func (j *userJob) decode(b []byte, r chunk.Region) (_ part, rest []byte, err error) {
	p, err := j.begin(r)
	if err != nil {
		return nil, nil, err
	}
	state, rest, ok := cutSized(b)
	if !ok {
		return nil, nil, fmt.Errorf("%w: it ends too soon", errState)
	}
	return p, rest, callUser(func() error { return unmarshal(state, p.(*userPart).acc) })
}

// ready makes the accumulator for the whole array.
func (j *userJob) ready() (err error) {
	if j.whole == nil {
		j.whole, err = j.make(chunk.Whole(j.a.node.shape()))
	}
	return err
}

func (j *userJob) result() (r *Result, err error) {
	if err = j.ready(); err == nil {
		err = callUser(func() (err error) {
			if r, err = j.acc.Finish(j.whole); err == nil && r == nil {
				err = errors.New("no result from Finish")
			}
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", j.name, err)
	}
	return r, nil
}

// userPart is a user's accumulator in one task.
type userPart struct {
	job *userJob
	acc Accumulator
}

func (p *userPart) tile(x []byte, r chunk.Region) error {
	r = r.Clone() // the region is the pass's, and changes with the next tile
	b := Block{Index: p.job.a.plan.BlockOf(r.Start), Region: r, buffer: mmapnpy.Buffer{
		Data: x, DType: p.job.dtype, Shape: r.Shape, Strides: gaplessStrides(r.Shape, p.job.dtype.ItemSize(), p.job.order)}}
	return callUser(func() error { return p.acc.Block(b) })
}
