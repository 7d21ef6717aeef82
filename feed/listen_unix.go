//go:build unix

package feed

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// longestPath is what every system has room for in the address of a socket.
const longestPath = 103

func listen(path string) (*net.UnixListener, fs.FileInfo, error) {
	if len(path) > longestPath {
		return nil, nil, fmt.Errorf("%s: the path of a socket has at most %d bytes, and this has %d", path, longestPath, len(path))
	}
	defer alone(path)()
	if err := makeWay(path); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, cause(err))
	}
	l.SetUnlinkOnClose(false)
	err = os.Chmod(path, 0o600)
	made, statErr := os.Lstat(path)
	if err = errors.Join(err, statErr); err != nil {
		return nil, nil, errors.Join(err, l.Close(), os.Remove(path))
	}
	return l, made, nil
}

// cause is what the system said, without addresses and operations.
func cause(err error) error {
	if e, ok := errors.AsType[unix.Errno](err); ok {
		return e
	}
	return err
}

// makeWay removes the socket file of a dead feeder.
func makeWay(path string) error {
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New("it exists, and is no socket")
	}
	c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	switch {
	case err == nil:
		c.Close()
		return ErrInUse
	case errors.Is(err, unix.EAGAIN): // its queue is full
		return ErrInUse
	case errors.Is(err, unix.ECONNREFUSED):
		return os.Remove(path)
	}
	return cause(err)
}

// alone keeps others from making or removing a socket file in the same folder until the function
// that it returns is called. Where folders cannot be locked it does nothing.
func alone(path string) (release func()) {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return func() {}
	}
	for {
		err = unix.Flock(int(folder.Fd()), unix.LOCK_EX)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	return func() { folder.Close() }
}

// Close removes the socket file, unless it is another one by now, and ends Accept.
func (l *Listener) Close() error {
	defer alone(l.path)()
	var err error
	if now, statErr := os.Lstat(l.path); statErr == nil && os.SameFile(now, l.made) {
		err = os.Remove(l.path)
	}
	return errors.Join(err, l.UnixListener.Close())
}

// Supported says whether this system has what feeding needs.
const Supported = true

// Watch is a context that ends when the other side of a connection has closed it, without reading
// from it, until stop is called.
func Watch(ctx context.Context, c *net.UnixConn) (_ context.Context, stop func()) {
	raw, err := c.SyscallConn()
	if err != nil {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		gone := false
		_ = raw.Read(func(fd uintptr) bool { // again whenever something happens
			p := []unix.PollFd{{Fd: int32(fd)}}
			_, err := unix.Poll(p, 0)
			gone = err == nil && p[0].Revents&unix.POLLHUP != 0
			return gone
		})
		if gone {
			cancel()
		}
	}()
	return ctx, func() {
		_ = c.SetReadDeadline(time.Unix(1, 0))
		<-over
		_ = c.SetReadDeadline(time.Time{})
		cancel()
	}
}

// sendFile sends a descriptor with the first byte of a line.
func sendFile(c *net.UnixConn, line []byte, file *os.File) error {
	n, _, err := c.WriteMsgUnix(line, unix.UnixRights(int(file.Fd())), nil)
	if err == nil && n < len(line) {
		_, err = c.Write(line[n:])
	}
	return err
}

// control calls a function with the descriptor of a connection.
func control(c *net.UnixConn, call func(fd int) error) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = call(int(fd)) }); err != nil {
		return err
	}
	return failed
}

// checkUser compares the user of a client with this process's.
func checkUser(uid uint32) error {
	if int64(uid) != int64(os.Geteuid()) {
		return refused(kindConfig, "user %d may not connect to a feeder of user %d", uid, os.Geteuid())
	}
	return nil
}
