package inflate

// The headers of blocks, RFC 1951 section 3.2.3 to 3.2.7.

// codes is what is known of the codes of a dynamic block while its header is being read.
type codes struct {
	numLit, numDist, numLen int
	i                       int                     // how many code lengths are known
	lenLens                 [numLenSyms]uint8       // of the code of the code lengths
	lens                    [maxLens + maxRun]uint8 // of the other two codes, one behind the other
}

const (
	maxLitSyms  = 286 // that a header may define
	maxDistSyms = 30
	numLenSyms  = 19
	maxLens     = maxLitSyms + maxDistSyms
	maxRun      = 138
)

// lenOrder is the order of the lengths of the code of the code lengths.
var lenOrder = [numLenSyms]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// startBlock reads what kind of block follows.
func (r *run) startBlock() {
	d := r.d
	if d.moved && r.n >= r.boundary {
		d.moved = false
		r.stop(AtBlock)
		return
	}
	if !r.need(3) {
		return
	}
	d.moved = true
	d.final = r.take(1) == 1
	switch r.take(2) {
	case 0:
		r.take(d.held & 7)
		d.phase = storedSize
	case 1:
		d.tables.buildFixed()
		d.phase = symbols
	case 2:
		d.phase = codeCounts
	default:
		r.corrupt("reserved kind of block")
	}
}

// endBlock goes on behind a block.
func (r *run) endBlock() {
	r.d.phase = blockStart
	if r.d.final {
		r.d.phase = streamEnd
	}
}

func (r *run) readStoredSize() {
	if !r.need(32) {
		return
	}
	d := r.d
	size, inverse := r.take(16), r.take(16)
	if size != inverse^0xffff {
		r.corrupt("size of a stored block does not match its complement")
		return
	}
	// What is held are whole bytes, and of this src: more than what was held before has been used.
	r.pos -= int(d.held / 8)
	d.buf, d.held = 0, 0
	d.stored = int(size)
	d.phase = storedData
}

func (r *run) copyStored() {
	d := r.d
	n := min(d.stored, len(r.dst)-r.n)
	n = copy(r.dst[r.n:r.n+n], r.src[r.pos:])
	r.n += n
	r.pos += n
	d.stored -= n
	switch {
	case d.stored == 0:
		r.endBlock()
	case r.n == len(r.dst):
		r.stop(NeedOutput)
	default:
		r.stop(NeedInput)
	}
}

func (r *run) readCounts() {
	if !r.need(5 + 5 + 4) {
		return
	}
	c := &r.d.codes
	c.numLit = int(r.take(5)) + 257
	c.numDist = int(r.take(5)) + 1
	c.numLen = int(r.take(4)) + 4
	if c.numLit > maxLitSyms || c.numDist > maxDistSyms {
		r.corrupt("too many codes")
		return
	}
	c.i = 0
	c.lenLens = [numLenSyms]uint8{}
	r.d.phase = lengthCode
}

func (r *run) readLengthCode() {
	c := &r.d.codes
	for ; c.i < c.numLen; c.i++ {
		if !r.need(3) {
			return
		}
		c.lenLens[lenOrder[c.i]] = uint8(r.take(3))
	}
	if !r.d.tables.buildLen(&c.lenLens) {
		r.corrupt("code of the code lengths is not complete")
		return
	}
	c.i = 0
	r.d.phase = codeLengths
}

// readLengths reads the lengths of both codes as one sequence, in which runs may pass from one code
// to the other.
func (r *run) readLengths() {
	d := r.d
	c := &d.codes
	total := c.numLit + c.numDist
	i := c.i
	buf, held := d.buf, d.held
	for i < total {
		if held < 7+7 {
			d.buf, d.held = buf, held
			r.refill()
			buf, held = d.buf, d.held
		}
		e := uint(d.tables.len[buf&lenMask])
		used, sym := e&7, e>>3
		if used == 0 {
			r.corrupt("undefined code of a code length")
			return
		}
		if sym < 16 && used <= held {
			buf >>= used
			held -= used
			c.lens[i] = uint8(sym)
			i++
			continue
		}
		run := &runs[sym&3]
		if used+run.extra > held {
			r.stop(NeedInput)
			break
		}
		var l uint8
		if sym == 16 {
			if i == 0 {
				r.corrupt("repetition of no code length")
				return
			}
			l = c.lens[i-1]
		}
		count := run.least + int(buf>>used&(1<<run.extra-1))
		buf >>= used + run.extra
		held -= used + run.extra
		for j := range count {
			c.lens[i+j] = l
		}
		i += count
	}
	d.buf, d.held, c.i = buf, held, i
	switch {
	case r.stopped:
	case i > total:
		r.corrupt("too many code lengths")
	default:
		r.buildTables()
	}
}

// runs tells the extra bits and the shortest length of the runs 16, 17 and 18.
var runs = [4]struct {
	extra uint
	least int
}{{2, 3}, {3, 3}, {7, 11}, {}}

func (r *run) buildTables() {
	d := r.d
	c := &d.codes
	switch {
	case !d.tables.buildDist(c.lens[c.numLit : c.numLit+c.numDist]):
		r.corrupt("distance code is not complete")
	case !d.tables.buildLit(c.lens[:c.numLit]):
		r.corrupt("literal and length code is not complete")
	default:
		d.phase = symbols
	}
}
