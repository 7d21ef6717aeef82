package zipseek

// A Seek says how a part of a member can be had without what lies before it.
type Seek string

// The ways to a part of a member.
const (
	SeekInPlace Seek = "in place" // stored: it is read where it lies
	SeekSOZip   Seek = "sozip"    // deflated, with an index in the archive
	SeekSidecar Seek = "sidecar"  // deflated, with an index in a file beside the archive
	SeekMemory  Seek = "memory"   // deflated, and indexed since the archive was opened
	SeekSmall   Seek = "small"    // deflated, and no longer than the span of an index
	// what lies before it has to be decoded, once if an index is made of it.
	SeekNone Seek = "no"
)

// Seekable says how parts of m are found. It reads the local header, and inflates nothing.
func (m *Member) Seekable() (Seek, error) {
	src, err := m.state().open()
	if err != nil {
		return "", err
	}
	s, ok := src.(*inflated)
	if !ok {
		if m.Method == Stored {
			return SeekInPlace, nil
		}
		return SeekNone, nil
	}
	switch idx := s.index().(type) {
	case *chunks:
		return SeekSOZip, nil
	case *saved:
		return SeekSidecar, nil
	case *checkpoints:
		switch {
		case m.Size <= m.archive.config.span:
			return SeekSmall, nil
		case idx.known() == m.Size:
			return SeekMemory, nil
		}
	}
	return SeekNone, nil
}

// CheckSidecar returns an error if there is an index file beside the archive that is not used, or
// not for all the members in it: it is damaged, or was made for another archive, or for what this
// one was before it changed, or may have been written by others than the archive. That does no harm
// except that it takes space. [Member.CheckIndex] compares an index with the content.
func (a *Archive) CheckSidecar() error {
	path := a.path + IndexSuffix
	s, err := a.beside()
	if err != nil {
		return &FormatError{Path: path, Offset: -1, Field: "index file", Err: badf("%v", err)}
	}
	if s == nil {
		return nil
	}
	for _, m := range a.All() {
		row, ok := s.entries[m.headerOffset]
		if !ok {
			continue
		}
		saved := a.savedIndex(m)
		if saved != nil {
			_, err = saved.read()
		}
		if saved == nil || err != nil {
			return &FormatError{Path: path, Offset: row.offset, Field: "index file", Err: badf("the index of %.100q is damaged, or was made for another member, and is not used", m.Name)}
		}
	}
	if s.strays > 0 {
		return &FormatError{Path: path, Offset: -1, Field: "index file", Err: badf("%d of its %d members are not in the archive", s.strays, s.strays+len(s.entries))}
	}
	return nil
}
