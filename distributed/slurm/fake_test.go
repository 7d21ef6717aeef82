//go:build unix

package slurm

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fakeDir is where the commands that stand in for Slurm's find their answers and leave what they
// were asked.
const fakeDir = "LAZYNPY_TEST_SLURM"

// answer is what a command says.
type answer struct {
	Out, Err string
	Long     int // so many lines of Out
	Code     int
	Hang     bool
}

// question is what it was asked.
type question struct {
	Name  string
	Args  []string
	Env   []string
	Stdin string
}

// String is the command as somebody would type it.
func (q question) String() string { return q.Name + " " + strings.Join(q.Args, " ") }

// standIn is one of Slurm's commands: the test binary, run by another name.
func standIn(name string) int {
	dir := os.Getenv(fakeDir)
	stdin, err := io.ReadAll(os.Stdin)
	if err != nil {
		return 99
	}
	asked, err := json.Marshal(question{name, os.Args[1:], os.Environ(), string(stdin)})
	if err != nil {
		return 99
	}
	log, err := os.OpenFile(filepath.Join(dir, "questions"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return 99
	}
	defer log.Close()
	if _, err := log.Write(append(asked, '\n')); err != nil {
		return 99
	}
	return say(dir, name)
}

// say gives the next answer of a command; the last one stays.
func say(dir, name string) int {
	var answers []answer
	file := filepath.Join(dir, name+".json")
	b, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(b, &answers) != nil {
		return 99
	}
	a := answers[0]
	if len(answers) > 1 {
		if b, err = json.Marshal(answers[1:]); err != nil || os.WriteFile(file, b, 0o666) != nil {
			return 99
		}
	}
	if a.Hang {
		time.Sleep(time.Hour)
	}
	fmt.Print(strings.Repeat(a.Out, max(1, a.Long)))
	fmt.Fprint(os.Stderr, a.Err)
	return a.Code
}

// fake is a directory in PATH with Slurm's commands.
type fake struct {
	t   *testing.T
	dir string
}

func newFake(t *testing.T) *fake {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{t, t.TempDir()}
	for _, name := range []string{"sbatch", "squeue", "scancel"} {
		if err := os.Symlink(self, filepath.Join(f.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", f.dir)
	t.Setenv(fakeDir, f.dir)
	f.answers("sbatch", answer{Out: "4711\n"})
	f.answers("scancel", answer{})
	return f
}

// answers sets what a command says from now on, the first time and so on.
func (f *fake) answers(name string, a ...answer) {
	f.t.Helper()
	b, err := json.Marshal(a)
	if err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(f.dir, name+".json"), b, 0o666); err != nil {
		f.t.Fatal(err)
	}
}

// questions are what the commands were asked since the last call.
func (f *fake) questions() []question {
	f.t.Helper()
	file := filepath.Join(f.dir, "questions")
	b, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		f.t.Fatal(err)
	}
	if err := os.Remove(file); err != nil {
		f.t.Fatal(err)
	}
	var all []question
	for line := range strings.Lines(string(b)) {
		var q question
		if err := json.Unmarshal([]byte(line), &q); err != nil {
			f.t.Fatal(err)
		}
		all = append(all, q)
	}
	return all
}

// asked compares what the commands were asked since the last call.
func (f *fake) asked(want ...string) {
	f.t.Helper()
	var got []string
	for _, q := range f.questions() {
		got = append(got, q.String())
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		f.t.Errorf("the commands were\n%s\nwant\n%s", g, w)
	}
}
