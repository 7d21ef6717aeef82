package distributed

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/lazynpy/lazynpy/distributed/internal/journal"
	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/lazy"
)

// portion is what is recorded of one: the state of its blocks, and the CRC-32C of the CRCs of what
// they have written.
type portion struct {
	number     int64
	generation uint32 // when it was begun
	payload    []byte
	crc        uint32
}

// add takes in the next block. Without an output the CRC is 0, and without reductions there are no
// states.
func (p *portion) add(s lazy.BlockState, plan *Plan) {
	if plan.Output != nil {
		p.crc = addCRC(p.crc, s.CRC)
	}
	if len(plan.Reduce) > 0 {
		p.payload = s.State // that of all of them, with the last block
	}
}

// checkPayload returns an error if a record is longer than the states of its blocks can be, before
// anything is read of it.
func (p *Plan) checkPayload(parts *lazy.Parts, log *journal.Log, number int64) error {
	from, to := p.Portion(number)
	e, ok := log.Entry(number)
	if !ok || e.PayloadLen <= parts.MaxState(to-from, p.PortionBlocks) {
		return nil
	}
	return fileerr.Errorf(e.File, "portion %d: a record of %d bytes, more than the states of its blocks can take", number, e.PayloadLen)
}

// addCRC adds the checksum of the next block to that of a portion.
func addCRC(portion, block uint32) uint32 {
	return crc32.Update(portion, castagnoli, binary.LittleEndian.AppendUint32(nil, block))
}

// merge merges the state of a portion.
func (p *Plan) merge(parts *lazy.Parts, number int64, payload []byte) error {
	if len(p.Reduce) == 0 {
		return nil
	}
	from, to := p.Portion(number)
	return parts.Merge(from, to, payload)
}
