package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/lazynpy/lazynpy/internal/npytext"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/ops"
	"github.com/lazynpy/lazynpy/signal"
	"github.com/lazynpy/lazynpy/zipseek"
)

// open opens an array as the flags ask and applies --field. The caller closes it.
func (c *cli) open(path string) (*lazy.Array, error) {
	if err := c.reads(path); err != nil {
		return nil, err
	}
	a, err := lazy.Open(path, c.flags.options()...)
	if err == nil {
		a, err = c.described(path, a)
	}
	if err == nil {
		a, err = c.fields(a)
	}
	return a, inFile(path, c.suggest(path, err))
}

// suggest adds to an error that a file is not valid the flag with which it can be read all the
// same, if there is one.
func (c *cli) suggest(path string, err error) error {
	if errors.Is(err, zipseek.ErrFormat) {
		file, _, _ := lazy.SplitPath(path)
		return c.suggestPartial(file, err)
	}
	if !errors.Is(err, mmapnpy.ErrFormat) {
		return err
	}
	for _, way := range []struct {
		flag   string
		given  bool
		option lazy.Option
	}{{"--lenient", c.flags.lenient, lazy.Lenient()}, {"--partial", c.flags.partial, lazy.Partial()}} {
		if way.given {
			continue
		}
		a, failed := lazy.Open(path, append(c.flags.options(), way.option)...)
		if failed == nil {
			_ = a.Close() // only read from
		}
		if failed == nil || errors.Is(failed, mmapnpy.ErrObject) {
			return fmt.Errorf("%w (it can be read with %s)", err, way.flag)
		}
	}
	return err
}

// described gives an array the navigation axes that its sidecar names, unless --nav does. What is
// wrong with a sidecar is told, and the array read without. After an error the array is closed.
func (c *cli) described(name string, file *lazy.Array) (*lazy.Array, error) {
	nav, err := c.navigation(name)
	if len(nav) == 0 {
		if err != nil {
			c.complain(fmt.Errorf("%w; its axes are not used", err))
		}
		return file, nil
	}
	a, err := file.With(lazy.NavigationAxes(nav...))
	if err != nil {
		_ = file.Close() // only read from
	}
	return a, err
}

// navigation is the navigation axes of an array that --nav names, or else its sidecar; nil if
// neither is there.
func (c *cli) navigation(name string) ([]int, error) {
	if c.flags.nav != nil {
		return nil, nil // the options have them
	}
	file, _, _ := lazy.SplitPath(name)
	if _, err := os.Stat(signal.SidecarPath(file)); err != nil {
		return nil, nil //nolint:nilerr // no sidecar
	}
	sig, err := signal.Read(name, signal.With(c.flags.options()...))
	if errors.Is(err, signal.ErrSidecar) {
		return nil, err
	}
	if err != nil {
		return nil, nil //nolint:nilerr // of the array, which whoever reads it tells
	}
	defer sig.Close()
	var nav []int
	for d, ax := range sig.Data.Axes() {
		if ax.Navigate {
			nav = append(nav, d)
		}
	}
	return nav, nil
}

// fields applies --field. After an error the array is closed.
func (c *cli) fields(file *lazy.Array) (*lazy.Array, error) {
	a := file
	for _, name := range c.flags.fields {
		var err error
		if a, err = a.Field(name); err != nil {
			_ = file.Close() // only read from
			return nil, err
		}
	}
	c.records = c.records || a.DType().IsStruct()
	return a, nil
}

// notNumbers is the error for elements that something is not of.
func notNumbers(what string, t mmapnpy.DType) error {
	return fmt.Errorf("%s of numbers: %w: %s", what, lazy.ErrDType, t)
}

// openSlice is open for the arguments FILE [SLICE] of a verb, with maps applied, cut as --chunks
// asks.
func (c *cli) openSlice(args []string, maps ...ops.Op) (*lazy.Array, error) {
	a, _, err := c.openNamed(args, maps)
	return a, err
}

// openNamed is openSlice, and gives the name of the array as well, which what maps make of it does
// not have.
func (c *cli) openNamed(args []string, maps []ops.Op) (a *lazy.Array, name string, err error) {
	items, err := lazy.ParseIndex(sliceArg(args))
	if err != nil {
		return nil, "", asUsage(err)
	}
	if a, err = c.open(args[0]); err != nil {
		return nil, "", err
	}
	name = arrayName(a)
	a, err = c.slice(a, items, maps...)
	return a, name, inFile(args[0], err)
}

// slice takes a slice, applies maps, and cuts the result as --chunks asks. After an error the array
// is closed.
func (c *cli) slice(file *lazy.Array, items []lazy.Index, maps ...ops.Op) (*lazy.Array, error) {
	last := file
	a, err := file.Index(items...)
	if err == nil {
		last, err = c.applyMaps(a, maps)
		a = last
	}
	if err == nil && c.flags.chunks.set {
		a, err = a.Rechunk(c.flags.chunks.value)
	}
	if err != nil {
		_ = last.Close() // only read from
		return nil, err
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

// refuseSame refuses to write over a file that is being read, or over the archive of a member that
// is.
func refuseSame(input, output string) error {
	file, _, _ := lazy.SplitPath(input)
	in, err := os.Stat(file)
	if err != nil {
		return err
	}
	if out, err := os.Stat(output); err == nil && os.SameFile(in, out) {
		return usagef("%s: the output is the input", output)
	}
	return nil
}

// fetchArray reads the elements of an array that a text of it shows.
func fetchArray(ctx context.Context, a *lazy.Array) npytext.Fetch {
	return func(prefix []int64, start, stop int64) (mmapnpy.Buffer, error) {
		items := make([]lazy.Index, 0, a.NDim())
		for _, i := range prefix {
			items = append(items, lazy.At(i))
		}
		if a.NDim() > 0 {
			items = append(items, lazy.Range(start, stop))
		}
		row, err := a.Index(items...)
		if err != nil {
			return mmapnpy.Buffer{}, err
		}
		r, err := row.Load(ctx)
		if err != nil {
			return mmapnpy.Buffer{}, err
		}
		return r.Buffer(), nil
	}
}
