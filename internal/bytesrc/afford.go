package bytesrc

import (
	"errors"
	"math"
	"runtime/debug"
	"strconv"
)

// ErrTooLarge is what a [TooLargeError] matches.
var ErrTooLarge = errors.New("larger than memory")

// A TooLargeError says that something would need more memory than this process can have. The
// runtime ends a process that asks for it, which no recover catches.
type TooLargeError struct {
	Need int64 // bytes; math.MaxInt64 stands for that and more
	Have int64 // bytes that the machine and the limits of this process leave
}

func (e *TooLargeError) Error() string {
	return "needs " + sizeText(e.Need) + " of memory, and " + sizeText(e.Have) + " can be had"
}

// Is reports whether target is [ErrTooLarge].
func (e *TooLargeError) Is(target error) bool { return target == ErrTooLarge }

// alwaysAfforded is needed without a look at the system, which takes time: it is no more than the
// buffers of a pass.
const alwaysAfforded = 16 << 20

// Afford returns a [TooLargeError] if this process cannot have so many bytes more. A need that is
// negative is one that was too large for an int64. Where the system does not tell what it has, only
// what no machine has is refused.
//
// It is a look, not a reservation: what others take meanwhile is not known.
func Afford(need int64) error {
	if need < 0 {
		need = math.MaxInt64
	}
	switch {
	case need <= alwaysAfforded:
		return nil
	case need > math.MaxInt:
		return &TooLargeError{need, math.MaxInt}
	case need <= obtainable(memoryNow()):
		return nil
	}
	debug.FreeOSMemory() // garbage counts as used until it is collected and given back
	if have := obtainable(lookAtMemory()); need > have {
		return &TooLargeError{need, have}
	}
	return nil
}

// addresses is more than any machine has.
const addresses = 1 << 46

// obtainable is what is available, where the system tells, or else what a machine can have at all.
func obtainable(available int64) int64 {
	if available > 0 {
		return available
	}
	if n := installedMemory(); n > 0 {
		return n
	}
	return min(addresses, math.MaxInt)
}

// Allocate is [Memory] for so many bytes, after [Afford] unless the caller insists.
func Allocate(n int64, insist bool) ([]byte, error) {
	if !insist || n > math.MaxInt || n < 0 {
		if err := Afford(n); err != nil {
			return nil, err
		}
	}
	return Memory(int(n)), nil
}

// sizeText writes a number of bytes for people.
func sizeText(n int64) string {
	if n == math.MaxInt64 {
		return "8 EiB or more"
	}
	value, unit := float64(n), 0
	units := [...]string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	for value >= 1023.5 && unit < len(units)-1 {
		value /= 1024
		unit++
	}
	decimals := 0
	if unit > 0 && value < 99.95 {
		decimals = 1
	}
	return strconv.FormatFloat(value, 'f', decimals, 64) + " " + units[unit]
}
