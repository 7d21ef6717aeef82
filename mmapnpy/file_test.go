package mmapnpy

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
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

func TestFileErrors(t *testing.T) {
	path := saveTemp(t, cBuffer(Uint8, make([]byte, 1<<20), 1<<20))
	f := openTemp(t, path, WithBackend("mmap"))
	b := mustBuffer(t, f)
	if err := os.Truncate(path, 200); err != nil {
		t.Fatal(err)
	}
	var fault *FaultError
	err := f.Guard(func() error {
		sum := 0
		for _, v := range b.Data {
			sum += int(v)
		}
		return fmt.Errorf("summed to %d", sum)
	})
	if !errors.As(err, &fault) || fault.Path != path {
		t.Errorf("touching a truncated file: %v", err)
	}
	var format *FormatError
	if _, err := Open(path); !errors.As(err, &format) || format.Path != path {
		t.Errorf("opening a truncated file: %v", err)
	}
	if _, err := Open(filepath.Dir(path)); err == nil {
		t.Error("opened a directory")
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Buffer(); err == nil {
		t.Error("Buffer after Close")
	}
}
