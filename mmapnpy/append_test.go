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
		if f := openTemp(t, path, Partial()); f.Header().Shape[0] != min(c.rows, 4) || (len(f.Header().Warnings) > 0) != (c.length < 24) {
			t.Errorf("%d bytes: read as %v, %v", c.length, f.Header().Shape, f.Header().Warnings)
		} else if b, err := f.Buffer(); err != nil || b.Len() != 3*min(c.rows, 4) {
			t.Errorf("%d bytes: %d elements, %v", c.length, b.Len(), err)
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

// TestAppendMany grows files of both orders item by item, and compares the header with the one
// of a file written at once.
func TestAppendMany(t *testing.T) {
	for _, fortran := range []bool{false, true} {
		shape := []int64{0, 2, 3}
		if fortran {
			shape = []int64{2, 3, 0}
		}
		path := filepath.Join(t.TempDir(), "grow.npy")
		f, err := Create(path, Int32, shape, map[bool][]Option{true: {FortranOrder()}}[fortran]...)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		var all []int32 // in storage order
		for n := range int32(12) {
			rows := int64(n % 3)
			var part []int32
			for i := range int32(6 * rows) {
				part = append(part, 100*n+i)
			}
			b := cBuffer(Int32, kernel.Bytes(part), rows, 3, 2)
			if fortran {
				b = b.Transpose()
			} else {
				b = cBuffer(Int32, kernel.Bytes(part), rows, 2, 3)
			}
			if err := Append(path, b); err != nil {
				t.Fatal(err)
			}
			all = append(all, part...)
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		shape[slices.Index(shape, 0)] = int64(len(all) / 6)
		want, err := EncodeHeader(Header{DType: Int32, Shape: shape, FortranOrder: fortran})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, append(want, kernel.Bytes(all)...)) {
			t.Errorf("Fortran order %v: the file differs from one written at once:\n%q", fortran, got[:128])
		}
	}
}

// TestAppendForeignHeaders appends to files as other writers make them.
func TestAppendForeignHeaders(t *testing.T) {
	for _, c := range []struct {
		text    string
		version [2]uint8
		offset  int
		err     error
	}{
		{"{'descr': '|u1', 'fortran_order': False, 'shape': (9,), }", [2]uint8{1, 0}, 70, nil},
		{"{'shape':(9,),'fortran_order':False,'descr':'|u1'}", [2]uint8{1, 0}, 70, nil},
		{`{"descr":"<u1","fortran_order":True,"shape":(9,)}`, [2]uint8{2, 0}, 82, nil},
		{"{'descr': '|u1', 'fortran_order': False, 'shape': (9,), }", [2]uint8{3, 0}, 96, nil},
		{"{'descr':'|u1','fortran_order':False,'shape':(9,)}", [2]uint8{1, 0}, 65, ErrNoRoom},
	} {
		path := filepath.Join(t.TempDir(), "foreign.npy")
		file := append(frameHeader(c.version, []byte(c.text), c.offset), "123456789"...)
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		err := Append(path, cBuffer(Uint8, []byte("0"), 1))
		if !errors.Is(err, c.err) || err != nil && !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%q: %v", c.text, err)
		}
		now, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if c.err != nil {
			if !bytes.Equal(now, file) {
				t.Errorf("%q: a refused append changed the file", c.text)
			}
			continue
		}
		h, err := ReadHeader(bytes.NewReader(now), int64(len(now)), path)
		if err != nil || h.Len() != 10 || h.DataOffset != int64(c.offset) || h.Version != c.version || string(now[c.offset:]) != "1234567890" {
			t.Errorf("%q: %q, %v", c.text, now, err)
		}
	}
}

// TestAppendAfterCrash leaves data without a header, as a crash between the two does.
func TestAppendAfterCrash(t *testing.T) {
	path := saveTemp(t, cBuffer(Uint16, kernel.Bytes([]uint16{1, 2}), 2))
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte{3, 0, 4}); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got := openTemp(t, path); got.Header().Len() != 2 {
		t.Errorf("the file has %d elements after the crash", got.Header().Len())
	}
	one := cBuffer(Uint16, make([]byte, 2), 1)
	err = Append(path, one)
	if format, ok := errors.AsType[*FormatError](err); !ok || format.Offset != 132 || !strings.Contains(err.Error(), "3 bytes behind its array") {
		t.Errorf("Append: %v", err)
	}
	r, err := Recover(path)
	if err != nil || r.String() != "shape (2,) -> (3,), 1 bytes cut off" {
		t.Errorf("Recover: %v, %v", r, err)
	}
	if err := Append(path, one); err != nil {
		t.Error(err)
	}
	if r, err := Recover(path); err != nil || r.Changed || r.String() != "shape (4,), nothing to recover" {
		t.Errorf("Recover of a good file: %v, %v", r, err)
	}
}

func TestAppendErrors(t *testing.T) {
	scalar := saveTemp(t, cBuffer(Uint8, []byte("a")))
	for name, c := range map[string]struct {
		path string
		b    Buffer
		want string
	}{
		"0-d":       {scalar, cBuffer(Uint8, []byte("a")), "a 0-d array cannot grow"},
		"missing":   {scalar + "x", cBuffer(Uint8, []byte("a")), "no such file"},
		"directory": {filepath.Dir(scalar), cBuffer(Uint8, []byte("a")), "directory"},
		"overflow": {saveTemp(t, Buffer{DType: mustParse(t, "V0"), Shape: []int64{1 << 62, 1}, Strides: []int64{0, 0}}),
			Buffer{DType: mustParse(t, "V0"), Shape: []int64{1 << 62, 1}, Strides: []int64{0, 0}}, "does not fit 64 bits"},
	} {
		if err := Append(c.path, c.b); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRecoverWhatCannotBeCounted recovers arrays whose items have no bytes or that have no axis.
func TestRecoverWhatCannotBeCounted(t *testing.T) {
	for _, c := range []struct {
		b      Buffer
		length int64 // of the data
		cut    int64
		err    string
	}{
		{cBuffer(Uint16, make([]byte, 2)), 3, 1, ""},
		{cBuffer(Uint16, make([]byte, 2)), 1, 0, "ends after 1 of 2 bytes"},
		{cBuffer(Uint16, nil, 3, 0), 5, 5, ""},
		{cBuffer(Uint16, nil, 0, 3), 7, 1, ""},
	} {
		path := saveTemp(t, c.b)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		offset := info.Size() - c.b.NBytes()
		if err := os.Truncate(path, offset+c.length); err != nil {
			t.Fatal(err)
		}
		r, err := Recover(path)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) || !strings.Contains(err.Error(), path) {
				t.Errorf("%v: %v", c.b.Shape, err)
			}
			continue
		}
		if err != nil || r.Cut != c.cut || !r.Changed {
			t.Errorf("%v: %v, %v", c.b.Shape, r, err)
		}
		if h := openTemp(t, path).Header(); !slices.Equal(h.Shape, r.Now) {
			t.Errorf("%v: the header has %v, and Recover says %v", c.b.Shape, h.Shape, r.Now)
		}
	}
}
