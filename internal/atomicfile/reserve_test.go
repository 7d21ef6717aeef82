package atomicfile

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"
)

func TestReserve(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "a"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for name, give := range map[string]func(*os.File, int64) error{"Reserve": Reserve, "Lengthen": Lengthen} {
		for _, size := range []int64{0, 1, 100_000} {
			if err := f.Truncate(0); err != nil {
				t.Fatal(err)
			}
			if err := give(f, size); err != nil {
				t.Errorf("%s(%d): %v", name, size, err)
			}
			if info, err := f.Stat(); err != nil || info.Size() != size {
				t.Errorf("%s(%d) gives %d bytes, %v", name, size, info.Size(), err)
			}
		}
		if err := give(f, math.MaxInt64/2); err == nil {
			t.Errorf("%s of more than any disk has", name)
		}
	}
	StartWriteback(f, 0, 10)
	if err := Forget(f, 0, 10); err != nil {
		t.Error(err)
	}
	if n := Memory(); n < 0 {
		t.Errorf("Memory: %d", n)
	}
}

func TestCommitUnsynced(t *testing.T) {
	t.Chdir(t.TempDir())
	f, err := Create("a")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(says("1")(f.File), f.CommitUnsynced()); err != nil {
		t.Fatal(err)
	}
	if err := f.CommitUnsynced(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a second time: %v", err)
	}
	if got, err := os.ReadFile("a"); err != nil || string(got) != "1" {
		t.Errorf("the file holds %q: %v", got, err)
	}
	noneLeft(t)
}
