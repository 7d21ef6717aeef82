package feed

import (
	"errors"
	"io/fs"
	"net"
)

// ErrInUse is matched by the error about a socket that a living feeder listens on.
var ErrInUse = errors.New("a feeder listens here already")

// Listener is the socket file of a feeder.
type Listener struct {
	*net.UnixListener
	path string
	made fs.FileInfo
}

// Listen makes a socket file that only this user may connect to. One that a dead feeder left is
// replaced; one that somebody listens on is an [ErrInUse], and anything else under the path is an
// error too.
func Listen(path string) (*Listener, error) {
	l, made, err := listen(path)
	if err != nil {
		return nil, err
	}
	return &Listener{l, path, made}, nil
}
