package journal

import (
	"syscall"
	"testing"
)

// mountSmall makes dir a filesystem of 64 KiB, or stands in for it, and returns what makes journals
// there.
func mountSmall(t *testing.T, dir string) func(Attempt) (*Writer, error) {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Logf("a small file instead of a filesystem: %v", err) // which takes privileges
		return smallJournal(dir)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return func(a Attempt) (*Writer, error) { return Create(dir, planA, a) }
}
