package main

import (
	"os"
	"strings"

	"github.com/lazynpy/lazynpy/lazy"
)

// open opens an array as the flags ask and applies --field. The caller closes it.
func (c *cli) open(path string) (*lazy.Array, error) {
	file, err := lazy.Open(path, c.flags.options()...)
	if err != nil {
		return nil, inFile(path, err)
	}
	a := file
	for _, name := range c.flags.fields {
		if a, err = a.Field(name); err != nil {
			_ = file.Close() // only read from
			return nil, inFile(path, err)
		}
	}
	return a, nil
}

// openSlice is open for the arguments FILE [SLICE] of a verb, cut as --chunks asks.
func (c *cli) openSlice(args []string) (*lazy.Array, error) {
	slice := sliceArg(args)
	items, err := lazy.ParseIndex(slice)
	if err != nil {
		return nil, asUsage(err)
	}
	file, err := c.open(args[0])
	if err != nil {
		return nil, err
	}
	a, err := file.Index(items...)
	if err == nil && c.flags.chunks.set {
		a, err = a.Rechunk(c.flags.chunks.value)
	}
	if err != nil {
		_ = file.Close() // only read from
		return nil, inFile(args[0], err)
	}
	return a, nil
}

// sliceArg is the SLICE of the arguments FILE [SLICE].
func sliceArg(args []string) string {
	if len(args) < 2 {
		return ""
	}
	return strings.TrimSpace(args[1])
}

// refuseSame refuses to write over a file that is being read.
func refuseSame(input, output string) error {
	in, err := os.Stat(input)
	if err != nil {
		return err
	}
	if out, err := os.Stat(output); err == nil && os.SameFile(in, out) {
		return usagef("%s: the output is the input", output)
	}
	return nil
}
