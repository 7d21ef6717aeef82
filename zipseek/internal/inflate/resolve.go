package inflate

import "encoding/binary"

// Len is the number of bytes of output.
func (s *Speculation) Len() int { return len(s.marked)/2 + len(s.Bytes) }

// Resolve writes the output to dst, which must have room for Len bytes. window is what comes before
// it: [WindowSize] bytes, or fewer at the beginning of a stream; a reference to before them is an
// error.
func (s *Speculation) Resolve(dst, window []byte) error {
	n := len(s.marked) / 2
	if err := resolve(dst[:n], s.marked, window); err != nil {
		return err
	}
	copy(dst[n:n+len(s.Bytes)], s.Bytes)
	return nil
}

// Window writes to dst the end of window and output together: what is the window of the block at
// End. It returns how many bytes these are, at most len(dst) and WindowSize. Where the output is
// longer than that, it costs no more. dst and window must not overlap.
func (s *Speculation) Window(dst, window []byte) (int, error) {
	if len(window) > WindowSize {
		window = window[len(window)-WindowSize:]
	}
	size := min(len(dst), WindowSize, s.Len()+len(window))
	rest := dst[:size]
	tail := s.Bytes[max(0, len(s.Bytes)-len(rest)):]
	copy(rest[len(rest)-len(tail):], tail)
	rest = rest[:len(rest)-len(tail)]

	marked := s.marked[max(0, len(s.marked)-2*len(rest)):]
	n := len(marked) / 2
	if err := resolve(rest[len(rest)-n:], marked, window); err != nil {
		return 0, err
	}
	rest = rest[:len(rest)-n]
	copy(rest, window[len(window)-len(rest):])
	return size, nil
}

// resolve replaces markers by bytes of the window.
func resolve(dst, marked, window []byte) error {
	if len(dst) == 0 {
		return nil
	}
	if len(window) > WindowSize {
		window = window[len(window)-WindowSize:]
	}
	if len(window) == WindowSize {
		resolveWhole(dst, marked, (*[WindowSize]byte)(window))
		return nil
	}
	missing := WindowSize - len(window)
	for i := range dst {
		v := binary.LittleEndian.Uint16(marked[2*i:])
		if v < isMarker {
			dst[i] = byte(v)
			continue
		}
		at := int(v&^isMarker) - missing
		if at < 0 {
			return errWindow
		}
		dst[i] = window[at]
	}
	return nil
}

// resolveWhole is resolve for a window that is complete: every unit is an index of a table.
func resolveWhole(dst, marked []byte, window *[WindowSize]byte) {
	var table [1 << 16]byte
	for i := range 256 {
		table[i] = byte(i)
	}
	copy(table[isMarker:], window[:])
	for len(dst) >= 4 && len(marked) >= 8 {
		v := binary.LittleEndian.Uint64(marked)
		lo := uint32(table[uint16(v)]) | uint32(table[uint16(v>>16)])<<8
		hi := uint32(table[uint16(v>>32)]) | uint32(table[v>>48])<<8
		binary.LittleEndian.PutUint32(dst, lo|hi<<16)
		dst, marked = dst[4:], marked[8:]
	}
	for i := range dst {
		dst[i] = table[binary.LittleEndian.Uint16(marked[2*i:])]
	}
}

// References decodes [WindowSize] bytes, or what there is up to the end of the stream, from the
// start of a block at bit (0..7) of the first byte of src. It sets bit i%64 of used[i/64] for every
// byte i of the window that they refer to; window[WindowSize-1] is the byte before the block.
// Nothing behind them can refer to the window. It reports false if src ended before, or is corrupt.
func (s *Speculator) References(src []byte, bit uint8, used *[WindowSize / 64]uint64) bool {
	s.spec = Speculation{Blocks: s.spec.Blocks[:0]}
	r := s.begin(src, int64(bit&7))
	stop, err := s.decodeMarked(&r, 1<<62, WindowSize-1)
	if err != nil || stop == cut {
		return false
	}
	*used = [WindowSize / 64]uint64{}
	for i := 2 * WindowSize; i < min(s.n, 4*WindowSize); i += 2 {
		if v := binary.LittleEndian.Uint16(s.units[i:]); v >= isMarker {
			i := v &^ isMarker
			used[i/64] |= 1 << (i % 64)
		}
	}
	return true
}
