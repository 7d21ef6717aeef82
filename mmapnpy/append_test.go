package mmapnpy

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/internal/kernel"
)

func TestAppend(t *testing.T) {
	path := saveTemp(t, cBuffer(Int16, kernel.Bytes([]int16{1, 2, 3, 4}), 2, 2))
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Append(path, cBuffer(Int16, kernel.Bytes([]int16{5, 6}), 1, 2)); err != nil {
		t.Fatal(err)
	}
	if err := Append(path, cBuffer(Int16, kernel.Bytes([]int16{7, 8}), 2)); err != nil { // one row
		t.Fatal(err)
	}
	f := openTemp(t, path)
	got, err := CopyOf[int16](mustBuffer(t, f))
	if err != nil || !slices.Equal(got, []int16{1, 2, 3, 4, 5, 6, 7, 8}) || !slices.Equal(f.Header().Shape, []int64{4, 2}) {
		t.Errorf("after appending: %v, %v, %v", f.Header().Shape, got, err)
	}
	after, err := os.Stat(path)
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("the file was replaced: %v", err)
	}
	for _, bad := range []Buffer{
		cBuffer(Int32, make([]byte, 8), 1, 2),
		cBuffer(Int16.WithByteOrder('>'), make([]byte, 4), 1, 2),
		cBuffer(Int16, make([]byte, 6), 1, 3),
		cBuffer(Int16, make([]byte, 2)),
	} {
		if err := Append(path, bad); err == nil {
			t.Errorf("appended %s %v", bad.DType, bad.Shape)
		}
	}
	if now, err := os.Stat(path); err != nil || now.Size() != after.Size() {
		t.Errorf("refused appends changed the file: %v", err)
	}
}

func TestAppendFortranOrder(t *testing.T) {
	b := Buffer{Data: kernel.Bytes([]int16{1, 4, 2, 5, 3, 6}), DType: Int16, Shape: []int64{2, 3}, Strides: []int64{2, 4}}
	path := saveTemp(t, b)
	if err := Append(path, cBuffer(Int16, kernel.Bytes([]int16{7, 8, 9, 10}), 2, 2)); err != nil {
		t.Fatal(err)
	}
	got, err := CopyOf[int16](mustBuffer(t, openTemp(t, path)))
	if err != nil || !slices.Equal(got, []int16{1, 2, 3, 7, 8, 4, 5, 6, 9, 10}) {
		t.Errorf("after appending columns: %v, %v", got, err)
	}
}

// TestAppendNoRoom appends to a file whose header is as tight as other writers make it.
func TestAppendNoRoom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tight.npy")
	text := "{'descr': '|u1', 'fortran_order': False, 'shape': (9,), }\n"
	head := frameHeader([2]uint8{1, 0}, []byte(strings.TrimSuffix(text, "\n")), prefixSize([2]uint8{1, 0})+len(text))
	if err := os.WriteFile(path, append(head, "123456789"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Append(path, cBuffer(Uint8, []byte("0"), 1)); !errors.Is(err, ErrNoRoom) {
		t.Errorf("Append: %v", err)
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, append(head, "123456789"...)) {
		t.Errorf("a refused append changed the file: %v", err)
	}
}

func TestRecover(t *testing.T) {
	for _, c := range []struct {
		length int64 // of the data of a (4, 3) int16 array
		rows   int64
		cut    int64
	}{
		{24, 4, 0}, {23, 3, 5}, {18, 3, 0}, {0, 0, 0}, {5, 0, 5}, {30, 5, 0}, {32, 5, 2},
	} {
		path := saveTemp(t, cBuffer(Int16, make([]byte, 24), 4, 3))
		if err := os.Truncate(path, 128+c.length); err != nil {
			t.Fatal(err)
		}
		dry, err := Recover(path, DryRun())
		if err != nil {
			t.Fatal(err)
		}
		r, err := Recover(path)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(dry) != fmt.Sprint(r) {
			t.Errorf("a dry run says %v, and then %v is done", dry, r)
		}
		if r.Now[0] != c.rows || r.Cut != c.cut || r.Changed != (c.length != 24) {
			t.Errorf("%d bytes: %+v", c.length, r)
		}
		f := openTemp(t, path)
		if !slices.Equal(f.Header().Shape, []int64{c.rows, 3}) {
			t.Errorf("%d bytes: the header has %v now", c.length, f.Header().Shape)
		}
		if info, err := os.Stat(path); err != nil || info.Size() != 128+c.rows*6 {
			t.Errorf("%d bytes: the file has %d now", c.length, info.Size())
		}
		if err := Append(path, cBuffer(Int16, make([]byte, 6), 3)); err != nil {
			t.Errorf("%d bytes: append after recovery: %v", c.length, err)
		}
	}
}

func TestRecoverRefusesSecondArray(t *testing.T) {
	path := saveTemp(t, cBuffer(Uint8, []byte("abc"), 3))
	one, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(one, one...), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Recover(path); err == nil || !strings.Contains(err.Error(), "offset 131") {
		t.Errorf("Recover: %v", err)
	}
	if f := openTemp(t, path); f.Header().Len() != 3 {
		t.Errorf("the first array has %d elements", f.Header().Len())
	}
}

