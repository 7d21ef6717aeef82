package inflate

import (
	"errors"
	"slices"
)

// Decoding without the history, in two stages, as in pugz (Kerbiriou and Chikhi, 2019) and
// rapidgzip (Knespel and Brunst, 2023): first with units of 16 bits, which are a byte or say which
// byte of the unknown window belongs there; later, when the window is known, those are replaced.
// As soon as matches can reach nothing but known bytes, the ordinary decoder goes on.

// A Boundary is where a block begins.
type Boundary struct {
	Bit int64 // position of its header in the input
	Out int64 // bytes of output before it
}

// A Speculation is the output of decoding from the start of a block without the [WindowSize] bytes
// before it. It belongs to its Speculator, until the next Speculate.
type Speculation struct {
	// Start is the position in bits where it began. A stored block can begin at any bit from Start
	// to Last with the same result; else Last is Start.
	Start, Last int64

	// End is where decoding stopped: the start of a block, or the end of the stream if Final.
	End   int64
	Final bool

	// Blocks are the starts of all its blocks, the first of which is {Start, 0}.
	Blocks []Boundary

	// Bytes is the last part of the output, which refers to nothing unknown.
	Bytes []byte

	// marked is the part before it: two bytes each, little-endian, that are the value of a byte, or
	// isMarker and the index of a byte of the window.
	marked []byte
}

const isMarker = 1 << 15

var (
	errNoBlock   = errors.New("input ends before the first block does")
	errBlockSize = errors.New("output of the first block is larger than was asked for")
	errWindow    = errors.New("corrupt DEFLATE data: match refers to before the beginning")
)

// A Speculator decodes without the history. It belongs to one goroutine at a time. It keeps its
// buffers, which are at most about four times the largest maxOut; the zero Speculator is ready.
type Speculator struct {
	d    Decoder
	spec Speculation

	units  []byte // the window, and what was decoded behind it, as in Speculation.marked
	n      int    // bytes of units that are written
	dirty  int    // units[dirty:n] has no marker
	bytes  []byte
	window [WindowSize]byte
}

// Speculate decodes from the start of a block at the bit start of src, until the first start of a
// block at or after the bit until, or the end of the stream. It stops at an earlier start of a
// block if its output would be larger than maxOut, or if src ends within a block; not one whole
// block is an error. What is found at start need not be a block of the stream: only the caller can
// know, by coming to this bit from before it. The result is valid until the next call.
func (s *Speculator) Speculate(src []byte, start, until int64, maxOut int) (*Speculation, error) {
	s.spec = Speculation{Start: start, Last: lastStart(src, start), Blocks: s.spec.Blocks[:0]}
	r := s.begin(src, start)
	stop, err := s.decodeMarked(&r, until, maxOut)
	if err == nil && stop == clean {
		stop, err = s.decodeBytes(&r, until, maxOut)
	}
	if err != nil {
		return nil, err
	}
	return s.finish(stop)
}

// outcome is how a stage of Speculate ended.
type outcome uint8

const (
	clean    outcome = iota // the last WindowSize bytes have no marker
	reached                 // at a start of a block that is far enough
	complete                // at the end of the stream
	cut                     // src ended
	full                    // there would be too much output
)

// begin prepares s to decode from the bit start of src.
func (s *Speculator) begin(src []byte, start int64) run {
	if len(s.units) < 2*WindowSize {
		s.units = slices.Grow(s.units[:0], 4*WindowSize)[:2*WindowSize]
		for i := range WindowSize {
			store16(viewOf(s.units), 2*i, isMarker|uint16(i))
		}
	}
	s.n, s.dirty = 2*WindowSize, 2*WindowSize
	s.bytes = s.bytes[:0]
	s.d.Reset(0)
	// A boundary that is never reached: decodeMarked looks for itself.
	r := run{d: &s.d, src: src, boundary: 1 << 30, pos: int(start / 8)}
	if bit := uint(start & 7); bit > 0 && r.pos < len(src) {
		s.d.buf, s.d.held = uint64(src[r.pos]>>bit), 8-bit
		r.pos++
	}
	return r
}

// size is the number of bytes that were decoded.
func (s *Speculator) size() int { return s.n/2 - WindowSize + len(s.bytes) }

// at is the position of r in bits.
func (r *run) at() int64 { return 8*int64(r.pos) - int64(r.d.held) }

// arrive notes the start of a block, or finds that it is far enough.
func (s *Speculator) arrive(bit int64, until int64) bool {
	if len(s.spec.Blocks) > 0 && bit >= until {
		s.spec.End = bit
		return true
	}
	s.spec.Blocks = append(s.spec.Blocks, Boundary{Bit: bit, Out: int64(s.size())})
	return false
}

// decodeMarked is the first stage.
func (s *Speculator) decodeMarked(r *run, until int64, maxOut int) (outcome, error) {
	d := r.d
	checked := s.n
	for {
		if s.size() > maxOut {
			return full, nil
		}
		if s.n-checked >= WindowSize {
			checked = s.n
			if s.lastMarker(); s.n-s.dirty >= 2*WindowSize {
				return clean, nil
			}
		}
		switch d.phase {
		case blockStart:
			if s.arrive(r.at(), until) {
				return reached, nil
			}
			r.step()
		case symbols:
			s.decodeUnits(r)
		case match:
			s.copyUnits(d.offset, d.length)
			d.phase = symbols
		case storedData:
			s.storedUnits(r)
		case streamEnd:
			s.spec.End, s.spec.Final = r.at(), true
			return complete, nil
		default:
			r.step()
		}
		if d.err != nil {
			return full, d.err
		}
		if r.stopped {
			return cut, nil
		}
	}
}

// lastMarker moves dirty to behind the last marker.
func (s *Speculator) lastMarker() {
	const all = isMarker | isMarker<<16 | isMarker<<32 | isMarker<<48
	i := s.n
	for ; i-8 >= s.dirty; i -= 8 {
		if load64(viewOf(s.units), i-8)&all != 0 {
			break
		}
	}
	for ; i > s.dirty && s.units[i-1]&0x80 == 0; i -= 2 {
	}
	s.dirty = i
}

// decodeUnits decodes symbols to units: many if there is much input left, else one.
func (s *Speculator) decodeUnits(r *run) {
	const round = WindowSize + unitMargin
	s.units = slices.Grow(s.units[:s.n], round)[:s.n+round]
	if len(r.src)-r.pos >= srcMargin {
		s.fastUnits(r)
		return
	}
	var one [1]byte
	r.dst, r.n = one[:], 0
	r.symbol()
	if r.n == 1 {
		store16(viewOf(s.units), s.n, uint16(one[0]))
		s.n += 2
	}
}

// copyUnits copies a match.
func (s *Speculator) copyUnits(offset, length int) {
	s.units = slices.Grow(s.units[:s.n], 2*length)[:s.n+2*length]
	for range 2 * length {
		s.units[s.n] = s.units[s.n-2*offset]
		s.n++
	}
}

// storedUnits copies what src has of a stored block.
func (s *Speculator) storedUnits(r *run) {
	n := min(r.d.stored, len(r.src)-r.pos)
	s.units = slices.Grow(s.units[:s.n], 2*n)[:s.n+2*n]
	for i, b := range r.src[r.pos : r.pos+n] {
		store16(viewOf(s.units), s.n+2*i, uint16(b))
	}
	s.n += 2 * n
	r.pos += n
	r.d.stored -= n
	if r.d.stored == 0 {
		r.endBlock()
		return
	}
	r.stop(NeedInput)
}

// decodeBytes is the second stage.
func (s *Speculator) decodeBytes(r *run, until int64, maxOut int) (outcome, error) {
	for i := range s.window {
		s.window[i] = s.units[s.n-2*WindowSize+2*i]
	}
	r.stop(NeedOutput)
	r.giveBack()
	d, pos := r.d, r.pos
	d.moved = true // a block that begins here was not noted yet
	limit := maxOut - s.size()
	dst, n := s.bytes[:0], 0
	for {
		m, used, stop, err := d.Decode(dst[:min(cap(dst), limit+1)], n, s.window[:], r.src[pos:], 0)
		n, pos = m, pos+used
		s.bytes = dst[:n]
		switch {
		case err != nil:
			return full, err
		case n > limit:
			return full, nil
		case stop == AtBlock:
			if s.arrive(8*int64(pos)-int64(d.Bits()), until) {
				return reached, nil
			}
		case stop == End:
			s.spec.End, s.spec.Final = 8*int64(pos)-int64(d.Bits()), true
			return complete, nil
		case stop == NeedInput:
			return cut, nil
		case stop == NeedOutput:
			dst = slices.Grow(dst[:n], min(max(n, WindowSize), limit-n+1))
		}
	}
}

// finish makes the result, which ends with the last whole block.
func (s *Speculator) finish(stop outcome) (*Speculation, error) {
	p := &s.spec
	p.marked, p.Bytes = s.units[2*WindowSize:s.n], s.bytes
	if stop == reached || stop == complete {
		return p, nil
	}
	last := p.Blocks[len(p.Blocks)-1]
	p.Blocks = p.Blocks[:len(p.Blocks)-1]
	if len(p.Blocks) == 0 {
		if stop == full {
			return nil, errBlockSize
		}
		return nil, errNoBlock
	}
	p.End = last.Bit
	if marked := len(p.marked) / 2; int(last.Out) < marked {
		p.marked, p.Bytes = p.marked[:2*last.Out], p.Bytes[:0]
	} else {
		p.Bytes = p.Bytes[:int(last.Out)-marked]
	}
	return p, nil
}
