package feed

import (
	"net"

	"golang.org/x/sys/unix"
)

// sameUser refuses clients of other users.
func sameUser(c *net.UnixConn) error {
	return control(c, func(fd int) error {
		peer, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
		if err != nil {
			return err
		}
		return checkUser(peer.Uid)
	})
}
