package bytesrc

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestAfford(t *testing.T) {
	for _, n := range []int64{0, 1, alwaysAfforded} {
		if err := Afford(n); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	for _, n := range []int64{math.MaxInt64, addresses + 1, -1} {
		err := Afford(n)
		large, ok := errors.AsType[*TooLargeError](err)
		if !ok || !errors.Is(err, ErrTooLarge) || large.Have <= 0 || large.Have >= large.Need {
			t.Errorf("%d bytes: %v", n, err)
		}
		if _, err := Allocate(n, false); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%d bytes allocated: %v", n, err)
		}
	}
	if _, err := Allocate(-1, true); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a size that overflowed, insisting: %v", err)
	}
	if b, err := Allocate(100, false); err != nil || len(b) != 100 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	err := &TooLargeError{4 << 40, 5<<30 + 200<<20}
	if want := "needs 4.0 TiB of memory, and 5.2 GiB can be had"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
	for n, want := range map[int64]string{
		512: "512 B", 1023: "1023 B", 1 << 20: "1.0 MiB", 1023 << 20: "1023 MiB", math.MaxInt64 - 1: "8.0 EiB", math.MaxInt64: "8 EiB or more",
	} {
		if got := sizeText(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Error("more than one line")
	}
}
