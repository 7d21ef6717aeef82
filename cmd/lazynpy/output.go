package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
)

// output writes a file through write: standard output for "-", else path. A
// regular file appears whole or not at all.
func (c *cli) output(path string, write func(io.Writer) error) error {
	if path == "-" {
		return write(c.stdout)
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return inFile(path, overwrite(path, write))
	}
	return inFile(path, replace(path, write))
}

// overwrite writes to what is not a regular file, such as a pipe or /dev/null.
func overwrite(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// replace fills a temporary file beside path and renames it. After an error path is
// as it was.
func replace(path string, write func(io.Writer) error) (err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // replace what a link points to, not the link
	}
	dir, name := filepath.Split(path)
	temp := filepath.Join(dir, "."+name+"."+rand.Text()[:8]+".tmp")
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return errors.Unwrap(err) // without the temporary name
	}
	defer func() {
		if err != nil {
			_ = f.Close()       // may be closed already
			_ = os.Remove(temp) // the first error is the one to tell
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil {
		if err := f.Chmod(info.Mode().Perm()); err != nil {
			return err
		}
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
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
