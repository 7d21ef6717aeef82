package proc

import (
	"flag"
	"fmt"

	"github.com/lazynpy/lazynpy/distributed"
)

// Descriptor describes the engine to commands.
var Descriptor = distributed.Descriptor{
	Name:  "proc",
	Text:  "processes on this machine",
	Flags: flags,
	Poll:  distributed.PollHere,
}

func flags(set *flag.FlagSet) func() (distributed.Engine, error) {
	var e Engine
	set.IntVar(&e.Processes, "processes", 0, "workers at a time (default one per processor)")
	return func() (distributed.Engine, error) {
		if e.Processes < 0 {
			return nil, fmt.Errorf("--processes %d is negative", e.Processes)
		}
		return e, nil
	}
}
