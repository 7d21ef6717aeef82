package bytesrc

import (
	"encoding/binary"
	"testing"
	"testing/fstest"
)

func TestFilesystemByMagic(t *testing.T) {
	for magic, want := range map[uint32]filesystem{
		0x0bd00bd0: {"lustre", true},
		0x47504653: {"gpfs", true},
		0x19830326: {"beegfs", true},
		0x6969:     {"nfs", true},
		0xff534d42: {"smb", true},
		0xfe534d42: {"smb", true},
		0x00c36400: {"ceph", true},
		0x65735546: {"fuse", true},
		0x01021997: {"9p", true},
		0x5346414f: {"afs", true},
		0x20030528: {"orangefs", true},
		0x01021994: {"tmpfs", false},
		0xef53:     {"ext4", false},
		0x58465342: {"xfs", false},
		0x794c7630: {"overlay", false},
		0x12345678: {"0x12345678", false},
	} {
		if got := filesystemByMagic(magic); got != want {
			t.Errorf("%#x is %+v, want %+v", magic, got, want)
		}
	}
}

func TestLustreStripe(t *testing.T) {
	layout := func(magic, stripe uint32) []byte {
		b := make([]byte, 32)
		binary.NativeEndian.PutUint32(b, magic)
		binary.NativeEndian.PutUint32(b[24:], stripe)
		return b
	}
	for _, c := range []struct {
		layout []byte
		want   int64
	}{
		{layout(0x0bd10bd0, 1<<20), 1 << 20},
		{layout(0x0bd30bd0, 4<<20), 4 << 20},
		{layout(0x0bd60bd0, 4<<20), 0}, // of several components
		{layout(0x0bd10bd0, 1000), 0},
		{layout(0x0bd10bd0, 0), 0},
		{layout(0x0bd10bd0, 1<<20)[:27], 0},
		{nil, 0},
	} {
		if got := lustreStripe(c.layout); got != c.want {
			t.Errorf("stripe of %x is %d, want %d", c.layout, got, c.want)
		}
	}
}

// TestAvailable looks at made-up systems.
func TestAvailable(t *testing.T) {
	const meminfo = "MemTotal: 8000 kB\nMemFree: 100 kB\nMemAvailable: 4000 kB\n"
	text := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	for _, c := range []struct {
		name string
		root fstest.MapFS
		want int64
	}{
		{"nothing", fstest.MapFS{}, 0},
		{"no groups", fstest.MapFS{"proc/meminfo": text(meminfo)}, 4000 << 10},
		{"old kernel", fstest.MapFS{"proc/meminfo": text("MemTotal: 8000 kB\n")}, 0},
		{"version 2, limit on the parent", fstest.MapFS{
			"proc/meminfo":                          text(meminfo),
			"proc/self/cgroup":                      text("0::/job/step\n"),
			"sys/fs/cgroup/job/step/memory.max":     text("max\n"),
			"sys/fs/cgroup/job/step/memory.current": text("1000\n"),
			"sys/fs/cgroup/job/memory.max":          text("1000000\n"),
			"sys/fs/cgroup/job/memory.current":      text("900000\n"),
			"sys/fs/cgroup/job/memory.stat":         text("anon 200000\nfile 700000\ninactive_file 600000\nactive_file 100000\n"),
		}, 800_000},
		{"version 2, in a container", fstest.MapFS{
			"proc/meminfo":                 text(meminfo),
			"proc/self/cgroup":             text("0::/../../of/the/host\n"),
			"sys/fs/cgroup/memory.max":     text("500000\n"),
			"sys/fs/cgroup/memory.current": text("100000\n"),
		}, 400_000},
		{"version 1", fstest.MapFS{
			"proc/meminfo":     text(meminfo),
			"proc/self/cgroup": text("5:cpu,cpuacct:/a\n4:memory:/job\n0::/\n"),
			"sys/fs/cgroup/memory/memory.limit_in_bytes":     text("9223372036854771712\n"),
			"sys/fs/cgroup/memory/memory.usage_in_bytes":     text("7000000\n"),
			"sys/fs/cgroup/memory/job/memory.limit_in_bytes": text("300000\n"),
			"sys/fs/cgroup/memory/job/memory.usage_in_bytes": text("300000\n"),
			"sys/fs/cgroup/memory/job/memory.stat":           text("inactive_file 1\ntotal_inactive_file 250000\ntotal_active_file 0\n"),
		}, 250_000},
		{"limit on addresses", fstest.MapFS{
			"proc/meminfo":     text(meminfo),
			"proc/self/limits": text("Limit  Soft Limit  Hard Limit  Units\nMax address space         500000            unlimited            bytes     \n"),
			"proc/self/statm":  text("0 0 0 0 0 0 0\n"),
		}, 500_000},
		{"no limit on addresses", fstest.MapFS{
			"proc/meminfo":     text(meminfo),
			"proc/self/limits": text("Max address space         unlimited            unlimited            bytes     \n"),
		}, 4000 << 10},
		{"over the limit", fstest.MapFS{
			"proc/self/cgroup":             text("0::/\n"),
			"sys/fs/cgroup/memory.max":     text("100\n"),
			"sys/fs/cgroup/memory.current": text("200\n"),
		}, 1},
		{"nonsense", fstest.MapFS{"proc/meminfo": text("MemAvailable: many\n"), "proc/self/cgroup": text("0:\nx\n")}, 0},
	} {
		if got := availableIn(c.root); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	if memoryNow() <= 0 {
		t.Error("this system has no memory")
	}
}
