package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
)

// output writes a file through write: standard output for "-", else path. A
// regular file appears whole or not at all.
func (c *cli) output(path string, write func(io.Writer) error) error {
	if path == "-" {
		return write(c.stdout)
	}
	if !regular(path) {
		return inFile(path, overwrite(path, write))
	}
	return inFile(path, atomicfile.Write(path, func(f *os.File) error { return write(f) }))
}

// regular reports whether path is, or will be, a regular file, as far as can be seen.
func regular(path string) bool {
	info, err := os.Stat(path)
	return path != "-" && (err != nil || info.Mode().IsRegular())
}

// overwrite writes to what is not a regular file, such as a pipe or /dev/null.
func overwrite(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// note tells on standard error what was written.
func (c *cli) note(format string, args ...any) {
	fmt.Fprintf(c.stderr, format+"\n", args...)
}

// printJSON prints a value as one line.
func (c *cli) printJSON(v any) error {
	return encodeJSON(c.stdout, v)
}

// encodeJSON writes a value and a newline, and <f8 as it is.
func encodeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
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
