package zipseek

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/ulikunitz/xz/lzma"
)

// packLZMA encodes content as the method LZMA wants it, with or without a marker at the end.
func packLZMA(t testing.TB, content []byte, marker bool) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := lzma.WriterConfig{DictCap: 1 << 16, EOSMarker: marker, SizeInHeader: !marker, Size: int64(len(content))}.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	packed := append([]byte{9, 4, 5, 0}, b.Bytes()[:5]...)
	return append(packed, b.Bytes()[13:]...)
}

// TestLZMA reads members with and without a marker in and out of order, and copies them.
func TestLZMA(t *testing.T) {
	content := samples(2500 << 10)["counts"]
	header := func(name string, flags uint16) zip.FileHeader {
		return zip.FileHeader{Name: name, Method: uint16(LZMA), Flags: flags, UncompressedSize64: uint64(len(content)), CRC32: crcOf(content)}
	}
	marked, plain := packLZMA(t, content, true), packLZMA(t, content, false)
	path := writeFile(t, rawZip(t, rawMember{header("marked", flagLZMAMarker), marked}, rawMember{header("plain", 0), plain}, rawMember{header("unsaid", 0), marked}))
	if err := Repack(t.Context(), mustOpen(t, path), path+".copy", RepackOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, path + ".copy"} {
		a := mustOpen(t, path, CacheSize(0))
		for _, m := range a.All() {
			checkReads(t, m, content, 4)
			if err := m.Verify(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestLZMALies reads members whose data are not what their headers say. Nothing is allocated for a
// number in them.
func TestLZMALies(t *testing.T) {
	content := bytes.Repeat([]byte("lzma"), 5000)
	good := packLZMA(t, content, true)
	change := func(f func(b []byte) []byte) []byte { return f(bytes.Clone(good)) }
	for _, tt := range []struct {
		name string
		size uint64
		data []byte
		kind error
		text string
	}{
		{"short", 10, good, ErrFormat, "goes on after the 10 bytes"},
		{"long", 30_000, good, ErrFormat, "after 20000 of 30000 bytes"},
		{"petabytes", 1 << 52, good, ErrMethod, "dictionary of 4294967295 bytes"},
		{"cut", 20_000, good[:len(good)-9], ErrFormat, "EOF"},
		{"no head", 20_000, good[:7], ErrFormat, "EOF"},
		{"properties", 20_000, change(func(b []byte) []byte { b[2] = 6; return b }), ErrFormat, "6 bytes of properties"},
		{"byte of properties", 20_000, change(func(b []byte) []byte { b[4] = 250; return b }), ErrFormat, "properties"},
	} {
		if tt.name == "petabytes" {
			tt.data = change(func(b []byte) []byte { binary.LittleEndian.PutUint32(b[5:], 1<<32-1); return b })
		}
		header := zip.FileHeader{Name: "x", Method: uint16(LZMA), Flags: flagLZMAMarker, UncompressedSize64: tt.size, CRC32: crcOf(content)}
		_, err := mustLookup(t, mustOpen(t, writeFile(t, rawZip(t, rawMember{header, tt.data}))), "x").Bytes()
		if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
