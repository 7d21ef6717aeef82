package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// files makes files in the current folder, which hold their own names.
func files(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.WriteFile(name, []byte(name), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// holds checks the content of a file.
func holds(t *testing.T, name, want string) {
	t.Helper()
	if got, err := os.ReadFile(name); err != nil || string(got) != want {
		t.Errorf("%s holds %q, not %q: %v", name, got, want, err)
	}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// bothWays runs a test with temporary files that have no name, where there are such, and with those
// that have one.
func bothWays(t *testing.T, test func(t *testing.T)) {
	for _, named := range []bool{false, true} {
		t.Run(map[bool]string{false: "unnamed", true: "named"}[named], func(t *testing.T) {
			before := forceNamed
			forceNamed = named
			defer func() { forceNamed = before }()
			t.Chdir(t.TempDir())
			test(t)
		})
	}
}

// TestRefused lists what is never written to.
func TestRefused(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		files(t, "in", "protected", "z.npz", "old", "picture")
		must(t, os.WriteFile("z.npz", []byte("PK\x03\x04"), 0o666), os.Chmod("protected", 0o444), os.Symlink("in", "soft"),
			os.Link("in", "hard"), os.Symlink("soft", "softer"), os.Symlink("b", "a"), os.Symlink("a", "b"), os.Symlink("in", "z.npz.lzidx"))
		in, err := os.Stat("in")
		must(t, err)
		inputs := Inputs(in)
		for _, c := range []struct {
			name string
			opts []Option
			want string
		}{
			{"in", []Option{inputs}, ErrInput.Error()},
			{"soft", []Option{inputs}, ErrInput.Error()},
			{"softer", []Option{inputs}, ErrInput.Error()},
			{"hard", []Option{inputs}, ErrInput.Error()},
			{"protected", nil, "write-protected"},
			{"a", nil, "circle"},
			{"in.lzidx", nil, "is the name of a sidecar of in"},
			{"in.append", nil, "is the name of a sidecar of in"},
			{"in.signal.json", []Option{inputs}, "is the name of a sidecar of in"},
			{"z.npz.lzidx", []Option{Beside("z.npz")}, "is a link"},
			{"z.npz:x", nil, "is the name of a member of z.npz"},
			{"old", []Option{New()}, "exist"},
			{"picture", []Option{Begins("no picture", "\x89PNG")}, "is no picture"},
		} {
			before, _ := os.ReadFile(c.name)
			err := Write(c.name, says("new"), c.opts...)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.name) || strings.Contains(err.Error(), ".tmp") {
				t.Errorf("%s: %v, and not %q", c.name, err, c.want)
			}
			if err := Check(c.name, c.opts...); err == nil {
				t.Errorf("Check(%s) finds nothing", c.name)
			}
			if after, _ := os.ReadFile(c.name); string(after) != string(before) {
				t.Errorf("%s holds %q now", c.name, after)
			}
		}
		for _, name := range []string{"other", "none.lzidx", "in:x"} {
			must(t, Write(name, says("new"), inputs))
		}
		noneLeft(t)
	})
}

// TestRefusedLater lets the place become that of an input, or be taken, while the file is written.
func TestRefusedLater(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		files(t, "in")
		in, err := os.Stat("in")
		must(t, err)
		f, err := Create("out", Inputs(in))
		must(t, err, os.Link("in", "out"))
		if err := f.Commit(); !errors.Is(err, ErrInput) {
			t.Errorf("over an input: %v", err)
		}
		holds(t, "in", "in")
		f, err = Create("new", New())
		must(t, err)
		files(t, "new")
		if err := f.Commit(); !errors.Is(err, fs.ErrExist) {
			t.Errorf("over a file that came meanwhile: %v", err)
		}
		holds(t, "new", "new")
		f, err = Create("both")
		must(t, err)
		files(t, "both")
		must(t, says("mine")(f.File), f.Commit())
		holds(t, "both", "mine")
		noneLeft(t)
	})
}

// TestNewAtOnce makes one file twice at the same time: one of them is told.
func TestNewAtOnce(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		a, err := Create("x", New())
		must(t, err)
		b, err := Create("x", New())
		must(t, err, says("b")(b.File), b.Commit())
		if err := a.Commit(); !errors.Is(err, fs.ErrExist) {
			t.Errorf("the second one: %v", err)
		}
		holds(t, "x", "b")
		noneLeft(t)
	})
}

// TestAbortAtOnce gives up files while others of the same name are made, whose temporary files take
// the names that become free.
func TestAbortAtOnce(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		OnNotice(func(line string) {
			if !strings.HasSuffix(line, "in which nothing was written") {
				t.Error(line) // nobody has died
			}
		})
		defer OnNotice(func(string) {})
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() {
				for range 100 {
					f, err := Create("x")
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := f.WriteString("x"); err != nil {
						t.Error(err)
					}
					if i%2 == 0 {
						f.Abort()
					} else if err := f.CommitUnsynced(); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		noneLeft(t)
	})
}

// TestDead checks that the temporary file of a dead process goes, and that of a live one stays.
func TestDead(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no temporary file is taken for dead there")
	}
	bothWays(t, func(t *testing.T) {
		var told []string
		OnNotice(func(line string) { told = append(told, line) })
		defer OnNotice(func(string) {})
		files(t, ".x.lazynpy-0.tmp", ".x.lazynpy-3.tmp", ".y.lazynpy-0.tmp")
		must(t, os.Truncate(".x.lazynpy-3.tmp", 0))
		must(t, os.Mkdir(".x.lazynpy-1.tmp", 0o700))
		f, err := Create("x")
		must(t, err)
		if len(told) != 2 || !strings.Contains(told[0], "x: removed .x.lazynpy-0.tmp") || !strings.Contains(told[1], "-3.tmp, in which nothing was written") {
			t.Errorf("told: %q", told)
		}
		g, err := Create("x")
		must(t, err, says("f")(f.File), says("g")(g.File), f.Commit(), g.Commit())
		holds(t, "x", "g")
		if len(told) != 2 {
			t.Errorf("a live one was taken for dead: %q", told)
		}
		left, _ := filepath.Glob(".*.tmp")
		if want := []string{".x.lazynpy-1.tmp", ".y.lazynpy-0.tmp"}; !slices.Equal(left, want) {
			t.Errorf("left: %q, not %q", left, want)
		}
	})
}

// TestPrivate checks who may read temporary files, and new ones.
func TestPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no such permissions")
	}
	bothWays(t, func(t *testing.T) {
		files(t, "secret", "group", "public", "secret.lzidx")
		must(t, os.Chmod("secret", 0o600), os.Chmod("group", 0o640), os.Chmod("public", 0o444), os.Chmod("secret.lzidx", 0o644))
		info := func(name string) fs.FileInfo {
			info, err := os.Stat(name)
			must(t, err)
			return info
		}
		must(t, Write("plain", says("x")))
		open := info("plain").Mode().Perm()
		for _, c := range []struct {
			name string
			opts []Option
			want fs.FileMode
		}{
			{"plain", nil, open},
			{"from-secret", []Option{Inputs(info("secret"), info("public"))}, 0o600},
			{"from-group", []Option{Inputs(info("group"))}, open &^ 0o007},
			{"from-public", []Option{Inputs(info("public"))}, open},
			{"secret", nil, 0o600},
			{"secret.append", []Option{Beside("secret")}, 0o600},
			{"secret.lzidx", []Option{Beside("secret")}, 0o600},
			{"group.lzidx", []Option{Beside("group")}, 0o640},
			{"public.lzidx", []Option{Beside("public")}, 0o444},
		} {
			f, err := Create(c.name, c.opts...)
			must(t, err)
			if f.temp != "" {
				if mode := info(f.temp).Mode().Perm(); mode&0o077 != 0 {
					t.Errorf("%s is %v until it is complete", c.name, mode)
				}
			}
			must(t, f.Commit())
			if mode := info(c.name).Mode().Perm(); mode != c.want {
				t.Errorf("%s is %v, not %v", c.name, mode, c.want)
			}
		}
	})
}

func TestCreateIn(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		must(t, os.MkdirAll("root/sub", 0o777), os.Mkdir("outside", 0o777), os.Symlink("../outside", "root/out"), os.Symlink("../../outside/x", "root/sub/link"))
		root, err := os.OpenRoot("root")
		must(t, err)
		defer root.Close()
		f, err := CreateIn(root, "sub/x", "root/sub/x")
		must(t, err, says("x")(f.File), f.Commit())
		holds(t, "root/sub/x", "x")
		for _, name := range []string{"out/x", "sub/link", "none/x", "../x"} {
			if f, err := CreateIn(root, name, "root/"+name); err == nil || !strings.Contains(err.Error(), "root/"+name) {
				t.Errorf("%s: %v", name, err)
				f.Abort()
			}
		}
		must(t, MkdirAllIn(root, "a/b/c", 0o777), MkdirAllIn(root, "a/b/c", 0o777), MkdirAll("m/n", 0o777))
		if err := MkdirAllIn(root, "out/x", 0o777); err == nil {
			t.Error("a folder outside was made")
		}
		if left, _ := os.ReadDir("outside"); len(left) > 0 {
			t.Errorf("outside: %v", left)
		}
	})
}
