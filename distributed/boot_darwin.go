package distributed

import (
	"sync"

	"golang.org/x/sys/unix"
)

// bootID names the system that runs, since it was started; "" if it does not say.
var bootID = sync.OnceValue(func() string {
	id, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return ""
	}
	return id
})
