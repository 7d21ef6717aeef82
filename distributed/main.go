package distributed

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// WorkerMain makes a program a worker: called at the beginning of main, after the operations were registered, it
// computes and exits if the program was started with the arguments "work --plan DIR …", and returns otherwise. With
// "resume --finish DIR", which ends a run that nobody waits for, it is [Finish]. The program that plans and the one that
// works must be the same file.
//
// A SIGTERM, which schedulers send before the time is up, ends the worker when the portion at hand is recorded; a
// second one at once.
func WorkerMain() {
	switch {
	case len(os.Args) > 1 && os.Args[1] == "work":
		os.Exit(workMain(os.Args[2:], os.Stderr))
	case len(os.Args) == 4 && os.Args[1] == "resume" && os.Args[2] == "--finish":
		os.Exit(finishMain(os.Args[3], RunOptions{}, os.Stderr))
	case len(os.Args) == 5 && os.Args[1] == "resume" && os.Args[2] == "--finish" && os.Args[3] == "--trust":
		os.Exit(finishMain(os.Args[4], RunOptions{Trust: true}, os.Stderr))
	}
}

// finishMain is 0 for a run that is complete now, and ExitInterrupted for one that is not yet.
func finishMain(dir string, o RunOptions, stderr io.Writer) int {
	err := Finish(context.Background(), dir, o)
	if err != nil {
		fmt.Fprintln(stderr, err)
	}
	if errors.Is(err, ErrIncomplete) {
		return ExitInterrupted
	}
	return ExitStatus(err)
}

func workMain(args []string, stderr io.Writer) int {
	set := flag.NewFlagSet("work", flag.ContinueOnError)
	set.SetOutput(stderr)
	dir := set.String("plan", "", "run `directory`, or its plan.json")
	round := set.Int("round", 0, "`number` of the round whose tasks to share")
	trust := set.Bool("trust", false, "take the run directory as it is, whoever may have written to it")
	if err := set.Parse(args); err != nil || set.NArg() > 0 || *dir == "" {
		fmt.Fprintln(stderr, "usage: work --plan DIR [--round N] [--trust]")
		return ExitRefused
	}
	w, err := WorkFromEnv(*dir, *round, os.Getenv)
	w.Trust = *trust
	if err == nil {
		err = w.DoUntilTold()
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
	}
	return ExitStatus(err)
}

// WorkFromEnv is the work of a process that a scheduler has started, whose environment getenv looks up.
func WorkFromEnv(dir string, round int, getenv func(string) string) (Work, error) {
	index, of, ok, err := Index(getenv)
	if err != nil {
		return Work{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if !ok {
		index = -1
	}
	w := Work{Dir: dir, Round: round, Index: index, Of: of}
	for _, e := range []struct{ engine, variable string }{
		{"proc", "LAZYNPY_INDEX"}, {"slurm", "SLURM_JOB_ID"}, {"kubernetes", "JOB_COMPLETION_INDEX"}, {"pbs", "PBS_JOBID"},
		{"lsf", "LSB_JOBID"}, {"sge", "SGE_TASK_ID"}, {"aws", "AWS_BATCH_JOB_ID"},
	} {
		if job := getenv(e.variable); job != "" {
			w.Engine, w.Job = e.engine, job
			break
		}
	}
	return w, nil
}

// DoUntilTold is [Work.Do] until SIGTERM, or an interrupt from the keyboard.
func (w Work) DoUntilTold() error {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	interrupt := make(chan struct{})
	told := make(chan os.Signal, 2)
	signal.Notify(told, syscall.SIGTERM, os.Interrupt)
	defer signal.Stop(told)
	go func() {
		select {
		case <-told:
			close(interrupt)
		case <-ctx.Done():
			return
		}
		select {
		case <-told:
			cancel(ErrInterrupted)
		case <-ctx.Done():
		}
	}()
	w.Interrupt = interrupt
	return w.Do(ctx)
}
