package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// fewDescriptors is how many files a process of these tests may have open.
const fewDescriptors = 64

// manyFiles makes files of one row each, which holds the number of the file.
func manyFiles(t *testing.T, dir string) (paths []string) {
	t.Helper()
	head, err := mmapnpy.EncodeHeader(mmapnpy.Header{DType: mmapnpy.Int64, Shape: []int64{1, 4}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range rounds(300, 2000) {
		row := []int64{int64(i), int64(i), int64(i), int64(i)}
		path := filepath.Join(dir, fmt.Sprintf("f%d.npy", i))
		if err := os.WriteFile(path, append(head[:len(head):len(head)], kernel.Bytes(row)...), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// limited runs the program in a process that may have few files open.
func limited(t *testing.T, args ...string) string {
	t.Helper()
	shell := fmt.Sprintf(`ulimit -n %d && exec "$0" "$@"`, fewDescriptors)
	cmd := exec.Command("sh", append([]string{"-c", shell, os.Args[0]}, args...)...)
	cmd.Env = append(os.Environ(), childVariable+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s with few descriptors: %v\n%.2000s", args[0], err, out)
	}
	return string(out)
}

// TestFewDescriptors gives verbs many more files than may be open.
func TestFewDescriptors(t *testing.T) {
	dir := t.TempDir()
	paths := manyFiles(t, dir)
	n := len(paths)
	archive := filepath.Join(t.TempDir(), "all.npz")
	with := func(verb []string, paths ...string) []string { return append(verb, paths...) }
	limited(t, with([]string{"add", archive}, paths...)...)
	limited(t, with([]string{"add", "--raw", archive + ".zip"}, paths...)...)
	if got := len(keysIn(t, archive)); got != n {
		t.Errorf("add made an archive of %d arrays", got)
	}
	if got := len(keysIn(t, archive+".zip")); got != n {
		t.Errorf("add --raw made an archive of %d files", got)
	}
	for _, verb := range []string{"info", "validate", "checksum"} {
		if out := limited(t, with([]string{verb}, paths...)...); !strings.Contains(out, paths[n-1]) {
			t.Errorf("%s does not tell of the last file", verb)
		}
	}
	for _, args := range [][]string{{"ls", archive}, {"validate", archive}, {"checksum", archive}, {"repack", archive}, {"info", archive}} {
		limited(t, args...)
	}
	out := t.TempDir()
	limited(t, "extract", archive, "-C", out)
	if entries, err := os.ReadDir(out); err != nil || len(entries) != n {
		t.Errorf("extract wrote %d files: %v", len(entries), err)
	}
}

// libraryVariable makes the test program use the library with the files of a folder, and few
// descriptors.
const libraryVariable = "LAZYNPY_TEST_LIBRARY"

// TestFewDescriptorsInLibrary starts itself in a process that may have few files open.
func TestFewDescriptorsInLibrary(t *testing.T) {
	dir := os.Getenv(libraryVariable)
	if dir == "" {
		dir = t.TempDir()
		manyFiles(t, dir)
		cmd := exec.Command(os.Args[0], "-test.run=^TestFewDescriptorsInLibrary$")
		cmd.Env = append(os.Environ(), libraryVariable+"="+dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%.2000s", err, out)
		}
		return
	}
	limit := unix.Rlimit{Cur: fewDescriptors, Max: fewDescriptors}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "f*.npy"))
	if err != nil || len(paths) < 4*fewDescriptors {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	n := float64(len(paths))
	total := 4 * n * (n - 1) / 2
	check := func(what string, a *lazy.Array) {
		t.Helper()
		if got, err := lazy.Sum(context.Background(), a, lazy.OverAll()); err != nil || got.Float64() != total {
			t.Errorf("%s: %v, %v, want %v", what, got, err, total)
		}
	}
	var arrays []*lazy.Array
	var entries []lazy.Entry
	for i, path := range paths {
		a, err := lazy.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		arrays = append(arrays, a)
		entries = append(entries, lazy.Entry{Key: fmt.Sprint(i), Array: a})
	}
	joined, err := lazy.Concatenate(0, arrays...)
	if err != nil {
		t.Fatal(err)
	}
	check("Concatenate", joined)
	if loaded, err := joined.Load(context.Background()); err != nil || loaded.Len() != int64(4*n) {
		t.Errorf("Load: %v, %v", loaded, err)
	}
	if err := joined.Save(context.Background(), filepath.Join(dir, "joined")); err != nil {
		t.Error(err)
	}
	stacked, err := lazy.Stack(0, arrays...)
	if err != nil {
		t.Fatal(err)
	}
	check("Stack", stacked)
	opened, err := lazy.OpenStack(filepath.Join(dir, "f*.npy"))
	if err != nil {
		t.Fatal(err)
	}
	check("OpenStack", opened)
	npz := filepath.Join(dir, "all.npz")
	if err := lazy.SaveArchive(context.Background(), npz, entries[:len(entries)/2]); err != nil {
		t.Fatal(err)
	}
	if err := lazy.AppendArchive(context.Background(), npz, entries[len(entries)/2:]); err != nil {
		t.Fatal(err)
	}
	if got := len(keysIn(t, npz)); got != len(paths) {
		t.Errorf("the archive has %d arrays", got)
	}
	for _, a := range append(arrays, opened) {
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
