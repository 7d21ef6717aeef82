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

	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/internal/termtext"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/zipseek"
)

// Exit statuses.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitInterrupted = 130 // as shells report a process that SIGINT ended
)

// cli is one run of the command: its streams and the flags that all verbs share.
type cli struct {
	ctx            context.Context //nolint:containedctx // that of the process
	stdout, stderr io.Writer
	flags          globalFlags
	force          bool          // what an output replaces need not be of its kind
	inputs         []fs.FileInfo // what the run reads
	records        bool          // an array of them was opened

	told, untold int64 // errors of loops over files and members
}

// run executes one command line and returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	stdout = newOutlet(ctx, stdout)
	c := &cli{ctx: ctx, stdout: stdout, stderr: stderr, flags: globalFlags{ends: zipseek.Context(ctx)}}
	root := newRootCommand(c)
	root.SetArgs(protectNegative(root, args))
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := execute(ctx, root)
	if c.untold > 0 {
		c.complain(fmt.Errorf("%s more errors", grouped(c.untold)))
	}
	switch usage, status := (*usageError)(nil), (*statusError)(nil); {
	case err == nil:
		return exitOK
	case errors.As(err, &status):
		c.complain(err)
		return status.status
	case ctx.Err() != nil:
		if !unheard(ctx) {
			c.complain(interrupted(err))
		}
		return interruptedStatus(ctx)
	case errors.Is(err, atomicfile.ErrInput):
		c.complain(err)
		return exitUsage
	case errors.As(err, &usage):
		c.complain(err)
		return exitUsage
	case errors.Is(err, errReported):
		return exitFailure
	case errors.Is(err, lazy.ErrTooLarge):
		c.complain(fmt.Errorf("%w; --allow-large insists", err))
		return exitFailure
	case c.records && errors.Is(err, lazy.ErrDType):
		c.complain(fmt.Errorf("%w; choose a --field", err))
		return exitFailure
	default:
		c.complain(err)
		return exitFailure
	}
}

// execute turns a panic, which is a bug of ours, into an error of one line.
func execute(ctx context.Context, root *cobra.Command) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("internal error: %v", r)
		}
	}()
	return root.ExecuteContext(ctx)
}

// errReported is the failure of a verb that has already said what went wrong.
var errReported = errors.New("reported")

// complain prints an error as one line.
func (c *cli) complain(err error) { fmt.Fprintf(c.stderr, "lazynpy: %s\n", safeLine(err.Error())) }

// safeLine is a text in one line of bounded length, the first few of several errors that were
// joined. Names in it may come from files: what a terminal would obey is spelled out.
func safeLine(text string) string {
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	if n := len(parts) - mostTold; n > 0 {
		parts = append(parts[:mostTold], fmt.Sprintf("and %s more", grouped(int64(n))))
	}
	return termtext.Escaped(termtext.Shortened(strings.Join(parts, "; ")))
}

// usageError is a mistake in the command line, whatever the files hold.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// statusError is an error with an exit status of its own, which schedulers act on.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }

// asUsage marks an error as a mistake in the command line; nil stays nil.
func asUsage(err error) error {
	if err == nil {
		return nil
	}
	return &usageError{err}
}

// inFile makes err name the file, and the member if path has one, unless it does already.
func inFile(path string, err error) error {
	if errors.Is(err, lazy.ErrNoKey) { // which names the archive, and the key
		path, _, _ = lazy.SplitPath(path)
	}
	return fileerr.In(path, err)
}

// takes checks the number of positional arguments; most < 0 means any number.
func takes(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch n := len(args); {
		case n < least:
			return usagef("%s: missing argument; usage: %s", cmd.Name(), cmd.UseLine())
		case most >= 0 && n > most:
			return usagef("%s: unexpected argument %q; usage: %s", cmd.Name(), args[most], cmd.UseLine())
		}
		return nil
	}
}

func newRootCommand(c *cli) *cobra.Command {
	root := &cobra.Command{
		Use:   "lazynpy",
		Short: "Inspect, slice, reduce and convert NumPy .npy and .npz files of any size",
		Long: "Lazynpy inspects, slices, reduces, renders and converts NumPy .npy and .npz files of any size,\n" +
			"in bounded memory and on every core. FILE is a .npy file, FILE.npz:KEY an array of an archive;\n" +
			"the KEY can be left out where the archive has one array.\n\n" +
			"Data go to standard output, everything else to standard error. Exit status:\n" +
			"0 ok, 1 failure, 2 wrong usage, 128 and the signal after one: 130 interrupted, 143 terminated.\n\n" +
			"An output that exists is replaced if the verb could have written it: a .npy by a .npy, a picture by a\n" +
			"picture, an archive if no other member is lost. Anything else needs --force; what is read is never replaced.",
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q (lazynpy --help lists them)", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return c.flags.check(cmd) }
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return asUsage(err) })
	root.SetVersionTemplate("lazynpy {{.Version}}\n")
	c.flags.register(root.PersistentFlags())
	for _, g := range []struct {
		title string
		verbs []*cobra.Command
	}{
		{"Look:", []*cobra.Command{newInfoCommand(c), newHeadCommand(c), newGetCommand(c), newPlanCommand(c), newPNGCommand(c), newValidateCommand(c)}},
		{"Compute:", []*cobra.Command{newStatsCommand(c), newHistCommand(c), newReduceCommand(c), newChecksumCommand(c), newBatchesCommand(c), newFeedCommand(c)}},
		{"Convert:", []*cobra.Command{newConvertCommand(c), newRecoverCommand(c)}},
		{"Archives:", []*cobra.Command{newLsCommand(c), newIndexCommand(c), newRepackCommand(c), newExtractCommand(c), newAddCommand(c)}},
		{"Many machines:", []*cobra.Command{newRunCommand(c), newStatusCommand(c), newResumeCommand(c), newCancelCommand(c), newCleanCommand(c), newVerifyCommand(c), newWorkCommand(c)}},
	} {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title})
		for _, verb := range g.verbs {
			verb.GroupID = g.title
			root.AddCommand(verb)
		}
	}
	root.AddCommand(newDemoCommand(c), newVersionCommand(c))
	return root
}

// protectNegative keeps slices such as -1 and '-5:, 0' from being taken for flags:
// it puts a blank before them, which slices may begin with. Values of flags stay
// as they are.
func protectNegative(root *cobra.Command, args []string) []string {
	out := slices.Clone(args)
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if len(arg) > 1 && arg[0] == '-' && '0' <= arg[1] && arg[1] <= '9' && !(i > 0 && takesValue(root, args[i-1])) {
			out[i] = " " + arg
		}
	}
	return out
}

// takesValue reports whether arg is a flag whose value is the next argument.
func takesValue(root *cobra.Command, arg string) bool {
	name := strings.TrimLeft(arg, "-")
	if name == arg || name == "" || strings.Contains(name, "=") {
		return false
	}
	sets := []*pflag.FlagSet{root.PersistentFlags()}
	for _, verb := range root.Commands() {
		sets = append(sets, verb.Flags())
	}
	for _, set := range sets {
		f := set.Lookup(name)
		if f == nil && len(name) == 1 {
			f = set.ShorthandLookup(name)
		}
		if f != nil && f.NoOptDefVal == "" {
			return true
		}
	}
	return false
}
