//go:build !linux && !darwin

package bytesrc

import (
	"errors"
	"os"
)

// openDirect is not there; naming the back end is an error before it comes to this.
func openDirect(*os.File) (direct *os.File, align int, err error) {
	return nil, 0, errors.ErrUnsupported
}

// refusesDirect does not matter.
func refusesDirect(error) bool { return false }

// preadDirect is never called.
func preadDirect(int, []byte, int64) (int, error) { return 0, errors.ErrUnsupported }
