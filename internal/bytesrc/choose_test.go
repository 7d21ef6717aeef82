package bytesrc

import (
	"strings"
	"testing"
)

// TestChoose gives the choice every kind of file there is, without having any.
func TestChoose(t *testing.T) {
	const gib = 1 << 30
	// More than a 32-bit process can map is read by pread there, whatever else is true.
	big := func(b Backend) Backend {
		if mappable(5 * gib) {
			return b
		}
		return BackendPread
	}
	ext4, tmpfs, lustre := filesystem{"ext4", false}, filesystem{"tmpfs", false}, filesystem{"lustre", true}
	for _, c := range []struct {
		name   string
		goos   string
		where  filesystem
		size   int64
		room   int64
		access Access
		want   Backend
		reason string
	}{
		{"local", "linux", ext4, gib, 4 * gib, AccessSequential, BackendMmap, "local file on ext4"},
		{"local, nothing known", "linux", filesystem{}, gib, 0, AccessSequential, BackendMmap, "local file"},
		{"macOS", "darwin", filesystem{"apfs", false}, gib, 0, AccessSequential, BackendMmap, "local file on apfs"},
		{"remote", "linux", lustre, gib, 4 * gib, AccessSequential, BackendPread, "lustre filesystem"},
		{"remote and large", "linux", lustre, 5 * gib, gib, AccessSequential, BackendPread, "lustre filesystem"},
		{"remote, on macOS", "darwin", filesystem{"nfs", true}, gib, 0, AccessAny, BackendPread, "nfs filesystem"},
		{"larger than memory", "linux", ext4, 5 * gib, 4 * gib, AccessSequential, BackendDirect, "larger than the 4096 MiB"},
		{"as large as memory", "linux", ext4, gib, gib, AccessSequential, BackendMmap, "local file"},
		{"larger than memory, at random", "linux", ext4, 5 * gib, gib, AccessRandom, big(BackendMmap), ""},
		{"larger than memory, views", "linux", ext4, 5 * gib, gib, AccessAny, big(BackendMmap), ""},
		{"larger than memory, in memory", "linux", tmpfs, 5 * gib, gib, AccessSequential, big(BackendMmap), ""},
		{"small in a tiny cgroup", "linux", ext4, smallFile, 1, AccessSequential, BackendMmap, "local file"},
		{"Windows", "windows", filesystem{}, gib, 0, AccessSequential, BackendCopy, "portable reader on windows"},
		{"no address space", "linux", ext4, 1 << 62, 1 << 62, AccessAny, BackendMmap, "local file"},
	} {
		if c.name == "no address space" && !mappable(c.size) {
			c.want, c.reason = BackendPread, "do not fit the address space"
		}
		got, err := facts{
			options: Options{Access: c.access}, goos: c.goos, size: c.size,
			filesystem: func() filesystem { return c.where },
			available:  func() int64 { return c.room },
		}.choose()
		if err != nil || got.backend != c.want || !strings.Contains(got.reason, c.reason) || !got.auto {
			t.Errorf("%s: %+v, %v, want %s (%s)", c.name, got, err, c.want, c.reason)
		}
	}
}

// TestChooseNamed checks what is asked for by name.
func TestChooseNamed(t *testing.T) {
	for _, c := range []struct {
		name, env, goos string
		o               Options
		want            Backend
		err             string
	}{
		{"option", "pread", "linux", Options{Backend: BackendDirect}, BackendDirect, ""},
		{"variable", "direct", "linux", Options{}, BackendDirect, ""},
		{"variable says auto", "auto", "linux", Options{}, BackendMmap, ""},
		{"macOS", "", "darwin", Options{Backend: BackendDirect}, BackendDirect, ""},
		{"Windows", "", "windows", Options{Backend: BackendDirect}, "", "the direct back end needs Linux or macOS, and this is windows"},
		{"writing", "", "linux", Options{Backend: BackendDirect, Mode: ReadWrite}, "", "mode r+ needs the mmap back end, not direct"},
		{"writing beside the variable", "direct", "linux", Options{Mode: CopyOnWrite}, BackendMmap, ""},
	} {
		got, err := facts{
			options: c.o, env: c.env, goos: c.goos, size: 1 << 20,
			filesystem: func() filesystem { return filesystem{} },
			available:  func() int64 { return 1 << 30 },
		}.choose()
		switch {
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s: %v, want %q", c.name, err, c.err)
		case c.err == "" && (err != nil || got.backend != c.want):
			t.Errorf("%s: %+v, %v, want %s", c.name, got, err, c.want)
		}
	}
}

func TestStorageOf(t *testing.T) {
	path, _ := tempFile(t, 10)
	s, err := StorageOf(path)
	if err != nil || s.Remote != filesystemAt(t, path).remote || s.Stripe < 0 || s.Available < 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := StorageOf(path + ".missing"); err == nil {
		t.Error("a missing file has storage")
	}
}

func filesystemAt(t *testing.T, path string) filesystem {
	t.Helper()
	return filesystemOf(open(t, path, Options{}).os)
}
