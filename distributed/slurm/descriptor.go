package slurm

import (
	"flag"
	"fmt"
	"strconv"

	"github.com/lazynpy/lazynpy/distributed"
)

// Descriptor describes the engine to commands.
var Descriptor = distributed.Descriptor{
	Name:     "slurm",
	Text:     "tasks of a Slurm job array, or the nodes of one job",
	Flags:    flags,
	Poll:     distributed.PollShared,
	Detaches: true,
	Persists: true,
	Submits:  "sbatch FILE",
}

func flags(set *flag.FlagSet) func() (distributed.Engine, error) {
	var e Engine
	var cpus string
	set.StringVar(&e.Partition, "partition", "", "`partition`")
	set.StringVar(&e.Time, "time", "", "`limit` of one worker, as 30 (minutes), 2:00:00 or 1-12")
	set.StringVar(&cpus, "cpus", "", "`cores` of one worker (default: the site's)")
	set.StringVar(&e.Memory, "mem", "", "`memory` of one worker, as Slurm writes it: 4G (default: the site's)")
	set.IntVar(&e.MaxRunning, "max-running", 0, "workers at a time (default: what the site allows)")
	set.StringVar(&e.Account, "account", "", "`account`")
	set.StringVar(&e.QOS, "qos", "", "quality of service")
	set.Var((*distributed.Strings)(&e.Args), "sbatch-arg", "one more `option` of sbatch, as --sbatch-arg=--constraint=avx2; can be repeated")
	set.IntVar(&e.Ranks, "ranks", 0, "one job of so many nodes instead of an array")
	set.IntVar(&e.MaxArray, "max-array", 0, "tasks of an array at most (default 1000)")
	return func() (distributed.Engine, error) {
		if cpus != "" {
			var err error
			if e.CPUs, err = strconv.Atoi(cpus); err != nil || e.CPUs < 1 {
				return nil, fmt.Errorf("--cpus %q: want a number of cores", cpus)
			}
		}
		return e, e.Validate()
	}
}
