package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/export"
	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/internal/filekind"
	"github.com/lazynpy/lazynpy/internal/termtext"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/zipseek"
)

// reads takes note of a file that the run reads, so that nothing is written over it. What is
// printed goes to it already if it is standard output.
func (c *cli) reads(path string) error {
	file, _, _ := lazy.SplitPath(path)
	info, err := os.Stat(file)
	if err != nil {
		return nil // opening it will tell
	}
	for _, w := range []io.Writer{c.stdout, c.stderr} {
		to, ok := fileOf(w)
		if !ok {
			continue
		}
		if to, err := to.Stat(); err == nil && to.Mode().IsRegular() && os.SameFile(to, info) {
			return fileerr.New(file, atomicfile.ErrInput)
		}
	}
	c.inputs = append(c.inputs, info)
	return nil
}

// forces adds --force to a verb.
func (c *cli) forces(set *pflag.FlagSet) {
	set.BoolVar(&c.force, "force", false, "replace a file of another kind, or an archive of other members")
}

// rules say what an output of a format may replace: no input of the run, and without --force
// nothing that the verb could not have written itself. The members are those of a new archive.
func (c *cli) rules(path string, f export.Format, members ...string) []atomicfile.Option {
	rules := []atomicfile.Option{atomicfile.Inputs(c.inputs...)}
	if c.force {
		return rules
	}
	return append(rules, atomicfile.Replacing(c.accepts(path, f, members...)))
}

// accepts looks at a file that an output would replace.
func (c *cli) accepts(path string, f export.Format, members ...string) func(old *os.File) error {
	return func(old *os.File) error {
		if c.force {
			return nil
		}
		head := atomicfile.Head(old)
		if head == "" {
			return nil // nothing is lost
		}
		kind := filekind.Name(head)
		switch {
		case f == export.NPZ && kind == filekind.Archive:
			return onlyMembers(path, members)
		case kind == kinds[f]:
			return nil
		}
		return fmt.Errorf("is %s, and not what would replace it (--force does)", kind)
	}
}

// kinds are what files of a format are called.
var kinds = map[export.Format]string{
	export.NPY: filekind.Array, export.NPZ: filekind.Archive, export.PNG: filekind.Picture, export.CSV: filekind.Text, export.JSON: filekind.Text, export.Raw: filekind.Unknown,
}

// onlyMembers returns an error if an archive has other members than these, which would be lost.
func onlyMembers(path string, members []string) error {
	z, err := zipseek.Open(path)
	if err != nil {
		return fmt.Errorf("is an archive that cannot be read, and may hold something (--force replaces it): %w", err)
	}
	defer z.Close()
	written := map[string]bool{}
	for _, name := range members {
		written[name] = true
	}
	for _, m := range z.All() {
		if !written[m.Name] {
			return fmt.Errorf("is an archive with other members, such as %q, which would be lost (--force replaces it; add adds to it)", m.Name)
		}
	}
	return nil
}

// extensions are those of formats that a verb writes without being told which.
var extensions = map[export.Format][]string{export.NPY: {".npy"}, export.NPZ: {".npz", ".zip"}, export.PNG: {".png"}}

// named refuses an output whose extension says something else than what is written. That of the
// file that it is another version of, if there is one, is as good. Names without an extension, and
// those of devices, say nothing.
func named(path string, f export.Format, like string) error {
	want := extensions[f]
	ext := strings.ToLower(filepath.Ext(path))
	if ext == "" || !regular(path) || slices.Contains(want, ext) || like != "" && ext == strings.ToLower(filepath.Ext(like)) {
		return nil
	}
	return usagef("%s: what is written is %s, and its name has to end in %s", path, kinds[f], strings.Join(want, " or "))
}

// check returns the error that output would, before there is anything to write.
func (c *cli) check(path string, f export.Format, members ...string) error {
	if !regular(path) {
		return streams(path)
	}
	return inFile(path, atomicfile.Check(path, c.rules(path, f, members...)...))
}

// output writes a file of a format through write: standard output for "-", else path. A
// regular file appears whole or not at all.
func (c *cli) output(path string, f export.Format, write func(io.Writer) error) error {
	if path == "-" {
		return write(c.stdout)
	}
	if !regular(path) {
		if err := streams(path); err != nil {
			return err
		}
		return inFile(path, c.overwrite(path, write))
	}
	return inFile(path, atomicfile.Write(path, func(f *os.File) error { return write(f) }, c.rules(path, f)...))
}

// regular reports whether path is, or will be, a regular file, as far as can be seen.
func regular(path string) bool {
	info, err := os.Stat(path)
	return path != "-" && (err != nil || info.Mode().IsRegular())
}

// streams returns an error for what is neither a regular file nor something that takes bytes as
// they come.
func streams(path string) error {
	info, err := os.Stat(path)
	if path == "-" || err != nil {
		return nil
	}
	switch mode := info.Mode(); {
	case mode.IsDir():
		return fileerr.New(path, errors.New("is a directory"))
	case mode&fs.ModeDevice != 0 && mode&fs.ModeCharDevice == 0:
		return fileerr.New(path, errors.New("is a disk"))
	}
	return nil
}

// overwrite writes to what is not a regular file, such as a pipe or /dev/null.
func (c *cli) overwrite(path string, write func(io.Writer) error) error {
	// Opening a named pipe waits for somebody who reads it.
	f, err := await(c.ctx, func() (*os.File, error) { return os.OpenFile(path, os.O_WRONLY, 0) })
	if err != nil {
		return err
	}
	err = write(newOutlet(c.ctx, f))
	if c.ctx.Err() != nil {
		return err // closing it may wait for a write that blocks
	}
	return errors.Join(err, f.Close())
}

// note tells on standard error what was written.
func (c *cli) note(format string, args ...any) {
	fmt.Fprintf(c.stderr, format+"\n", args...)
}

// printJSON prints a value as one line.
func (c *cli) printJSON(v any) error {
	return encodeJSON(c.stdout, v)
}

// formatOf is the format that a flag names, or else the output's extension.
func formatOf(flag, output string, allowed ...export.Format) (export.Format, error) {
	f, err := export.FormatOf(flag, output, allowed...)
	return f, asUsage(err)
}

// arrayStream reads a piece by piece and draws its progress.
func (c *cli) arrayStream(ctx context.Context, a *lazy.Array, label string) export.Stream {
	s := export.Array(ctx, arrayName(a), a)
	read := s.Pieces
	s.Pieces = func(yield func([]byte, error) bool) {
		b := c.newBar(label)
		defer b.finish()
		done, total := int64(0), a.NBytes()
		for piece, err := range read {
			if !yield(piece, err) || err != nil {
				return
			}
			done += int64(len(piece))
			b.set(done, total)
		}
	}
	return s
}

// encodeJSON writes a value and a newline, and <f8 as it is. What a terminal would obey is escaped.
func encodeJSON(w io.Writer, v any) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(termtext.JSON(text.Bytes()))
	return err
}

// table prints rows of aligned columns, each row ended by nothing.
func (c *cli) table(rows [][]string) error {
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		for i, s := range r {
			if i > 0 {
				fmt.Fprint(w, "\t")
			}
			fmt.Fprint(w, s)
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}
