//go:build !unix

package feed

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"runtime"
)

// Supported says whether this system has what feeding needs.
const Supported = false

// Watch is a context that ends when the other side of a connection has closed it.
func Watch(ctx context.Context, _ *net.UnixConn) (_ context.Context, stop func()) {
	return ctx, func() {}
}

var errSystem = fmt.Errorf("feed is not supported on %s: %w", runtime.GOOS, errors.ErrUnsupported)

func mapRing(int64) (*os.File, []byte, error) { return nil, nil, errSystem }

func (r *ring) unmap() {}

func within([]byte, uintptr) bool { return false }

func listen(string) (*net.UnixListener, fs.FileInfo, error) { return nil, nil, errSystem }

func sameUser(*net.UnixConn) error { return errSystem }

func sendFile(*net.UnixConn, []byte, *os.File) error { return errSystem }

// Close ends Accept.
func (l *Listener) Close() error { return l.UnixListener.Close() }
