package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/internal/fileerr"
)

func newStatusCommand(c *cli) *cobra.Command {
	var v statusView
	cmd := &cobra.Command{
		Use:   "status PLAN",
		Short: "Show how far a run is, and which workers have failed",
		Long: "Status reads the records of a run, from any machine that sees its directory, and asks Slurm or Kubernetes for workers\n" +
			"that it knows nothing of. PLAN is the run directory, the plan.json in it, or the output. The run is\n\n" +
			"  ready      nothing was submitted yet\n" +
			"  waiting    workers were submitted, and none has begun\n" +
			"  running    workers are at work\n" +
			"  stalled    something is missing, and nobody is at work: the cause, and what to do, are told\n" +
			"  cancelled  by lazynpy cancel\n" +
			"  done       the outputs are there\n\n" +
			"A worker on another machine that is killed cannot say so: for a minute it counts as being at work.",
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := onlyGlobals(cmd, "json"); err != nil {
				return err
			}
			if v.interval < least {
				return usagef("status: --interval %v (want at least %v)", v.interval, least)
			}
			if cmd.Flags().Changed("interval") && !v.watch {
				return usagef("status: --interval is for --watch")
			}
			return v.run(cmd.Context(), c, distributed.RunDir(args[0]))
		},
	}
	v.register(cmd.Flags())
	return cmd
}

// least is the shortest time between two looks at journals that may be many, on a filesystem that
// may be far away.
const least = 100 * time.Millisecond

// statusView is a status command line.
type statusView struct {
	watch    bool
	interval time.Duration
}

func (v *statusView) register(set *pflag.FlagSet) {
	set.BoolVarP(&v.watch, "watch", "w", false, "look again and again until the run is done, cancelled or stalled; exit status 1 if it is not done then")
	set.DurationVar(&v.interval, "interval", 5*time.Second, "`time` between two looks")
}

func (v *statusView) run(ctx context.Context, c *cli, dir string) error {
	l, _ := storedLauncher(dir) // the journals do as well, if the engine is not known
	w, err := distributed.Watch(dir, l.engine)
	if err != nil {
		return err
	}
	defer w.Close()
	look := w.Status
	if v.watch {
		look = func(ctx context.Context) (distributed.Status, error) { return v.follow(ctx, c, w) }
	}
	s, err := look(ctx)
	if err != nil {
		return inFile(dir, err)
	}
	if err := c.printStatus(dir, s); err != nil {
		return err
	}
	switch {
	case v.watch && s.State == distributed.Cancelled:
		return fileerr.New(dir, errors.New("the run was cancelled"))
	case v.watch && s.State == distributed.Stalled:
		return fileerr.New(dir, errors.New("nobody is at work on the run"))
	}
	return nil
}

// follow looks until the run has ended, and returns what it has seen last.
func (v *statusView) follow(ctx context.Context, c *cli, w *distributed.Watcher) (distributed.Status, error) {
	b := c.newBar("run")
	defer b.finish()
	tick := time.NewTicker(v.interval)
	defer tick.Stop()
	for failed, still := 0, 0; ; {
		s, err := w.Status(ctx)
		if still++; s.State != distributed.Stalled {
			still = 0
		}
		if err != nil || s.State == distributed.Complete || s.State == distributed.Cancelled || still == stalled {
			return s, err
		}
		if rows := failures(s); s.Failures > failed {
			failed = s.Failures
			b.finish()
			c.note("%s", strings.TrimSpace(strings.Join(rows[len(rows)-1], "  ")))
		}
		switch {
		case c.flags.json:
			err = c.printJSON(s)
		case b != nil:
			b.status(s)
		default:
			_, err = io.WriteString(c.stdout, lineOf(s)+"\n")
		}
		if err != nil {
			return s, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return s, ctx.Err()
		}
	}
}

// stalled is at how many looks in a row a run must be stalled before that is believed: a driver may
// be about to start workers again.
const stalled = 3

// lineOf is a status on one line.
func lineOf(s distributed.Status) string {
	line := fmt.Sprintf("%s: %d of %d blocks%s", s.State, s.BlocksDone, s.Blocks, speedText(s, ", "))
	if text := attemptsText(s); text != "" {
		line += "; " + text
	}
	return line
}

// printStatus prints a status as text, or as JSON.
func (c *cli) printStatus(dir string, s distributed.Status) error {
	if c.flags.json {
		return c.printJSON(s)
	}
	if _, err := fmt.Fprintf(c.stdout, "%s  %s\n", s.Plan, s.State); err != nil {
		return err
	}
	done := int64(100)
	if s.Blocks > 0 {
		done = 100 * s.BlocksDone / s.Blocks
	}
	var rows [][]string
	if s.Cause != "" {
		rows = append(rows, []string{"  cause", printable(s.Cause)})
	}
	if s.Job != "" && s.State != distributed.Complete {
		rows = append(rows, []string{"  job", printable(s.Engine + " " + s.Job)})
	}
	rows = append(rows, [][]string{
		{"  blocks", fmt.Sprintf("%d of %d, %d %%", s.BlocksDone, s.Blocks, done)},
		{"  array", fmt.Sprintf("%s of %s%s", chunk.FormatBytes(s.BytesDone), chunk.FormatBytes(s.Bytes), speedText(s, ", "))},
		{"  attempts", strings.TrimSuffix(fmt.Sprintf("%d: %s", len(s.Attempts), attemptsText(s)), ": ")},
	}...)
	if s.DirBytes > 0 {
		rows = append(rows, []string{"  directory", chunk.FormatBytes(s.DirBytes)})
	}
	if s.Duplicates > 0 {
		rows = append(rows, []string{"  duplicates", fmt.Sprintf("%d portions, computed again to the same bytes", s.Duplicates)})
	}
	rows = append(rows, failures(s)...)
	for _, path := range s.Outputs {
		rows = append(rows, []string{"  output", printable(path)})
	}
	for _, text := range s.Altered {
		rows = append(rows, []string{"  altered", printable(text)})
	}
	switch s.State {
	case distributed.Ready:
		rows = append(rows, []string{"  next", "start workers: lazynpy resume " + quoted(dir) + ", or as many as you like of: lazynpy work --plan " + quoted(dir)})
	case distributed.Stalled:
		rows = append(rows, []string{"  next", "lazynpy resume " + quoted(dir)})
	}
	return c.table(rows)
}

// attemptsText counts the workers by what they do, or how they have ended.
func attemptsText(s distributed.Status) string {
	const otherwise = "ended for a reason that cannot be read" // or that is not known
	counts := map[string]int{}
	for _, a := range s.Attempts {
		switch {
		case a.Alive:
			counts["at work"]++
		case a.End == "":
			counts["lost"]++
		case a.End == distributed.EndDone || a.End == distributed.EndInterrupted || a.End.Failed():
			counts[string(a.End)]++
		default:
			counts[otherwise]++
		}
	}
	var parts []string
	for _, what := range []string{"at work", string(distributed.EndDone), string(distributed.EndInterrupted), string(distributed.EndFailed), string(distributed.EndRefused), otherwise, "lost"} {
		if n := counts[what]; n > 0 {
			parts = append(parts, strconv.Itoa(n)+" "+what)
		}
	}
	return strings.Join(parts, ", ")
}

// maxFailures is how many failures are shown: the last ones, since the first are often of the same
// kind.
const maxFailures = 10

// failures are rows for the workers that failed or were refused.
func failures(s distributed.Status) [][]string {
	var rows [][]string
	for _, a := range s.Attempts {
		if a.End.Failed() {
			text := fmt.Sprintf("%s pid %d, %s: %s", a.Host, a.PID, a.Started.UTC().Format(time.RFC3339), a.Error)
			rows = append(rows, []string{"  " + string(a.End), printable(text)})
		}
	}
	if more := len(rows) - maxFailures; more > 0 {
		rows = append([][]string{{"  failed", strconv.Itoa(more) + " more before these; --json has all"}}, rows[more:]...)
	}
	return rows
}
