package mmapnpy

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
)

// cBuffer is a C-order buffer over its own memory.
func cBuffer(t DType, raw []byte, shape ...int64) Buffer {
	return Buffer{Data: raw, DType: t, Shape: shape, Strides: cStrides(shape, t.ItemSize())}
}

func saveTemp(t testing.TB, b Buffer) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.npy")
	if err := Save(path, b); err != nil {
		t.Fatal(err)
	}
	return path
}

func openTemp(t testing.TB, path string, opts ...Option) *File {
	t.Helper()
	f, err := Open(path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func mustBuffer(t testing.TB, f *File) Buffer {
	t.Helper()
	b, err := f.Buffer()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestTruncated cuts a file under its views; whatever copies elements says so.
func TestTruncated(t *testing.T) {
	path := saveTemp(t, cBuffer(Uint16, make([]byte, 1<<20), 1<<10, 1<<9))
	f := openTemp(t, path, WithBackend("mmap"))
	b := mustBuffer(t, f)
	v, err := View[uint16](f)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 200); err != nil {
		t.Fatal(err)
	}
	_, copyErr := CopyOf[uint16](b)
	strided := b.Transpose()
	_, stridedErr := CopyOf[uint16](strided)
	other := filepath.Join(t.TempDir(), "other.npy")
	for what, err := range map[string]error{
		"view": f.Guard(func() error {
			sum := 0
			for x := range v.All() {
				sum += int(x)
			}
			return fmt.Errorf("summed to %d", sum)
		}),
		"CopyOf":        copyErr,
		"CopyOf column": stridedErr,
		"CopyTo":        b.CopyTo(make([]byte, b.NBytes())),
		"Write":         Write(io.Discard, b.Transpose()),
		"Save":          Save(other, b),
		"Save strided":  Save(other, strided),
		"Append":        Append(saveTemp(t, cBuffer(Uint16, nil, 0, 1<<9)), b),
	} {
		fault, ok := errors.AsType[*FaultError](err)
		if !ok || fault.Path != path || fault.Offset < 200 || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s of a truncated file: %v", what, err)
		}
	}
	if _, err := os.Stat(other); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a failed Save left a file: %v", err)
	}
	_, err = Open(path)
	if format, ok := errors.AsType[*FormatError](err); !ok || format.Path != path || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("opening a truncated file: %v", err)
	}
	short := openTemp(t, path, AllowShort())
	if _, err := short.Buffer(); !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), path) {
		t.Errorf("data of a truncated file: %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	path := saveTemp(t, cBuffer(Uint8, []byte("abc"), 3))
	for _, c := range []struct {
		path string
		opts []Option
		want string
	}{
		{dir, nil, "is a directory"},
		{filepath.Join(dir, "no.npy"), nil, "no such file"},
		{os.DevNull, nil, "is a device"},
		{path, []Option{WithBackend("tape")}, `unknown back end "tape"`},
		{path, []Option{WithMode(7)}, "unknown mode"},
		{path, []Option{WithMode(ReadWrite), WithBackend("pread")}, "mode r+ needs the mmap back end"},
		{path, []Option{MaxHeaderSize(10)}, "above the limit of 10"},
	} {
		f, err := Open(c.path, c.opts...)
		if err == nil {
			_ = f.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) && c.want != "no such file" {
			t.Errorf("%s: %v, want %q", c.path, err, c.want)
		}
	}
	empty := filepath.Join(dir, "empty.npy")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(empty); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), empty) {
		t.Errorf("empty file: %v", err)
	}
}

func TestClose(t *testing.T) {
	f := openTemp(t, saveTemp(t, cBuffer(Uint8, []byte("abc"), 3)))
	release, err := f.Retain()
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan error, 1)
	go func() { closed <- f.Close() }()
	for { // until Close has begun
		again, err := f.Retain()
		if err != nil {
			break
		}
		again()
	}
	select {
	case err := <-closed:
		t.Fatalf("closed while retained: %v", err)
	default:
	}
	release()
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	if _, err := f.Buffer(); !errors.Is(err, bytesrc.ErrClosed) {
		t.Errorf("Buffer after Close: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// TestHeaderIsACopy changes what the methods of a File return.
func TestHeaderIsACopy(t *testing.T) {
	f := openTemp(t, saveTemp(t, cBuffer(Uint8, []byte("abc"), 3)))
	f.Header().Shape[0] = 9
	mustBuffer(t, f).Shape[0] = 9
	if f.Header().Shape[0] != 3 || mustBuffer(t, f).Shape[0] != 3 {
		t.Error("the file's own header was changed")
	}
}
