package journal

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var (
	planA = [32]byte{0: 0xa1, 15: 0xaf, 31: 1}
	planB = [32]byte{0: 0xb1, 15: 0xbf, 31: 1}
)

// rawFrame is a frame as the table in doc.go has it, made without the code under test.
type rawFrame struct {
	kind       byte
	generation uint32
	plan       [32]byte
	portion    uint64
	crc        uint32
	seconds    uint32
	payload    []byte
}

func sum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(0x82f63b78)) }

// seal puts the right checksum into a header.
func seal(b []byte) { binary.LittleEndian.PutUint32(b[60:64], sum(b[:60])) }

func (f rawFrame) bytes() []byte {
	b := append([]byte("lnpyjrn1"), f.kind, 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, f.generation)
	b = append(b, f.plan[:16]...)
	b = binary.LittleEndian.AppendUint64(b, f.portion)
	b = binary.LittleEndian.AppendUint32(b, f.crc)
	b = binary.LittleEndian.AppendUint32(b, sum(f.payload))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(f.payload)))
	b = binary.LittleEndian.AppendUint32(b, f.seconds)
	b = append(b, 0, 0, 0, 0)
	seal(b)
	return append(b, f.payload...)
}

// attemptFrame and the others are frames of plan A.
func attemptFrame(host string) rawFrame {
	return rawFrame{kind: 'A', plan: planA, seconds: 100, payload: []byte(`{"host":"` + host + `","pid":7,"index":2,"round":1}`)}
}

func done(portion, generation int) rawFrame {
	payload := []byte(strings.Repeat(string(rune('a'+portion%26)), portion%9))
	return rawFrame{kind: 'P', plan: planA, portion: uint64(portion), generation: uint32(generation),
		crc: uint32(portion) * 2654435761, seconds: 200, payload: payload}
}

func revoked(portion, generation int) rawFrame {
	return rawFrame{kind: 'R', plan: planA, portion: uint64(portion), generation: uint32(generation), seconds: 300}
}

func ended(reason string) rawFrame {
	return rawFrame{kind: 'E', plan: planA, seconds: 400, payload: []byte(`{"reason":"` + reason + `"}`)}
}

func join(frames ...rawFrame) (b []byte) {
	for _, f := range frames {
		b = append(b, f.bytes()...)
	}
	return b
}

// fact is what a model knows of a record.
type fact struct {
	file       string
	off        int64
	crc, pcrc  uint32
	length     uint64
	generation uint32
	seconds    uint32
}

// model is a slow and plain reading of a directory's journals, to compare a Log with.
type model struct {
	facts     map[int64][]fact
	lowest    map[int64]uint32
	records   map[string]int64
	torn      map[string]bool
	reason    map[string]string
	host      map[string]string
	journals  []string // that are shown
	conflicts map[int64]bool
}

func newModel(files map[string][]byte, plan [32]byte, portions int64) *model {
	m := &model{facts: map[int64][]fact{}, lowest: map[int64]uint32{}, records: map[string]int64{}, torn: map[string]bool{},
		reason: map[string]string{}, host: map[string]string{}, conflicts: map[int64]bool{}}
	for name, b := range files {
		m.read(name, b, plan, uint64(portions))
	}
	slices.Sort(m.journals)
	for p, all := range m.facts {
		for _, f := range all {
			if f.crc != all[0].crc || f.pcrc != all[0].pcrc || f.length != all[0].length {
				m.conflicts[p] = true
			}
		}
	}
	return m
}

func (m *model) read(name string, b []byte, plan [32]byte, portions uint64) {
	ours, at, le := false, 0, binary.LittleEndian
	m.host[name] = "unknown"
	for at < len(b) && m.reason[name] == "" {
		h := b[at:]
		if len(h) < 64 || string(h[:8]) != "lnpyjrn1" || le.Uint32(h[60:]) != sum(h[:60]) {
			break
		}
		length, behind := le.Uint64(h[48:]), uint64(0)
		if known := h[9] == 0 && h[10] == 0 && h[11] == 0; h[8] != 'S' || !known {
			behind = length // else the payload was taken away
		}
		if behind > uint64(len(h)-64) {
			break
		}
		payload := h[64 : 64+behind]
		f := fact{name, int64(at), le.Uint32(h[40:]), le.Uint32(h[44:]), length, le.Uint32(h[12:]), le.Uint32(h[56:])}
		portion, first := le.Uint64(h[32:]), at == 0
		at += 64 + int(behind)
		if string(h[16:32]) != string(plan[:16]) || h[9] != 0 || h[10] != 0 || h[11] != 0 {
			continue
		}
		inRange := portion < portions && f.generation <= MaxGeneration && length <= MaxPayload
		switch h[8] {
		case 'A':
			if first {
				m.host[name] = readable(payload, f.pcrc, `"host":"`)
			}
		case 'E':
			m.reason[name] = readable(payload, f.pcrc, `"reason":"`)
		case 'P', 'S':
			if inRange {
				m.facts[int64(portion)] = append(m.facts[int64(portion)], f)
				m.records[name]++
			}
		case 'R':
			if inRange {
				m.lowest[int64(portion)] = max(m.lowest[int64(portion)], f.generation)
			}
		case 'C':
		default:
			continue
		}
		ours = true
	}
	m.torn[name] = at < len(b) && m.reason[name] == ""
	if ours || at == 0 && len(b) >= 8 && string(b[:8]) == "lnpyjrn1" {
		m.journals = append(m.journals, name)
	}
}

// readable is the value behind key in JSON that the tests write, or "unknown".
func readable(payload []byte, crc uint32, key string) string {
	_, rest, found := strings.Cut(string(payload), key)
	value, _, closed := strings.Cut(rest, `"`)
	if !found || !closed || value == "" || sum(payload) != crc {
		return "unknown"
	}
	return value
}

// best is the record of a portion that counts.
func (m *model) best(portion int64) (fact, bool) {
	all := slices.Clone(m.facts[portion])
	slices.SortFunc(all, func(a, b fact) int {
		for _, c := range []int{
			int(b.generation) - int(a.generation), int(int64(a.seconds) - int64(b.seconds)),
			strings.Compare(a.file, b.file), int(a.off - b.off),
		} {
			if c != 0 {
				return c
			}
		}
		return 0
	})
	if len(all) == 0 || all[0].generation < m.lowest[portion] {
		return fact{}, false
	}
	return all[0], true
}

// check compares a log with the model of the same files.
func (m *model) check(t testing.TB, l *Log, portions int64) {
	t.Helper()
	var count, records int64
	for p := range portions {
		want, ok := m.best(p)
		got, there := l.Entry(p)
		if there != ok || l.Done(p) != ok || l.Generation(p) != m.lowest[p] {
			t.Fatalf("portion %d: done %v, generation %d, want %v, %d", p, there, l.Generation(p), ok, m.lowest[p])
		}
		records += int64(len(m.facts[p]))
		if len(m.facts[p]) > 0 {
			records--
		}
		if !ok {
			continue
		}
		count++
		if got.File != want.file || l.slots[p].offset != want.off || got.CRC != want.crc || got.PayloadCRC != want.pcrc ||
			got.PayloadLen != int64(want.length) || got.Generation != want.generation || got.Time.Unix() != int64(want.seconds) ||
			got.Attempt.Host != m.host[want.file] {
			t.Fatalf("portion %d: %+v, want %+v", p, got, want)
		}
	}
	if l.NumDone() != count || l.Duplicates() != records {
		t.Fatalf("%d done, %d duplicates; want %d, %d", l.NumDone(), l.Duplicates(), count, records)
	}
	if (l.Conflict() != nil) != (len(m.conflicts) > 0) {
		t.Fatalf("conflict %v, want %v", l.Conflict(), m.conflicts)
	}
	m.checkAttempts(t, l)
}

// checkDone compares what a log says of portions that may have been borrowed.
func (m *model) checkDone(t testing.TB, l *Log, portions int64) {
	t.Helper()
	count := int64(0)
	for p := range portions {
		_, ok := m.best(p)
		if l.Done(p) != ok || l.Generation(p) != m.lowest[p] {
			t.Fatalf("portion %d: done %v, generation %d, want %v, %d; borrowed %v", p, l.Done(p), l.Generation(p), ok, m.lowest[p], l.lent)
		}
		if ok {
			count++
		}
	}
	if l.NumDone() != count || l.note != "" {
		t.Fatalf("%d done, want %d; %s", l.NumDone(), count, l.note)
	}
}

func (m *model) checkAttempts(t testing.TB, l *Log) {
	t.Helper()
	var shown []string
	for _, s := range l.Attempts() {
		shown = append(shown, s.File)
		reason := ""
		if s.End != nil {
			reason = s.End.Reason
		}
		if s.Portions != m.records[s.File] || s.Torn != m.torn[s.File] || reason != m.reason[s.File] ||
			s.Attempt.Host != m.host[s.File] {
			t.Fatalf("%+v; want %d records, torn %v, reason %q, host %q", s, m.records[s.File], m.torn[s.File],
				m.reason[s.File], m.host[s.File])
		}
	}
	if !slices.Equal(shown, m.journals) {
		t.Fatalf("journals %q, want %q", shown, m.journals)
	}
}

// mustLog is a log of plan A, closed when the test ends.
func mustLog(t testing.TB, dir string, portions int64) *Log {
	t.Helper()
	l, err := OpenLog(dir, planA, portions)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// fresh is a log that has read everything at once.
func fresh(t testing.TB, dir string, portions int64) *Log {
	t.Helper()
	l := mustLog(t, dir, portions)
	refresh(t, l)
	return l
}

func refresh(t testing.TB, l *Log) {
	t.Helper()
	if err := l.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// put makes b the content of a file of a directory, in place: ext4 waits for the disk when a file
// is made empty and written anew.
func put(t testing.TB, dir, name string, b []byte) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE, 0o600)
	must(t, err)
	_, err = f.Write(b)
	must(t, errors.Join(err, f.Truncate(int64(len(b))), f.Close()))
}

// newWriter is a writer of plan A, closed when the test ends.
func newWriter(t testing.TB, dir string, a Attempt) *Writer {
	t.Helper()
	w, err := Create(dir, planA, a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
