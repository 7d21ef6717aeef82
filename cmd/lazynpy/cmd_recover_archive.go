package main

import (
	"context"
	"errors"
	"slices"

	"github.com/lazynpy/lazynpy/internal/export"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/zipseek"
)

// recoverArchiveJSON is what recover prints of an archive with --json.
type recoverArchiveJSON struct {
	Path   string `json:"path"`
	Output string `json:"output"` // empty with --dry-run
	// why it was read by its local headers; null if by its directory
	Cut     *string    `json:"cut"`
	Members []string   `json:"members"`
	Rows    *rowsJSON  `json:"rows"` // of the array that was cut off; null if there are none
	Lost    []lostJSON `json:"lost"`
}

// lostJSON is a member that is not whole.
type lostJSON struct {
	Member string `json:"member"`
	Reason string `json:"reason"`
}

// rowsJSON is what there is of an array.
type rowsJSON struct {
	Member string  `json:"member"`
	Shape  []int64 `json:"shape"` // as the header has it
	Now    []int64 `json:"now"`
}

// archive writes the members of an archive that are whole to another, and the whole rows of the
// array that it was cut off in.
func (v *recovery) archive(ctx context.Context, c *cli, path string) error {
	if v.inPlace {
		return usagef("recover: an archive is not mended in place")
	}
	if v.output != "" {
		if err := named(v.output, export.NPZ, path); err != nil {
			return err
		}
	}
	s, err := surveyAll(ctx, c, path)
	if err != nil {
		return inFile(path, err)
	}
	z, good, reasons := s.archive.Zip(), s.good, s.reasons
	defer s.archive.Close()
	report := recoverArchiveJSON{Path: path, Output: v.output, Members: []string{}, Lost: []lostJSON{}}
	if cut, ok := innermost(z.Cut()); ok {
		text := bare(cut)
		report.Cut = &text
	}
	keep := map[*zipseek.Member]bool{}
	tell := telling{cli: c}
	for i, m := range z.All() {
		switch {
		case good[i] && !shadowed(m):
			keep[m] = true
			report.Members = append(report.Members, m.Name)
		case !good[i]:
			bad, _ := innermost(reasons[i])
			report.Lost = append(report.Lost, lostJSON{m.Name, bare(bad)})
			tell.add(inFile(memberName(path, m), reasons[i]))
		}
	}
	tell.finish()
	rows, shape, err := s.rows()
	if err != nil {
		return inFile(path, err)
	}
	var add []zipseek.NewMember
	if rows != nil {
		m := z.Rest()
		report.Rows = &rowsJSON{m.Name, shape, append([]int64{}, rows.Shape()...)}
		if add, err = asMember(ctx, m.Name, rows); err != nil {
			return inFile(path, err)
		}
	}
	if len(keep)+len(add) == 0 {
		return inFile(path, errors.New("no member is whole"))
	}
	if report.Cut != nil {
		c.note("%s: %s", printable(path), printable(*report.Cut))
	}
	if v.output != "" {
		names := slices.Clone(report.Members)
		if report.Rows != nil {
			names = append(names, report.Rows.Member)
		}
		if err := c.check(v.output, export.NPZ, names...); err != nil {
			return err
		}
		err := zipseek.Repack(ctx, z, v.output, zipseek.RepackOptions{
			Keep: func(m *zipseek.Member) bool { return keep[m] }, Workers: c.workers(), Replacing: c.accepts(v.output, export.NPZ, names...), Add: add,
		})
		if err != nil {
			return inFile(v.output, err)
		}
	}
	return v.reportArchive(c, report)
}

// survey says which members of an archive are whole.
type survey struct {
	archive *lazy.Archive
	good    []bool
	reasons []error // why the others are not
	whole   int
}

// surveyAll reads an archive by its directory, if there is one. If some members are not whole then,
// it is read by its local headers as well, and that counts if more are.
func surveyAll(ctx context.Context, c *cli, path string) (survey, error) {
	s, err := surveyOne(ctx, c, path, zipseek.Partial())
	if err != nil || s.whole == len(s.good) || s.archive.Zip().Cut() != nil {
		return s, err
	}
	local, err := surveyOne(ctx, c, path, zipseek.LocalHeaders())
	switch {
	case ctx.Err() != nil:
		return local, errors.Join(err, s.archive.Close())
	case err != nil:
		return s, nil // it does not begin with a member
	case local.whole > s.whole:
		s, local = local, s
	}
	return s, local.archive.Close()
}

// surveyOne opens an archive and reads all of it. The caller closes it unless there is an error.
func surveyOne(ctx context.Context, c *cli, path string, how zipseek.Option) (survey, error) {
	a, err := lazy.OpenArchive(path, append(c.flags.options(), lazy.Zip(how), lazy.Header(mmapnpy.Partial()))...)
	if err != nil {
		return survey{}, err
	}
	z := a.Zip()
	s := survey{archive: a, good: make([]bool, z.Len()), reasons: make([]error, z.Len())}
	err = c.parallel(ctx, z.Len(), func(ctx context.Context, i int) error {
		err := z.Member(i).CheckContent(ctx)
		if _, damaged := innermost(err); err != nil && !damaged {
			return err
		}
		s.good[i], s.reasons[i] = err == nil, err
		return nil
	})
	if err != nil {
		return survey{}, errors.Join(err, a.Close())
	}
	for _, g := range s.good {
		if g {
			s.whole++
		}
	}
	return s, nil
}

// rows is the array that the archive was cut off in, as far as it goes in whole rows, and the shape
// that it had; nil if there is no such row.
func (s survey) rows() (*lazy.Array, []int64, error) {
	rest := restOf(s.archive)
	if rest == nil {
		return nil, nil, nil
	}
	h, err := mmapnpy.ReadHeader(rest, rest.Size, rest.Name, mmapnpy.AllowShort())
	if err != nil {
		return nil, nil, err
	}
	a, err := s.archive.Array(rest.Name)
	if err != nil || slices.Contains(a.Shape(), 0) {
		return nil, nil, err
	}
	return a, append([]int64{}, h.Shape...), nil
}

// asMember is an array as a member of an archive, in C order.
func asMember(ctx context.Context, name string, a *lazy.Array) ([]zipseek.NewMember, error) {
	head, err := mmapnpy.EncodeHeader(mmapnpy.Header{DType: a.DType(), Shape: a.Shape()})
	if err != nil {
		return nil, err
	}
	return []zipseek.NewMember{{Name: name, Size: int64(len(head)) + a.NBytes(), Content: func(yield func([]byte, error) bool) {
		if !yield(head, nil) {
			return
		}
		for b, err := range a.Elements(ctx) {
			if !yield(b, err) {
				return
			}
		}
	}}}, nil
}

func (v *recovery) reportArchive(c *cli, report recoverArchiveJSON) error {
	if c.flags.json {
		return c.printJSON(report)
	}
	text := counted(int64(len(report.Members)), "member is", "members are") + " whole"
	if n := len(report.Lost); n > 0 {
		text += ", " + grouped(int64(n)) + " not"
	}
	if r := report.Rows; r != nil {
		text += "; " + printable(r.Member) + " is cut off: of shape " + shapeText(r.Shape) + ", " + shapeText(r.Now) + " is there whole"
	}
	if v.output != "" {
		text += "; written to " + printable(v.output)
	}
	c.note("%s: %s", printable(report.Path), text)
	return nil
}
