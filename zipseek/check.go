package zipseek

import (
	"context"
	"errors"
)

// Check says what about the archive as a whole is not as it should be: what [Archive.Doubts] tells,
// and an index file beside it that does not belong to it.
func (a *Archive) Check() ([]Doubt, error) {
	var out []Doubt
	if bad, ok := errors.AsType[*FormatError](a.CheckSidecar()); ok {
		out = append(out, Doubt{bad, true})
	}
	doubts, err := a.Doubts()
	return append(out, doubts...), err
}

// Check says what about a member is not as it should be: what [Member.Doubts] tells, and a later
// member of the same name. With content, all of it is read and compared with its checksum and with
// its seek index, and no index is kept: there may be many members. The error is that of a member
// that cannot be read, or is damaged.
func (m *Member) Check(ctx context.Context, content bool) ([]Doubt, error) {
	var out []Doubt
	if last, _ := m.archive.Lookup(m.Name); last != m {
		e := m.archive.doubtful(-1, "name", "a later member has the same name, and is the one that is read")
		e.Member = m.Name
		out = append(out, Doubt{e, true})
	}
	if _, err := m.DataOffset(); err != nil {
		return out, err
	}
	if _, err := m.Source(); err != nil { // a method that cannot be read
		return out, err
	}
	if content {
		if err := m.CheckContent(ctx); err != nil {
			return out, err
		}
		if err := m.CheckIndex(ctx); err != nil {
			return out, err
		}
	}
	doubts, err := m.Doubts()
	return append(out, doubts...), err
}

// CheckContent reads the whole member and compares its checksum, and keeps no index of it, as
// [Member.Verify] does.
func (m *Member) CheckContent(ctx context.Context) error {
	if m.Method == Stored {
		return m.Verify(ctx)
	}
	for _, err := range m.Content(ctx) {
		if err != nil {
			return err
		}
	}
	return nil
}
