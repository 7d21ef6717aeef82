package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestTwiceAtOnce runs two processes of every verb that writes with the same command line at once.
// One of them makes the output, and the other makes it too or says why it does not.
func TestTwiceAtOnce(t *testing.T) {
	inputs := crashInputs(t, 300)
	for _, c := range crashCases {
		_, want, _ := c.complete(t, inputs)
		tally := map[string]int{}
		for round := range rounds(1, 50) {
			dir := c.begin(t, inputs)
			before := relative(t, dir)
			var all [2]*exec.Cmd
			var said [2]fmt.Stringer
			for i := range all {
				var env []string
				if round%2 == 1 {
					env = []string{"LAZYNPY_NAMED_TEMPORARY=1"}
				}
				all[i], said[i] = c.command(dir, env...)
				if err := all[i].Start(); err != nil {
					t.Fatal(err)
				}
			}
			done := 0
			for i, cmd := range all {
				_ = cmd.Wait() // the status follows
				switch code, text := cmd.ProcessState.ExitCode(), strings.TrimSpace(said[i].String()); {
				case code == exitOK:
					done++
				case code != exitFailure || text == "":
					t.Errorf("%s: %v, %s", c.name, cmd.ProcessState, text)
				default:
					_, text, _ = strings.Cut(text, ": ")
					tally[text]++
				}
			}
			now := relative(t, dir)
			for _, name := range c.out {
				if now[name] != want[name] {
					t.Errorf("%s: %s is not what it is to be; %s, %s", c.name, name, said[0], said[1])
				}
			}
			if left := c.intact(t, c.name, before, want, now); len(left) > 0 || done == 0 {
				t.Errorf("%s: %d did their work, left %q; %s, %s", c.name, done, left, said[0], said[1])
			}
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("%s: %v", c.name, tally)
	}
}

// complete runs the verb undisturbed.
func (c crashCase) complete(t *testing.T, inputs string) (before, want map[string]string, took time.Duration) {
	t.Helper()
	dir := c.begin(t, inputs)
	before = relative(t, dir)
	cmd, stderr := c.command(dir)
	start := time.Now()
	err := cmd.Run()
	took = time.Since(start)
	if err != nil {
		t.Fatalf("%s: %v, %s", c.name, err, stderr)
	}
	return before, relative(t, dir), took
}

// fullSteps are the bytes that there is room for, up to most: every 64 KiB, or a few of them.
func fullSteps(most int) (all []int) {
	step := 64 << 10
	if os.Getenv("LAZYNPY_LONG") == "" {
		step *= 8
	}
	for n := 64; n < most; n += step {
		all = append(all, n)
	}
	return all
}

// TestFullDisk lets every verb find out that a file may grow no more, at every 64 KiB of what it
// writes.
func TestFullDisk(t *testing.T) {
	inputs := crashInputs(t, 500) // 500,000 bytes
	for _, c := range crashCases {
		_, want, _ := c.complete(t, inputs)
		largest := 4 << 20 // the scan of a demo
		for _, name := range c.out {
			largest = min(largest, len(want[name]))
		}
		if c.name == "recover in place" {
			largest = 128 // it writes no more than a header
		}
		for _, limit := range fullSteps(largest) {
			dir := c.begin(t, inputs)
			before := relative(t, dir)
			cmd, stderr := c.command(dir, fmt.Sprintf("%s=%d", fileLimit, limit))
			err := cmd.Run()
			if status := cmd.ProcessState.ExitCode(); err == nil || status != exitFailure || !strings.Contains(stderr.String(), "too large") || strings.Contains(stderr.String(), ".tmp") {
				t.Errorf("%s, %d bytes: %v, %s", c.name, limit, err, stderr)
			}
			if left := c.intact(t, c.name, before, want, relative(t, dir)); len(left) > 0 {
				t.Errorf("%s, %d bytes: left %q", c.name, limit, left)
			}
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestFullFilesystem does so on a small filesystem, where inputs, outputs and temporary files are
// together: what fits is made, and of what does not nothing is left. It takes the right to mount
// one, which root has; TestFullDisk is for everybody.
func TestFullFilesystem(t *testing.T) {
	disk := t.TempDir()
	const whole = 64 << 20
	if err := mountSized(disk, whole, 0); err != nil {
		t.Logf("NO SMALL FILESYSTEM: %v", err)
		return
	}
	defer func() {
		if err := unix.Unmount(disk, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	}()
	inputs := crashInputs(t, 500)
	for _, c := range crashCases {
		before, want, _ := c.complete(t, inputs)
		most := 0
		if c.name == "demo" {
			most = 4 << 20 // its scan
		}
		for _, name := range c.out {
			most += len(want[name])
		}
		refused := 0
		for _, room := range fullSteps(most) {
			dir := filepath.Join(disk, "work")
			c.fill(t, dir, inputs)
			var st unix.Statfs_t
			err := unix.Statfs(disk, &st)
			used := int64(st.Blocks-st.Bfree) * int64(st.Bsize) //nolint:unconvert // Bsize has 32 bits on some processors
			if err := errors.Join(err, mountSized(disk, used+int64(room), unix.MS_REMOUNT)); err != nil {
				t.Fatal(err)
			}
			cmd, stderr := c.command(dir)
			err = cmd.Run()
			switch status := cmd.ProcessState.ExitCode(); {
			case status == exitOK:
			case status == exitFailure && noRoom.MatchString(stderr.String()) && !strings.Contains(stderr.String(), ".tmp"):
				refused++
			default:
				t.Errorf("%s, room for %d bytes: %v, %s", c.name, room, err, stderr)
			}
			if left := c.intact(t, c.name, before, want, relative(t, dir)); len(left) > 0 {
				t.Errorf("%s, room for %d bytes: left %q", c.name, room, left)
			}
			if err := errors.Join(mountSized(disk, whole, unix.MS_REMOUNT), os.RemoveAll(dir)); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("%s: no room %d times", c.name, refused)
	}
}

var noRoom = regexp.MustCompile("no space left on device|are free, and the scan takes")

// mountSized mounts a filesystem of so many bytes, or gives the one that is there another size.
func mountSized(dir string, size int64, flags uintptr) error {
	return unix.Mount("tmpfs", dir, "tmpfs", flags, fmt.Sprintf("size=%d", size))
}
