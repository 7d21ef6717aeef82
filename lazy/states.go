package lazy

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
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
// blocks that are alone.
type states struct {
	parts    *Parts
	run      int64
	lo, hi   int64 // that are computed
	sections [][]byte
	open     []map[int64]*foldPart // per reducer, by cell
}

func newStates(p *Parts, run, lo, hi int64) *states {
	s := &states{parts: p, run: min(run, max(p.NumBlocks(), 1)), lo: lo, hi: hi}
	for range p.reducing() {
		s.sections, s.open = append(s.sections, make([]byte, 8)), append(s.open, map[int64]*foldPart{})
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
	if at := f.cells.role(i, lo, hi); !at.alone {
		if fold, err = f.join(s.open[k], at.cell, fold, at.last); err != nil || fold == nil {
			return err
		}
	}
	s.sections[k], err = f.encode(s.sections[k], fold)
	return err
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
		if at = f.cells.role(i, lo, hi); !at.alone && !at.last {
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
