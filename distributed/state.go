package distributed

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"github.com/lazynpy/lazynpy/distributed/internal/journal"
	"github.com/lazynpy/lazynpy/lazy"
)

// portion is what is recorded of one: the states of its blocks, each behind its length in 8 bytes, least
// significant first, and the CRC-32C of the CRCs of what they have written.
type portion struct {
	number  int64
	payload []byte
	crc     uint32
}

// add takes in the next block. Without an output the CRC is 0, and without reductions there are no states.
func (p *portion) add(s lazy.BlockState, plan *Plan) {
	if plan.Output != nil {
		p.crc = addCRC(p.crc, s.CRC)
	}
	if len(plan.Reduce) > 0 {
		p.payload = binary.LittleEndian.AppendUint64(p.payload, uint64(len(s.State)))
		p.payload = append(p.payload, s.State...)
	}
}

// checkPayload returns an error if a record is longer than the states of its blocks can be, before anything is read of it.
func (p *Plan) checkPayload(parts *lazy.Parts, log *journal.Log, number int64) error {
	from, to := p.Portion(number)
	e, ok := log.Entry(number)
	most := parts.MaxState()
	if !ok || most == math.MaxInt64 || e.PayloadLen/max(to-from, 1) <= 8+most {
		return nil
	}
	return fmt.Errorf("distributed: %s: portion %d: a record of %d bytes, more than the states of its blocks can take", e.File, number, e.PayloadLen)
}

// addCRC adds the checksum of the next block to that of a portion.
func addCRC(portion, block uint32) uint32 {
	return crc32.Update(portion, castagnoli, binary.LittleEndian.AppendUint32(nil, block))
}

// merge merges the states of the blocks of a portion.
func (p *Plan) merge(parts *lazy.Parts, number int64, payload []byte) error {
	if len(p.Reduce) == 0 {
		return nil
	}
	from, to := p.Portion(number)
	for i := from; i < to; i++ {
		if len(payload) < 8 || uint64(len(payload)-8) < binary.LittleEndian.Uint64(payload) {
			return fmt.Errorf("portion %d: state of block %d: %w", number, i, io.ErrUnexpectedEOF)
		}
		n := 8 + int(binary.LittleEndian.Uint64(payload))
		if err := parts.Merge(i, payload[8:n]); err != nil {
			return err
		}
		payload = payload[n:]
	}
	if len(payload) > 0 {
		return fmt.Errorf("portion %d: %d bytes behind its last block", number, len(payload))
	}
	return nil
}
