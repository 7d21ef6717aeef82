package inflate

// decodeSymbols decodes literals and matches: fast as long as both src and dst have room to spare,
// else one by one.
func (r *run) decodeSymbols() {
	if len(r.src)-r.pos >= srcMargin && len(r.dst)-r.n >= dstMargin {
		if r.d.tables.paired {
			r.fastPairs()
		} else {
			r.fast()
		}
		if r.stopped || r.d.phase != symbols {
			return
		}
	}
	for !r.stopped && r.d.phase == symbols {
		r.symbol()
	}
}

// symbol decodes a literal, a match or the end of the block. It uses only bits that are there, and
// uses them only if it can do all there is to do.
func (r *run) symbol() {
	r.refill()
	d := r.d
	buf := d.buf
	used := uint(0)
	e := d.tables.lit[buf&litMask]
	if e&isLink != 0 {
		used = litBits
		e = d.tables.lit[linked(e, buf>>litBits)&(litSize-1)]
	}
	code := used + uint(e>>8&15)
	total := used + uint(e&0xff)
	switch {
	case code > d.held:
		r.stop(NeedInput)
	case e&isEnd != 0:
		r.take(code)
		r.endBlock()
	case e&isSpecial != 0:
		r.corrupt("undefined literal or length")
	case r.n == len(r.dst):
		r.stop(NeedOutput)
	case e&isLiteral != 0:
		r.take(code)
		r.dst[r.n] = byte(e >> 16)
		r.n++
	default:
		r.matchSymbol(int(e>>16)+extra(e, buf>>used), total)
	}
}

// matchSymbol decodes the distance of a match, which follows bits that are not removed yet. What is
// to be copied comes next.
func (r *run) matchSymbol(length int, used uint) {
	d := r.d
	buf := d.buf >> used
	e := d.tables.dist[buf&distMask]
	if e&isLink != 0 {
		used += distBits
		buf >>= distBits
		e = d.tables.dist[linked(e, buf)&(distSize-1)]
	}
	switch {
	case used+uint(e&0xff) > d.held:
		r.stop(NeedInput)
		return
	case e&isSpecial != 0:
		r.corrupt("undefined distance")
		return
	}
	r.take(used + uint(e&0xff))
	d.length, d.offset = length, int(e>>16)+extra(e, buf)+1
	d.phase = match
}

// linked is the index of the entry in a secondary table that e links to.
func linked(e uint32, buf uint64) uint32 {
	return e>>16 + uint32(buf)&(1<<(e>>8&15)-1)
}

// extra is the value of the extra bits of e in buf, which begins with the code.
func extra(e uint32, buf uint64) int {
	return int(buf & (1<<(e&63) - 1) >> (e >> 8 & 15))
}

// copyMatch copies what is left of a match, as far as dst has room.
func (r *run) copyMatch() {
	d := r.d
	if d.offset > r.n+len(r.hist) {
		r.corrupt("match refers to before the beginning")
		return
	}
	for d.length > 0 {
		if r.n == len(r.dst) {
			r.stop(NeedOutput)
			return
		}
		from := r.dst[:r.n]
		if back := d.offset - r.n; back > 0 {
			from = r.hist[len(r.hist)-back:]
		} else {
			from = from[-back:]
		}
		// No more than what is there: a match may overlap what it writes.
		n := copy(r.dst[r.n:], from[:min(len(from), d.length)])
		r.n += n
		d.length -= n
	}
	d.phase = symbols
}
