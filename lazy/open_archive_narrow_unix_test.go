//go:build unix

package lazy

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// TestNarrowArchive reads an archive of 8 GiB by a writer that knows no zip64, as cnpy and many
// more are. It takes a few pages on disk.
func TestNarrowArchive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "narrow.npz")
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
	for _, m := range []struct {
		name string
		n    int64
	}{{"a.npy", 5<<30 + 7}, {"b.npy", 3 << 30}, {"c.npy", 9}} {
		npy, err := mmapnpy.EncodeHeader(mmapnpy.Header{DType: mmapnpy.Uint8, Shape: []int64{m.n}})
		if err != nil {
			t.Fatal(err)
		}
		size := uint32(int64(len(npy)) + m.n)
		header := append(make([]byte, 0, 64), 20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0, 0, 0, 0, 0)
		header = le.AppendUint16(le.AppendUint32(le.AppendUint32(header, size), size), uint16(len(m.name)))
		dir = append(append(append(dir, "PK\x01\x02\x14\x00"...), header...), make([]byte, 12)...)
		dir = append(le.AppendUint32(dir, uint32(at)), m.name...)
		write(slices.Concat([]byte("PK\x03\x04"), header, []byte{0, 0}, []byte(m.name), npy))
		at += m.n - 1
		write([]byte(m.name[:1]))
	}
	start := at
	write(dir)
	end := append([]byte("PK\x05\x06\x00\x00\x00\x00\x03\x00\x03\x00"), le.AppendUint32(le.AppendUint32(nil, uint32(len(dir))), uint32(start))...)
	write(append(end, 0, 0))

	z, err := OpenArchive(path, Backend("pread"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for key, n := range map[string]int64{"a": 5<<30 + 7, "b": 3 << 30, "c": 9} {
		a, err := z.Array(key)
		if err != nil {
			t.Errorf("%s: %v", key, err)
			continue
		}
		last, err := a.Index(At(-1))
		if err != nil {
			t.Fatal(err)
		}
		r, err := last.Load(t.Context())
		if err != nil || a.Shape()[0] != n || r.Buffer().Data[0] != key[0] {
			t.Errorf("%s: shape %d, %v", key, a.Shape(), err)
		}
	}
}
