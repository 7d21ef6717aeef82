//go:build linux || darwin

package lazy

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// TestMidSweep cuts, replaces and deletes a file by every back end when a part of it was summed.
// What was deleted is read to its end, and everything else is an error.
func TestMidSweep(t *testing.T) {
	const size = 16 << 20
	for _, backend := range []string{"mmap", "pread", "direct", "copy"} {
		for what, act := range map[string]func(path string) error{
			"truncated": func(path string) error { return os.Truncate(path, 9<<20+77) },
			"replaced": func(path string) error {
				other := filepath.Join(filepath.Dir(path), "other")
				return errors.Join(os.WriteFile(other, make([]byte, size), 0o600), os.Rename(other, path))
			},
			"deleted": os.Remove,
		} {
			t.Run(backend+"/"+what, func(t *testing.T) {
				path := writeFile(t, t.TempDir(), mmapnpy.Uint8, []int64{16, 1 << 20}, false, []byte(strings.Repeat("\x01", size)))
				var once sync.Once
				a, err := Open(path, Backend(backend), Workers(2), Chunks("1MiB"), Progress(func(int64, int64) {
					once.Do(func() {
						if err := act(path); err != nil {
							t.Error(err)
						}
					})
				}))
				if err != nil {
					t.Fatal(err)
				}
				defer a.Close()
				sum, err := Sum(context.Background(), a, OverAll())
				switch what {
				case "truncated":
					if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, bytesrc.ErrChanged) || !strings.Contains(err.Error(), path) {
						t.Errorf("%v, %v, want an error that names %s", sum, err, path)
					}
				case "replaced":
					if !errors.Is(err, bytesrc.ErrChanged) || !strings.Contains(err.Error(), path+": changed while open: replaced by another file") {
						t.Errorf("%v, %v, want ErrChanged", sum, err)
					}
				case "deleted":
					if err != nil || sum.Float64() != size {
						t.Errorf("%v, %v, want %d", sum, err, size)
					}
				}
			})
		}
	}
}

// TestAccess checks what the source is told, and that it does not change results.
func TestAccess(t *testing.T) {
	path := writeFile(t, t.TempDir(), mmapnpy.Uint8, []int64{5}, false, []byte{1, 2, 3, 4, 5})
	a, err := Open(path, RandomAccess())
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if sum, err := Sum(t.Context(), a, OverAll()); err != nil || sum.Float64() != 15 {
		t.Errorf("%v, %v", sum, err)
	}
	if sequential := (&config{}).access(); sequential == a.config.access() {
		t.Errorf("both are %d", sequential)
	}
}
