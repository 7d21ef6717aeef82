package zipseek

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// An oldArchive is something to append to.
type oldArchive struct {
	bytes   []byte
	members []given
	comment string
}

// byOthers writes an archive with the standard library, which streams: sizes follow the data.
func byOthers(t testing.TB, comment string, before int64, members ...given) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.SetOffset(before)
	if err := z.SetComment(comment); err != nil {
		t.Fatal(err)
	}
	for _, m := range members {
		h := &zip.FileHeader{Name: m.name, Method: zip.Deflate, Comment: "of " + m.name, Extra: []byte{0x34, 0x12, 2, 0, 'x', 'y'}}
		f, err := z.CreateHeader(h)
		if err == nil {
			_, err = f.Write(m.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// signed puts a digital signature behind the entries of the directory.
func signed(t testing.TB, archive []byte) []byte {
	t.Helper()
	end := len(archive) - endSize
	size := binary.LittleEndian.Uint32(archive[end+12:])
	signature := "PK\x05\x05\x02\x00ab"
	b := slices.Concat(archive[:end], []byte(signature), archive[end:])
	binary.LittleEndian.PutUint32(b[end+len(signature)+12:], size+uint32(len(signature)))
	return b
}

// oldArchives are archives of many makes.
func oldArchives(t testing.TB) map[string]oldArchive {
	t.Helper()
	data := contents(rand.New(rand.NewPCG(19, 20)), 20_000)
	members := []given{{name: "old/a", data: data["floats"]}, {name: "old/é", data: data["noise"]}, {name: "old/empty"}}
	const comment = "a comment with a PK\x05\x06"
	prefix := []byte("#!/bin/sh\nexit 0\n")
	ours := mustRead(t, create(t, []WriterOption{Compressed(1), ChunkSize(4096)}, members...))
	return map[string]oldArchive{
		"ours":               {bytes: ours, members: members},
		"empty":              {bytes: mustRead(t, create(t, nil))},
		"streamed":           {bytes: byOthers(t, comment, 0, members...), members: members, comment: comment},
		"prepended":          {bytes: append(prefix, byOthers(t, "c", 0, members...)...), members: members, comment: "c"},
		"prepended, counted": {bytes: append(prefix, byOthers(t, "", int64(len(prefix)), members...)...), members: members},
		"junk behind":        {bytes: append(ours[:len(ours):len(ours)], make([]byte, 100)...), members: members},
		"signed":             {bytes: signed(t, ours), members: members},
	}
}

// manyMembers is an archive that needs the zip64 end record.
func manyMembers(t testing.TB) oldArchive {
	t.Helper()
	var many []given
	for i := range 70_000 {
		many = append(many, given{name: fmt.Sprint(i)})
	}
	return oldArchive{bytes: mustRead(t, create(t, nil, many...)), members: many}
}

// write puts an archive into a new folder.
func (o oldArchive) write(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.zip")
	if err := os.WriteFile(path, o.bytes, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// newMembers are what tests append.
func newMembers(round int) []given {
	data := contents(rand.New(rand.NewPCG(21, uint64(round))), 30_000)
	name := fmt.Sprintf("new/%d/", round)
	return []given{
		{name: name + "stored", data: data["noise"]},
		{name: name + "deflated", data: data["floats"], opts: []WriterOption{Compressed(0), ChunkSize(4096)}},
		{name: name + "empty"},
	}
}

// TestAppend appends twice to every archive. What is there stays byte for byte.
func TestAppend(t *testing.T) {
	archives := oldArchives(t)
	archives["many members"] = manyMembers(t)
	for name, old := range archives {
		path := old.write(t)
		want, before := slices.Clone(old.members), old.bytes
		for round, opts := range [][]WriterOption{{inPlace}, nil} {
			w, err := Append(path, opts...)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			members := newMembers(round)
			add(t, w, members...)
			if opts != nil {
				nothingLeft(t, filepath.Dir(path), "a.zip", "a.zip.append")
				if size, ok := readJournal(path); !ok || size != int64(len(before)) {
					t.Errorf("%s: the journal says %d, %v", name, size, ok)
				}
			} else if now := mustRead(t, path); !bytes.Equal(now, before) {
				t.Errorf("%s: the archive is not as it was while it is copied", name)
			}
			if err := w.Close(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			nothingLeft(t, filepath.Dir(path), "a.zip")
			want = append(want, members...)
			now := mustRead(t, path)
			if !bytes.HasPrefix(now, before) {
				t.Errorf("%s: old bytes have changed", name)
			}
			check(t, now, want)
			checkAppended(t, name, path, old, members)
			before = now
		}
	}
}

// checkAppended checks comments, the directory entries of old members, and the places of new ones.
func checkAppended(t *testing.T, name, path string, old oldArchive, members []given) {
	t.Helper()
	z := unzip(t, mustRead(t, path))
	if z.Comment != old.comment {
		t.Errorf("%s: comment %q, want %q", name, z.Comment, old.comment)
	}
	for i, f := range unzip(t, old.bytes).File {
		if g := z.File[i]; f.Comment != g.Comment || !bytes.Equal(f.Extra, g.Extra) || f.ExternalAttrs != g.ExternalAttrs || f.CreatorVersion != g.CreatorVersion {
			t.Errorf("%s: %s has changed: %+v, %+v", name, f.Name, f.FileHeader, g.FileHeader)
			break
		}
	}
	stored, deflated := z.File[len(z.File)-3], z.File[len(z.File)-2]
	if off, err := stored.DataOffset(); err != nil || off%DefaultAlign != 0 {
		t.Errorf("%s: %s lies at %d: %v", name, stored.Name, off, err)
	}
	dir, base := deflated.Name[:6], deflated.Name[6:]
	checkIndex(t, mustRead(t, path), deflated, dir+"."+base+".sozip.idx", 4096, members[1].data)
}

// TestAppendRefuses checks names that are taken, and files that cannot be appended to.
func TestAppendRefuses(t *testing.T) {
	old := oldArchives(t)["ours"]
	path := old.write(t)
	w, err := Append(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.AddBytes(t.Context(), "old/é", nil); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("a name that is taken: %v", err)
	}
	if _, err := Append(path, WaitFor(t.Context(), 0, nil)); err == nil || !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), path) {
		t.Errorf("a second writer: %v", err)
	}
	if _, err := Recover(path, WaitFor(t.Context(), 0, nil)); !errors.Is(err, ErrLocked) {
		t.Errorf("recovering under a writer: %v", err)
	}
	if err := w.Close(); err == nil {
		t.Error("closed after an error")
	}
	nothingLeft(t, filepath.Dir(path), "a.zip")
	if !bytes.Equal(mustRead(t, path), old.bytes) {
		t.Error("the file has changed")
	}
	none := filepath.Join(t.TempDir(), "none.zip")
	if _, err := Append(none); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := Append(filepath.Dir(none)); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder: %v", err)
	}
	if err := os.WriteFile(none, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Append(none); !errors.Is(err, ErrFormat) {
		t.Errorf("a text: %v", err)
	}
	nothingLeft(t, filepath.Dir(none), "none.zip")
	if os.Geteuid() != 0 { // root may write to every file
		if err := os.Chmod(path, 0o400); err != nil {
			t.Fatal(err)
		}
		if _, err := Append(path); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("a file that is read-only: %v", err)
		}
	}
}

// TestAppendAborts checks that the file is byte for byte what it was: after Abort, after failures,
// and when nothing was added.
func TestAppendAborts(t *testing.T) {
	for name, old := range oldArchives(t) {
		path := old.write(t)
		for what, run := range map[string]func(w *Writer) error{
			"nothing added": (*Writer).Close,
			"Abort": func(w *Writer) error {
				add(t, w, newMembers(0)...)
				return errors.Join(w.Abort(), w.Abort())
			},
			"failure": func(w *Writer) error {
				add(t, w, newMembers(0)...)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				err := w.Add(ctx, "x", 8<<20, cancelAfter(30, cancel, repeat(make([]byte, 100_000), 8<<20)))
				if closed := w.Close(); !errors.Is(err, context.Canceled) || !errors.Is(closed, context.Canceled) {
					return fmt.Errorf("Add: %w, Close: %w", err, closed)
				}
				return nil
			},
		} {
			for _, opts := range [][]WriterOption{{inPlace}, nil} {
				w, err := Append(path, opts...)
				if err != nil {
					t.Fatal(err)
				}
				if err := run(w); err != nil {
					t.Errorf("%s, %s: %v", name, what, err)
				}
				nothingLeft(t, filepath.Dir(path), "a.zip")
				if !bytes.Equal(mustRead(t, path), old.bytes) {
					t.Errorf("%s, %s: the file has changed", name, what)
				}
			}
		}
	}
}

// TestAppendThroughLink appends to what a link points to; the journal lies beside that.
func TestAppendThroughLink(t *testing.T) {
	old := oldArchives(t)["ours"]
	path := old.write(t)
	dir := t.TempDir()
	link := filepath.Join(dir, "link.zip")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	w, err := Append(link, inPlace)
	if err != nil {
		t.Fatal(err)
	}
	nothingLeft(t, filepath.Dir(path), "a.zip", "a.zip.append")
	if size, ok := readJournal(link); !ok || size != int64(len(old.bytes)) {
		t.Errorf("the journal says %d, %v", size, ok)
	}
	add(t, w, newMembers(0)...)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if w, err = Append(link); err != nil { // as a copy
		t.Fatal(err)
	}
	add(t, w, newMembers(1)...)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	nothingLeft(t, dir, "link.zip")
	nothingLeft(t, filepath.Dir(path), "a.zip")
	check(t, mustRead(t, path), slices.Concat(old.members, newMembers(0), newMembers(1)))
}

// TestAppendLarge appends where offsets need zip64, to an archive with bytes before it.
func TestAppendLarge(t *testing.T) {
	const start = int64(5 << 30)
	m := newMemTarget()
	w := testWriter(t, m)
	w.base, w.out.at, m.size = 1000, start, start
	add(t, w, newMembers(0)...)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	tail := make([]byte, m.size-start)
	if _, err := m.ReadAt(tail, start); err != nil {
		t.Fatal(err)
	}
	end := int64(bytes.LastIndex(tail, []byte("PK\x06\x06")))
	le := binary.LittleEndian
	count, size, offset := le.Uint64(tail[end+24:]), int64(le.Uint64(tail[end+40:])), int64(le.Uint64(tail[end+48:]))
	if count != 3 || offset+1000+size != start+end || le.Uint64(tail[end+end64Size+8:]) != uint64(start+end-1000) {
		t.Errorf("%d entries of %d bytes at %d", count, size, offset)
	}
	var first Member
	if _, err := first.parse(tail[offset+1000-start:][:size], endRecord{base: 1000}); err != nil || first.headerOffset != start {
		t.Errorf("the first new member is at %d: %v", first.headerOffset, err)
	}
}
