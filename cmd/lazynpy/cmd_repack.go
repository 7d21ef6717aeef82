package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/export"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/zipseek"
)

func newRepackCommand(c *cli) *cobra.Command {
	var r repacking
	cmd := &cobra.Command{
		Use:   "repack IN.npz [-o OUT.npz]",
		Short: "Rewrite an archive so that it can be read in place, or seekable",
		Long: "Repack writes all members of an archive anew: stored ones aligned, so that they are used in place, and\n" +
			"deflated ones in chunks with an index, so that any part can be read without the rest. Without --deflate\n" +
			"or --store each member stays stored or deflated. What is seekable already is copied as it is, unless\n" +
			"--chunk or a level asks for something else.\n\n" +
			"Without -o the archive itself is replaced. That happens when the new one is complete, has the same names,\n" +
			"sizes and checksums, and all of it was read back; after any error nothing has changed.",
		Example: "  lazynpy repack train.npz                       # make it seekable\n" +
			"  lazynpy repack --store --align 4096 train.npz -o fast.npz\n" +
			"  lazynpy repack --deflate=9 train.npz -o small.npz",
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return r.run(cmd.Context(), c, args[0]) },
	}
	r.register(c, cmd.Flags())
	return cmd
}

// repacking is a repack command line.
type repacking struct {
	packing packing
	output  string
	store   bool
	only    []string
}

func (r *repacking) register(c *cli, set *pflag.FlagSet) {
	r.packing.register(set)
	c.forces(set)
	set.StringVarP(&r.output, "output", "o", "", "write this `file`; without it IN.npz is replaced")
	set.BoolVar(&r.store, "store", false, "compress nothing")
	set.StringSliceVar(&r.only, "only", nil, "`keys` of the members to keep, as x,y (with -o)")
}

// repackJSON is what repack prints with --json.
type repackJSON struct {
	Path    string `json:"path"`
	Output  string `json:"output"`
	Members int    `json:"members"`
	Before  int64  `json:"bytes_before"` // of the files
	After   int64  `json:"bytes_after"`
}

func (r *repacking) run(ctx context.Context, c *cli, input string) error {
	output := r.output
	switch {
	case r.store && r.packing.deflate.set:
		return usagef("repack: --store and --deflate contradict each other")
	case output == "-":
		return usagef("repack: an archive cannot be written to standard output")
	case output == "" && len(r.only) > 0:
		return usagef("repack: --only needs -o: the other members would be lost")
	case output == "":
		output = input
	default:
		if err := named(output, export.NPZ, input); err != nil {
			return err
		}
	}
	z, err := c.openArchive(input)
	if err != nil {
		return err
	}
	defer z.Close()
	opts, err := r.options(c, z)
	if err != nil {
		return err
	}
	if r.output != "" {
		kept := r.kept(z.Zip(), opts)
		opts.Replacing = c.accepts(output, export.NPZ, kept...)
		if err := c.check(output, export.NPZ, kept...); errors.Is(err, atomicfile.ErrInput) {
			return usagef("%w; without -o the archive itself is replaced", err)
		} else if err != nil {
			return err
		}
	}
	before, err := os.Stat(input)
	if err != nil {
		return err
	}
	opts.Waiting = c.waits(output)
	b := c.newBar("repack")
	opts.Progress = b.set
	err = zipseek.Repack(ctx, z.Zip(), output, opts)
	b.finish()
	if err != nil {
		return inFile(input, err)
	}
	return r.report(c, input, output, before.Size())
}

// options are what the command line asks of the library.
func (r *repacking) options(c *cli, z *lazy.Archive) (zipseek.RepackOptions, error) {
	opts := zipseek.RepackOptions{
		Level: r.packing.deflate.value, ChunkSize: int(r.packing.chunk.value), Align: r.packing.align.value, Workers: c.workers(),
	}
	if r.packing.noWait {
		opts.Wait = -1
	}
	switch {
	case r.store:
		opts.Recode = zipseek.StoreAll
	case r.packing.deflate.set:
		opts.Recode = zipseek.DeflateAll
	}
	if len(r.only) == 0 {
		return opts, nil
	}
	keep := map[*zipseek.Member]bool{}
	for _, key := range r.only {
		m, err := z.Member(key)
		if err != nil {
			return opts, err
		}
		keep[m] = true
	}
	opts.Keep = func(m *zipseek.Member) bool { return keep[m] }
	return opts, nil
}

// kept are the names of the members that are to be in the new archive.
func (r *repacking) kept(z *zipseek.Archive, opts zipseek.RepackOptions) []string {
	var names []string
	for _, m := range z.All() {
		if opts.Keep == nil || opts.Keep(m) {
			names = append(names, m.Name)
		}
	}
	return names
}

// report says what was written. If it cannot be looked at any more, that is no failure of what was
// done.
func (r *repacking) report(c *cli, input, output string, before int64) error {
	z, err := zipseek.Open(output)
	if err != nil {
		c.note("%s: was written, and cannot be opened now: %s", printable(output), safeLine(err.Error()))
		return nil
	}
	defer z.Close()
	after := int64(0)
	if info, err := os.Stat(output); err == nil {
		after = info.Size()
	}
	if c.flags.json {
		return c.printJSON(repackJSON{input, output, z.Len(), before, after})
	}
	c.note("%s: %s, %s; %s was %s", printable(output), counted(int64(z.Len()), "member", "members"), chunk.FormatBytes(after), printable(input), chunk.FormatBytes(before))
	return nil
}
