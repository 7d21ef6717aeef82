package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/zipseek"
)

// running is a process of the program with a command line.
type running struct {
	cmd    *exec.Cmd
	out    bytes.Buffer  // both streams
	waits  chan struct{} // closed when it says that it waits, or has ended
	closed chan struct{} // both streams are
}

// began starts the program.
func began(t *testing.T, args ...string) *running {
	t.Helper()
	c := &running{cmd: exec.Command(os.Args[0], args...), waits: make(chan struct{}), closed: make(chan struct{})}
	c.cmd.Env = append(os.Environ(), childVariable+"=1")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.cmd.Stdout, c.cmd.Stderr = w, w
	if err := errors.Join(c.cmd.Start(), w.Close()); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.closed)
		defer r.Close()
		told := sync.OnceFunc(func() { close(c.waits) })
		defer told()
		for lines := bufio.NewReader(r); ; {
			line, err := lines.ReadString('\n')
			c.out.WriteString(line)
			if strings.Contains(line, "waiting for") {
				told()
			}
			if err != nil {
				return
			}
		}
	}()
	return c
}

// ended waits for the process, and returns its exit status.
func (c *running) ended(t *testing.T) int {
	t.Helper()
	<-c.closed
	err := c.cmd.Wait()
	if c.cmd.ProcessState == nil || c.cmd.ProcessState.ExitCode() < 0 {
		t.Fatalf("%q: %v\n%s", c.cmd.Args, err, c.out.String())
	}
	return c.cmd.ProcessState.ExitCode()
}

// rounds is how often a race is run: so many times, and more if there is time.
func rounds(few, many int) int {
	if os.Getenv("LAZYNPY_LONG") != "" {
		return many
	}
	return few
}

// keysIn lists the arrays of an archive, each of which must be readable.
func keysIn(t *testing.T, path string) []string {
	t.Helper()
	z, err := lazy.OpenArchive(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, m := range z.Zip().All() {
		if err := m.Verify(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	keys := z.Keys()
	slices.Sort(keys)
	return keys
}

// TestAddAtOnce starts eight adds at once, to an archive that is there and to one that is not: all
// succeed, and all arrays are there.
func TestAddAtOnce(t *testing.T) {
	x := array(t, []int64{3}, []int32{1, 2, 3})
	for round := range rounds(2, 40) {
		path := filepath.Join(t.TempDir(), "a.npz")
		want := []string{}
		if round%2 == 1 {
			ok(t, "add", path, "k="+x)
			want = append(want, "k")
		}
		var all []*running
		for i := range 8 {
			args := []string{"add", path, fmt.Sprintf("k%d=%s", i, x)}
			if i == 7 {
				args = slices.Insert(args, 1, "--raw")
			}
			all = append(all, began(t, args...))
			want = append(want, fmt.Sprintf("k%d", i))
		}
		for _, c := range all {
			if code := c.ended(t); code != exitOK {
				t.Errorf("round %d: exit %d: %s", round, code, c.out.String())
			}
		}
		if got := keysIn(t, path); !slices.Equal(got, want) {
			t.Fatalf("round %d: the archive has %q", round, got)
		}
		leftovers(t, filepath.Dir(path), "a.npz")
	}
}

// TestNoWait is told that somebody else writes, at once or after waiting has begun.
func TestNoWait(t *testing.T) {
	x := array(t, []int64{3}, []int32{1, 2, 3})
	path := filepath.Join(t.TempDir(), "a.npz")
	ok(t, "add", path, "k="+x)
	w, err := zipseek.Append(path)
	if err != nil {
		t.Fatal(err)
	}
	words := []string{path, "somebody else is writing"}
	fails(t, exitFailure, words, "add", "--no-wait", path, "y="+x)
	fails(t, exitFailure, words, "repack", "--no-wait", path)
	waiting := began(t, "add", path, "y="+x)
	<-waiting.waits
	other := began(t, "add", filepath.Join(t.TempDir(), "b.npz"), "y="+x) // waits for nobody
	if code := other.ended(t); code != exitOK {
		t.Errorf("another archive: exit %d: %s", code, other.out.String())
	}
	if err := w.AddBytes(t.Context(), "z.npy", nil); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if code := waiting.ended(t); code != exitOK {
		t.Errorf("exit %d: %s", code, waiting.out.String())
	}
	if got := keysIn(t, path); !slices.Equal(got, []string{"k", "y", "z"}) {
		t.Errorf("the archive has %q", got)
	}
}

// holding has somebody write to an archive until release is called.
func holding(t *testing.T, path string) (release func()) {
	t.Helper()
	w, err := zipseek.Append(path)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := w.Abort(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWritersAtOnce runs two writing verbs on one archive at once. Whatever comes first, the
// archive is whole, what an add said is there is there, and a verb that did not do its work says
// so.
func TestWritersAtOnce(t *testing.T) {
	x := array(t, []int64{3}, []int32{1, 2, 3})
	verbs := map[string]func(path string) []string{
		"add":     func(path string) []string { return []string{"add", path, "new=" + x} },
		"raw":     func(path string) []string { return []string{"add", "--raw", path, "raw=" + x} },
		"repack":  func(path string) []string { return []string{"repack", "--deflate", path} },
		"from":    func(path string) []string { return []string{"repack", path + ".old.npz", "-o", path} },
		"convert": func(path string) []string { return []string{"convert", x, path, "--key", "k"} },
		"index":   func(path string) []string { return []string{"index", path} },
	}
	names := []string{"add", "raw", "repack", "from", "convert", "index"}
	for round := range rounds(1, 50) {
		for i, first := range names {
			for _, second := range names[i:] {
				for _, exists := range []bool{true, false} {
					if !exists && (first == "repack" || first == "index" || second == "repack" || second == "index") {
						continue
					}
					if rounds(1, 0) == 1 && (i+len(second))%2 == round%2 && first != "add" {
						continue // the others are for the long run
					}
					path := filepath.Join(t.TempDir(), "a.npz")
					ok(t, "add", path+".old.npz", "k="+x)
					if exists {
						ok(t, "add", path, "k="+x)
					}
					release := func() {}
					if exists {
						release = holding(t, path)
					}
					a, b := began(t, verbs[first](path)...), began(t, verbs[second](path)...)
					if exists { // both begin before either has written
						<-a.waits
						<-b.waits
						release()
					}
					codeA, codeB := a.ended(t), b.ended(t)
					keys := keysIn(t, path)
					told := fmt.Sprintf("%s and %s, exists %v: exit %d and %d, %q\n%s%s", first, second, exists, codeA, codeB, keys, a.out.String(), b.out.String())
					if first == second && (first == "add" || first == "raw") {
						if codeA+codeB != exitFailure { // the key is there already
							t.Errorf("%s", told)
						}
						continue
					}
					for verb, code := range map[string]int{first: codeA, second: codeB} {
						key := map[string]string{"add": "new", "raw": "raw"}[verb]
						if key != "" && code == exitOK && !slices.Contains(keys, key) {
							t.Errorf("lost: %s", told)
						}
						if code != exitOK && code != exitFailure || code != exitOK && !strings.Contains(a.out.String()+b.out.String(), path) {
							t.Errorf("%s", told)
						}
					}
					if codeA != exitOK && codeB != exitOK {
						t.Errorf("neither did its work: %s", told)
					}
				}
			}
		}
	}
}
