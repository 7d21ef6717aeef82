package distributed

import (
	"flag"
	"strings"
	"time"

	"github.com/lazynpy/lazynpy/chunk"
)

// Descriptor is what a command has to know of an engine that its users choose by name. The package
// of each engine has one, called Descriptor; that of [Pool] is [PoolDescriptor]. What a worker
// knows of who has started it is in its environment, for all engines and other launchers alike: see
// [WorkFromEnv].
type Descriptor struct {
	Name string // as [Engine.Name]
	Text string // where workers run, in a few words

	// Flags registers what can be said of the engine, and returns what makes one of the values that
	// the flags have by then. Its errors are mistakes in these values, and name the flags. A flag
	// that can be given several times is a [Strings].
	Flags func(set *flag.FlagSet) func() (Engine, error)

	// Poll is how often a driver looks at the journals of a run.
	Poll time.Duration

	// Detaches says that workers go on without the process that has submitted them.
	Detaches bool

	// Persists says that the engine tells when somebody has cancelled its workers; see
	// [ErrCancelled].
	Persists bool

	// Submits is the command by which people submit what a [Scripter] writes down, as "sbatch
	// FILE"; "" if the engine is none.
	Submits string
}

// Scripter is an engine that writes down what it would submit, for people who submit it themselves.
type Scripter interface {
	Script(r Round) (string, error)
}

// Strings is the value of a flag that can be given several times.
type Strings []string

// Set implements [flag.Value].
func (s *Strings) Set(text string) error {
	*s = append(*s, text)
	return nil
}

// String implements [flag.Value].
func (s *Strings) String() string { return strings.Join(*s, ",") }

// The times between two looks at the journals of a run: on the disk of this machine, and on a
// filesystem that many machines share, whose journals are as many as workers.
const (
	PollHere   = 50 * time.Millisecond
	PollShared = 2 * time.Second
)

// PoolDescriptor describes [Pool].
var PoolDescriptor = Descriptor{
	Name: "pool",
	Text: "goroutines of this process",
	Poll: PollHere,
	Flags: func(set *flag.FlagSet) func() (Engine, error) {
		var e Pool
		set.IntVar(&e.Workers, "workers", 0, "goroutines (default one per processor)")
		set.Func("memory", "budget, as 256MiB", func(text string) (err error) {
			e.Memory, err = chunk.ParseBytes(text)
			return err
		})
		return func() (Engine, error) { return e, nil }
	},
}
