package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

func newRunCommand(c *cli) *cobra.Command {
	r := launch{
		dtype:   parsed[mmapnpy.DType]{parse: mmapnpy.ParseDType, kind: "dtype"},
		portion: parsed[int64]{parse: chunk.ParseBytes, kind: "size"},
		limit:   parsed[int64]{parse: chunk.ParseBytes, kind: "size"},
	}
	cmd := &cobra.Command{
		Use:   "run [--apply OP...] [--op OP... -o OUT] [--map-output OUT] FILE",
		Short: "Compute on many machines: Slurm, Kubernetes, or processes and goroutines here",
		Long:  runLong(),
		Example: "  lazynpy run --nav 0,1 --op sum --over signal scan.npy -o bright.npy\n" +
			"  lazynpy run --engine slurm --partition short --time 1:00:00 --cpus 8 --op mean,std --over 0 stack.npy -o '{op}.npy'\n" +
			"  lazynpy run --apply astype=float32 --apply subtract=dark.npy --map-output counts.npy scan.npy\n" +
			"  lazynpy run --prepare --op max --over 0 stack.npy -o max.npy && lazynpy work --plan max.npy",
		Args: r.takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if r.lists() {
				return c.listOps()
			}
			return r.run(cmd, c, args[0])
		},
	}
	r.register(cmd.Flags())
	helpWithEngine(cmd, &r.engine)
	return cmd
}

// runLong is the help of run.
func runLong() string {
	return "Run computes an array block by block, wherever --engine says, and writes .npy files: what --op reduces it to,\n" +
		"each to -o, and what --apply makes of it to --map-output, all in one pass. What is done is recorded in a run\n" +
		"directory, beside the output unless --run-dir says where; after a failure, an interrupt or the loss of\n" +
		"machines, resume computes what is missing. The outputs are the same, byte for byte, with any engine.\n\n" +
		operationsHelp()
}

// launch is a run command line.
type launch struct {
	driving
	operations
	output, mapOutput string
	write, dir        string
	key               string
	dtype             parsed[mmapnpy.DType]
	offset            int64
	shape             []int64
	order             string
	positions         string
	scan              []int64
	tasks             int64
	portion, limit    parsed[int64]
	reduce            []distributed.Reduction
}

func (r *launch) register(set *pflag.FlagSet) {
	r.registerMaps(set)
	r.registerReducers(set)
	set.StringVarP(&r.output, "output", "o", "", ".npy `file` for the result of --op")
	set.StringVar(&r.mapOutput, "map-output", "", ".npy `file` for the array that --apply gives")
	set.StringVar(&r.write, "write", distributed.WriteAuto, "how --map-output is written: auto, cached, direct, edges or sync")
	set.StringVar(&r.dir, "run-dir", "", "`directory` for the records, which all workers must see (default: --map-output, else the first -o, with .run behind it)")
	set.Int64Var(&r.tasks, "tasks", 0, "the most workers that an engine starts at once (default 64, or one per 32GiB)")
	set.Var(&r.portion, "portion", "what is recorded, and lost with a worker, at once (default 256MiB)")
	set.Var(&r.limit, "block-size-limit", "largest block of --chunks auto (default 32MiB)")
	set.StringVar(&r.key, "key", "", "`name` of the field of a structured array, as --field")
	set.Var(&r.dtype, "dtype", "dtype of a file without a header")
	set.Int64Var(&r.offset, "offset", 0, "`bytes` before the first element, with --dtype")
	set.Int64SliceVar(&r.shape, "shape", nil, "`shape`, as 256,256,128, with --dtype (default: one axis of all there is)")
	set.StringVar(&r.order, "order", "", "storage `order`, C or F, with --dtype (default C)")
	set.StringVar(&r.positions, "positions", "", ".npy `file` with the place of every measurement in a scan, one per row")
	set.Int64SliceVar(&r.scan, "scan", nil, "`shape` of the scan, with --positions (default: the smallest that has all)")
	set.BoolVar(&r.prepare, "prepare", false, "make the run directory, and start no workers: others do, by lazynpy work")
	r.driving.register(set)
}

func (r *launch) run(cmd *cobra.Command, c *cli, input string) error {
	if err := r.check(cmd, c, input); err != nil {
		return err
	}
	o, err := r.options(cmd.Context(), c)
	if err != nil {
		return err
	}
	if o.Navigation == nil && o.Positions == nil && !o.DType.IsValid() {
		if o.Navigation, err = c.navigation(input); err != nil {
			c.complain(fmt.Errorf("%w; its axes are not used", err))
		}
	}
	p, err := distributed.MemmapDistributed(input, o)
	if err != nil {
		if a, failed := c.open(input); failed == nil { // for what is known of it in errors
			_ = a.Close() // only read from
		}
		return inFile(input, err)
	}
	dir := r.dir
	if dir == "" {
		dir = p.DefaultDir()
	}
	if err := trusted(dir, r.trust); err != nil {
		return err
	}
	if err := p.Write(dir); err != nil {
		return err
	}
	r.states = p.StateBytes
	for _, left := range p.Leftovers() {
		c.note("%s: a run with another plan for %s has left it, or goes on; remove it if that run is of no use any more", printable(left), printable(p.Output.Path))
	}
	if r.engine.name != engines[0].Name { // in other processes
		c.noteStream(input)
	}
	return r.drive(cmd, c, dir)
}

// noteStream tells what it costs that many processes read from a member that can only be decoded
// from its start.
func (c *cli) noteStream(input string) {
	if file, _, in := lazy.SplitPath(input); in || strings.EqualFold(filepath.Ext(file), ".npz") {
		if a, err := lazy.Open(input, c.flags.options()...); err == nil {
			if a.Streamed() {
				_, why := a.Backend()
				c.note("%s: a %s by each worker; repack %s makes it one that all can read at any place", printable(input), why, printable(file))
			}
			_ = a.Close() // only looked at
		}
	}
}

// check reads the flags, before any file but the input is touched.
func (r *launch) check(cmd *cobra.Command, c *cli, input string) error {
	if err := onlyGlobals(cmd, "nav", "chunks", "field", "json", "workers", "memory", "allow-large"); err != nil {
		return err
	}
	if err := r.driving.check(c, cmd.Flags()); err != nil {
		return err
	}
	if err := r.checkSource(c); err != nil {
		return err
	}
	if err := r.operations.check("run"); err != nil {
		return err
	}
	return r.checkOutputs(input)
}

// checkSource looks at what is said of the input, and how it is cut.
func (r *launch) checkSource(c *cli) error {
	switch {
	case !r.dtype.set && (r.offset != 0 || r.shape != nil || r.order != ""):
		return usagef("run: --offset, --shape and --order are for a file without a header, and need --dtype")
	case r.offset < 0:
		return usagef("run: --offset %d is negative", r.offset)
	case r.order != "" && r.order != "C" && r.order != "F":
		return usagef("run: --order %q (want C or F)", r.order)
	case r.key != "" && len(c.flags.fields) > 0:
		return usagef("run: --key and --field name the same")
	case r.scan != nil && r.positions == "":
		return usagef("run: --scan is for --positions")
	case r.tasks < 0:
		return usagef("run: --tasks %d is negative", r.tasks)
	case r.mapOutput == "" && r.write != distributed.WriteAuto:
		return usagef("run: --write is for --map-output")
	case !slices.Contains([]string{distributed.WriteAuto, distributed.WriteCached, distributed.WriteDirect, distributed.WriteEdges, distributed.WriteSync}, r.write):
		return usagef("run: --write %q (want auto, cached, direct, edges or sync)", r.write)
	}
	return nil
}

// checkOutputs gives every reducer its file.
func (r *launch) checkOutputs(input string) error {
	switch n := len(r.reducers); {
	case n == 0 && r.mapOutput == "":
		return usagef("run: nothing to compute: want --op and -o, or --map-output")
	case n == 0 && r.output != "":
		return usagef("run: -o is for the result of --op; --map-output takes that of --apply")
	case n > 0 && r.output == "":
		return usagef("run: -o is missing, the .npy file for the result of --op")
	}
	paths, err := r.outputs("run", r.output)
	if err != nil {
		return err
	}
	for i, op := range r.reducers {
		r.reduce = append(r.reduce, distributed.Reduction{Op: op, Path: paths[i]})
	}
	if r.mapOutput != "" {
		if slices.Contains(paths, r.mapOutput) {
			return usagef("run: %s: two results would be written to it", r.mapOutput)
		}
		paths = append(paths, r.mapOutput)
	}
	for _, path := range paths {
		if !strings.EqualFold(filepath.Ext(path), ".npy") {
			return usagef("run: %s: outputs are .npy files", path)
		}
		if err := refuseSame(input, path); err != nil {
			return err
		}
	}
	return nil
}
