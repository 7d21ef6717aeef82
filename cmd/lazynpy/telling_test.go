package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestManyErrors runs verbs on an archive of hundreds of broken members, on archives of a few, and
// on many files: some errors are told, and all are counted.
func TestManyErrors(t *testing.T) {
	const members = 600
	entries := make([]entry, members)
	for i := range entries {
		entries[i] = entry{fmt.Sprintf("m%d.npy", i), []byte("junk")}
	}
	path := foreignNPZ(t, zip.Store, entries...)
	broken := badSums(t, path)
	for _, verb := range []string{"info", "checksum", "extract", "ls", "validate"} {
		file, args := path, []string{verb}
		if verb == "extract" {
			file, args = broken, append(args, "-C", t.TempDir())
		}
		o := lazynpy(t, append(args, file)...)
		lines := o.stderr
		switch verb {
		case "validate":
			lines = o.stdout
		case "ls":
			if n := strings.Count(o.stdout, "\n"); n != 1+members || strings.Count(o.stdout, "error: ") != mostTold {
				t.Errorf("ls: %d lines", n)
			}
		}
		count := grouped(members - mostTold)
		want := 1 + mostTold
		if verb == "ls" {
			count, want = grouped(members), 1
		}
		if n := strings.Count(lines, "\n"); o.code != exitFailure || n != want || !strings.Contains(lines, count) {
			t.Errorf("%s: exit %d, %d lines: %.300s", verb, o.code, n, lines)
		}
	}
	// Many files.
	files := []string{"info"}
	dir := t.TempDir()
	for i := range 300 {
		name := filepath.Join(dir, fmt.Sprintf("f%d.npy", i))
		if err := os.WriteFile(name, []byte("junk"), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, name)
	}
	if o := lazynpy(t, files...); o.code != exitFailure || strings.Count(o.stderr, "\n") != mostTold+1 || !strings.Contains(o.stderr, "and 290 more errors") {
		t.Errorf("files: exit %d, %s", o.code, o.stderr)
	}
	// Many archives of many.
	few := foreignNPZ(t, zip.Store, entries[:20]...)
	files = []string{"info"}
	for range 30 {
		files = append(files, few)
	}
	const loops = mostToldInAll / mostTold
	if o := lazynpy(t, files...); o.code != exitFailure || strings.Count(o.stderr, "\n") != mostToldInAll+loops+1 || !strings.Contains(o.stderr, "400 more errors") {
		t.Errorf("archives: exit %d, %d lines, %s", o.code, strings.Count(o.stderr, "\n"), o.stderr[max(0, len(o.stderr)-300):])
	}
}

// badSums changes the checksums of all members in the directory of an archive.
func badSums(t *testing.T, path string) string {
	t.Helper()
	b := bytes.Clone(read(t, path))
	for at := bytes.Index(b, []byte("PK\x01\x02")); at >= 0; {
		b[at+16] ^= 1
		next := bytes.Index(b[at+4:], []byte("PK\x01\x02"))
		if next < 0 {
			break
		}
		at += 4 + next
	}
	return rawNamed(t, b)
}
