package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

func newValidateCommand(c *cli) *cobra.Command {
	var v validation
	cmd := &cobra.Command{
		Use:   "validate FILE...",
		Short: "Check headers, sizes, checksums, booleans and code points",
		Long: "Validate checks that a header is one that NumPy accepts, that the data are as long as the header says\n" +
			"with nothing behind them, that booleans are the bytes 0 or 1, and that Unicode strings hold code points.\n" +
			"NaN and infinities are valid. Of .npy files only those with booleans or Unicode strings are read.\n\n" +
			"Of an archive it checks the directory, the local header of each member, that no two of them overlap, all\n" +
			"checksums (--no-crc leaves them out, and reads no more than of .npy files), and every array. What makes\n" +
			"other programs find other members or other data in the archive is an error; what makes them refuse it, or\n" +
			"know a member by another name, is a warning, and so are members of one name, members that are no arrays,\n" +
			"and an index file that does not belong to the archive. The exit status is 1 if any file is invalid;\n" +
			"warnings do not count. Of each file the first few of both are told, and the others counted; --json has all.",
		Args: takes(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			v.cli = c
			return c.eachFile(args, func(path string) error { return v.validate(cmd.Context(), path) })
		},
	}
	v.register(cmd.Flags())
	return cmd
}

// validation is a validate command line.
type validation struct {
	cli   *cli
	noCRC bool
}

func (v *validation) register(set *pflag.FlagSet) {
	set.BoolVar(&v.noCRC, "no-crc", false, "do not read archives to compare checksums")
}

// finding is something that validate has to say about a file.
type finding struct {
	Level   string  `json:"level"`  // error or warning
	Member  *string `json:"member"` // of the archive that it is about
	Field   string  `json:"field"`
	Offset  *int64  `json:"offset"` // in the file
	Message string  `json:"message"`
}

const (
	levelError   = "error"
	levelWarning = "warning"
)

// validateJSON is what validate prints with --json.
type validateJSON struct {
	Path     string    `json:"path"`
	Valid    bool      `json:"valid"`
	Findings []finding `json:"findings"`
}

func (v *validation) validate(ctx context.Context, path string) error {
	file, key, named := lazy.SplitPath(path)
	var findings []finding
	var err error
	if named || lazy.IsArchive(file) {
		findings, err = v.inspectArchive(ctx, file, key, named)
	} else {
		findings, err = v.inspectFile(ctx, path)
	}
	if err != nil {
		return inFile(path, err)
	}
	result := validateJSON{Path: path, Valid: true, Findings: append([]finding{}, findings...)}
	for _, f := range findings {
		result.Valid = result.Valid && f.Level != levelError
	}
	if err := v.cli.printFindings(file, result); err != nil {
		return err
	}
	if !result.Valid {
		return errReported
	}
	return nil
}

func (c *cli) printFindings(file string, v validateJSON) error {
	if c.flags.json {
		return c.printJSON(v)
	}
	told := map[string]int64{} // by level
	for _, f := range v.Findings {
		if told[f.Level]++; told[f.Level] > mostTold {
			continue
		}
		text := v.Path
		if f.Member != nil {
			text = file + ":" + *f.Member
		}
		text += ": " + f.Level + ": "
		if f.Offset != nil {
			text += fmt.Sprintf("offset %d: ", *f.Offset)
		}
		if f.Field != "" {
			text += f.Field + ": "
		}
		if _, err := fmt.Fprintln(c.stdout, printable(text+f.Message)); err != nil {
			return err
		}
	}
	for _, level := range []string{levelError, levelWarning} {
		if more := told[level] - mostTold; more > 0 {
			if _, err := fmt.Fprintf(c.stdout, "%s: and %s (--json has all)\n", printable(v.Path), counted(more, "more "+level, "more "+level+"s")); err != nil {
				return err
			}
		}
	}
	if !v.Valid {
		return nil
	}
	_, err := fmt.Fprintf(c.stdout, "%s: ok\n", printable(v.Path))
	return err
}

// inspectFile checks a .npy file. Its error is one of reading it.
func (v *validation) inspectFile(ctx context.Context, path string) ([]finding, error) {
	src, err := bytesrc.Open(path, bytesrc.Options{Backend: v.cli.flags.backend.value})
	if err != nil {
		return nil, err
	}
	defer src.Close()
	return v.inspect(ctx, src, src.Size(), path, "validate", func() (*lazy.Array, error) {
		return lazy.Open(path, v.cli.flags.options()...)
	})
}

// inspect checks an array of size bytes. Offsets are those in its own bytes. Label is that of a
// progress bar, or empty.
func (v *validation) inspect(ctx context.Context, r io.ReaderAt, size int64, name, label string, open func() (*lazy.Array, error)) ([]finding, error) {
	elements := func() (iter.Seq2[[]byte, error], error) {
		a, err := open()
		if err != nil {
			return nil, err
		}
		inOrder := a
		if h, _ := a.FileHeader(); h.FortranOrder { // so that elements come as they lie
			if inOrder, err = a.Transpose(); err != nil {
				return nil, errors.Join(err, a.Close())
			}
		}
		return func(yield func([]byte, error) bool) {
			defer a.Close()
			v.cli.arrayStream(ctx, inOrder, label).Pieces(yield)
		}, nil
	}
	found, err := mmapnpy.Check(r, size, name, elements, v.cli.headerOptions()...)
	out := make([]finding, len(found))
	for i, f := range found {
		out[i] = finding{Level: levelOf(f.Warning), Field: f.Field, Message: f.Message}
		if f.Offset >= 0 {
			out[i].Offset = &f.Offset
		}
	}
	return out, err
}

// levelOf is the level of a finding.
func levelOf(warning bool) string {
	if warning {
		return levelWarning
	}
	return levelError
}
