package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/distributed"
)

// driving is how run and resume drive a plan.
type driving struct {
	states              int64 // bytes that workers will record, until that has been said
	engine              engineFlags
	wait, detach, print bool
	prepare             bool // of run
	verify              bool
	large               bool // --allow-large
	keep                bool
	trust               bool
	persist             bool
	copies              []string // --input-map
	inputMap            distributed.InputMap
}

func (d *driving) register(set *pflag.FlagSet) {
	d.engine.register(set)
	set.BoolVar(&d.wait, "wait", true, "wait until the outputs are there")
	set.BoolVar(&d.detach, "detach", false, engineNames(func(d distributed.Descriptor) bool { return d.Detaches })+": submit, and do not wait")
	set.BoolVar(&d.print, "print", false, engineNames(func(d distributed.Descriptor) bool { return d.Submits != "" })+": print what would be submitted, and do not submit it")
	addTrust(set, &d.trust)
	addInputMap(set, &d.copies)
	set.BoolVar(&d.persist, "persist", false, engineNames(func(d distributed.Descriptor) bool { return d.Persists })+": submit again what somebody has cancelled")
	set.BoolVar(&d.verify, "verify", false, "read the output back before it is published")
	addKeep(set, &d.keep)
}

// addKeep is the flag of verbs that publish.
func addKeep(set *pflag.FlagSet, keep *bool) {
	set.BoolVar(keep, "keep", false, "leave the states of reductions in the run directory when the outputs are there")
}

// addInputMap is the flag of verbs that start workers, and of workers.
func addInputMap(set *pflag.FlagSet, pairs *[]string) {
	set.StringArrayVar(pairs, "input-map", nil, "`FROM=TO`: workers read the copy TO of the input, or of the folder, FROM; $NAME in TO is a variable of theirs; can be repeated")
}

// addTrust is the flag of verbs that do what a run directory says.
func addTrust(set *pflag.FlagSet, trust *bool) {
	set.BoolVar(trust, "trust", false, "take the run directory as it is, although others may have written to it")
}

// trusted refuses a run directory that somebody else may have written to, unless the user says that
// it is fine.
func trusted(dir string, trust bool) error {
	if trust {
		return nil
	}
	return trustHint(dir, distributed.Trusted(dir))
}

// trustHint says what the user can do.
func trustHint(dir string, err error) error {
	if errors.Is(err, distributed.ErrUntrusted) {
		return fmt.Errorf("%w; look into plan.json and engine.json, and then: chmod -R go-w %s, or --trust", err, quoted(dir))
	}
	return err
}

// check finds flags that contradict each other, before any file is touched.
func (d *driving) check(c *cli, set *pflag.FlagSet) error {
	if err := d.engine.check(set); err != nil {
		return err
	}
	if set.Changed("wait") {
		if set.Changed("detach") && d.wait == d.detach {
			return usagef("--wait and --detach exclude each other")
		}
		if d.detach = !d.wait; d.detach {
			if e, err := d.engine.descriptor(); err != nil || !e.Detaches {
				return usagef("--wait=false is for %s, and the engine is %s", engineNames(enginesOf("detach")), d.engine.name)
			}
		}
	}
	switch {
	case d.print && (d.detach || set.Changed("wait")):
		return usagef("--print submits nothing, so that there is nothing to wait for or to detach from")
	case d.prepare && (d.print || d.detach || set.Changed("wait")):
		return usagef("--prepare submits nothing: it excludes --print, --detach and --wait")
	case d.print && c.flags.json:
		return usagef("--print writes a script, and not JSON")
	}
	d.large = c.flags.large
	var err error
	if d.inputMap, err = distributed.ParseInputMap(d.copies); err != nil {
		return usagef("%w", err)
	}
	_, err = d.engine.launcher(set)
	return err
}

// drive computes the plan of a run directory, or submits or prints what would, and tells what came
// of it.
func (d *driving) drive(cmd *cobra.Command, c *cli, dir string) error {
	l, err := d.engine.launcher(cmd.Flags())
	if err != nil {
		return err
	}
	r := reporting{cli: c, dir: dir, engine: l.Descriptor}
	switch err := distributed.CheckOutputs(cmd.Context(), dir); {
	case err == nil:
		c.note("%s: the run is complete already; remove the directory to compute it again", printable(dir))
		return r.done()
	case errors.Is(err, distributed.ErrOutput) && errors.Is(err, fs.ErrNotExist):
		c.note("%s; it is made again", printable(err.Error()))
	case errors.Is(err, distributed.ErrOutput):
		return fmt.Errorf("%w; to compute it again: move it away, and lazynpy resume %s", err, quoted(dir))
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := saveEngine(dir, l, cmd.Flags()); err != nil {
		return err
	}
	ctx := cmd.Context()
	switch {
	case d.prepare:
		if err = distributed.Prepare(ctx, d.options(dir, l)); err == nil {
			return r.prepared()
		}
	case d.print:
		err = d.printRound(ctx, c, dir, l)
	case d.detach:
		d.noteStates(c, dir)
		err = d.submit(ctx, r, l)
	default:
		if err = d.complete(ctx, c, dir, l); err == nil {
			return r.done()
		}
	}
	if err != nil && ctx.Err() != nil {
		return &resumable{dir, err}
	}
	return goesOn(err, dir)
}

// goesOn adds to an error how the run goes on: one that somebody has ended by the means of the
// scheduler, or of which an input has changed.
func goesOn(err error, dir string) error {
	switch {
	case errors.Is(err, distributed.ErrCancelled):
		return fmt.Errorf("%w; to go on: lazynpy resume %s, with --persist also after the next time", err, quoted(dir))
	case errors.Is(err, distributed.ErrInput):
		return fmt.Errorf("%w; it goes on only with the file as it was: to give it up, lazynpy clean --unfinished %s", err, quoted(dir))
	}
	return err
}

// notedStates is how much in a run directory is worth a line before the run starts.
const notedStates = 16 << 20

// noteStates says once how large the run directory will get.
func (d *driving) noteStates(c *cli, dir string) {
	if d.states >= notedStates {
		c.note("%s: workers will record about %s of what reductions find", printable(dir), chunk.FormatBytes(d.states))
	}
	d.states = 0
}

// complete waits until the outputs are there.
func (d *driving) complete(ctx context.Context, c *cli, dir string, l launcher) error {
	b := c.newBar("run")
	defer b.finish()
	o := d.options(dir, l)
	o.Progress = func(s distributed.Status) { // not before it is known that the run can be
		d.noteStates(c, dir)
		b.status(s)
	}
	return distributed.Resume(ctx, l.engine, o)
}

func (d *driving) options(dir string, l launcher) distributed.RunOptions {
	return distributed.RunOptions{Dir: dir, Poll: l.Poll, Verify: d.verify, AllowLarge: d.large, Keep: d.keep, Trust: d.trust, Persist: d.persist, InputMap: d.inputMap}
}

// submit starts workers that nobody waits for.
func (d *driving) submit(ctx context.Context, r reporting, l launcher) error {
	o, e := d.options(r.dir, l), &noted{Engine: l.engine}
	o.Detach = true
	if err := distributed.Resume(ctx, e, o); err != nil {
		return err
	}
	switch {
	case e.err != nil:
		return e.err
	case e.job != nil:
		return r.submitted(e.job.ID())
	}
	// Nothing is missing.
	if err := distributed.Finish(ctx, r.dir, o); err != nil {
		return err
	}
	return r.done()
}

// printRound makes a round of what is missing, and prints what would be submitted for it.
func (d *driving) printRound(ctx context.Context, c *cli, dir string, l launcher) error {
	o, e := d.options(dir, l), &noted{Engine: printing{launcher: l, w: c.stdout}}
	o.Detach = true
	if err := distributed.Resume(ctx, e, o); err != nil {
		return err
	}
	switch {
	case e.err != nil:
		return e.err
	case e.round == 0:
		c.note("%s: nothing is missing; to merge and publish: lazynpy resume %s", printable(dir), quoted(dir))
		return nil
	}
	c.note("%s: has the plan for this script; submit it by: %s", printable(dir), l.Submits)
	c.note("The last of its workers publishes; to see how far they are: lazynpy status %s", quoted(dir))
	return nil
}

// noted is an engine whose last submission is remembered.
type noted struct {
	distributed.Engine
	round int // 0: there was none
	job   distributed.Job
	err   error
}

// Submit submits.
func (e *noted) Submit(ctx context.Context, r distributed.Round) (distributed.Job, error) {
	e.round = r.Number
	e.job, e.err = e.Engine.Submit(ctx, r)
	return e.job, e.err
}

// Attach finds what was submitted before, if the engine can.
func (e *noted) Attach(name, id string) (distributed.Job, error) {
	if a, ok := e.Engine.(distributed.Attacher); ok {
		return a.Attach(name, id)
	}
	return nil, errors.ErrUnsupported
}

// printing is an engine that prints what another one would submit.
type printing struct {
	launcher
	w io.Writer
}

func (p printing) Name() string                         { return p.Descriptor.Name }
func (p printing) RoundSize(tasks int64) int            { return p.engine.RoundSize(tasks) }
func (p printing) Cancel(context.Context, string) error { return nil }
func (p printing) Submit(_ context.Context, r distributed.Round) (distributed.Job, error) {
	text, err := p.script(r)
	if err == nil {
		_, err = io.WriteString(p.w, text)
	}
	return nil, err
}

// resumable is the end of a run that was interrupted.
type resumable struct {
	dir string
	err error
}

func (e *resumable) Error() string { return e.err.Error() }
func (e *resumable) Unwrap() error { return e.err }

// interrupted is what is said when the user has interrupted.
func interrupted(err error) error {
	var r *resumable
	if errors.As(err, &r) {
		return fmt.Errorf("interrupted; to go on: lazynpy resume %s", quoted(r.dir))
	}
	return errors.New("interrupted")
}

// quoted is a path as a shell takes it.
func quoted(path string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+@%"
	if path != "" && strings.Trim(path, plain) == "" {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// onlyGlobals refuses the flags that every verb accepts, but for those that this one has a use for.
func onlyGlobals(cmd *cobra.Command, useful ...string) error {
	var err error
	cmd.Root().PersistentFlags().VisitAll(func(f *pflag.Flag) {
		if f.Changed && !slices.Contains(useful, f.Name) && err == nil {
			err = usagef("%s: --%s has no effect here", cmd.Name(), f.Name)
		}
	})
	return err
}
