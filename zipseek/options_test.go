package zipseek

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNilOptions leaves options out by nil, as code that chooses them does.
func TestNilOptions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npz")
	for name, open := range map[string]func() (*Writer, error){
		"Create": func() (*Writer, error) { return Create(path, nil) },
		"Append": func() (*Writer, error) { return Append(path, nil, OrCreate()) },
	} {
		w, err := open()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := errors.Join(w.AddBytes(t.Context(), name, []byte("text"), nil, Compressed(1)), w.Close()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if _, err := Recover(path, nil); err != nil {
		t.Error(err)
	}
	if mustOpen(t, path, nil).Len() == 0 {
		t.Error("no members")
	}
}

// TestOptionsThatDoNotApply gives every function every option that would change nothing there.
func TestOptionsThatDoNotApply(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.npz")
	w := must(Create(path))
	if err := errors.Join(w.AddBytes(t.Context(), "x", []byte("x")), w.Close()); err != nil {
		t.Fatal(err)
	}
	in := must(Open(path))
	defer in.Close()
	wait, replacing := WaitFor(t.Context(), 0, nil), Replacing(func(*os.File) error { return nil })
	placing := Placing(func(place func() error) error { return place() })
	members := []WriterOption{Align(1), Compressed(1), Uncompressed(), ChunkSize(4096), WriterWorkers(1)}
	into := func(use func(w *Writer, o WriterOption) error) func(WriterOption) error {
		return func(o WriterOption) error {
			w := must(Create(filepath.Join(dir, "b.npz")))
			defer func() { _ = w.Abort() }() // nobody wants it
			return use(w, o)
		}
	}
	made := func(w *Writer, err error) error {
		if err == nil {
			err = w.Abort()
		}
		return err
	}
	for name, c := range map[string]struct {
		call  func(WriterOption) error
		takes []WriterOption
		not   []WriterOption
	}{
		"Create": {
			call:  func(o WriterOption) error { return made(Create(filepath.Join(dir, "c.npz"), o)) },
			takes: append([]WriterOption{wait, replacing, placing, Readers(0o600)}, members...), not: []WriterOption{OrCreate()},
		},
		"NewWriter": {
			call: func(o WriterOption) error {
				_, err := NewWriter(newMemTarget(), "m", o)
				return err
			},
			takes: append([]WriterOption{wait, replacing, placing, Readers(0o600)}, members...), not: []WriterOption{OrCreate()},
		},
		"NewClaim": {
			call: func(o WriterOption) error {
				c, err := NewClaim(path, func(string) bool { return false }, o)
				if err == nil {
					c.Release()
				}
				return err
			},
			takes: append([]WriterOption{wait, replacing, placing, Readers(0o600)}, members...), not: []WriterOption{OrCreate()},
		},
		"Append": {
			call:  func(o WriterOption) error { return made(Append(path, o)) },
			takes: append([]WriterOption{wait, OrCreate(), Readers(0o600)}, members...), not: []WriterOption{replacing, placing},
		},
		"Recover": {
			call: func(o WriterOption) error {
				_, err := Recover(path, o)
				return err
			},
			takes: []WriterOption{wait}, not: append([]WriterOption{replacing, placing, Readers(0o600), OrCreate()}, members...),
		},
		"Add": {
			call: into(func(w *Writer, o WriterOption) error {
				return w.AddBytes(t.Context(), "y", []byte("y"), o)
			}),
			takes: members, not: []WriterOption{wait, replacing, placing, Readers(0o600), OrCreate()},
		},
		"Copy": {
			call:  into(func(w *Writer, o WriterOption) error { return w.Copy(t.Context(), in.Member(0), o) }),
			takes: members[:1], not: append([]WriterOption{wait, replacing, placing, Readers(0o600), OrCreate()}, members[1:]...),
		},
	} {
		for i, o := range c.takes {
			if err := c.call(o); err != nil {
				t.Errorf("%s, option %d: %v", name, i, err)
			}
		}
		for i, o := range c.not {
			if err := c.call(o); !errors.Is(err, ErrOption) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s, option %d that changes nothing there: %v", name, i, err)
			}
		}
	}
}

// TestPlacing looks at the path before and after an archive takes its place, and keeps it from
// doing so.
func TestPlacing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npz")
	kept := errors.New("kept")
	write := func(f func(place func() error) error) error {
		w := must(Create(path, Placing(f)))
		return errors.Join(w.AddBytes(t.Context(), "x", []byte("x")), w.Close())
	}
	if err := write(func(func() error) error { return kept }); !errors.Is(err, kept) {
		t.Errorf("an archive that is kept back: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("which is there: %v", err)
	}
	err := write(func(place func() error) error {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("before its place: %v", err)
		}
		if err := place(); err != nil {
			return err
		}
		_, err := os.Stat(path)
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
