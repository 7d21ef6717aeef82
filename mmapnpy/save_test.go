package mmapnpy

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSaveIsAtomic(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.npy")
	if err := Save(path, cBuffer(Uint8, []byte("abc"), 3)); err != nil {
		t.Fatal(err)
	}
	fail := errors.New("the source failed")
	err := SaveElements(path, Uint8, []int64{9}, func(yield func([]byte, error) bool) {
		_ = yield([]byte("xyz"), nil) && yield(nil, fail)
	})
	if !errors.Is(err, fail) {
		t.Errorf("SaveElements: %v", err)
	}
	short := func(yield func([]byte, error) bool) { yield([]byte("xyz"), nil) }
	if err := SaveElements(path, Uint8, []int64{9}, short); err == nil || !strings.Contains(err.Error(), "6 bytes short") {
		t.Errorf("too few elements: %v", err)
	}
	if err := SaveElements(path, Uint8, []int64{2}, short); err == nil {
		t.Error("too many elements were saved")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("files left behind: %v, %v", left, err)
	}
	if got, err := CopyOf[uint8](mustBuffer(t, openTemp(t, path))); err != nil || string(got) != "abc" {
		t.Errorf("a failed save changed the file: %q, %v", got, err)
	}
}

// TestSaveLargeStrided writes a buffer with gaps in several pieces.
func TestSaveLargeStrided(t *testing.T) {
	raw := make([]byte, 6<<20)
	for i := range raw {
		raw[i] = byte(i * 7 >> 3)
	}
	b := Buffer{Data: raw, Offset: 1, DType: Uint16, Shape: []int64{300, 2, 2000}, Strides: []int64{20000, 10000, 5}}
	want := make([]byte, b.NBytes())
	if err := b.CopyTo(want); err != nil {
		t.Fatal(err)
	}
	got := mustBuffer(t, openTemp(t, saveTemp(t, b)))
	if !bytes.Equal(got.Data, want) {
		t.Error("saved elements differ")
	}
	flat := Buffer{Data: raw, DType: Uint8, Shape: []int64{2 << 20}, Strides: []int64{3}}
	want = make([]byte, flat.NBytes())
	if err := flat.CopyTo(want); err != nil {
		t.Fatal(err)
	}
	if got := mustBuffer(t, openTemp(t, saveTemp(t, flat))); !bytes.Equal(got.Data, want) {
		t.Error("saved elements of one strided axis differ")
	}
}

