package distributed

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
)

// WorkerMain makes a program a worker: called at the beginning of main, after the operations were
// registered, it computes and exits if the program was started with the arguments "work --plan DIR
// …", and returns otherwise. The program that plans and the one that works must be the same file.
//
// A SIGTERM, which schedulers send before the time is up, ends the worker when the portion at hand
// is recorded; a second one at once.
func WorkerMain() {
	if len(os.Args) > 1 && os.Args[1] == "work" {
		os.Exit(workMain(os.Args[2:], os.Stderr))
	}
}

func workMain(args []string, stderr io.Writer) int {
	set := flag.NewFlagSet("work", flag.ContinueOnError)
	set.SetOutput(stderr)
	dir := set.String("plan", "", "run `directory`, or its plan.json")
	trust := set.Bool("trust", false, "take the run directory as it is, whoever may have written to it")
	verify := set.Bool("verify", false, "read the output back before it is published")
	large := set.Bool("allow-large", false, "insist on results that do not fit into memory")
	keep := set.Bool("keep", false, "leave the states of reductions in the run directory")
	var pairs []string
	set.Func("input-map", "`FROM=TO`: where this machine has the copy of an input; can be repeated", func(s string) error {
		pairs = append(pairs, s)
		return nil
	})
	if err := set.Parse(args); err != nil || set.NArg() > 0 || *dir == "" {
		fmt.Fprintln(stderr, "usage: work --plan DIR [--trust] [--verify] [--allow-large] [--keep] [--input-map FROM=TO]")
		return ExitRefused
	}
	w := WorkFromEnv(*dir, os.Getenv)
	w.Trust, w.Verify, w.AllowLarge, w.Keep = *trust, *verify, *large, *keep
	var err error
	if w.InputMap, err = ParseInputMap(pairs); err != nil {
		fmt.Fprintln(stderr, plainText(err.Error()))
		return ExitRefused
	}
	w.Note = func(line string) { fmt.Fprintln(stderr, "note: "+plainText(line)) }
	err = w.DoUntilTold()
	if err != nil {
		fmt.Fprintln(stderr, plainText(err.Error()))
	}
	return ExitStatus(err)
}

// plainText is a text in which what a terminal might obey is written as an escape: names in it come
// from files.
func plainText(text string) string {
	var plain strings.Builder
	for _, r := range text {
		if r == ' ' || strconv.IsPrint(r) {
			plain.WriteRune(r)
		} else {
			quoted := strconv.QuoteRune(r)
			plain.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return plain.String()
}

// WorkFromEnv is the work of a process that a scheduler has started, whose environment getenv looks
// up.
func WorkFromEnv(dir string, getenv func(string) string) Work {
	w := Work{Dir: dir, Index: Index(getenv)}
	for _, l := range launchers {
		if l.node != "" && w.Node == "" {
			w.Node = getenv(l.node)
		}
		if l.job == "" || w.Engine != "" {
			continue
		}
		if job := getenv(l.job); job != "" {
			w.Engine, w.Job = l.name, job
		}
	}
	return w
}

// DoUntilTold is [Work.Do] until SIGTERM, SIGHUP, or an interrupt from the keyboard.
func (w Work) DoUntilTold() error {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	interrupt := make(chan struct{})
	told := make(chan os.Signal, 2)
	signal.Notify(told, syscall.SIGTERM, syscall.SIGHUP, os.Interrupt)
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
