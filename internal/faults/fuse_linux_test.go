package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/lazy"
)

var backends = []string{"mmap", "pread", "direct"}

// window is what a worker reads at once, which is how exactly a fault in a mapping is placed.
const window = 4 << 20

// passes are the ways through an array. Each gets a folder of its own for what it writes.
var passes = map[string]func(ctx context.Context, a *lazy.Array, dir string) error{
	"Sum": func(ctx context.Context, a *lazy.Array, _ string) error {
		_, err := lazy.Sum(ctx, a, lazy.OverAll())
		return err
	},
	"Each": func(ctx context.Context, a *lazy.Array, _ string) error {
		return lazy.Each(ctx, a, func(_ context.Context, b lazy.Block) error {
			_, err := lazy.Copy[float64](b)
			return err
		})
	},
	"Load": func(ctx context.Context, a *lazy.Array, _ string) error {
		_, err := a.Load(ctx)
		return err
	},
	"Save": func(ctx context.Context, a *lazy.Array, dir string) error {
		return a.Save(ctx, filepath.Join(dir, "out.npy"))
	},
}

// eachPass runs a test for every way of reading and every pass. The array is closed, and what it
// left behind is looked at, before the next.
func eachPass(t *testing.T, path string, opts []lazy.Option, test func(t *testing.T, a *lazy.Array, run func(context.Context) error)) {
	for _, backend := range backends {
		for name, pass := range passes {
			t.Run(backend+"/"+name, func(t *testing.T) {
				dir := t.TempDir()
				a, err := lazy.Open(path, append(opts, lazy.Backend(backend), lazy.Workers(2))...)
				if err != nil {
					t.Fatal(err)
				}
				if got, reason := a.Backend(); got != backend {
					t.Fatalf("read by %s (%s)", got, reason)
				}
				test(t, a, func(ctx context.Context) error { return pass(ctx, a, dir) })
				if err := a.Close(); err != nil {
					t.Error(err)
				}
				if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
					t.Errorf("left behind: %v, %v", left, err)
				}
				checkGoroutines(t)
			})
		}
	}
}

// checkGoroutines waits until no goroutine is inside the library any more.
func checkGoroutines(t *testing.T) {
	t.Helper()
	buf := make([]byte, 1<<20)
	for range 1000 {
		stacks := string(buf[:runtime.Stack(buf, true)])
		if !strings.Contains(stacks, "lazynpy/lazy.") && !strings.Contains(stacks, "internal/bytesrc.") {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("goroutines are left:\n%s", buf[:runtime.Stack(buf, true)])
}

// TestReads checks that all is well while the storage is.
func TestReads(t *testing.T) {
	path, _, want := mount(t, 24<<20)
	for _, backend := range append([]string{"auto"}, backends...) {
		a, err := lazy.Open(path, lazy.Backend(backend))
		if err != nil {
			t.Fatal(err)
		}
		got, err := lazy.Sum(t.Context(), a, lazy.OverAll())
		if err != nil || got.Float64() != want {
			t.Errorf("%s: sum is %v, %v, want %v", backend, got, err, want)
		}
		used, reason := a.Backend()
		if backend == "auto" && (used != "pread" || !strings.HasPrefix(reason, "fuse filesystem")) {
			t.Errorf("auto chose %s (%s)", used, reason)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestBrokenDisk breaks a byte in the middle of the file.
func TestBrokenDisk(t *testing.T) {
	path, f, _ := mount(t, 24<<20)
	const broken = 13<<20 + 5000
	f.set("broken", broken)
	eachPass(t, path, nil, func(t *testing.T, a *lazy.Array, run func(context.Context) error) {
		err := run(t.Context())
		var fault *lazy.FaultError
		if !errors.As(err, &fault) || fault.Path != path {
			t.Fatalf("%v, want a fault of %s", err, path)
		}
		if fault.Offset > broken || fault.Offset <= broken-2*window {
			t.Errorf("offset %d does not lead to %d", fault.Offset, broken)
		}
		if !strings.HasPrefix(err.Error(), fmt.Sprintf("%s: offset %d: ", path, fault.Offset)) || strings.Contains(err.Error(), "\n") {
			t.Errorf("message is %q", err)
		}
		if backend, _ := a.Backend(); backend != "mmap" && !errors.Is(err, syscall.EIO) {
			t.Errorf("%v is no EIO", err)
		}
	})
}

// TestShrinks cuts the file when a part of it was read.
func TestShrinks(t *testing.T) {
	path, f, _ := mount(t, 48<<20)
	whole := f.get("size")
	var once *sync.Once
	cut := lazy.Progress(func(done, _ int64) { once.Do(func() { f.set("size", 40<<20+77) }) })
	eachPass(t, path, []lazy.Option{cut, lazy.Chunks("2MiB")}, func(t *testing.T, _ *lazy.Array, run func(context.Context) error) {
		once = new(sync.Once)
		defer f.set("size", whole)
		err := run(t.Context())
		var fault *lazy.FaultError
		if !errors.As(err, &fault) || !errors.Is(err, io.ErrUnexpectedEOF) || fault.Path != path {
			t.Errorf("%v, want the end of %s", err, path)
		}
	})
}

// TestSlow cancels passes over a file whose reads take their time.
func TestSlow(t *testing.T) {
	path, f, _ := mount(t, 64<<20)
	cancelled := errors.New("enough")
	var cancel context.CancelCauseFunc
	stop := lazy.Progress(func(int64, int64) { cancel(cancelled) })
	eachPass(t, path, []lazy.Option{stop, lazy.Chunks("4MiB")}, func(t *testing.T, _ *lazy.Array, run func(context.Context) error) {
		f.set("delay", int64(500*time.Microsecond))
		defer f.set("delay", 0)
		ctx, c := context.WithCancelCause(t.Context())
		cancel = c
		f.set("served", 0)
		if err := run(ctx); !errors.Is(err, cancelled) && !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
		c(nil)
		// One window of each worker was done and another begun, and the kernel reads ahead.
		if got := f.get("served"); got > 8*window {
			t.Errorf("%d MiB were read after all", got>>20)
		}
	})
}
