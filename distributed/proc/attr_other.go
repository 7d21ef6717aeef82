//go:build !unix

package proc

import "syscall"

func attributes() *syscall.SysProcAttr { return nil }
