//go:build !unix

package main

import (
	"context"
	"os"
	"syscall"
)

var enders = []os.Signal{os.Interrupt, syscall.SIGTERM}

var pipeSignals []os.Signal

func nobodyReads() bool { return false }

func unheard(context.Context) bool { return false }
