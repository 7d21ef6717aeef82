package journal

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func checkPayloadError(t *testing.T, l *Log, portion int64, name string) {
	t.Helper()
	b, err := l.Payload(portion)
	if !errors.Is(err, ErrPayload) || b != nil || !strings.Contains(err.Error(), filepath.Join(l.dir, name)) ||
		!strings.Contains(err.Error(), "portion ") || !strings.Contains(err.Error(), "offset ") {
		t.Errorf("portion %d: %d bytes, %v", portion, len(b), err)
	}
}

// TestPayload reads payloads of several files, and of files that were changed since.
func TestPayload(t *testing.T) {
	a, b := join(attemptFrame("n1"), done(8, 0), done(9, 0)), join(attemptFrame("n2"), done(7, 0))
	dir := writeDir(t, "a.journal", a)
	put(t, dir, "b.journal", b)
	l := fresh(t, dir, 10)
	for _, p := range []int{8, 7, 9, 7, 8, 8} {
		if got, err := l.Payload(int64(p)); err != nil || string(got) != string(done(p, 0).payload) {
			t.Errorf("portion %d: %q, %v", p, got, err)
		}
	}
	a[len(join(attemptFrame("n1")))+64+3]++ // in the payload of portion 8
	put(t, dir, "a.journal", a)
	checkPayloadError(t, l, 8, "a.journal")
	if got, err := l.Payload(9); err != nil || len(got) != 0 {
		t.Errorf("a payload of no bytes: %q, %v", got, err)
	}
	must(t, l.Close())
	must(t, l.Close())
	must(t, os.Remove(filepath.Join(dir, "b.journal")))
	if _, err := l.Payload(7); !errors.Is(err, os.ErrNotExist) || errors.Is(err, ErrPayload) {
		t.Errorf("a journal that is gone: %v", err)
	}
}

// virtual is a journal of n frames whose payloads have length bytes, and counts what is read of it.
type virtual struct {
	n, length   int64
	read, calls int64
}

func (v *virtual) size() int64 { return v.n * (headerSize + v.length) }

func (v *virtual) ReadAt(b []byte, off int64) (int, error) {
	v.calls++
	n := 0
	for n < len(b) && off < v.size() {
		frame, at := off/(headerSize+v.length), off%(headerSize+v.length)
		k := headerSize + v.length - at // zeros, in a payload
		if at < headerSize {
			h := header{kind: kindPortion, plan: keyOf(planA), portion: uint64(frame), length: uint64(v.length)}.encode()
			k = int64(copy(b[n:], h[at:]))
		} else if k = min(k, int64(len(b)-n)); k > 0 {
			clear(b[n : n+int(k)])
		}
		n, off = n+int(k), off+k
	}
	v.read += int64(n)
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// TestReadsLittle checks that large payloads are not read, and small ones with few calls.
func TestReadsLittle(t *testing.T) {
	for _, c := range []struct{ n, length, bytes, calls int64 }{
		{n: 300, length: 1 << 20, bytes: scanFirst + 300*scanJump, calls: 301},
		{n: 300, length: MaxPayload, bytes: scanFirst + 300*scanJump, calls: 301},
		{n: 100000, length: 0, bytes: 100000*headerSize + 10*headerSize, calls: 11},
		{n: 100000, length: 16, bytes: 100000*(headerSize+16) + 20*headerSize, calls: 13},
	} {
		v := &virtual{n: c.n, length: c.length}
		l := mustLog(t, t.TempDir(), c.n)
		f := l.add("x.journal")
		l.scan.begin(v, v.size())
		must(t, l.replay(t.Context(), f))
		if l.NumDone() != c.n || f.torn {
			t.Errorf("%+v: %d done, torn %v", c, l.NumDone(), f.torn)
		}
		if v.read > c.bytes || v.calls > c.calls {
			t.Errorf("%+v: read %d bytes in %d calls", c, v.read, v.calls)
		}
	}
}
