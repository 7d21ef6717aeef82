package distributed

import "context"

// Engine starts workers somewhere: in this process, in others, on a cluster. Sub-packages have more of them than
// [Pool]. An engine promises to try, and no more: workers may be lost, run twice at the same time, or be said to
// have succeeded when they have not. It starts [Round.Command] for every share, with the share's index in the
// environment, in one of the variables that [Index] knows.
type Engine interface {
	// Name is the engine's name, as "slurm".
	Name() string

	// Shares is how many workers at most the engine starts at once for so many missing tasks, at least 1.
	Shares(tasks int64) int

	// Submit starts the workers of a round, and returns before they have ended. An error says that none was
	// started, as far as is known.
	Submit(ctx context.Context, r Round) (Job, error)

	// Cancel ends all workers of all rounds of a run, also those that other processes have started, by the name
	// of the run.
	Cancel(ctx context.Context, name string) error
}

// Round is one submission: the tasks that were missing when it was made, in shares.
type Round struct {
	Dir     string   // the run directory, an absolute path
	Name    string   // of the run, the same for all its rounds: "lazynpy-" and 12 hexadecimal digits
	Number  int      // from 1
	Shares  int      // workers; their indices are 0 to Shares-1
	Command []string // of one worker: the program, "work", "--plan", Dir, "--round", Number
	Detach  bool     // nobody will poll: the engine should have Finish run after the workers, if it can
	Finish  []string // the command that merges and publishes: the program, "resume", "--finish", Dir
}

// Job is the workers of one round.
type Job interface {
	// ID is what the engine calls it, for people.
	ID() string

	// Poll says whether workers of the round are waiting or running. With Unknown, an error says why nothing is
	// known; with Idle, it may say why a worker has failed.
	Poll(ctx context.Context) (State, error)

	// Cancel ends the workers of the round.
	Cancel(ctx context.Context) error
}

// State is what an engine knows of the workers of a round.
type State uint8

const (
	// Unknown says that the engine cannot tell at the moment, since its controller does not answer. Nothing
	// follows from it; in particular, nothing is submitted again.
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

// The exit statuses of a worker. Any other means that it failed, and can be tried again.
const (
	ExitDone        = 0  // its tasks are done, as far as they were not before
	ExitRefused     = 64 // the plan, the input or the program is not the right one: trying again is no use
	ExitInterrupted = 75 // it was told to end (SIGTERM) and has recorded what it had finished: start it again
)
