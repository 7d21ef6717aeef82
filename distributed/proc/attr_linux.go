package proc

import "syscall"

// attributes: a process group of its own, and SIGTERM when the thread that starts it ends (see
// run).
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
