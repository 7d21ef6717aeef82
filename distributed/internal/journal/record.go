package journal

import "fmt"

// record is one record of a portion, as a log keeps it.
type record struct {
	offset     int64 // of the frame in its file
	crc        uint32
	payloadCRC uint32
	// of the payload, at most MaxPayload, and stripped if it is not there any more
	length     uint32
	generation uint32
	seconds    uint32
	file       uint32 // its place in Log.files, from 1; 0 says that there is no record
}

// stripped says in the length of a payload that it was removed.
const stripped = 1 << 31

// payloadLen is how long the payload is, or was.
func (r record) payloadLen() int64 { return int64(r.length &^ stripped) }

// slot is what is known of a portion.
type slot struct {
	record
	lowest uint32 // the lowest generation that counts
}

func (s *slot) done() bool { return s.file != 0 && s.generation >= s.lowest }

// agrees says whether two records of a portion say the same.
func (r record) agrees(o record) bool {
	return r.crc == o.crc && r.payloadCRC == o.payloadCRC && r.payloadLen() == o.payloadLen()
}

// addRecord takes the record that is frame h of f, at off.
func (l *Log) addRecord(f *journalFile, h header, off int64) {
	if h.portion >= uint64(len(l.slots)) || h.generation > MaxGeneration || h.length > MaxPayload {
		return
	}
	s := &l.slots[h.portion]
	n := record{
		offset: off, crc: h.crc, payloadCRC: h.payloadCRC, length: uint32(h.length),
		generation: h.generation, seconds: h.seconds, file: f.number,
	}
	if h.kind == kindStripped {
		n.length |= stripped
	}
	f.records++
	if s.file == lentFile { // nothing is known of it that could be compared
		if n.generation >= s.generation {
			l.change(s, slot{record: n, lowest: s.lowest})
		}
		return
	}
	if s.file == 0 {
		l.change(s, slot{record: n, lowest: s.lowest})
		return
	}
	l.duplicates++
	if l.conflict == nil && !s.agrees(n) {
		l.conflict = &ConflictError{Portion: int64(h.portion), A: l.entry(s.record), B: l.entry(n)}
	}
	if l.before(n, s.record) {
		l.change(s, slot{record: n, lowest: s.lowest})
	}
}

// addRevoke takes the frame h of f, which revokes.
func (l *Log) addRevoke(f *journalFile, h header) {
	if h.portion >= uint64(len(l.slots)) || h.generation > MaxGeneration {
		return
	}
	f.revokes++
	s := &l.slots[h.portion]
	l.change(s, slot{record: s.record, lowest: max(s.lowest, h.generation)})
}

// change replaces what is known of a portion, and keeps count.
func (l *Log) change(s *slot, to slot) {
	if s.done() {
		l.done--
	}
	*s = to
	if s.done() {
		l.done++
	}
}

// before orders the records of a portion, whatever order they were read in: the first one is kept.
func (l *Log) before(a, b record) bool {
	switch {
	case a.generation != b.generation:
		return a.generation > b.generation
	case a.seconds != b.seconds:
		return a.seconds < b.seconds
	case a.file != b.file:
		return l.files[a.file-1].name < l.files[b.file-1].name
	}
	return a.offset < b.offset
}

// ConflictError says that a portion was computed twice with different results.
type ConflictError struct {
	Portion int64
	A, B    Entry
}

// Error names the portion, both attempts and both journals.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("portion %d was computed twice with different results: %s; and %s", e.Portion, e.A, e.B)
}

// String describes the entry in a message.
func (e Entry) String() string {
	return fmt.Sprintf("output CRC-32C %08x, payload of %d bytes with CRC-32C %08x, generation %d, by %s, in %s",
		e.CRC, e.PayloadLen, e.PayloadCRC, e.Generation, e.Attempt, e.File)
}
