package fileerr_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/lazynpy/lazynpy/internal/fileerr"
)

var errTest = errors.New("mean: a bad day in x.npy")

func TestIn(t *testing.T) {
	abs, err := filepath.Abs("scan.npy")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path string
		err  error
		want string
	}{
		{"mean", errTest, "mean: mean: a bad day in x.npy"},
		{"a", errTest, "a: mean: a bad day in x.npy"},
		{"x.npy", errTest, "x.npy: mean: a bad day in x.npy"},
		{"a", &fs.PathError{Op: "open", Path: "a", Err: fs.ErrNotExist}, "open a: file does not exist"},
		{"a", &fs.PathError{Op: "open", Path: "b", Err: fs.ErrNotExist}, "a: open b: file does not exist"},
		{"b", &os.LinkError{Op: "rename", Old: "a", New: "b", Err: fs.ErrExist}, "rename a b: file already exists"},
		{"a", fmt.Errorf("sum: %w", fileerr.New("a", errTest)), "sum: a: mean: a bad day in x.npy"},
		{"a", errors.Join(errTest, fileerr.Errorf("a", "torn at %d", 3)), "mean: a bad day in x.npy\na: torn at 3"},
		{"train.npz", fileerr.New("train.npz:x", errTest), "train.npz:x: mean: a bad day in x.npy"},
		{"train.npz:x", fileerr.New("train.npz", errTest), "train.npz:x: train.npz: mean: a bad day in x.npy"},
		{"train", fileerr.New("train.npz", errTest), "train: train.npz: mean: a bad day in x.npy"},
		{"run", fileerr.New(filepath.Join("run", "plan.json"), errTest), filepath.Join("run", "plan.json") + ": mean: a bad day in x.npy"},
		{"scan.npy", fileerr.New(abs, errTest), abs + ": mean: a bad day in x.npy"},
		{"a", &fileerr.Error{Path: "a", More: 2, Err: errTest}, "a and 2 more: mean: a bad day in x.npy"},
		{"", fileerr.New("a", errTest), ": a: mean: a bad day in x.npy"},
	} {
		got := fileerr.In(c.path, c.err)
		if got.Error() != c.want || !errors.Is(got, c.err) {
			t.Errorf("in %q: %q, want %q", c.path, got, c.want)
		}
	}
	if err := fileerr.In("a", nil); err != nil {
		t.Errorf("no error became %v", err)
	}
	var e *fileerr.Error
	if err := fmt.Errorf("x: %w", fileerr.New("a", errTest)); !errors.As(err, &e) || e.Path != "a" || !errors.Is(e.Err, errTest) {
		t.Errorf("found %+v", e)
	}
}
