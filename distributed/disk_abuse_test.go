//go:build linux

package distributed_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/lazynpy/lazynpy/distributed"
)

// smallDisk makes the folder a filesystem of so many bytes. It returns what makes room on it, and
// the error of a full one. Where the test may not mount one, the size of files is limited instead,
// which it says loudly: that is another error, and what many small files do not meet.
func smallDisk(t *testing.T, dir, size string, limit uint64) (room func(), real bool, full error) {
	t.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700,size="+size); err != nil {
		t.Logf("NO SMALL FILESYSTEM (%v), which takes root: files are limited to %d bytes instead", err, limit)
		return limitFiles(t, limit), false, syscall.EFBIG
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return func() {
		if err := syscall.Mount("", dir, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
			t.Error(err)
		}
	}, true, syscall.ENOSPC
}

// limitFiles limits the size of the files that this process writes, until the function is called.
func limitFiles(t *testing.T, limit uint64) (unlimit func()) {
	t.Helper()
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	set := func(to syscall.Rlimit) {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &to); err != nil {
			t.Error(err)
		}
	}
	set(syscall.Rlimit{Cur: limit, Max: old.Max})
	t.Cleanup(func() { set(old) })
	return func() { set(old) }
}

// TestDiskFull has an output that does not fit, and then results that do not.
func TestDiskFull(t *testing.T) {
	f := newFixture(t, t.TempDir(), 12, 128, 128) // 768 KiB
	want, p := f.want(), f.slowPlan(slowParams{})
	room, _, full := smallDisk(t, f.dir, "512k", 512<<10)
	err := run(p, distributed.Pool{}, distributed.RunOptions{})
	if !errors.Is(err, full) || !regexp.MustCompile(`^.*out\.npy: .*`+full.Error()+`$`).MatchString(err.Error()) {
		t.Errorf("an output that does not fit: %v", err)
	}
	f.unpublished()
	f.checkLeft("out.npy.run")
	if _, records := status(t, p); records != 0 {
		t.Errorf("%d records", records)
	}
	room()
	if err := run(p, distributed.Pool{}, distributed.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	f.check(want)
}

// TestDiskFullResults has room for one of two results: then none may appear.
func TestDiskFullResults(t *testing.T) {
	f := small(t)
	o, there := f.options(slowParams{}), distributed.RunOptions{Dir: filepath.Join(t.TempDir(), "run")}
	o.Output = "" // mean.npy has 176 bytes, and sum.npy 16 KiB
	p := f.plan(o)
	room, _, full := smallDisk(t, f.dir, "12k", 12<<10)
	if err := run(p, distributed.Pool{}, there); !errors.Is(err, full) {
		t.Errorf("results that do not fit: %v", err)
	}
	f.unpublished()
	f.checkLeft()
	room()
	if err := run(p, distributed.Pool{}, there); err != nil {
		t.Fatal(err)
	}
	f.checkLeft("mean.npy", "sum.npy")
}

// TestDiskFullJournal has a run directory on a disk that takes some of the records.
func TestDiskFullJournal(t *testing.T) {
	f := small(t)
	want, p := f.want(), f.slowPlan(slowParams{})
	run1 := distributed.RunOptions{Dir: t.TempDir(), Rounds: 2}
	room, real, full := smallDisk(t, run1.Dir, "256k", 256<<10)
	err := run(p, distributed.Pool{}, run1)
	if real {
		if !errors.Is(err, full) || !regexp.MustCompile(`portion \d+: journal: .*\.journal: `).MatchString(err.Error()) {
			t.Errorf("records that do not fit: %v", err)
		}
		f.unpublished()
	}
	before, err := distributed.StatusOf(t.Context(), run1.Dir)
	if err != nil || before.Done == 0 || before.Done == before.Portions && real {
		t.Fatalf("status %+v, %v", before, err)
	}
	if a := before.Attempts[0]; real && (a.End != distributed.EndFailed || !strings.Contains(a.Error, full.Error())) {
		t.Errorf("the worker whose journal was full has said %q, %q", a.End, a.Error)
	}
	room()
	if err := run(p, distributed.Pool{}, run1); err != nil {
		t.Fatal(err)
	}
	after, err := distributed.StatusOf(t.Context(), run1.Dir)
	if err != nil || after.Duplicates != 0 {
		t.Errorf("status %+v, %v", after, err)
	}
	if err := os.Mkdir(filepath.Join(f.dir, "out.npy.run"), 0o700); err != nil {
		t.Fatal(err)
	}
	f.check(want)
}
