package mmapnpy

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// limitFileSize makes writing beyond n bytes of a file fail, as a full disk does.
func limitFileSize(t *testing.T, n uint64) (restore func()) {
	t.Helper()
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	limit := old
	limit.Cur = n
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNoSpace runs out of space in everything that writes.
func TestNoSpace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.npy")
	if err := Save(path, cBuffer(Uint8, []byte("abcdef"), 3, 2)); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	big := cBuffer(Uint8, make([]byte, 6<<20), 3<<20, 2)
	for name, write := range map[string]func() error{
		"Save":   func() error { return Save(path, big) },
		"Append": func() error { return Append(path, big) },
		"SaveElements": func() error {
			return SaveElements(path, Uint8, []int64{6 << 20}, func(yield func([]byte, error) bool) { yield(big.Data, nil) })
		},
		"Create": func() error {
			f, err := Create(path, Uint8, []int64{6 << 20})
			if err == nil {
				return errors.Join(errors.New("created"), f.Close())
			}
			return err
		},
	} {
		restore := limitFileSize(t, 3<<20)
		err := write()
		restore()
		if !errors.Is(err, unix.EFBIG) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, before) {
			t.Errorf("%s changed the file: %v", name, err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
			t.Errorf("%s left files behind: %v, %v", name, left, err)
		}
	}
}

// TestReadOnlyFolder writes where that is not possible: on a read-only filesystem if the test
// may mount one, and else in a folder without permission.
func TestReadOnlyFolder(t *testing.T) {
	dir := t.TempDir()
	mounted := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m") == nil
	path := filepath.Join(dir, "a.npy")
	b := cBuffer(Uint8, []byte("abc"), 3)
	if err := Save(path, b); err != nil {
		t.Fatal(err)
	}
	want := error(unix.EROFS)
	if mounted {
		defer func() {
			if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
				t.Error(err)
			}
		}()
		if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
	} else {
		want = os.ErrPermission
		defer func() {
			if err := os.Chmod(dir, 0o700); err != nil { // for it to be removed
				t.Error(err)
			}
		}()
		if err := errors.Join(os.Chmod(path, 0o400), os.Chmod(dir, 0o500)); err != nil {
			t.Fatal(err)
		}
	}
	_, createErr := Create(path, Uint8, []int64{3})
	_, openErr := Open(path, WithMode(ReadWrite))
	_, recoverErr := Recover(path)
	for name, err := range map[string]error{
		"Save": Save(path, b), "Create": createErr, "Append": Append(path, b), "Recover": recoverErr, "Open": openErr,
	} {
		if !errors.Is(err, want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if r, err := Recover(path, DryRun()); err != nil || r.Changed {
		t.Errorf("a dry run of Recover: %v, %v", r, err)
	}
	for _, mode := range []Mode{ReadOnly, CopyOnWrite} {
		f := openTemp(t, path, WithMode(mode))
		if got, err := CopyOf[uint8](mustBuffer(t, f)); err != nil || string(got) != "abc" {
			t.Errorf("mode %v: %q, %v", mode, got, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestCreateReserves checks that a new file has its blocks on disk, so that writing through the
// mapping cannot run out of space.
func TestCreateReserves(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npy")
	f, err := Create(path, Float64, []int64{1 << 17})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	if st.Size != 1<<20+128 || st.Blocks*512 < st.Size {
		t.Errorf("%d bytes have %d on disk", st.Size, st.Blocks*512)
	}
}
