package zipseek

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestAppendReadsOn reads what was open before members were added, in place and as a copy.
func TestAppendReadsOn(t *testing.T) {
	content := samples(2 << 20)["rounded"]
	for name, archive := range map[string][]byte{
		"stored":   mustRead(t, byUs(t, map[string][]byte{"x": content})),
		"sozip":    mustRead(t, byUs(t, map[string][]byte{"x": content}, Compressed(1))),
		"deflated": mustRead(t, byZip(t, map[string][]byte{"x": content})),
	} {
		for _, opts := range [][]WriterOption{{inPlace}, nil} {
			path := writeFile(t, archive)
			a := mustOpen(t, path, Workers(2))
			m := mustLookup(t, a, "x")
			for round := range 2 {
				w, err := Append(path, opts...)
				if err != nil {
					t.Fatal(err)
				}
				add(t, w, newMembers(round)...)
				if got, err := m.Bytes(); err != nil || !bytes.Equal(got, content) {
					t.Errorf("%s, during round %d: %v", name, round, err)
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				if got, err := m.Bytes(); err != nil || !bytes.Equal(got, content) {
					t.Errorf("%s, after round %d: %v", name, round, err)
				}
				if err := a.Changed(); err != nil {
					t.Errorf("%s, after round %d: %v", name, round, err)
				}
				if got, want := mustOpen(t, path).Len(), 1+3*(round+1); got != want {
					t.Errorf("%s, after round %d: opened anew it has %d members, want %d", name, round, got, want)
				}
			}
			// What writes over the directory changes the archive, even where it makes it longer.
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			over := append(bytes.Clone(mustRead(t, path)), 0)
			clear(over[len(archive)-30 : len(archive)])
			if _, err := f.WriteAt(over, 0); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			if err := a.Changed(); !errors.Is(err, ErrChanged) {
				t.Errorf("%s, overwritten: %v", name, err)
			}
		}
	}
}

// TestAppendTurns has writers wait for each other, give up, and be told.
func TestAppendTurns(t *testing.T) {
	for _, opts := range [][]WriterOption{{inPlace}, nil} {
		path := oldArchives(t)["ours"].write(t)
		members := mustOpen(t, path).Len()
		first, err := Append(path, opts...)
		if err != nil {
			t.Fatal(err)
		}
		add(t, first, given{name: "first"})
		ctx, cancel := context.WithCancel(t.Context())
		wait := func(o ...WriterOption) error {
			w, err := Append(path, slices.Concat(opts, o)...)
			if err == nil {
				err = errors.Join(errors.New("did not wait"), w.Abort())
			}
			return err
		}
		if err := wait(WaitFor(ctx, time.Millisecond, nil)); !errors.Is(err, ErrLocked) {
			t.Errorf("after a millisecond: %v", err)
		}
		if err := wait(WaitFor(ctx, time.Hour, cancel)); !errors.Is(err, ErrLocked) || !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		if w, err := Create(path, WaitFor(t.Context(), 0, nil)); !errors.Is(err, ErrLocked) {
			t.Errorf("replacing it: %v, %v", w, err)
		}
		begun, done := make(chan struct{}), make(chan error)
		go func() {
			w, err := Append(path, append(slices.Clone(opts), WaitFor(t.Context(), time.Minute, func() { close(begun) }))...)
			if err == nil {
				err = errors.Join(w.AddBytes(t.Context(), "second", nil), w.Close())
			}
			done <- err
		}()
		<-begun
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		if got := mustOpen(t, path).Len(); got != members+2 {
			t.Errorf("%d members, want %d", got, members+2)
		}
	}
}

// TestAppendOvertaken replaces an archive by others' means while members are added.
func TestAppendOvertaken(t *testing.T) {
	for _, opts := range [][]WriterOption{{inPlace}, nil} {
		for what, change := range map[string]func(path, other string) error{
			"replaced": func(path, other string) error { return os.Rename(other, path) },
			"removed":  func(path, _ string) error { return os.Remove(path) },
		} {
			path := oldArchives(t)["ours"].write(t)
			other := writeFile(t, mustRead(t, path))
			w, err := Append(path, opts...)
			if err != nil {
				t.Fatal(err)
			}
			add(t, w, given{name: "lost"})
			if err := change(path, other); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); !errors.Is(err, ErrReplaced) {
				t.Errorf("%s: %v", what, err)
			}
			left := []string{"a.zip"}
			if what == "removed" {
				left = []string{}
			}
			nothingLeft(t, filepath.Dir(path), left...)
		}
	}
}

// TestReplaceKeepsNews checks that a new archive does not replace what came after it was begun.
func TestReplaceKeepsNews(t *testing.T) {
	for _, existed := range []bool{false, true} {
		for _, name := range []string{"mine", "news"} {
			path := filepath.Join(t.TempDir(), "a.zip")
			if existed {
				if err := os.WriteFile(path, oldArchives(t)["ours"].bytes, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			w, err := Create(path)
			if err != nil {
				t.Fatal(err)
			}
			add(t, w, given{name: "mine"})
			// Somebody who does not know of locks.
			news := create(t, nil, given{name: name, data: []byte("news")})
			if err := os.Rename(news, path); err != nil {
				t.Fatal(err)
			}
			before := mustRead(t, path)
			err = w.Close()
			if name == "mine" && err != nil {
				t.Errorf("over a member of the same name: %v", err)
			}
			if name == "news" && (!errors.Is(err, ErrReplaced) || !bytes.Equal(mustRead(t, path), before)) {
				t.Errorf("over a member that came meanwhile: %v", err)
			}
			nothingLeft(t, filepath.Dir(path), "a.zip")
		}
	}
}

// TestOrCreate makes an archive that is not there, and leaves one alone that came meanwhile.
func TestOrCreate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.zip")
	first, err := Append(path, OrCreate())
	if err != nil {
		t.Fatal(err)
	}
	second, err := Append(path, OrCreate())
	if err != nil {
		t.Fatal(err)
	}
	add(t, first, given{name: "first"})
	add(t, second, given{name: "second"})
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if err := second.Close(); !errors.Is(err, fs.ErrExist) {
		t.Errorf("the second: %v", err)
	}
	nothingLeft(t, filepath.Dir(path), "a.zip")
	if second, err = Append(path, OrCreate()); err != nil {
		t.Fatal(err)
	}
	add(t, second, given{name: "second"})
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	check(t, mustRead(t, path), []given{{name: "first"}, {name: "second"}})
}

// TestOpenCompleted opens an archive whose writer died after the last byte was on disk.
func TestOpenCompleted(t *testing.T) {
	old := oldArchives(t)["ours"]
	path := old.write(t)
	w, err := Append(path, inPlace)
	if err != nil {
		t.Fatal(err)
	}
	journal := mustRead(t, journalPath(path))
	add(t, w, newMembers(0)...)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(journalPath(path), journal, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, want := mustOpen(t, path).Len(), len(old.members)+3; got != want {
		t.Errorf("%d members, want %d", got, want)
	}
}

// TestPanicGivesBackTurn lets a rule of the caller's panic. Whoever recovers from that can write to
// the file again.
func TestPanicGivesBackTurn(t *testing.T) {
	rule := func(*os.File) error { panic("a rule of the caller's") }
	in := mustOpen(t, byUs(t, map[string][]byte{"x": []byte("new")}))
	for name, replace := range map[string]func(path string) error{
		"create": func(path string) error { _, err := Create(path, Replacing(rule)); return err },
		"repack": func(path string) error { return Repack(t.Context(), in, path, RepackOptions{Replacing: rule}) },
	} {
		path := byUs(t, map[string][]byte{"x": []byte("old")})
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			_ = replace(path)
		}()
		claim, err := NewClaim(path, nil, WaitFor(t.Context(), -1, nil))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		claim.Release()
		nothingLeft(t, filepath.Dir(path), filepath.Base(path))
	}
}
