package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/lazy"
)

func newChecksumCommand(c *cli) *cobra.Command {
	var o checksumOptions
	cmd := &cobra.Command{
		Use:   "checksum FILE...",
		Short: "SHA-256 of the elements in C order",
		Long: "Checksum hashes the elements in C order, their bytes as stored. Two files whose arrays have the same\n" +
			"elements of the same dtype agree, whatever their headers, storage orders and compression. Of FILE.npz\n" +
			"it hashes every array. In Python it is hashlib.sha256(np.load(file).tobytes()).",
		Args: takes(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			items, err := lazy.ParseIndex(o.slice)
			if err != nil {
				return asUsage(err)
			}
			return c.eachArray(args, func(s subject) error { return c.checksum(cmd.Context(), s, o.slice, items) })
		},
	}
	o.register(cmd.Flags())
	return cmd
}

// checksumOptions is a checksum command line.
type checksumOptions struct{ slice string }

func (o *checksumOptions) register(set *pflag.FlagSet) {
	set.StringVar(&o.slice, "slice", "", "hash this part of each array")
}

// checksumJSON is what checksum prints with --json.
type checksumJSON struct {
	Path   string  `json:"path"`
	Slice  string  `json:"slice"`
	SHA256 string  `json:"sha256"`
	Descr  string  `json:"descr"`
	Shape  []int64 `json:"shape"`
}

func (c *cli) checksum(ctx context.Context, s subject, slice string, items []lazy.Index) error {
	path := s.name
	a, err := s.open(c)
	if err != nil {
		return err
	}
	defer a.Close()
	if a, err = c.slice(a, items); err != nil {
		return inFile(path, err)
	}
	h := sha256.New()
	if err := c.arrayStream(ctx, a, "checksum").WriteRaw(h); err != nil {
		return inFile(path, err)
	}
	sum := hex.EncodeToString(h.Sum(nil))
	if c.flags.json {
		return c.printJSON(checksumJSON{path, slice, sum, descr(a.DType()), append([]int64{}, a.Shape()...)})
	}
	if slice != "" {
		path += "[" + slice + "]"
	}
	_, err = fmt.Fprintf(c.stdout, "%s  %s\n", sum, printable(path))
	return err
}
