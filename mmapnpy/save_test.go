package mmapnpy

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
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

// pieceLog remembers where the pieces end that it is given.
type pieceLog struct {
	bytes.Buffer
	ends []int
}

func (l *pieceLog) Write(p []byte) (int, error) {
	n, err := l.Buffer.Write(p)
	l.ends = append(l.ends, l.Len())
	return n, err
}

// TestWritePieces checks that files are written in whole pieces, however the elements lie
// and however they come.
func TestWritePieces(t *testing.T) {
	raw := make([]byte, 3*writePiece)
	for i := range raw {
		raw[i] = byte(i * 31 >> 5)
	}
	dense := cBuffer(Uint16, raw, 3, writePiece/2)
	for name, b := range map[string]Buffer{
		"dense":    dense,
		"strided":  {Data: raw, Offset: 2, DType: Uint16, Shape: []int64{1000, 1000, 2}, Strides: []int64{6, 6000, 4}},
		"one axis": {Data: raw, DType: Uint8, Shape: []int64{writePiece + 1}, Strides: []int64{2}},
		"elements": {Data: raw, DType: mustParse(t, "V4000000"), Shape: []int64{2}, Strides: []int64{2000000}},
		"small":    cBuffer(Uint8, raw[:3], 3),
		"empty":    cBuffer(Uint8, nil, 0),
	} {
		var log pieceLog
		if err := Write(&log, b); err != nil {
			t.Fatal(err)
		}
		for i, end := range log.ends {
			if last := i == len(log.ends)-1; end%writePiece != 0 && !last {
				t.Errorf("%s: piece %d ends at %d", name, i, end)
			}
		}
		if want := (log.Len() + writePiece - 1) / writePiece; len(log.ends) != want {
			t.Errorf("%s: %d bytes came in %d pieces, want %d", name, log.Len(), len(log.ends), want)
		}
		want := make([]byte, b.NBytes())
		if err := b.CopyTo(want); err != nil {
			t.Fatal(err)
		}
		h, err := ReadHeader(bytes.NewReader(log.Bytes()), int64(log.Len()), name)
		if err != nil || !slices.Equal(h.Shape, b.Shape) || !h.DType.Equal(b.DType) || h.FortranOrder {
			t.Fatalf("%s: %+v, %v", name, h, err)
		}
		if !bytes.Equal(log.Bytes()[h.DataOffset:], want) {
			t.Errorf("%s: other bytes were written", name)
		}
		path := filepath.Join(t.TempDir(), "pieces.npy")
		err = SaveElements(path, b.DType, b.Shape, func(yield func([]byte, error) bool) {
			for chunk := range slices.Chunk(want, 777_777) {
				if !yield(chunk, nil) {
					return
				}
			}
		})
		if got, readErr := os.ReadFile(path); err != nil || readErr != nil || !bytes.Equal(got, log.Bytes()) {
			t.Errorf("%s: SaveElements wrote another file: %v, %v", name, err, readErr)
		}
	}
}

// TestSaveOrder checks in which order arrays are written, against NumPy's rule.
func TestSaveOrder(t *testing.T) {
	raw := []byte{1, 2, 3, 4, 5, 6}
	for _, c := range []struct {
		b       Buffer
		fortran bool
		stored  []byte
	}{
		{cBuffer(Uint8, raw, 2, 3), false, raw},
		{cBuffer(Uint8, raw, 2, 3).Transpose(), true, raw},
		{cBuffer(Uint8, raw, 6), false, raw},
		{cBuffer(Uint8, raw, 1, 6).Transpose(), false, raw},
		{cBuffer(Uint8, raw[:1]), false, raw[:1]},
		{cBuffer(Uint8, nil, 0, 4).Transpose(), false, nil},
		{Buffer{Data: raw, Offset: 5, DType: Uint8, Shape: []int64{3, 2}, Strides: []int64{-2, -1}}, false, []byte{6, 5, 4, 3, 2, 1}},
		{Buffer{Data: raw, DType: Uint8, Shape: []int64{2, 3}, Strides: []int64{0, 1}}, false, []byte{1, 2, 3, 1, 2, 3}},
	} {
		f := openTemp(t, saveTemp(t, c.b))
		if h := f.Header(); h.FortranOrder != c.fortran || !bytes.Equal(mustBuffer(t, f).Data, c.stored) {
			t.Errorf("%v %v: Fortran order %v, stored as %v", c.b.Shape, c.b.Strides, h.FortranOrder, mustBuffer(t, f).Data)
		}
	}
	if err := Write(new(pieceLog), cBuffer(mustParse(t, "O"), make([]byte, 8), 1)); !errors.Is(err, ErrObject) {
		t.Errorf("objects: %v", err)
	}
}

// TestSaveInPlaceOf checks what happens to what is under the path.
func TestSaveInPlaceOf(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target.npy"), filepath.Join(dir, "link.npy")
	if err := os.WriteFile(target, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("target.npy", link); err != nil {
		t.Fatal(err)
	}
	old, err := os.Open(target)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if err := Save(link, cBuffer(Uint8, []byte("new"), 3)); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(link)
	if err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v, %v", info, err)
	}
	if info, err := os.Stat(target); err != nil || info.Mode().Perm() != 0o640 || info.Size() != 131 {
		t.Errorf("the target is %v, %v", info, err)
	}
	if b, err := io.ReadAll(old); err != nil || string(b) != "old" {
		t.Errorf("who had the file open reads %q, %v", b, err)
	}
	if err := Save(dir, cBuffer(Uint8, []byte("new"), 3)); err == nil || !strings.Contains(err.Error(), dir+": not a regular file") {
		t.Errorf("saving over a directory: %v", err)
	}
	missing := filepath.Join(dir, "no", "a.npy")
	if err := Save(missing, cBuffer(Uint8, []byte("new"), 3)); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("saving into a folder that does not exist: %v", err)
	}
}
