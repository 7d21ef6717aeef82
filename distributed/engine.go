package distributed

import (
	"context"
	"errors"
)

// Engine starts workers somewhere: in this process, in others, on a cluster. Sub-packages have more
// of them than [Pool]. An engine promises to try, and no more: workers may be lost, run twice at
// the same time, or be said to have succeeded when they have not. It starts [Round.Command] so many
// times as there are workers, best with the number of each in the environment, in one of the
// variables that [Index] knows. Workers find out themselves what there is to do.
type Engine interface {
	// Name is the engine's name, as "slurm".
	Name() string

	// RoundSize is how many workers the engine starts in a round where there is work for so many,
	// at least 1.
	RoundSize(workers int64) int

	// Submit starts the workers of a round, and returns before they have ended. An error says that
	// none was started, as far as is known.
	Submit(ctx context.Context, r Round) (Job, error)

	// Cancel ends all workers of all rounds of a run, also those that other processes have started,
	// by the name of the run.
	Cancel(ctx context.Context, name string) error
}

// Attacher is an engine that finds the jobs of rounds that another process has submitted.
type Attacher interface {
	// Attach is the job of a run, by the run's name and what [Job.ID] has said.
	Attach(name, id string) (Job, error)
}

// Round is one submission of workers.
type Round struct {
	Dir string // the run directory, an absolute path
	// of the run, the same for all its rounds: "lazynpy-" and 12 hexadecimal digits
	Name    string
	Number  int      // from 1
	Workers int      // how many; their indices are 0 to Workers-1
	Command []string // of one worker: the program, "work", "--plan", Dir
	Exclude []string // machines, by the engine's names, on which workers have failed at once
	Detach  bool     // nobody will poll

	// InputMap is that of the workers, which is in Command already.
	InputMap InputMap
}

// Job is the workers of one round.
type Job interface {
	// ID is what the engine calls it, for people.
	ID() string

	// Poll says whether workers of the round are waiting or running. With Unknown, an error says
	// why nothing is known; with Idle, it may say how workers have ended, as "2 workers
	// OUT_OF_MEMORY", and matches [ErrCancelled] if somebody has cancelled them.
	Poll(ctx context.Context) (State, error)

	// Cancel ends the workers of the round.
	Cancel(ctx context.Context) error
}

// State is what an engine knows of the workers of a round.
type State uint8

const (
	// Unknown says that the engine cannot tell at the moment, since its controller does not answer.
	// Nothing follows from it; in particular, nothing is submitted again.
	Unknown State = iota

	// Active says that workers are waiting to run, or running.
	Active

	// Idle says that no worker is left, as far as the engine knows.
	Idle
)

// String is the state in lower case.
func (s State) String() string {
	switch s {
	case Active:
		return "active"
	case Idle:
		return "idle"
	}
	return "unknown"
}

// ErrCancelled says that somebody has cancelled the workers of a run, by the means of their
// scheduler.
var ErrCancelled = errors.New("cancelled")

// The exit statuses of a worker. Any other means that it failed, and can be tried again.
const (
	ExitDone = 0 // nothing is left to do
	// The plan, the input or the program is not the right one: trying again is no use.
	ExitRefused = 64
	// It was told to end (SIGTERM) and has recorded what it had finished: start it again.
	ExitInterrupted = 75
)
