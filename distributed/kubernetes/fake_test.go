package kubernetes

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// fakeKey is the environment variable that turns the test program into kubectl. Its value is a
// directory.
const fakeKey = "LAZYNPY_TEST_FAKE_KUBECTL"

func TestMain(m *testing.M) {
	if dir := os.Getenv(fakeKey); dir != "" {
		os.Exit(fakeKubectl(dir))
	}
	os.Exit(m.Run())
}

// answer is what the fake kubectl says to one verb, or to one verb and the kind after it.
type answer struct {
	Stdout, Stderr string
	Status         int
	Hang           bool
}

// call is one command that it got.
type call struct {
	Args  []string
	Stdin string
}

// fakeKubectl notes the call in a file and gives the answer for its verb.
func fakeKubectl(dir string) int {
	stdin, err := io.ReadAll(os.Stdin)
	if err != nil {
		return 99
	}
	text, err := json.Marshal(call{os.Args[1:], string(stdin)})
	if err != nil {
		return 99
	}
	calls, err := os.OpenFile(filepath.Join(dir, "calls"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return 99
	}
	if _, err := calls.Write(append(text, '\n')); err != nil || calls.Close() != nil {
		return 99
	}
	args := append(slices.Clone(os.Args[1:]), "") // a verb may stand alone
	for i, arg := range args {
		if strings.HasPrefix(arg, "-") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, arg+" "+args[min(i+1, len(args)-1)]+".json"))
		if os.IsNotExist(err) {
			text, err = os.ReadFile(filepath.Join(dir, arg+".json"))
		}
		if err != nil {
			return 99
		}
		var a answer
		if json.Unmarshal(text, &a) != nil {
			return 99
		}
		if a.Hang {
			time.Sleep(time.Minute)
		}
		fmt.Print(a.Stdout)
		fmt.Fprint(os.Stderr, a.Stderr)
		return a.Status
	}
	return 99
}

// fake is a kubectl whose answers a test sets.
type fake struct {
	t   *testing.T
	dir string
}

// newFake makes the engine use a fake kubectl for the length of the test.
func newFake(t *testing.T, e *Engine) *fake {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{t, t.TempDir()}
	t.Setenv(fakeKey, f.dir)
	e.Kubectl = program
	return f
}

func (f *fake) set(verb string, a answer) {
	f.t.Helper()
	text, err := json.Marshal(a)
	if err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(f.dir, verb+".json"), text, 0o644); err != nil {
		f.t.Fatal(err)
	}
}

// calls gives what it was called with since the last time.
func (f *fake) calls() []call {
	f.t.Helper()
	name := filepath.Join(f.dir, "calls")
	text, err := os.ReadFile(name)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		f.t.Fatal(err)
	}
	var out []call
	for line := range strings.Lines(string(text)) {
		var c call
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			f.t.Fatal(err)
		}
		out = append(out, c)
	}
	if err := os.Remove(name); err != nil {
		f.t.Fatal(err)
	}
	return out
}
