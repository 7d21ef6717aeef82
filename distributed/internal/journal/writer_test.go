package journal

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestWriter reads the bytes that a writer made, without the code that reads them, and then with
// it.
func TestWriter(t *testing.T) {
	dir := t.TempDir()
	a := Attempt{Host: "n1.example/x", PID: 12, Engine: "slurm", Job: "77", Index: 3,
		Started: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
	w := newWriter(t, dir, a)
	big := bytes.Repeat([]byte("0123456789abcdef"), 3*writeBuffer/16)
	must(t, w.Append(Record{Portion: 5, CRC: 0xdeadbeef, Payload: []byte("state")}, Record{Portion: 6, Generation: 1, Payload: big}))
	must(t, w.Append())
	must(t, w.Append(Record{Portion: 7, CRC: 1}))
	must(t, w.Revoke(5, 3))
	must(t, w.End(End{Reason: Failed, Error: "no space"}))

	if !regexp.MustCompile(`^3\.n1\.example_x\.[0-9a-f]{16}\.journal$`).MatchString(w.Name()) {
		t.Errorf("name %q", w.Name())
	}
	b, err := os.ReadFile(filepath.Join(dir, w.Name()))
	must(t, err)
	text, err := json.Marshal(a)
	must(t, err)
	end := []byte(`{"reason":"failed","error":"no space"}`)
	for _, f := range []rawFrame{
		{kind: 'A', payload: text},
		{kind: 'P', portion: 5, crc: 0xdeadbeef, payload: []byte("state")},
		{kind: 'P', portion: 6, generation: 1, payload: big},
		{kind: 'P', portion: 7, crc: 1},
		{kind: 'R', portion: 5, generation: 3},
		{kind: 'E', payload: end},
	} {
		f.plan = planA
		want := f.bytes()
		if len(b) < len(want) {
			t.Fatalf("the file ends within frame %c", f.kind)
		}
		if written := binary.LittleEndian.Uint32(b[56:]); written < 1_700_000_000 { // November 2023
			t.Errorf("frame %c was written %d seconds after 1970", f.kind, written)
		}
		copy(want[56:60], b[56:60])
		seal(want)
		if !bytes.Equal(b[:len(want)], want) {
			t.Errorf("frame %c:\n% x\nwant\n% x", f.kind, b[:64], want[:64])
		}
		b = b[len(want):]
	}
	if len(b) != 0 {
		t.Errorf("%d more bytes", len(b))
	}

	l := fresh(t, dir, 10)
	s := l.Attempts()
	if len(s) != 1 || s[0].Attempt != a || *s[0].End != (End{Failed, "no space"}) || s[0].Portions != 3 || s[0].Torn {
		t.Errorf("attempts %+v", s)
	}
	if p, err := l.Payload(6); err != nil || !bytes.Equal(p, big) {
		t.Errorf("payload of %d bytes, %v", len(p), err)
	}
	if got := runs(l, 0, 10); !slices.Equal(got, []int64{0, 6, 8, 10}) {
		t.Errorf("missing %d", got)
	}
}

// runs is Missing in a slice.
func runs(l *Log, lo, hi int64) (all []int64) {
	for from, to := range l.Missing(lo, hi) {
		all = append(all, from, to)
	}
	return all
}

// TestWriterRefuses checks that a record that no log would take is not written, and that the writer
// goes on.
func TestWriterRefuses(t *testing.T) {
	dir := t.TempDir()
	w := newWriter(t, dir, Attempt{})
	good := Record{Portion: 1}
	for field, err := range map[string]error{
		"portion -1":         w.Append(good, Record{Portion: -1}),
		"portion 67108864":   w.Append(good, Record{Portion: MaxPortions}),
		"generation 65537":   w.Append(good, Record{Generation: MaxGeneration + 1}),
		"portion -2":         w.Revoke(-2, 1),
		"generation 65538":   w.Revoke(2, MaxGeneration+2),
		"no generation is b": w.Revoke(2, 0),
	} {
		if err == nil || !strings.Contains(err.Error(), field) || !strings.Contains(err.Error(), w.Name()) {
			t.Errorf("%s: %v", field, err)
		}
	}
	if l := fresh(t, dir, 3); l.NumDone() != 0 {
		t.Errorf("%d done", l.NumDone())
	}
	must(t, w.Append(good))
	must(t, w.End(End{Reason: Done}))
	for name, err := range map[string]error{
		"Append": w.Append(good), "Revoke": w.Revoke(1, 1), "End": w.End(End{Reason: Done}),
	} {
		if !errors.Is(err, errEnded) || !strings.Contains(err.Error(), w.Name()) {
			t.Errorf("%s after the end: %v", name, err)
		}
	}
	must(t, w.Close())
	v := newWriter(t, dir, Attempt{})
	must(t, v.Close())
	if err := v.Append(good); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Append after Close: %v", err)
	}
	if l := fresh(t, dir, 3); l.NumDone() != 1 || !l.Done(1) {
		t.Errorf("%d done", l.NumDone())
	}
}

// TestLongText checks that strings of any length and content are recorded, shortened, and can be
// read back.
func TestLongText(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("\x00é\xff", 50000)
	w := newWriter(t, dir, Attempt{Host: long, Engine: long, Job: long, PID: 9})
	must(t, w.End(End{Reason: long, Error: long}))
	s := fresh(t, dir, 1).Attempts()
	if len(s) != 1 || s[0].Attempt.PID != 9 || s[0].End == nil {
		t.Fatalf("attempts %.300v", s)
	}
	for _, text := range []string{s[0].Attempt.Host, s[0].Attempt.Engine, s[0].Attempt.Job, s[0].End.Reason} {
		if !strings.HasPrefix(text, "\x00é") || len(text) < maxText/2 || len(text) > maxText {
			t.Errorf("%d bytes: %.20q", len(text), text)
		}
	}
	if e := s[0].End.Error; !strings.HasPrefix(e, "\x00é") || len(e) < maxError/2 || len(e) > maxError {
		t.Errorf("%d bytes: %.20q", len(e), e)
	}
}

func TestCreateFails(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	if _, err := Create(missing, planA, Attempt{}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("no directory: %v", err)
	}
	dir := t.TempDir()
	// JSON has four digits for it
	_, err := Create(dir, planA, Attempt{Started: time.Date(123456, 1, 1, 0, 0, 0, 0, time.UTC)})
	if err == nil || !strings.Contains(err.Error(), "attempt") {
		t.Errorf("an attempt that JSON cannot have: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
}
