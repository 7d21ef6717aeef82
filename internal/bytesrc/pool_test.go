package bytesrc

import (
	"testing"
	"unsafe"
)

func TestSizeClasses(t *testing.T) {
	for n := 1; n <= maxPooled; n += 1 + n/3000 {
		class, size := sizeClass(n)
		if size < n || class < 0 || class >= len(pools) {
			t.Fatalf("%d bytes: class %d of %d bytes", n, class, size)
		}
		if n > minPooled && (size-n)*5 > size {
			t.Fatalf("%d bytes: class of %d wastes more than a fifth", n, size)
		}
		if c, s := sizeClass(size); c != class || s != size {
			t.Fatalf("class %d holds %d bytes, but those go to class %d of %d", class, size, c, s)
		}
	}
	if class, size := sizeClass(maxPooled); class != len(pools)-1 || size != maxPooled {
		t.Errorf("largest class is %d of %d bytes, want %d of %d", class, size, len(pools)-1, maxPooled)
	}
}

func TestBuffersAreAligned(t *testing.T) {
	for _, n := range []int{1, 4096, 5000, 1 << 20, 3<<20 + 1} {
		b := getBuffer(n)
		if at := uintptr(unsafe.Pointer(unsafe.SliceData(b.bytes))); at%uintptr(pageSize) != 0 || len(b.bytes) < n {
			t.Errorf("buffer for %d bytes has %d at %#x", n, len(b.bytes), at)
		}
		b.put()
	}
}

// TestBuffersAreReused checks that borrowing in turn comes down to a few buffers.
func TestBuffersAreReused(t *testing.T) {
	path, data := tempFile(t, 200_000)
	f := open(t, path, Options{Backend: BackendPread})
	seen := map[*byte]bool{}
	for range 100 {
		l := borrow(t, f, 0, data)
		seen[unsafe.SliceData(l.Bytes())] = true
		l.Release()
	}
	if len(seen) > 60 { // the race detector makes the pool forget a quarter at random
		t.Errorf("100 borrows used %d buffers", len(seen))
	}
}
