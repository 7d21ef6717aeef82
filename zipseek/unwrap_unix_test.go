//go:build unix

package zipseek

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A narrowMember is one of an archive by a writer that leaves the last 32 bits of all numbers.
type narrowMember struct {
	name  string
	size  int64 // of its content, which begins with its length and ends with a mark
	lie   int64 // is told as its length
	extra bool  // 4 GiB behind it belong to nobody
}

const narrowMark = "the end"

// narrowZip writes an archive that takes a few pages on disk, whatever its size.
func narrowZip(t *testing.T, members ...narrowMember) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "narrow.zip")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	at := int64(0)
	write := func(b []byte) {
		if _, err := f.WriteAt(b, at); err != nil {
			t.Fatal(err)
		}
		at += int64(len(b))
	}
	le := binary.LittleEndian
	var dir []byte
	for _, m := range members {
		header := le.AppendUint32(make([]byte, 0, 64), localSignature)
		// no checksum: nobody reads so far
		header = append(header, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
		header = le.AppendUint32(le.AppendUint32(header, uint32(m.size)), uint32(m.size))
		header = le.AppendUint16(le.AppendUint16(header, uint16(len(m.name))), 0)
		dir = append(le.AppendUint32(dir, directorySignature), 20, 0)
		dir = append(dir, header[4:]...)
		dir = append(dir, make([]byte, 10)...)
		dir = append(le.AppendUint32(dir, uint32(at)), m.name...)
		write(append(header, m.name...))
		start := at
		told := m.size
		if m.lie != 0 {
			told = m.lie
		}
		write(le.AppendUint64(nil, uint64(told)))
		at = start + m.size - int64(len(narrowMark))
		write([]byte(narrowMark))
		if m.extra {
			at += wrap
		}
	}
	start := at
	write(dir)
	write(endRecords(int64(len(members)), int64(len(dir)), start%wrap, 0, ""))
	return path
}

// TestNarrowArchives reads archives of more than 4 GiB without zip64.
func TestNarrowArchives(t *testing.T) {
	lengths := LengthFrom(func(content io.ReaderAt) (int64, bool) {
		var b [8]byte
		_, err := content.ReadAt(b[:], 0)
		return int64(binary.LittleEndian.Uint64(b[:])), err == nil
	})
	small, large := int64(3<<30), int64(9<<30+1000)
	for _, tt := range []struct {
		name    string
		members []narrowMember
		sizes   []int64 // that are believed
	}{
		{"offsets", []narrowMember{{"a", small, 0, false}, {"b", small, 0, false}, {"c", small, 0, false}}, []int64{small, small, small}},
		{"sizes", []narrowMember{{"a", large, 0, false}, {"b", 1000, 0, false}, {"c", large, 0, false}}, []int64{large, 1000, large}},
		{"a gap", []narrowMember{{"a", 1000, 0, true}, {"b", 1000, 0, false}}, []int64{1000, 1000}},
		{"another length", []narrowMember{{"a", large, large + wrap, false}, {"b", 1000, 0, false}}, []int64{large % wrap, 1000}},
	} {
		path := narrowZip(t, tt.members...)
		a := mustOpen(t, path, lengths, WithBackend("pread"))
		for i, m := range a.All() {
			if m.Size != tt.sizes[i] || m.CompressedSize != tt.sizes[i] {
				t.Errorf("%s: %s has %d bytes, want %d", tt.name, m.Name, m.Size, tt.sizes[i])
				continue
			}
			p := make([]byte, len(narrowMark))
			if _, err := m.ReadAt(p, m.Size-int64(len(p))); err != nil || m.Size == tt.members[i].size && !bytes.Equal(p, []byte(narrowMark)) {
				t.Errorf("%s: the end of %s is %q: %v", tt.name, m.Name, p, err)
			}
		}
		doubts, err := a.Doubts()
		if err != nil || (len(doubts) > 0) != (tt.name != "another length" && tt.name != "a gap" || a.end.wrapped) {
			t.Errorf("%s: %v, %v", tt.name, doubts, err)
		}
		if _, err := Append(path); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "repack") {
			t.Errorf("%s: append: %v", tt.name, err)
		}
	}
	// Without help, sizes are what the directory says.
	a := mustOpen(t, narrowZip(t, narrowMember{"a", large, 0, false}), WithBackend("pread"))
	if m := a.Member(0); m.Size != large%wrap {
		t.Errorf("%d bytes", m.Size)
	}
}
