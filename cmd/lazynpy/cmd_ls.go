package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/filekind"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/zipseek"
)

func newLsCommand(c *cli) *cobra.Command {
	l := listing{cli: c}
	cmd := &cobra.Command{
		Use:   "ls FILE.npz...",
		Short: "List the members of an archive",
		Long: "Ls shows for each member the key, how it is compressed, dtype and shape, the size before and after, and\n" +
			"of stored ones where the elements lie in the file and to what they are aligned. Seekable says how a part\n" +
			"of a member is read: in place, through an index (sozip in the archive, sidecar beside it), at no\n" +
			"cost because it is small, or not without what lies before it. Folders, and what macOS adds to archives\n" +
			"(__MACOSX and ._NAME), are left out unless --all is given. It reads the headers of all members;\n" +
			"--names reads the directory only. The exit status is 1 if a member cannot be read.",
		Args: takes(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			l.several = len(args) > 1
			return c.eachFile(args, func(path string) error { return l.list(cmd.Context(), path) })
		},
	}
	l.register(cmd.Flags())
	return cmd
}

// listing is an ls command line.
type listing struct {
	cli                 *cli
	names, all, several bool
}

func (l *listing) register(set *pflag.FlagSet) {
	set.BoolVar(&l.names, "names", false, "print the keys alone, one per line, touching no member")
	set.BoolVar(&l.all, "all", false, "list folders, and what macOS adds to archives, as well")
}

// lsJSON is what ls prints with --json, a line for each member. Null is what a member has not, or
// what was not looked at.
type lsJSON struct {
	Path           string  `json:"path"`
	Name           string  `json:"name"`
	Key            string  `json:"key"`
	Method         string  `json:"method"`
	Descr          *string `json:"descr"`
	Shape          []int64 `json:"shape"`
	FortranOrder   *bool   `json:"fortran_order"`
	Size           int64   `json:"size"`
	CompressedSize int64   `json:"compressed_size"`
	Offset         *int64  `json:"offset"`
	Aligned        *int64  `json:"aligned"`
	Seekable       *string `json:"seekable"`
	CRC32          string  `json:"crc32"`
	Duplicate      bool    `json:"duplicate"`
	Error          *string `json:"error"`
}

func (l *listing) list(ctx context.Context, path string) error {
	file, key, named := lazy.SplitPath(path)
	z, err := l.cli.openArchive(file)
	if err != nil {
		return err
	}
	defer z.Close()
	var members []*zipseek.Member
	if named {
		m, err := z.Member(key)
		if err != nil {
			return err
		}
		members = append(members, m)
	} else {
		for _, m := range z.Zip().All() {
			if l.all || !m.IsDir() && !m.IsAppleDouble() {
				members = append(members, m)
			}
		}
		if rest := restOf(z); rest != nil {
			members = append(members, rest)
		}
	}
	rows := make([]lsJSON, len(members))
	err = l.cli.parallel(ctx, len(members), func(_ context.Context, i int) error {
		rows[i] = l.directory(file, members[i])
		if l.names {
			return nil
		}
		return l.look(&rows[i], members[i])
	})
	if err != nil {
		return inFile(file, err)
	}
	if err := l.print(file, rows); err != nil {
		return err
	}
	bad := int64(0)
	for i := range rows {
		if rows[i].Error != nil {
			bad++
		}
	}
	if bad == 0 {
		return nil
	}
	if !l.names && !l.cli.flags.json && bad > mostTold {
		l.cli.complain(inFile(file, fmt.Errorf("%s members cannot be read; --json tells why each", grouped(bad))))
	}
	return errReported
}

// directory is what the directory says of a member.
func (l *listing) directory(path string, m *zipseek.Member) lsJSON {
	return lsJSON{
		Path: path, Name: m.Name, Key: lazy.KeyOf(m.Name), Method: m.Method.String(), Size: m.Size, CompressedSize: m.CompressedSize,
		CRC32: crcText(m.CRC32), Duplicate: shadowed(m),
	}
}

// look adds what the member says of itself, or what is wrong with it. Its error is one that is
// about more than this member.
func (l *listing) look(row *lsJSON, m *zipseek.Member) error {
	err := l.describe(row, m)
	if err == nil {
		return nil
	}
	bad, ok := innermost(err)
	if !ok {
		return err
	}
	text := bare(bad)
	row.Error = &text
	return nil
}

func (l *listing) describe(row *lsJSON, m *zipseek.Member) error {
	seek, err := m.Seekable()
	if err != nil {
		return err
	}
	row.Seekable = (*string)(&seek)
	data := int64(0) // where what is used begins in the content
	if array, err := l.isArray(m); err != nil {
		return err
	} else if array {
		h, err := mmapnpy.ReadHeader(m, m.Size, memberName(row.Path, m), l.cli.headerOptions()...)
		if err != nil {
			return err
		}
		text := descr(h.DType)
		row.Descr, row.Shape, row.FortranOrder, data = &text, append([]int64{}, h.Shape...), &h.FortranOrder, h.DataOffset
	}
	if m.Method == zipseek.Stored {
		at, err := m.DataOffset()
		if err != nil {
			return err
		}
		at += data
		aligned := alignment(at)
		row.Offset, row.Aligned = &at, &aligned
	}
	return nil
}

// isArray reports whether a member is an array, or should be by its name.
func (l *listing) isArray(m *zipseek.Member) (bool, error) {
	if strings.HasSuffix(m.Name, ".npy") {
		return !m.IsAppleDouble(), nil
	}
	head := make([]byte, min(m.Size, 8))
	if _, err := m.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return filekind.Name(string(head)) == filekind.Array, nil
}

func (l *listing) print(path string, rows []lsJSON) error {
	c := l.cli
	switch {
	case c.flags.json:
		for i := range rows {
			if err := c.printJSON(rows[i]); err != nil {
				return err
			}
		}
		return nil
	case l.names:
		var b strings.Builder
		for i := range rows {
			if l.several {
				b.WriteString(printable(path) + ":")
			}
			b.WriteString(printable(rows[i].Key) + "\n")
		}
		_, err := io.WriteString(c.stdout, b.String())
		return err
	}
	if l.several {
		if _, err := fmt.Fprintln(c.stdout, printable(path)+":"); err != nil {
			return err
		}
	}
	table := make([][]string, 0, 1+len(rows))
	table = append(table, []string{"key", "method", "dtype", "shape", "size", "compressed", "ratio", "offset", "aligned", "seekable"})
	bad := 0
	for i := range rows {
		if rows[i].Error != nil {
			bad++
		}
		table = append(table, rows[i].row(bad <= mostTold))
	}
	return c.table(table)
}

// row is a line of the table for people; why a member cannot be read is told or left out.
func (v *lsJSON) row(tell bool) []string {
	dtype, shape, compressed, ratio, offset, aligned, seekable := "-", "-", "-", "-", "-", "-", "-"
	if v.Descr != nil {
		dtype, shape = printable(*v.Descr), shapeText(v.Shape)
		if *v.FortranOrder && orderMatters(v.Shape) {
			shape += " F"
		}
	}
	if v.Method != zipseek.Stored.String() {
		compressed = chunk.FormatBytes(v.CompressedSize)
		ratio = strconv.FormatFloat(float64(v.Size)/float64(max(v.CompressedSize, 1)), 'f', 2, 64)
	}
	if v.Offset != nil {
		offset, aligned = grouped(*v.Offset), strconv.FormatInt(*v.Aligned, 10)
	}
	if v.Seekable != nil {
		seekable = *v.Seekable
	}
	row := []string{printable(v.Key), v.Method, dtype, shape, chunk.FormatBytes(v.Size), compressed, ratio, offset, aligned, seekable}
	if v.Duplicate {
		row = append(row, "duplicate: a later member has this name")
	}
	switch {
	case v.Error != nil && tell:
		row = append(row, "error: "+printable(*v.Error))
	case v.Error != nil:
		row = append(row, "error")
	}
	return row
}
