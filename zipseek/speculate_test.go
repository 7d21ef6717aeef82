package zipseek

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestRounds indexes members in rounds, and expects the content and the index that one processor
// makes of them.
func TestRounds(t *testing.T) {
	contents := samples(7 << 20)
	delete(contents, "zeros") // deflated, these are too short for rounds
	delete(contents, "labels")
	if every > 1 {
		delete(contents, "counts")
		delete(contents, "noise")
	}
	path := byZip(t, contents)
	for name, content := range contents {
		alone, together := mustOpen(t, path, Workers(1)), mustOpen(t, path, Workers(5))
		want, got := mustLookup(t, alone, name), mustLookup(t, together, name)
		if err := want.Verify(t.Context()); err != nil {
			t.Fatal(err)
		}
		s, c := frontierOf(t, got)
		s.frontier.pace.serial.out = serialFirst // as if that much had been inflated
		// In steps, so that output of rounds is wanted in part.
		p := make([]byte, 1<<20)
		for off := 0; off+len(p) <= len(content); off += 2 << 20 {
			s.frontier.pace.slow = false // however slow it is here
			if _, err := got.ReadAt(p, int64(off)); err != nil || !bytes.Equal(p, content[off:off+len(p)]) {
				t.Fatalf("%s at %d: %v", name, off, err)
			}
		}
		s.frontier.pace.slow = false
		if err := got.Verify(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s.frontier.pace.rounds.out == 0 {
			t.Errorf("%s: no rounds", name)
		}
		_, one := frontierOf(t, want)
		if len(c.points) != len(one.points) || !c.done {
			t.Fatalf("%s: %d points, want %d", name, len(c.points), len(one.points))
		}
		for i, p := range one.points {
			q := c.points[i]
			if q.out != p.out || q.bit != p.bit || q.sum != p.sum || !bytes.Equal(q.window, p.window) {
				t.Errorf("%s: point %d differs: %d at bit %d, want %d at %d", name, i, q.out, q.bit, p.out, p.bit)
			}
		}
	}
}

func frontierOf(t testing.TB, m *Member) (*inflated, *checkpoints) {
	t.Helper()
	src, err := m.Source()
	if err != nil {
		t.Fatal(err)
	}
	s := src.(*inflated)
	return s, s.index().(*checkpoints)
}

// TestRoundsCorrupt damages a member where rounds come.
func TestRoundsCorrupt(t *testing.T) {
	content := samples(7 << 20)["rounded"]
	path := byZip(t, map[string][]byte{"x": content})
	archive, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for part := 2; part <= 4; part += every { // of the archive, from its end
		bad := bytes.Clone(archive)
		for i := range 8 {
			bad[len(bad)-len(bad)/part+i] ^= 0xa5
		}
		broken := filepath.Join(t.TempDir(), "broken.zip")
		if err := os.WriteFile(broken, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		m := mustLookup(t, mustOpen(t, broken, Workers(4)), "x")
		s, _ := frontierOf(t, m)
		s.frontier.pace.serial.out = serialFirst
		p := make([]byte, 1<<20)
		failed := false
		for off := 0; off+len(p) <= len(content); off += len(p) {
			s.frontier.pace.slow = false
			_, err := m.ReadAt(p, int64(off))
			if err == nil && !failed && off < len(content)/2 && !bytes.Equal(p, content[off:off+len(p)]) {
				t.Fatalf("other bytes at %d, and no error", off)
			}
			failed = failed || err != nil
		}
		if err := m.Verify(t.Context()); err == nil || !failed || !errors.Is(err, ErrFormat) && !errors.Is(err, ErrChecksum) {
			t.Errorf("damage in the last of %d parts: %v", part, err)
		}
	}
}
