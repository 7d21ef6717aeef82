package ops

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// openFiles counts the descriptors of this process for files in a folder.
func openFiles(t *testing.T, dir string) int {
	t.Helper()
	n := 0
	for _, fd := range must(os.ReadDir("/proc/self/fd"))(t) {
		if target, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(target, dir) {
			n++
		}
	}
	return n
}

// TestOperandsAreClosed counts the files of operands: open with the result, closed with it, and
// after a failure.
func TestOperandsAreClosed(t *testing.T) {
	t.Setenv("LAZYNPY_BACKEND", "pread") // which keeps its descriptor
	dir := must(filepath.EvalSymlinks(t.TempDir()))(t)
	save := func(name string, a *lazy.Array) Operand {
		path := filepath.Join(dir, name)
		if err := a.Save(t.Context(), path, lazy.Sync(false)); err != nil {
			t.Fatal(err)
		}
		return Operand{Array: Path(path)}
	}
	frame := save("frame.npy", sample(t, mmapnpy.Float64, 6, 6))
	misfit := save("misfit.npy", sample(t, mmapnpy.Float64, 5, 6))
	mask := save("mask.npy", must(lazy.FromSlice([]bool{true, false, true, true}))(t))
	data := save("data.npy", sample(t, mmapnpy.Uint8))
	missing := Operand{Array: Path(filepath.Join(dir, "missing.npy"))}
	registered.add("test", mapEntry("test/panic-late", func(a *lazy.Array, p BinaryParams) (*lazy.Array, error) {
		return withOperands(func([]lazy.Operand) (*lazy.Array, error) { panic("late") }, p.Operand)
	}))
	tests := []struct {
		op   Op
		open int // beside the data; -1 for a failure
	}{
		{Must("subtract", BinaryParams{Operand: frame}), 1},
		{Must("subtract", BinaryParams{Operand: frame, Reverse: true}), 1},
		{Must("less", BinaryParams{Operand: Operand{Value: 300}}), 0},
		{Must("clip", ClipParams{Lo: frame, Hi: frame}), 2},
		{Must("where", WhereParams{Cond: frame, X: frame}), 2},
		{Must("correct", CorrectParams{Dark: frame, Gain: frame, DeadPixels: [][]int64{{0, 0}}}), 2},
		{Must("select", SelectParams{Mask: mask.Array}), 0},
		{Must("subtract", BinaryParams{Operand: misfit}), -1},
		{Must("left_shift", BinaryParams{Operand: frame}), -1},
		{Must("clip", ClipParams{Lo: frame, Hi: misfit}), -1},
		{Must("clip", ClipParams{Lo: frame, Hi: missing}), -1},
		{Must("where", WhereParams{Cond: frame, X: frame, Y: frame}), -1},
		{Must("correct", CorrectParams{Dark: frame, Gain: misfit}), -1},
		{Must("correct", CorrectParams{Dark: frame, DeadPixels: [][]int64{{9, 9}}}), -1},
		{Must("select", SelectParams{Mask: frame.Array}), -1},
		{Must("test/panic-late", BinaryParams{Operand: frame}), -1},
	}
	for _, test := range tests {
		a := must(lazy.Open(string(data.Array), lazy.NavigationAxes(0)))(t)
		out, err := test.op.Apply(a)
		switch n := openFiles(t, dir); {
		case (err != nil) != (test.open < 0):
			t.Errorf("%s: %v", test.op, err)
		case n != 1+max(test.open, 0):
			t.Errorf("%s: %d files are open, not %d", test.op, n, 1+max(test.open, 0))
		}
		closing := out
		if err != nil {
			if _, err := a.Load(t.Context()); err != nil {
				t.Errorf("after %s failed: %v", test.op, err)
			}
			closing = a
		}
		if err := closing.Close(); err != nil {
			t.Errorf("%s: %v", test.op, err)
		}
		if n := openFiles(t, dir); n != 0 {
			t.Errorf("%s: %d files are still open", test.op, n)
		}
	}
	if _, err := Must("subtract", BinaryParams{Operand: missing}).Apply(sample(t, mmapnpy.Uint8)); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "missing.npy") {
		t.Errorf("a missing operand: %v", err)
	}
	masks := MasksParams{[]Mask{{Array: frame.Array}, {Array: missing.Array}}}
	if _, err := Must("masks", masks).Reducer(); !errors.Is(err, os.ErrNotExist) || openFiles(t, dir) != 0 {
		t.Errorf("a missing mask: %v, %d files are open", err, openFiles(t, dir))
	}
}
