//go:build !unix

package main

import (
	"context"
	"os"
	"syscall"
)

var moreSignals []os.Signal

func ends(syscall.Signal) bool { return true }

func unheard(context.Context) bool { return false }
