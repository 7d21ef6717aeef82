//go:build darwin || freebsd

package feed

import (
	"net"

	"golang.org/x/sys/unix"
)

// solLocal is the level of options of sockets of the Unix domain, of which LOCAL_PEERCRED is 1.
const (
	solLocal      = 0
	localPeerCred = 1
)

// sameUser refuses clients of other users.
func sameUser(c *net.UnixConn) error {
	return control(c, func(fd int) error {
		peer, err := unix.GetsockoptXucred(fd, solLocal, localPeerCred)
		if err != nil {
			return err
		}
		return checkUser(peer.Uid)
	})
}
