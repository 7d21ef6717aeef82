//go:build linux || darwin

package bytesrc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

// wantTruncated checks that err tells of a truncation seen at off.
func wantTruncated(t *testing.T, what string, err error, path string, off int64) {
	t.Helper()
	var fault *FaultError
	switch {
	case !errors.As(err, &fault):
		t.Errorf("%s: %v, want a FaultError", what, err)
	case fault.Path != path || fault.Offset != off || !errors.Is(err, io.ErrUnexpectedEOF):
		t.Errorf("%s: %v, want a truncation at offset %d of %s", what, err, off, path)
	case !strings.HasPrefix(err.Error(), fmt.Sprintf("%s: offset %d: ", path, off)):
		t.Errorf("%s: message is %q", what, err)
	}
}

// touchAll reads every byte.
func touchAll(b []byte) {
	s := byte(0)
	for _, v := range b {
		s ^= v
	}
	touched(s)
}

// TestTruncatedWhileOpen cuts a file at and between page boundaries before and after it
// was mapped, and reads what is gone in every way there is.
func TestTruncatedWhileOpen(t *testing.T) {
	const size = 1<<20 + 100
	for _, backend := range backends {
		for _, cut := range []int{0, 1, pageSize, 3*pageSize + 17, size - 101, size - 1} {
			for _, mappedFirst := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%d/mapped=%v", backend, cut, mappedFirst), func(t *testing.T) {
					path, data := tempFile(t, size)
					f := open(t, path, Options{Backend: backend})
					held := borrow(t, f, 0, data[:1])
					if mappedFirst {
						held.Release()
						held = borrow(t, f, 0, data)
					}
					truncate(t, path, cut)

					_, err := f.Borrow(0, size)
					wantTruncated(t, "Borrow", err, path, int64(cut))
					_, err = f.Borrow(size-10, 10)
					wantTruncated(t, "Borrow of the end", err, path, int64(max(cut, size-10)))
					if cut > 0 {
						l := borrow(t, f, 0, data[:cut])
						l.Release()
					}
					if backend == BackendMmap && mappedFirst {
						wantTruncated(t, "Verify", held.Verify(), path, int64(cut))
					} else if backend != BackendMmap {
						if err := held.Verify(); err != nil {
							t.Errorf("Verify of a copy: %v", err)
						}
					}
					held.Release()
				})
			}
		}
	}
}

// TestGuardView touches a view of a file that was cut.
func TestGuardView(t *testing.T) {
	const size = 64 << 10
	path, data := tempFile(t, size)
	f := open(t, path, Options{Backend: BackendMmap})
	v, err := f.View(0, size)
	if err != nil {
		t.Fatal(err)
	}
	cut := 2*pageSize + 5
	truncate(t, path, cut)
	err = Guard(func() error {
		touchAll(v)
		return nil
	})
	// The rest of the cut page reads as zeros; the next one faults.
	wantTruncated(t, "touching a view", err, path, int64(3*pageSize))
	err = Guard(func() error {
		copy(make([]byte, size), v)
		return nil
	})
	if fault, ok := errors.AsType[*FaultError](err); !ok || fault.Offset < int64(cut) || fault.Offset >= size {
		t.Errorf("copying a view: %v", err)
	}
	if !bytes.Equal(v[:cut], data[:cut]) {
		t.Error("what is left of the file is wrong")
	}
}

func TestGuardReadOnly(t *testing.T) {
	path, _ := tempFile(t, 3*pageSize)
	f := open(t, path, Options{Backend: BackendMmap})
	v, err := f.View(0, 3*int64(pageSize))
	if err != nil {
		t.Fatal(err)
	}
	err = Guard(func() error {
		v[pageSize+3] = 1
		return nil
	})
	fault, ok := errors.AsType[*FaultError](err)
	if !ok || fault.Offset != int64(pageSize)+3 || !strings.Contains(err.Error(), "write to a read-only mapping") {
		t.Errorf("writing: %v", err)
	}
}

// TestGuardLetsOthersPass checks that only our own faults are caught.
func TestGuardLetsOthersPass(t *testing.T) {
	want := errors.New("from fn")
	if err := Guard(func() error { return want }); !errors.Is(err, want) {
		t.Errorf("error of fn came back as %v", err)
	}
	var nilMap map[string]int
	var nilPointer *[1 << 30]byte
	for name, fn := range map[string]func(){
		"panic":           func() { panic("mine") },
		"index":           func() { _ = []int{1}[len(os.Args)+5] },
		"nil map":         func() { nilMap["a"] = 1 },
		"nil dereference": func() { nilPointer[1<<29] = 1 },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was swallowed", name)
				}
			}()
			err := Guard(func() error {
				fn()
				return nil
			})
			t.Errorf("%s became %v", name, err)
		}()
	}
}

// TestDeletedWhileOpen reads a file that has no name any more, mapped or not.
func TestDeletedWhileOpen(t *testing.T) {
	for _, backend := range backends {
		path, data := tempFile(t, 100_000)
		f := open(t, path, Options{Backend: backend})
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		l := borrow(t, f, 0, data)
		if err := errors.Join(l.Verify(), f.Changed()); err != nil {
			t.Error(err)
		}
		l.Release()
	}
}

func TestRegistry(t *testing.T) {
	var files []*File
	for range 20 {
		path, data := tempFile(t, 3*pageSize+1)
		f := open(t, path, Options{Backend: BackendMmap})
		l := borrow(t, f, 0, data)
		l.Release()
		files = append(files, f)
	}
	for i, f := range files {
		m := f.mapping.Load()
		for _, addr := range []uintptr{m.base, m.base + 1, m.base + uintptr(len(m.data)) - 1} {
			if registry.find(addr) != m {
				t.Fatalf("address %#x of file %d was not found", addr, i)
			}
		}
		if i%2 == 0 && quarantineLen == 0 {
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			if registry.find(m.base) == m {
				t.Fatalf("file %d was found after Close", i)
			}
		}
	}
}

// TestTouch checks the populating of systems that have no call for it.
func TestTouch(t *testing.T) {
	path, data := tempFile(t, 5*pageSize)
	f := open(t, path, Options{Backend: BackendMmap})
	l := borrow(t, f, 0, data)
	defer l.Release()
	if bad, err := touch(l.Bytes()); err != nil || bad < len(data) {
		t.Errorf("touch stopped at %d: %v", bad, err)
	}
	truncate(t, path, 2*pageSize)
	if bad, err := touch(l.Bytes()); err == nil || bad != 2*pageSize {
		t.Errorf("touch of a file cut at %d stopped at %d: %v", 2*pageSize, bad, err)
	}
}

// TestGuardTakesFaultErrors checks that a fault which an inner guard has turned into a
// panic with an error ends the outer guard as an error, and that other panics do not.
func TestGuardTakesFaultErrors(t *testing.T) {
	want := &FaultError{Path: "a.npy", Offset: 3, Err: ErrClosed}
	if err := Guard(func() error { panic(want) }); !errors.Is(err, want) {
		t.Errorf("Guard returned %v", err)
	}
	defer func() {
		if r := recover(); r != "other" {
			t.Errorf("recovered %v", r)
		}
	}()
	_ = Guard(func() error { panic("other") })
}
