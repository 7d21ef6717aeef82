package lazy

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/zipseek"
)

// zstdArchive writes an archive of one array x by zstd, which can only be decoded from its start.
func zstdArchive(t *testing.T, h mmapnpy.Header, data []byte) string {
	t.Helper()
	head, err := mmapnpy.EncodeHeader(h)
	if err != nil {
		t.Fatal(err)
	}
	content := slices.Concat(head, data)
	packed := []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 0x50} // magic, no options, a window of 1 MiB
	for rest := content; len(rest) > 0; {
		n := min(len(rest), 128<<10)
		block := uint32(n) << 3 // not compressed
		if n == len(rest) {
			block |= 1 // the last
		}
		packed = append(packed, byte(block), byte(block>>8), byte(block>>16))
		packed, rest = append(packed, rest[:n]...), rest[n:]
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	m, err := w.CreateRaw(&zip.FileHeader{
		Name: "x.npy", Method: uint16(zipseek.Zstd), CRC32: crc32.ChecksumIEEE(content),
		UncompressedSize64: uint64(len(content)), CompressedSize64: uint64(len(packed)),
	})
	if err == nil {
		_, err = m.Write(packed)
	}
	if err == nil {
		err = w.Close()
	}
	path := filepath.Join(t.TempDir(), "z.npz")
	if err == nil {
		err = os.WriteFile(path, b.Bytes(), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// decodedBytes is how much was decoded for an array in such an archive.
func decodedBytes(t *testing.T, a *Array) int64 {
	t.Helper()
	s, ok := a.files[0].src.(interface{ Decoded() int64 })
	if !ok {
		t.Fatalf("%T does not count", a.files[0].src)
	}
	return s.Decoded()
}

// TestStreamsOutOfOrder takes the elements of a member in Fortran order that can only be decoded
// from its start in other orders: they come right, and the member is decoded once, or three times
// where nobody has said that the order is another.
func TestStreamsOutOfOrder(t *testing.T) {
	shape := []int64{96, 256, 64, 8} // 12 MiB
	values := make([]byte, product(shape))
	for i := range values[:len(values)/4] {
		binary.LittleEndian.PutUint32(values[4*i:], uint32(i)*2654435761>>16)
	}
	path := zstdArchive(t, mmapnpy.Header{DType: must[mmapnpy.DType](t)(mmapnpy.DTypeOf[uint8]()), Shape: shape, FortranOrder: true}, values)
	want, err := FromSlice(values, 8, 64, 256, 96)
	if err == nil {
		want, err = want.Transpose()
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	elements := must[*Result](t)(want.Load(ctx)).data
	sums := must[*Result](t)(Sum(ctx, want, OverAxes(3)))
	same := func(t *testing.T, got []byte) {
		t.Helper()
		if !bytes.Equal(got, elements) {
			t.Error("other elements")
		}
	}
	small := []Option{Memory(minMemory), Zip(zipseek.CacheSize(0))}
	saved := func(t *testing.T, a *Array, order string) []byte {
		t.Helper()
		path := filepath.Join(t.TempDir(), "out.npy")
		if err := a.Save(ctx, path, Order(order)); err != nil {
			t.Fatal(err)
		}
		b, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		return must[*Result](t)(b.Load(ctx)).data
	}
	for _, c := range []struct {
		name  string
		times float64
		pass  func(t *testing.T, a *Array)
	}{
		{"load", 1, func(t *testing.T, a *Array) { same(t, must[*Result](t)(a.Load(ctx)).data) }},
		{"save", 1, func(t *testing.T, a *Array) { same(t, saved(t, a, "C")) }},
		{"save in its order", 1, func(t *testing.T, a *Array) { same(t, saved(t, a, "F")) }},
		{"elements", 1, func(t *testing.T, a *Array) {
			var got []byte
			for e, err := range a.Elements(ctx) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, e...)
			}
			same(t, got)
		}},
		{"rows", 3, func(t *testing.T, a *Array) {
			var got []byte
			for i := range shape[0] {
				row, err := a.Index(At(i))
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, must[*Result](t)(row.Load(ctx)).data...)
			}
			same(t, got)
		}},
		{"blocks", 3, func(t *testing.T, a *Array) {
			a, err := a.With(ChunkSpec(chunk.Sizes(4, 256, 64, 8)))
			if err != nil {
				t.Fatal(err)
			}
			if r := must[*Result](t)(Sum(ctx, a, OverAxes(3))); !bytes.Equal(r.data, sums.data) {
				t.Error("other sums")
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := Open(path, small...)
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			c.pass(t, a)
			if n := float64(decodedBytes(t, a)) / float64(len(values)); n > c.times+0.2 {
				t.Errorf("decoded %.1f times, not %.0f", n, c.times)
			}
		})
	}
	t.Run("no room", func(t *testing.T) {
		t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "nowhere"))
		a, err := Open(path, small...)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		same(t, must[*Result](t)(a.Load(context.Background())).data)
	})
}
