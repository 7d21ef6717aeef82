//go:build !unix

package proc

import "os"

// terminate ends a process: there is no way to ask it.
func terminate(p *os.Process) error { return p.Kill() }
