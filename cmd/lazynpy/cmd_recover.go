package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/internal/export"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

func newRecoverCommand(c *cli) *cobra.Command {
	v := recovery{}
	cmd := &cobra.Command{
		Use:   "recover BROKEN",
		Short: "Save what is whole of a file that was cut off",
		Long: "Recover copies the whole rows of a .npy file whose header and length disagree, as a full disk or an\n" +
			"interrupted copy leaves it, to the file that -o names. Rows are those along the first axis, or the\n" +
			"last one of a file in Fortran order. BROKEN.npy is only read, unless --in-place asks for it to be\n" +
			"mended: then its header is corrected and what is left of an incomplete row cut off. --dry-run tells\n" +
			"what there is and writes nothing. Other verbs read the whole rows with --partial.\n\n" +
			"Of an archive it copies the members whose checksums are right, also where the end with its directory is\n" +
			"missing, and the whole rows of the array that it was cut off in, and tells which members are not whole.\n" +
			"The exit status is 1 if there is nothing.",
		Example: "  lazynpy recover scan.npy -o rescued.npy\n  lazynpy recover --dry-run scan.npy\n  lazynpy recover train.npz -o rescued.npz",
		Args:    takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return v.run(cmd.Context(), c, args[0])
		},
	}
	v.register(c, cmd.Flags())
	return cmd
}

// recovery is a recover command line.
type recovery struct {
	output          string
	inPlace, dryRun bool
}

func (v *recovery) register(c *cli, set *pflag.FlagSet) {
	set.StringVarP(&v.output, "output", "o", "", "write the whole rows to this `file`")
	set.BoolVar(&v.inPlace, "in-place", false, "mend the file itself")
	set.BoolVar(&v.dryRun, "dry-run", false, "tell what there is, and write nothing")
	c.forces(set)
}

// recoverJSON is what recover prints with --json.
type recoverJSON struct {
	Path    string  `json:"path"`
	Output  string  `json:"output"` // empty with --dry-run
	Shape   []int64 `json:"shape"`  // as the header has it
	Now     []int64 `json:"now"`
	Cut     int64   `json:"cut"` // bytes behind the last whole row
	Changed bool    `json:"changed"`
}

func (v *recovery) run(ctx context.Context, c *cli, path string) error {
	ways := 0
	for _, asked := range []bool{v.output != "", v.inPlace, v.dryRun} {
		if asked {
			ways++
		}
	}
	switch {
	case ways != 1:
		return usagef("recover: say either -o FILE, or --in-place, or --dry-run")
	case v.output == "-":
		return usagef("recover: a .npy is written to a file, not to standard output")
	}
	if file, _, named := lazy.SplitPath(path); named {
		return inFile(path, errors.New("archives are recovered as a whole"))
	} else if err := c.reads(file); err != nil {
		return err
	} else if lazy.IsArchive(file) {
		return v.archive(ctx, c, path)
	}
	if v.output != "" {
		if err := named(v.output, export.NPY, path); err != nil {
			return err
		}
		if err := c.check(v.output, export.NPY); err != nil {
			return err
		}
	}
	// In place there is but one step, so that what is told is what was done.
	opts := c.headerOptions()
	if !v.inPlace {
		opts = append(opts, mmapnpy.DryRun())
	}
	r, err := mmapnpy.Recover(path, opts...)
	if err != nil {
		return inFile(path, err)
	}
	if v.output != "" {
		if err := v.save(ctx, c, path, r.Now); err != nil {
			return err
		}
	}
	return v.report(c, path, r)
}

// save writes the elements of a shape, which the file has, to the output.
func (v *recovery) save(ctx context.Context, c *cli, path string, shape []int64) error {
	f, err := mmapnpy.Open(path, append(c.headerOptions(), mmapnpy.AllowShort())...)
	if err != nil {
		return inFile(path, err)
	}
	h := f.Header()
	if err := f.Close(); err != nil {
		return inFile(path, err)
	}
	raw := lazy.Raw{DType: h.DType, Offset: h.DataOffset, Shape: shape, Order: "C"}
	if h.FortranOrder {
		raw.Order = "F"
	}
	a, err := lazy.OpenRaw(path, raw, c.flags.options()...)
	if err != nil {
		return inFile(path, err)
	}
	defer a.Close()
	return inFile(path, c.saveNPY(ctx, a, v.output, lazy.Order("K")))
}

func (v *recovery) report(c *cli, path string, r mmapnpy.Recovery) error {
	if c.flags.json {
		output := v.output
		if v.inPlace {
			output = path
		}
		return c.printJSON(recoverJSON{path, output, append([]int64{}, r.Shape...), append([]int64{}, r.Now...), r.Cut, r.Changed})
	}
	text := "shape " + shapeText(r.Shape)
	switch {
	case !r.Changed:
		text += ", and nothing is missing"
	case v.inPlace:
		text = r.String()
	default:
		text += ", of which " + shapeText(r.Now) + " is there whole; " + grouped(r.Cut) + " bytes behind it"
	}
	if v.output != "" {
		c.note("%s: %s; written to %s", printable(path), text, printable(v.output))
		return nil
	}
	c.note("%s: %s", printable(path), text)
	return nil
}
