package distributed_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/distributed"
)

// readText is the plan in a run directory as JSON.
func readText(t testing.TB, dir string) (tree map[string]any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "plan.json"))
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber() // times and inodes are no float64
		err = d.Decode(&tree)
	}
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// TestOtherProgram gives a worker and a driver the plan of another program.
func TestOtherProgram(t *testing.T) {
	f := small(t)
	p := f.slowPlan(slowParams{})
	dir := p.DefaultDir()
	if err := p.Write(dir); err != nil {
		t.Fatal(err)
	}
	tree := readText(t, dir)
	tree["build"] = "plan9/mips/0123456789abcdef"
	b, err := json.Marshal(tree)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "plan.json"), b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(os.Args[0], "work", "--plan", filepath.Join(dir, "plan.json")).CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != distributed.ExitRefused || !strings.Contains(string(out), "plan9") {
		t.Errorf("the worker: %v: %s", err, out)
	}
	if err := distributed.Resume(t.Context(), distributed.Pool{}, distributed.RunOptions{Dir: dir}); !errors.Is(err, distributed.ErrRefused) {
		t.Errorf("Resume: %v", err)
	}
	if err := (distributed.Work{Dir: dir, Index: -1}).Do(t.Context()); !errors.Is(err, distributed.ErrRefused) {
		t.Errorf("Do: %v", err)
	}
	if err := run(p, distributed.Pool{}, distributed.RunOptions{}); err == nil || !strings.Contains(err.Error(), "another plan") {
		t.Errorf("Run: %v", err)
	}
	f.unpublished()
}

// edits calls f with every way to change one value below a node of a JSON tree, which is undone
// after.
func edits(path string, v any, set func(any), f func(what string)) {
	try := func(values ...any) {
		for _, x := range values {
			set(x)
			f(fmt.Sprintf("%s = %v", path, x))
		}
		set(v)
	}
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			was := v[k]
			delete(v, k)
			f("no " + path + "." + k)
			v[k] = was
			edits(path+"."+k, was, func(x any) { v[k] = x }, f)
		}
		v["unknown"] = 1
		f(path + ".unknown")
		delete(v, "unknown")
		try(nil, []any{}, "x")
	case []any:
		for i := range v {
			edits(fmt.Sprintf("%s[%d]", path, i), v[i], func(x any) { v[i] = x }, f)
		}
		try(nil, []any{}, append(slices.Clone(v), v...), map[string]any{})
	case json.Number:
		n, _ := v.Int64() // all of them are integers
		try(0, n+1, n-1, -n-1, 2*n+1, int64(math.MaxInt64), int64(math.MinInt64), int64(1)<<40, 0.5, json.Number("1e40"), "1", nil)
	case string:
		try("", v+"x", "x"+v, "/", 1, nil)
	case bool:
		try(!v, nil, 0)
	case nil:
		try(map[string]any{}, 1)
	}
}

// TestEditedPlan changes every field of plan.json: that is refused, or another plan, whose results
// are right for it or which comes to nothing.
func TestEditedPlan(t *testing.T) {
	f := small(t)
	want := f.want()
	o := f.options(slowParams{})
	o.PortionBytes = 40 << 10
	p := f.plan(o)
	dir := p.DefaultDir()
	if err := p.Write(dir); err != nil {
		t.Fatal(err)
	}
	tree := readText(t, dir)
	refused, ended, ran := 0, 0, 0
	edits("plan", tree, func(any) {}, func(what string) {
		b, err := json.Marshal(tree)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "plan.json"), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		edited, err := distributed.ReadPlan(dir)
		if err != nil {
			refused++
			return
		}
		// Where a file was, and how many workers begin, are no part of what a plan is.
		if strings.Contains(what, "inode") || strings.Contains(what, "filesystem") || strings.Contains(what, "plan.tasks") {
			return
		}
		if edited.ID() == p.ID() {
			if text, _ := distributed.PlanText(edited); !bytes.Equal(text, must[[]byte](t)(distributed.PlanText(p))) {
				t.Errorf("%s: the same ID for another text", what)
			}
			return
		}
		if strings.Contains(what, "plan.map") || strings.Contains(what, ".op") || strings.Contains(what, "source.navigation") {
			return // other operations, or axes, may well have results
		}
		if err := run(p, distributed.Pool{}, distributed.RunOptions{}); err == nil || !strings.Contains(err.Error(), "another plan") {
			t.Errorf("%s: Run of the plan that it was: %v", what, err)
		}
		err = distributed.Resume(t.Context(), distributed.Pool{Workers: 1}, distributed.RunOptions{Dir: dir, Poll: 1, Rounds: 1})
		if err != nil {
			ended++
			return
		}
		ran++
		paths := []string{filepath.Join(dir, "done.json")}
		for _, o := range must[distributed.Done](t)(distributed.ReadDone(dir)).Outputs {
			paths = append(paths, o.Path)
		}
		for _, path := range paths {
			b, _ := os.ReadFile(path)
			name := filepath.Base(path)
			if name == "out.npy" {
				b = append(want[name][:128:128], b[min(4096, len(b)):]...)
			}
			if w, ok := want[name]; ok && !bytes.Equal(b, w) {
				t.Errorf("%s: %s has other bytes", what, name)
			}
			os.Remove(path)
		}
		os.Remove(filepath.Join(dir, "publishing"))
	})
	t.Logf("%d refused when they are read, %d when they run, %d have run", refused, ended, ran)
	if refused < 100 || ended < 20 || ran < 10 {
		t.Errorf("only %d plans were refused when they are read, %d when they run, and %d have run", refused, ended, ran)
	}
}

// must fails the test at an error.
func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// checkCounts sees that portions cover the blocks.
func checkCounts(t testing.TB, p *distributed.Plan) {
	t.Helper()
	n := p.Portions()
	if n < 0 || (n == 0) != (p.Blocks == 0) || p.Tasks < 1 || p.Tasks > max(n, 1) {
		t.Fatalf("%d portions of %d blocks, %d tasks", n, p.Blocks, p.Tasks)
	}
	if n == 0 {
		return
	}
	first, _ := p.Portion(0)
	_, last := p.Portion(n - 1)
	for i := range min(n, 100) {
		from, to := p.Portion(i)
		if i+1 < n {
			if next, _ := p.Portion(i + 1); next != to {
				t.Fatalf("portion %d ends at %d, and the next begins at %d", i, to, next)
			}
		}
		if from >= to {
			t.Fatalf("portion %d is from %d to %d", i, from, to)
		}
	}
	if first != 0 || last != p.Blocks {
		t.Fatalf("portions are from %d to %d of %d", first, last, p.Blocks)
	}
}

// TestPlansAtOnce writes several plans into one run directory at once: of the drivers that say so
// one only may go on, since the others would report its results as theirs.
func TestPlansAtOnce(t *testing.T) {
	f := small(t)
	for round := range 10 {
		dir := filepath.Join(t.TempDir(), "run")
		errs := make(chan error)
		for i := range 4 {
			p := f.slowPlan(slowParams{Micros: i})
			go func() { errs <- p.Write(dir) }()
		}
		written := 0
		for range 4 {
			if err := <-errs; err == nil {
				written++
			} else if !strings.Contains(err.Error(), "has another plan") {
				t.Error(err)
			}
		}
		if written != 1 {
			t.Errorf("round %d: %d plans were written", round, written)
		}
	}
}
