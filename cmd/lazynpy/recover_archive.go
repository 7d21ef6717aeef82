package main

import (
	"context"
	"errors"

	"github.com/lazynpy/lazynpy/zipseek"
)

// recoverArchiveJSON is what recover prints of an archive with --json.
type recoverArchiveJSON struct {
	Path   string `json:"path"`
	Output string `json:"output"` // empty with --dry-run
	// why it was read by its local headers; null if by its directory
	Cut     *string    `json:"cut"`
	Members []string   `json:"members"`
	Lost    []lostJSON `json:"lost"`
}

// lostJSON is a member that is not whole.
type lostJSON struct {
	Member string `json:"member"`
	Reason string `json:"reason"`
}

// archive writes the members of an archive that are whole to another.
func (v *recovery) archive(ctx context.Context, c *cli, path string) error {
	if v.inPlace {
		return usagef("recover: an archive is not mended in place")
	}
	if v.output != "" {
		if err := named(v.output, formatNPZ, path); err != nil {
			return err
		}
	}
	s, err := surveyAll(ctx, c, path)
	if err != nil {
		return inFile(path, err)
	}
	z, good, reasons := s.archive, s.good, s.reasons
	defer z.Close()
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
	if len(keep) == 0 {
		return inFile(path, errors.New("no member is whole"))
	}
	if report.Cut != nil {
		c.note("%s: %s", printable(path), printable(*report.Cut))
	}
	if v.output != "" {
		if err := c.check(v.output, formatNPZ, report.Members...); err != nil {
			return err
		}
		err := zipseek.Repack(ctx, z, v.output, zipseek.RepackOptions{
			Keep: func(m *zipseek.Member) bool { return keep[m] }, Workers: c.workers(), Replacing: c.accepts(v.output, formatNPZ, report.Members...),
		})
		if err != nil {
			return inFile(v.output, err)
		}
	}
	return v.reportArchive(c, report)
}

// survey says which members of an archive are whole.
type survey struct {
	archive *zipseek.Archive
	good    []bool
	reasons []error // why the others are not
	whole   int
}

// surveyAll reads an archive by its directory, if there is one. If some members are not whole then,
// it is read by its local headers as well, and that counts if more are.
func surveyAll(ctx context.Context, c *cli, path string) (survey, error) {
	s, err := surveyOne(ctx, c, path, zipseek.Partial())
	if err != nil || s.whole == len(s.good) || s.archive.Cut() != nil {
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
	z, err := zipseek.Open(path, how, zipseek.Workers(c.workers()), zipseek.WithBackend(c.flags.backend.text))
	if err != nil {
		return survey{}, err
	}
	s := survey{archive: z, good: make([]bool, z.Len()), reasons: make([]error, z.Len())}
	err = c.parallel(ctx, z.Len(), func(ctx context.Context, i int) error {
		err := verify(ctx, z.Member(i))
		if _, damaged := innermost(err); err != nil && !damaged {
			return err
		}
		s.good[i], s.reasons[i] = err == nil, err
		return nil
	})
	if err != nil {
		return survey{}, errors.Join(err, z.Close())
	}
	for _, g := range s.good {
		if g {
			s.whole++
		}
	}
	return s, nil
}

func (v *recovery) reportArchive(c *cli, report recoverArchiveJSON) error {
	if c.flags.json {
		return c.printJSON(report)
	}
	text := counted(int64(len(report.Members)), "member is", "members are") + " whole"
	if n := len(report.Lost); n > 0 {
		text += ", " + grouped(int64(n)) + " not"
	}
	if v.output != "" {
		text += "; written to " + printable(v.output)
	}
	c.note("%s: %s", printable(report.Path), text)
	return nil
}
