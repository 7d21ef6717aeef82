package journal

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// repair makes the checksums of a chain of headers right, so that what fuzzing makes of their
// fields is looked at.
func repair(b []byte) {
	for len(b) >= headerSize {
		copy(b, magic)
		seal(b)
		length := binary.LittleEndian.Uint64(b[48:])
		if length > uint64(len(b)-headerSize) {
			return
		}
		b = b[headerSize+length:]
	}
}

// replayed makes l know the bytes of a file as far as they are there, without a file.
func replayed(t *testing.T, l *Log, name string, b []byte) {
	t.Helper()
	f := l.byName[name]
	if f == nil {
		f = l.add(name)
	}
	l.scan.begin(bytes.NewReader(b), int64(len(b)))
	must(t, l.replay(t.Context(), f))
}

// FuzzReplay compares a log with the model on any bytes: in one file beside another, read at once
// and in two parts.
func FuzzReplay(f *testing.F) {
	const portions = 12
	f.Add(join(sample()...), 200, false)
	f.Add(join(sample()...), 64, true)
	f.Add(join(attemptFrame("n1"), done(1, 0), done(1, 0), revoked(1, 1)), 0, true)
	f.Add([]byte(magic), 3, false)
	f.Add([]byte{}, 0, true)
	second := join(attemptFrame("n2"), done(2, 0), ended("done"))
	f.Fuzz(func(t *testing.T, b []byte, cut int, fix bool) {
		if fix {
			repair(b)
		}
		once, twice := mustLog(t, "", portions), mustLog(t, "", portions)
		replayed(t, once, "x.journal", b)
		replayed(t, once, "y.journal", second)
		m := newModel(map[string][]byte{"x.journal": b, "y.journal": second}, planA, portions)
		for _, s := range once.Attempts() { // the model knows only the JSON that the tests write
			m.host[s.File] = s.Attempt.Host
			if s.End != nil && m.reason[s.File] != "" {
				m.reason[s.File] = s.End.Reason
			}
		}
		m.check(t, once, portions)
		replayed(t, twice, "y.journal", second)
		replayed(t, twice, "x.journal", b[:uint(cut)%uint(len(b)+1)])
		replayed(t, twice, "x.journal", b)
		m.check(t, twice, portions)
	})
}
