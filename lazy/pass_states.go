package lazy

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/arith"
)

// packed is what a task of a pass in parts has found: parts of folds, and what others have made of
// theirs.
type packed struct {
	parts []part
	crc   uint32
}

// encodedPart is the state of a part whose accumulators merge nowhere but in the whole.
type encodedPart []byte

func (encodedPart) tile([]byte, chunk.Region) error { panic("lazy: a part that was encoded") }

// pack encodes, beside other tasks, what takes a user's time.
func (p *pass) pack(_ chunk.Region, parts []part) (f packed, err error) {
	for k, j := range p.jobs {
		switch part := parts[k].(type) {
		case *outputPart:
			f.crc = part.crc
			continue
		case *foldPart:
		default:
			b, err := j.encode(nil, part)
			if err != nil {
				return f, err
			}
			parts[k] = encodedPart(b)
		}
		f.parts = append(f.parts, parts[k])
	}
	return f, nil
}

// states puts together the states of runs of blocks: of every reducer their length in 8 bytes,
// least significant first, and then those of its groups, each with its last block, and of the
// blocks that are alone. In place of the states of a cell that lies in the run as a whole are its
// outputs, finished, if they take no more.
type states struct {
	parts    *Parts
	run      int64
	lo, hi   int64 // that are computed
	sections [][]byte
	groups   []map[int64]*foldPart // that have begun, per reducer, by cell
	cells    []map[int64]*foldPart // and of cells that will be finished
}

func newStates(p *Parts, run, lo, hi int64) *states {
	s := &states{parts: p, run: min(run, max(p.NumBlocks(), 1)), lo: lo, hi: hi}
	for range p.reducing() {
		s.sections = append(s.sections, make([]byte, 8))
		s.groups, s.cells = append(s.groups, map[int64]*foldPart{}), append(s.cells, map[int64]*foldPart{})
	}
	return s
}

// add takes in what was found in the next block, and gives the state of its run with the last one.
func (s *states) add(i int64, parts []part) ([]byte, error) {
	if len(parts) == 0 {
		return nil, nil
	}
	lo := max(i/s.run*s.run, s.lo)
	hi := min(i/s.run*s.run+s.run, s.hi)
	for k, part := range parts {
		if err := s.addPart(k, i, lo, hi, part); err != nil {
			return nil, err
		}
	}
	if i < hi-1 {
		return nil, nil
	}
	size := 0
	for _, b := range s.sections {
		binary.LittleEndian.PutUint64(b, uint64(len(b)-8))
		size += len(b)
	}
	state := slices.Grow(s.sections[0], size-len(s.sections[0]))
	s.sections[0] = make([]byte, 8) // what was there is the caller's
	for k, b := range s.sections[1:] {
		state = append(state, b...)
		s.sections[k+1] = b[:8]
	}
	return state, nil
}

func (s *states) addPart(k int, i, lo, hi int64, p part) (err error) {
	j := s.parts.pass.jobs[k]
	fold, ok := p.(*foldPart)
	if !ok {
		s.sections[k] = append(s.sections[k], p.(encodedPart)...)
		return nil
	}
	f := j.(*foldJob)
	at := f.cells.role(i, lo, hi)
	if !at.alone {
		if fold, err = f.join(s.groups[k], at.cell, fold, at.last); err != nil || fold == nil {
			return err
		}
	}
	if !f.short || !at.whole {
		s.sections[k], err = f.encode(s.sections[k], fold)
		return err
	}
	if fold, err = f.join(s.cells[k], at.cell, fold, at.done); err != nil || fold == nil {
		return err
	}
	s.sections[k] = f.appendOutputs(s.sections[k], s.parts.Region(i), fold)
	return nil
}

// appendOutputs appends the finished outputs of a region, in C order, and takes the part back.
func (j *foldJob) appendOutputs(b []byte, r chunk.Region, p *foldPart) []byte {
	var shape []int64
	for d, reduced := range j.reduced {
		if !reduced {
			shape = append(shape, r.Shape[d])
		}
	}
	out := j.fold.result(shape)
	j.finish(out, r, chunk.COrder(len(j.order)), r, p.partial)
	j.pool.Put(p)
	return append(b, out.data...)
}

// takeOutputs is the reverse of appendOutputs, and returns what is behind the outputs.
func (j *foldJob) takeOutputs(b []byte, r chunk.Region) (rest []byte, err error) {
	size := j.outputBytes()
	n := arith.Times(j.outputsIn(r.Shape), size)
	if n > int64(len(b)) {
		return nil, io.ErrUnexpectedEOF
	}
	j.ready()
	j.eachRunIn(chunk.COrder(len(j.order)), r, func(at, from, n int64) {
		copy(j.out.data[at*size:(at+n)*size], b[from*size:])
	})
	return b[n:], nil
}

// mergeRun merges what add has given.
func (p *Parts) mergeRun(lo, hi int64, state []byte) error {
	for k, j := range p.reducing() {
		found, rest, ok := cutSized(state)
		if !ok {
			return io.ErrUnexpectedEOF
		}
		state = rest
		for i := lo; i < hi; i++ {
			var err error
			if found, err = p.mergeNext(j, i, lo, hi, found); err != nil {
				return p.pass.a.located(err, p.Region(i))
			}
		}
		if len(found) > 0 {
			return fmt.Errorf("%w: %d bytes too many of reduction %d", errState, len(found), k)
		}
	}
	if len(state) > 0 {
		return fmt.Errorf("%w: %d bytes too many", errState, len(state))
	}
	return nil
}

// mergeNext merges the state that comes with block i of the run lo to hi, if one does, and returns
// what is behind it.
func (p *Parts) mergeNext(j job, i, lo, hi int64, state []byte) (rest []byte, err error) {
	f, fold := j.(*foldJob)
	at := role{alone: true}
	if fold {
		at = f.cells.role(i, lo, hi)
		finished := f.short && at.whole
		switch {
		case finished && at.done:
			return f.takeOutputs(state, p.Region(i))
		case finished || !at.alone && !at.last:
			return state, nil
		}
	}
	r := p.Region(i)
	part, rest, err := j.decode(state, r)
	switch {
	case err != nil:
		return nil, err
	case at.alone:
		return rest, j.merge(i, r, part)
	}
	return rest, f.mergeGroup(at, r, part.(*foldPart))
}
