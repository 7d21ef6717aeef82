package journal

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"time"
)

const (
	magic      = "lnpyjrn1"
	headerSize = 64
)

// The kinds of frames.
const (
	kindAttempt  = 'A'
	kindPortion  = 'P'
	kindStripped = 'S'
	kindRevoke   = 'R'
	kindEnd      = 'E'
	kindClaim    = 'C'
	kindNone     = 0 // what this version cannot know the meaning of
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// planKey is how much of a plan's id a frame has.
type planKey [16]byte

func keyOf(plan [32]byte) planKey { return planKey(plan[:16]) }

// header is what is before a payload.
type header struct {
	kind       byte
	generation uint32
	plan       planKey
	portion    uint64
	crc        uint32 // of the output
	payloadCRC uint32
	length     uint64 // of the payload
	seconds    uint32 // since 1970
}

// encode returns the header's bytes.
func (h header) encode() (b [headerSize]byte) {
	copy(b[:], magic)
	b[8] = h.kind
	binary.LittleEndian.PutUint32(b[12:], h.generation)
	copy(b[16:], h.plan[:])
	binary.LittleEndian.PutUint64(b[32:], h.portion)
	binary.LittleEndian.PutUint32(b[40:], h.crc)
	binary.LittleEndian.PutUint32(b[44:], h.payloadCRC)
	binary.LittleEndian.PutUint64(b[48:], h.length)
	binary.LittleEndian.PutUint32(b[56:], h.seconds)
	binary.LittleEndian.PutUint32(b[60:], checksum(b[:60]))
	return b
}

// decode reads a header, and says whether b is one.
func decode(b []byte) (h header, ok bool) {
	if len(b) < headerSize || string(b[:8]) != magic || binary.LittleEndian.Uint32(b[60:]) != checksum(b[:60]) {
		return header{}, false
	}
	h = header{
		kind:       b[8],
		generation: binary.LittleEndian.Uint32(b[12:]),
		plan:       planKey(b[16:32]),
		portion:    binary.LittleEndian.Uint64(b[32:]),
		crc:        binary.LittleEndian.Uint32(b[40:]),
		payloadCRC: binary.LittleEndian.Uint32(b[44:]),
		length:     binary.LittleEndian.Uint64(b[48:]),
		seconds:    binary.LittleEndian.Uint32(b[56:]),
	}
	if b[9]|b[10]|b[11] != 0 {
		h.kind = kindNone // a later version gave them a meaning
	}
	return h, true
}

// end is where the frame at off ends, if it is complete in a file of size bytes.
func (h header) end(off, size int64) (int64, bool) {
	room := size - off - headerSize
	switch {
	case room < 0:
		return 0, false
	case h.kind == kindStripped:
		return off + headerSize, true
	case h.length > uint64(room):
		return 0, false
	}
	return off + headerSize + int64(h.length), true
}

// seconds is t as a header has it.
func seconds(t time.Time) uint32 { return uint32(min(max(t.Unix(), 0), math.MaxUint32)) }

// moment is what a header has, as a time.
func moment(seconds uint32) time.Time { return time.Unix(int64(seconds), 0).UTC() }
