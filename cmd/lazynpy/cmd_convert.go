package main

import (
	"context"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/internal/export"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/zipseek"
)

func newConvertCommand(c *cli) *cobra.Command {
	v := conversion{dtype: parsed[mmapnpy.DType]{parse: mmapnpy.ParseDType, kind: "dtype"}}
	cmd := &cobra.Command{
		Use:   "convert [--apply OP...] IN OUT",
		Short: "Change dtype, byte order, storage order or format",
		Long: "Convert writes an array into another file, in bounded memory. The extension of OUT decides on the\n" +
			"format: .npy, .npz, .csv, .json or .raw; - is standard output. Casts follow NumPy's astype. A .npy is\n" +
			"written on every core, in space that is reserved first; --order K keeps the order of IN, and another\n" +
			"order is quicker the more --memory there is. A .npz is a new archive of this one array, called --key\n" +
			"or as IN is; add adds to one. --apply list lists operations that can be applied first.",
		Example: "  lazynpy convert --dtype float32 scan.npy small.npy\n" +
			"  lazynpy convert --order F --byteorder big image.npy for-fortran.npy\n" +
			"  lazynpy convert --deflate labels.npy labels.npz",
		Args: v.takes(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if v.lists() {
				return c.listOps()
			}
			return v.run(cmd.Context(), c, args[0], args[1])
		},
	}
	v.register(c, cmd.Flags())
	return cmd
}

// conversion is a convert command line.
type conversion struct {
	operations
	dtype            parsed[mmapnpy.DType]
	order, byteOrder string
	as, key          string
	sync             bool
	packing          packing
}

func (v *conversion) register(c *cli, set *pflag.FlagSet) {
	v.registerMaps(set)
	set.Var(&v.dtype, "dtype", "cast to this dtype, as float32 or >i2")
	set.StringVar(&v.order, "order", "C", "storage order of a .npy: C, F, or K as IN has it")
	set.BoolVar(&v.sync, "sync", true, "wait until a .npy is on disk")
	set.StringVar(&v.byteOrder, "byteorder", "", "little, big or native (default as it is)")
	set.StringVar(&v.as, "format", "", "npy, npz, csv, json or raw, whatever the extension of OUT")
	set.StringVar(&v.key, "key", "", "`name` of the array in a .npz (default as IN is called)")
	v.packing.register(set)
	c.forces(set)
}

// byteOrders are the values of --byteorder.
var byteOrders = map[string]byte{"": '|', "little": '<', "big": '>', "native": '='}

func (v *conversion) run(ctx context.Context, c *cli, input, output string) error {
	if err := v.check("convert"); err != nil {
		return err
	}
	f, err := formatOf(v.as, output, export.NPY, export.NPZ, export.CSV, export.JSON, export.Raw)
	if err != nil {
		return err
	}
	if err := v.checkArchive(f, output); err != nil {
		return err
	}
	byteOrder, ok := byteOrders[v.byteOrder]
	if !ok {
		return usagef("convert: --byteorder %q (want little, big or native)", v.byteOrder)
	}
	if v.order != "C" && v.order != "F" && v.order != "K" {
		return usagef("convert: --order %q (want C, F or K)", v.order)
	}
	a, name, err := c.openNamed([]string{input}, v.apply)
	if err != nil {
		return err
	}
	defer a.Close()
	to := a.DType()
	if v.dtype.set {
		to = v.dtype.value
	}
	key := v.keyFor(name)
	if err := zipseek.CheckPath(key); f == export.NPZ && err != nil {
		return usagef("convert: --key %q: %w, and could not be extracted", key, err)
	}
	if err := c.check(output, f, key+".npy"); err != nil {
		return err
	}
	if a, err = a.AsType(to.WithByteOrder(byteOrder)); err != nil {
		return inFile(input, err)
	}
	switch {
	case f == export.NPZ:
		err = c.saveConverted(ctx, a, output, key, append(v.packing.options(ctx, c, output), zipseek.Replacing(c.accepts(output, export.NPZ, key+".npy"))))
	case f == export.NPY && regular(output):
		err = c.saveNPY(ctx, a, output, lazy.Order(v.order), lazy.Sync(v.sync))
	default:
		err = c.streamConverted(ctx, a, output, f, v.order)
	}
	return inFile(input, err)
}

// checkArchive refuses what a .npz cannot be, and flags for a .npz if the output is none.
func (v *conversion) checkArchive(f export.Format, output string) error {
	switch {
	case f != export.NPZ && (v.key != "" || v.packing.deflate.set || v.packing.align.set || v.packing.chunk.set || v.packing.noWait):
		return usagef("convert: --key, --deflate, --align, --chunk and --no-wait are for a .npz")
	case f == export.NPZ && output == "-":
		return usagef("convert: an archive cannot be written to standard output")
	case f == export.NPZ && v.order != "C":
		return usagef("convert: --order %s: arrays are written to a .npz in C order", v.order)
	}
	return nil
}

// keyFor is the key in a new archive of an array with a name.
func (v *conversion) keyFor(name string) string {
	if v.key != "" {
		return lazy.KeyOf(v.key)
	}
	if _, key, in := lazy.SplitPath(name); in {
		return key
	}
	return lazy.KeyOf(filepath.Base(name))
}

// saveConverted writes a as the one array of an archive.
func (c *cli) saveConverted(ctx context.Context, a *lazy.Array, output, key string, opts []lazy.ArchiveOption) error {
	a, b, err := c.track(a, "convert")
	if err != nil {
		return err
	}
	defer b.finish()
	return lazy.SaveArchive(ctx, output, []lazy.Entry{{Key: key, Array: a}}, opts...)
}

// saveNPY writes a as a file.
func (c *cli) saveNPY(ctx context.Context, a *lazy.Array, output string, opts ...lazy.SaveOption) error {
	a, b, err := c.track(a, "convert")
	if err != nil {
		return err
	}
	defer b.finish()
	return inFile(output, a.Save(ctx, output, opts...))
}

// streamConverted writes a to what is not to be a .npy file on a disk, from the beginning to the
// end.
func (c *cli) streamConverted(ctx context.Context, a *lazy.Array, output string, f export.Format, order string) (err error) {
	shape := a.Shape()
	fortran := f == export.NPY && orderMatters(shape) && (order == "F" || order == "K" && a.FortranOrder())
	if fortran {
		if a, err = a.Transpose(); err != nil {
			return err
		}
	}
	s := c.arrayStream(ctx, a, "convert")
	return c.output(output, f, func(w io.Writer) error {
		if fortran {
			return s.WriteNPY(w, shape, true)
		}
		return s.Write(w, f)
	})
}

// orderMatters reports whether C and Fortran order differ for a shape; where they
// do not, NumPy says C.
func orderMatters(shape []int64) bool {
	long := 0
	for _, n := range shape {
		if n == 0 {
			return false
		}
		if n > 1 {
			long++
		}
	}
	return long > 1
}
