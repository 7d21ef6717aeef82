package inflate

// WindowSize is how far back a match can reach: 32 KiB.
const WindowSize = 32 << 10

// Stop says why [Decoder.Decode] returned.
type Stop uint8

// What stops Decode.
const (
	NeedInput  Stop = iota // all of src was taken; more is needed to go on
	NeedOutput             // dst is full and the stream goes on
	AtBlock                // at the start of a block, at or after the boundary asked for
	End                    // the final block has ended
)

// A Decoder decodes one stream, or a part of it that begins where a block does. The zero Decoder
// is ready to decode a stream from its beginning.
type Decoder struct {
	buf  uint64 // bits taken from the input and not used yet, the next one lowest
	held uint   // how many they are

	phase phase
	final bool  // the block is the last one
	moved bool  // something was decoded since Reset or the last stop at a block
	skip  uint8 // bits to drop from the first byte
	taken int64 // bytes of input before the call
	err   error // what is wrong with the data; it stays

	stored         int // bytes of a stored block still to come
	length, offset int // a match: bytes still to come, and how far back they are

	tables tables
	codes  codes
}

// phase is what comes next in the input.
type phase uint8

const (
	blockStart  phase = iota // the three bits before a block
	storedSize               // LEN and NLEN of a stored block
	storedData               // its bytes
	codeCounts               // HLIT, HDIST and HCLEN of a dynamic block
	lengthCode               // the code of the code lengths
	codeLengths              // the code lengths
	symbols                  // literals and matches
	match                    // no input: the rest of a match
	streamEnd                // nothing
)

// Reset makes d begin at the start of a block, bit (0..7) bits into the first byte of the src of
// the next Decode.
func (d *Decoder) Reset(bit uint8) {
	d.buf, d.held = 0, 0
	d.phase, d.final, d.moved = blockStart, false, false
	d.skip, d.taken, d.err = bit&7, 0, nil
}

// Bits is the number of bits that were taken from src and are not used yet. The position in the
// stream is 8*(all bytes taken) - Bits, once a byte was taken.
func (d *Decoder) Bits() uint { return d.held }

// Decode decodes src to dst[n:]. dst[:n] is what was decoded before and, behind the last
// [WindowSize] bytes of hist, what matches may refer to. It returns n advanced by what it wrote,
// the number of bytes that it took from src, and why it stopped.
//
// It stops at the first start of a block where n >= boundary, though never where it began: not
// before the first block after Reset, and not twice at the same place. len(dst)+1 is a boundary
// that is never reached.
//
// To go on, call Decode with src[nin:] or what follows it, and with any dst and hist that hold the
// same bytes: what was written can be moved to hist. After AtBlock and End fewer than 8 bits are
// held, and a new Decoder that is Reset to that bit of that byte goes on in the same way. After
// NeedOutput fewer than 8 bits are held, or no more than before the call; NeedOutput is returned
// only if there is another byte to write. After NeedInput more bits may be held. Data that end
// too early are no error: the caller knows that there are no more.
//
// An error is a *[CorruptError], and remains until Reset.
func (d *Decoder) Decode(dst []byte, n int, hist, src []byte, boundary int) (nout, nin int, stop Stop, err error) {
	if d.err != nil {
		return n, 0, NeedInput, d.err
	}
	if len(hist) > WindowSize {
		hist = hist[len(hist)-WindowSize:]
	}
	r := run{d: d, dst: dst, hist: hist, src: src, n: n, boundary: boundary}
	if d.skip > 0 && len(src) > 0 {
		d.buf, d.held, d.skip = uint64(src[0]>>d.skip), 8-uint(d.skip), 0
		r.pos = 1
	}
	for !r.stopped {
		r.step()
	}
	r.giveBack()
	d.taken += int64(r.pos)
	return r.n, r.pos, r.why, d.err
}

// run is the state of one call of Decode.
type run struct {
	d              *Decoder
	dst, hist, src []byte
	n, pos         int // dst[:n] is written, src[:pos] is taken
	boundary       int
	stopped        bool
	why            Stop
}

// stop ends the call.
func (r *run) stop(why Stop) { r.stopped, r.why = true, why }

// corrupt ends the call and the stream.
func (r *run) corrupt(msg string) {
	r.stop(NeedInput)
	r.d.err = &CorruptError{Offset: r.d.taken + int64(r.pos) - int64(r.d.held/8), Msg: msg}
}

// step does what is next. It does all of it, or changes nothing and stops, so that a call can end
// anywhere; only loops over many like things remember how far they came.
func (r *run) step() {
	switch r.d.phase {
	case blockStart:
		r.startBlock()
	case storedSize:
		r.readStoredSize()
	case storedData:
		r.copyStored()
	case codeCounts:
		r.readCounts()
	case lengthCode:
		r.readLengthCode()
	case codeLengths:
		r.readLengths()
	case symbols:
		r.decodeSymbols()
	case match:
		r.copyMatch()
	case streamEnd:
		r.stop(End)
	}
}

// refill takes as much of src as fits: at least 56 bits are held, or src is empty.
func (r *run) refill() {
	d := r.d
	if len(r.src)-r.pos >= 8 {
		d.buf |= load64(viewOf(r.src), r.pos) << (d.held & 63)
		r.pos += int(7 - d.held>>3&7)
		d.held |= 56
		return
	}
	for d.held < 56 && r.pos < len(r.src) {
		d.buf |= uint64(r.src[r.pos]) << d.held
		r.pos++
		d.held += 8
	}
}

// need reports whether n bits (up to 56) are held, and stops if src has not so many.
func (r *run) need(n uint) bool {
	if r.d.held >= n {
		return true
	}
	r.refill()
	if r.d.held >= n {
		return true
	}
	r.stop(NeedInput)
	return false
}

// take removes n bits that are held and returns them.
func (r *run) take(n uint) uint {
	d := r.d
	v := uint(d.buf & (1<<n - 1))
	d.buf >>= n
	d.held -= n
	return v
}

// giveBack returns whole bytes to src if the position in the stream must be exact, and drops what
// refill may have left above the bits that are held.
func (r *run) giveBack() {
	d := r.d
	if r.why != NeedInput {
		back := min(int(d.held/8), r.pos)
		r.pos -= back
		d.held -= 8 * uint(back)
	}
	d.buf &= 1<<d.held - 1
}
