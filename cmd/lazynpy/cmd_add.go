package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/export"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/zipseek"
)

func newAddCommand(c *cli) *cobra.Command {
	var a addition
	cmd := &cobra.Command{
		Use:   "add ARCHIVE.npz [KEY=]FILE...",
		Short: "Add arrays to an archive, or make one",
		Long: "Add appends arrays to an archive, of which no byte is changed, or makes the archive if it does not\n" +
			"exist. FILE is a .npy file or FILE.npz:KEY; without a KEY before it, the array is called as the file\n" +
			"is, without .npy. A key that the archive has already is refused. After an error the archive is what\n" +
			"it was. Arrays are streamed, whatever their size. Several adds at once take turns.\n\n" +
			"An archive of up to 16 MiB is replaced by a copy that has the new arrays, and so is any other where the\n" +
			"file system clones files (btrfs, XFS): whenever add is killed, a whole archive is there. A larger one grows in\n" +
			"place: after kill -9 or a crash only lazynpy can read it (as it was), until the next add has mended it.",
		Example: "  lazynpy add train.npz x.npy labels=y.npy\n" +
			"  lazynpy add --deflate train.npz weights=other.npz:w\n" +
			"  lazynpy add --raw train.npz README.md",
		Args: takes(2, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.run(cmd.Context(), c, args[0], args[1:]) },
	}
	a.register(cmd.Flags())
	return cmd
}

// addition is an add command line.
type addition struct {
	packing packing
	raw     bool
}

func (a *addition) register(set *pflag.FlagSet) {
	a.packing.register(set)
	set.BoolVar(&a.raw, "raw", false, "add the bytes of any files, as members called KEY")
}

// addJSON is what add prints with --json, a line for each member. Descr and shape are null with
// --raw.
type addJSON struct {
	Path   string  `json:"path"`
	Key    string  `json:"key"`
	Source string  `json:"source"`
	Method string  `json:"method"`
	Descr  *string `json:"descr"`
	Shape  []int64 `json:"shape"`
	NBytes int64   `json:"nbytes"`
}

func (a *addition) run(ctx context.Context, c *cli, archive string, args []string) error {
	if _, err := parseLevel(archive); err == nil && a.packing.deflate.text == defaultDeflate {
		return usagef("add: the archive is called %q; a level is given as --deflate=%s", archive, archive)
	}
	if _, err := os.Stat(archive); err != nil {
		if err := named(archive, export.NPZ, ""); err != nil {
			return err
		}
	}
	pairs := make([][2]string, len(args))
	for i, arg := range args {
		key, path := a.split(arg)
		if key == "" || path == "" {
			return usagef("add: %q is not KEY=FILE", arg)
		}
		if err := zipseek.CheckPath(key); err != nil {
			return usagef("add: %q: %w, and could not be extracted", key, err)
		}
		pairs[i] = [2]string{key, path}
	}
	var added []addJSON
	var err error
	if a.raw {
		added, err = a.addFiles(ctx, c, archive, pairs)
	} else {
		added, err = a.addArrays(ctx, c, archive, pairs)
	}
	if err != nil {
		return inFile(archive, err)
	}
	for _, v := range added {
		switch {
		case c.flags.json:
			if err := c.printJSON(v); err != nil {
				return err
			}
		case a.raw:
			c.note("%s: %s, %s, %s", archive, printable(v.Key), chunk.FormatBytes(v.NBytes), v.Method)
		default:
			c.note("%s: %s, %s %s, %s, %s", archive, printable(v.Key), shapeText(v.Shape), *v.Descr, chunk.FormatBytes(v.NBytes), v.Method)
		}
	}
	return nil
}

// split takes KEY=FILE apart. What is the name of a file, or of a member, is a FILE even if there
// is a "=" in it.
func (a *addition) split(arg string) (key, path string) {
	file, member, named := lazy.SplitPath(arg)
	_, err := os.Stat(file)
	key, path, given := strings.Cut(arg, "=")
	switch {
	case given && err != nil:
	case named:
		key, path = member, arg
	default:
		key, path = filepath.Base(arg), arg
	}
	if a.raw {
		return key, path
	}
	return lazy.KeyOf(key), path
}

// addArrays adds arrays as .npy members.
func (a *addition) addArrays(ctx context.Context, c *cli, archive string, pairs [][2]string) ([]addJSON, error) {
	var entries []lazy.Entry
	var added []addJSON
	var open []*lazy.Array
	defer func() {
		for _, array := range open {
			_ = array.Close() // only read from
		}
	}()
	for _, p := range pairs {
		array, err := c.open(p[1])
		if err != nil {
			return nil, err
		}
		open = append(open, array)
		entries = append(entries, lazy.Entry{Key: p[0], Array: array})
		text := descr(array.DType())
		added = append(added, addJSON{archive, p[0], p[1], a.packing.method(), &text, append([]int64{}, array.Shape()...), array.NBytes()})
	}
	opts := append(a.packing.options(ctx, c, archive), zipseek.OrCreate())
	return added, lazy.AppendArchive(ctx, archive, entries, opts...)
}

// addFiles adds files as they are.
func (a *addition) addFiles(ctx context.Context, c *cli, archive string, pairs [][2]string) (added []addJSON, err error) {
	for _, p := range pairs {
		if err := refuseSame(p[1], archive); err != nil {
			return nil, err
		}
	}
	opts := append(a.packing.options(ctx, c, archive), zipseek.OrCreate())
	for _, p := range pairs {
		if info, err := os.Stat(p[1]); err == nil {
			opts = append(opts, zipseek.Readers(info.Mode()))
		}
	}
	for {
		w, err := zipseek.Append(archive, opts...)
		if err == nil {
			added, err = a.writeFiles(ctx, w, archive, pairs)
		}
		if !errors.Is(err, errMade) && (w != nil || !errors.Is(err, fs.ErrExist)) {
			return added, err
		} // else somebody else has made the archive meanwhile
	}
}

// errMade says that somebody else has made the archive while another one was made for the same
// place.
var errMade = errors.New("made by somebody else meanwhile")

// writeFiles adds the files, and ends the writer.
func (a *addition) writeFiles(ctx context.Context, w *zipseek.Writer, archive string, pairs [][2]string) ([]addJSON, error) {
	defer func() { _ = w.Abort() }() // best effort, after an error
	var added []addJSON
	for _, p := range pairs {
		size, err := addFile(ctx, w, p[0], p[1])
		if err != nil {
			return nil, err
		}
		added = append(added, addJSON{Path: archive, Key: p[0], Source: p[1], Method: a.packing.method(), NBytes: size})
	}
	err := w.Close()
	if errors.Is(err, fs.ErrExist) {
		err = errMade
	}
	return added, err
}

// addFile adds one file as a member.
func addFile(ctx context.Context, w *zipseek.Writer, name, path string) (size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, inFile(path, errors.New("not a regular file"))
	}
	return info.Size(), w.Add(ctx, name, info.Size(), piecesOf(f, info.Size()))
}

// piecesOf yields what a reader of so many bytes has.
func piecesOf(r io.Reader, size int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		buf := make([]byte, min(size+1, 1<<20)) // one more, to notice a file that has grown
		for {
			n, err := r.Read(buf)
			if n > 0 && !yield(buf[:n], nil) || errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}
