// Standin takes the parts of `lazynpy` in run.sh: the worker, with nothing to compute, and the
// driver of a run. It is also the process that holds a pod's namespaces.
//
//	standin work --plan DIR   notes its index in DIR, as a worker would record portions
//	standin print FLAGS       prints the manifest of a round
//	standin run FLAGS         submits a round and waits until it is idle
//	standin cancel FLAGS      deletes the jobs of the run
//	standin pause             sleeps until it is told to end
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/distributed/kubernetes"
)

func main() { os.Exit(start(os.Args[1:])) }

func start(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "standin: want work, print, run, cancel or pause")
		return 2
	}
	switch verb := args[0]; verb {
	case "work":
		return work(ctx, args[1:])
	case "pause":
		<-ctx.Done()
	default:
		if err := drive(ctx, verb, args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, "standin:", err)
			return 1
		}
	}
	return 0
}

// work notes that an attempt has begun, takes its time, and notes that it is done. A file
// "refuse-INDEX" in the directory makes it refuse the plan, and "seconds" says how long it takes.
func work(ctx context.Context, args []string) int {
	flags := flag.NewFlagSet("work", flag.ExitOnError)
	dir := flags.String("plan", "", "")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	index := os.Getenv("JOB_COMPLETION_INDEX")
	if _, err := strconv.Atoi(index); err != nil {
		fmt.Fprintf(os.Stderr, "standin: index %q\n", index)
		return 2
	}
	if _, err := os.Stat(filepath.Join(*dir, "refuse-"+index)); err == nil {
		fmt.Fprintln(os.Stderr, "standin: told to refuse, index", index)
		return distributed.ExitRefused
	}
	if err := note(filepath.Join(*dir, "attempts"), index); err != nil {
		fmt.Fprintln(os.Stderr, "standin:", err)
		return 1
	}
	select {
	case <-time.After(duration(*dir)):
	case <-ctx.Done():
		time.Sleep(2 * time.Second) // as a worker that records what it has finished
		if err := note(filepath.Join(*dir, "interrupted"), index); err != nil {
			fmt.Fprintln(os.Stderr, "standin:", err)
		}
		return distributed.ExitInterrupted
	}
	if err := note(filepath.Join(*dir, "done"), index); err != nil {
		fmt.Fprintln(os.Stderr, "standin:", err)
		return 1
	}
	return distributed.ExitDone
}

// note appends a line to a file that all pods share.
func note(name, line string) error {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line + "\n")
	return errors.Join(err, f.Close())
}

func duration(dir string) time.Duration {
	text, err := os.ReadFile(filepath.Join(dir, "seconds"))
	if err != nil {
		return time.Second
	}
	n, err := strconv.Atoi(string(text))
	if err != nil {
		return time.Second
	}
	return time.Duration(n) * time.Second
}

// drive does with the engine what a driver would, once.
func drive(ctx context.Context, verb string, args []string) error {
	flags := flag.NewFlagSet(verb, flag.ExitOnError)
	dir := flags.String("dir", "", "run directory")
	name := flags.String("name", "lazynpy-0123456789ab", "name of the run")
	workers := flags.Int("workers", 6, "how many")
	number := flags.Int("number", 1, "of the round")
	e := kubernetes.Engine{Image: "docker.io/local/lazynpy:test", PullPolicy: "Never", Poll: time.Second}
	flags.IntVar(&e.Parallelism, "parallelism", 3, "pods at once")
	flags.StringVar(&e.User, "user", "", "UID:GID")
	flags.Func("volume", "claim:NAME=/mount or host:/path", func(s string) error {
		v, err := kubernetes.ParseVolume(s)
		e.Volumes = append(e.Volumes, v)
		return err
	})
	if err := flags.Parse(args); err != nil {
		return err
	}
	r := distributed.Round{
		Dir: *dir, Name: *name, Number: *number, Workers: *workers,
		Command: []string{"lazynpy", "work", "--plan", *dir},
	}
	switch verb {
	case "print":
		text, err := e.Manifest(r)
		if err != nil {
			return err
		}
		_, err = os.Stdout.Write(text)
		return err
	case "run":
		return run(ctx, e, r)
	case "cancel":
		return e.Cancel(ctx, r.Name)
	}
	return fmt.Errorf("no verb %q", verb)
}

// run submits a round, prints every change of its state, and returns when it is idle.
func run(ctx context.Context, e kubernetes.Engine, r distributed.Round) error {
	j, err := e.Submit(ctx, r)
	if err != nil {
		return err
	}
	fmt.Println("submitted", j.ID())
	last := ""
	for {
		state, err := j.Poll(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		now := fmt.Sprint(state)
		if err != nil {
			now += ": " + err.Error()
		}
		if now != last {
			fmt.Println(now)
			last = now
		}
		if state == distributed.Idle {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}
