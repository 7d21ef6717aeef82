package lazy

import (
	"context"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/arith"
	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Reduction is a reducer and the path of the .npy file that takes its result.
type Reduction struct {
	Reducer Reducer
	Path    string
}

// RunToFiles is [Run] with results that go to files. One that would take more than a quarter of the
// memory budget is not held, but written as it is found, each part of it from all elements that it
// needs; so results of any size can be made of arrays of any size. Those of detectors, and of
// reducers that a user wrote with [NewReducer], are always held.
//
// Files appear whole, and all of them or none as far as errors before the first appears go; they
// replace what has their names as [Array.Save] does. They are in C order, or, where a result is not
// held and the array's elements lie in Fortran order, in that. The headers are of what was written,
// in the order of the reductions.
//
// Values are those of Run, but for the last bits of sums of floats where outputs of one block are
// not held and the array's own chunks cut the axes that are reduced.
func RunToFiles(ctx context.Context, a *Array, reductions ...Reduction) ([]mmapnpy.Header, error) {
	var files []*atomicfile.File
	defer func() {
		for _, f := range files {
			f.Abort()
		}
	}()
	for _, r := range reductions {
		f, err := atomicfile.Create(r.Path, a.rules()...)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	headers, err := a.reduceTo(ctx, reductions, files)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if err := f.Sync(); err != nil {
			return nil, f.Named(err)
		}
	}
	for _, f := range files {
		if err := f.Commit(); err != nil {
			return nil, err
		}
	}
	return headers, nil
}

// reduceTo fills the files: those whose results are held in one pass, and the others in a pass for
// each choice of axes.
func (a *Array) reduceTo(ctx context.Context, reductions []Reduction, files []*atomicfile.File) ([]mmapnpy.Header, error) {
	headers := make([]mmapnpy.Header, len(reductions))
	var held []Reducer
	var heldAt []int
	var streamed []*foldJob
	for i, r := range reductions {
		j, err := r.Reducer.job(a, a.node.order())
		if err != nil {
			return nil, err
		}
		if f, ok := j.(*foldJob); ok && f.streams() {
			if f.sink, headers[i], err = newResultFile(f, files[i]); err != nil {
				return nil, files[i].Named(err)
			}
			streamed = append(streamed, f)
			continue
		}
		held, heldAt = append(held, r.Reducer), append(heldAt, i)
	}
	results, err := Run(ctx, a, held...)
	if err != nil {
		return nil, err
	}
	for k, r := range results {
		i := heldAt[k]
		headers[i] = mmapnpy.Header{DType: r.dtype, Shape: r.Shape()}
		if err := mmapnpy.Write(files[i], r.Buffer()); err != nil {
			return nil, files[i].Named(err)
		}
	}
	for len(streamed) > 0 {
		var jobs []job
		rest := streamed[:0:0]
		for _, f := range streamed {
			if slices.Equal(f.reduced, streamed[0].reduced) {
				jobs = append(jobs, f)
			} else {
				rest = append(rest, f)
			}
		}
		if err := a.stream(ctx, jobs); err != nil {
			return nil, err
		}
		streamed = rest
	}
	return headers, nil
}

// stream makes a pass whose results go to files as they are found.
func (a *Array) stream(ctx context.Context, jobs []job) error {
	p, err := passOf(a, jobs, max(a.config.chosenMemory()/16, partialBytes), false)
	if err != nil {
		return err
	}
	return p.run(ctx)
}

// streams reports whether the result is better written as it is found than held.
func (j *foldJob) streams() bool {
	return j.derive == nil && j.reducedLen() > 0 && j.keptLen() > 1 &&
		arith.Times(j.keptLen(), j.outputBytes()+j.fold.stateSize()) > j.a.config.chosenMemory()/4
}

// resultFile is the .npy file of a result that is not held.
type resultFile struct {
	job   *foldJob
	t     *target
	order []int // of the axes in the file
	item  int64 // bytes of one output
}

// newResultFile writes the header, and gives the file its length.
func newResultFile(j *foldJob, f *atomicfile.File) (*resultFile, mmapnpy.Header, error) {
	none := j.fold.result([]int64{0})
	r := &resultFile{job: j, order: chunk.COrder(len(j.order)), item: j.outputBytes()}
	h := mmapnpy.Header{DType: none.dtype}
	for d, n := range j.a.node.shape() {
		if !j.reduced[d] {
			h.Shape = append(h.Shape, n)
		}
	}
	if fortran := chunk.FOrder(len(j.order)); len(none.shape) == 1 &&
		!sameOrder(j.keptShape(), j.order, r.order) && sameOrder(j.keptShape(), j.order, fortran) {
		r.order, h.FortranOrder = fortran, true
	}
	h.Shape = append(h.Shape, none.shape[1:]...)
	head, err := mmapnpy.EncodeHeader(h)
	if err != nil {
		return nil, h, err
	}
	if r.t, err = newTarget(f.File, head, arith.Times(j.keptLen(), r.item), false); err != nil {
		return nil, h, err
	}
	return r, h, r.t.put(head, 0)
}

// write finishes the outputs of a region and writes them to their places.
func (r *resultFile) write(region chunk.Region, p partial) (err error) {
	j := r.job
	out := j.fold.result([]int64{j.outputsIn(region.Shape)})
	j.finish(out, region, r.order, region, p)
	j.eachRunIn(r.order, region, func(at, from, n int64) {
		if err == nil {
			err = r.t.put(out.data[from*r.item:(from+n)*r.item], r.t.base()+at*r.item)
		}
	})
	return err
}
