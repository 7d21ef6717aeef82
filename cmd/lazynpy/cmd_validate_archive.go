package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/zipseek"
)

// inspectArchive checks an archive, or one member of it. Its error is one of reading the file.
func (v *validation) inspectArchive(ctx context.Context, file, key string, named bool) ([]finding, error) {
	z, err := lazy.OpenArchive(file, v.cli.flags.options()...)
	if bad, ok := errors.AsType[*zipseek.FormatError](err); ok {
		return []finding{zipFinding(bad)}, nil
	}
	if err != nil {
		return nil, err
	}
	defer z.Close()
	doubts, err := z.Zip().Check()
	if err != nil {
		return nil, err
	}
	out := doubtful(doubts)
	members := make([]*zipseek.Member, 0, z.Zip().Len())
	if named {
		m, err := z.Member(key)
		if err != nil {
			return nil, err
		}
		members = append(members, m)
	} else {
		for _, m := range z.Zip().All() {
			members = append(members, m)
		}
	}
	in := archiveInspector{validation: v, zip: z, bar: v.cli.newBar("validate")}
	defer in.bar.finish()
	for _, m := range members {
		in.all += m.Size
	}
	found := make([][]finding, len(members))
	err = v.cli.parallel(ctx, len(members), func(ctx context.Context, i int) (err error) {
		found[i], err = in.member(ctx, members[i])
		in.advance(members[i].Size)
		return err
	})
	return append(out, slices.Concat(found...)...), err
}

// archiveInspector checks the members of one archive, several at a time.
type archiveInspector struct {
	*validation
	zip *lazy.Archive

	mu        sync.Mutex
	bar       *bar
	done, all int64
}

func (in *archiveInspector) advance(n int64) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.done += n
	in.bar.set(in.done, in.all)
}

// member checks one member. Its error is about more than this one.
func (in *archiveInspector) member(ctx context.Context, m *zipseek.Member) ([]finding, error) {
	doubts, err := m.Check(ctx, !in.noCRC)
	out := doubtful(doubts)
	if err == nil {
		var more []finding
		more, err = in.array(ctx, m)
		out = append(out, more...)
	}
	if bad, ok := innermost(err); ok {
		out, err = append(out, zipFinding(bad)), nil
	}
	for i := range out {
		out[i].Member = &m.Name
	}
	return out, err
}

// array checks what a member holds.
func (in *archiveInspector) array(ctx context.Context, m *zipseek.Member) ([]finding, error) {
	switch {
	case m.IsDir() || m.IsAppleDouble(): // which hold nothing
		return nil, nil
	case !lazy.IsArray(m):
		return []finding{{Level: levelWarning, Field: "member", Message: "is not an array"}}, nil
	case shadowed(m):
		return nil, nil
	}
	at, err := m.DataOffset()
	if err != nil {
		return nil, err
	}
	// Progress is drawn for the archive as a whole.
	found, err := in.inspect(ctx, m, m.Size, memberName(in.zip.Path(), m), "", func() (*lazy.Array, error) {
		return in.zip.Array(m.Name)
	})
	for i := range found {
		found[i].locate(m, at)
	}
	return found, err
}

// doubtful are findings about what programs read differently: errors if they find other data.
func doubtful(doubts []zipseek.Doubt) []finding {
	out := make([]finding, len(doubts))
	for i, d := range doubts {
		out[i] = zipFinding(d.Err)
		out[i].Level = levelOf(d.Minor)
	}
	return out
}

// locate makes an offset in a member one in the file, where the member lies there as it is.
func (f *finding) locate(m *zipseek.Member, at int64) {
	switch {
	case f.Offset == nil:
	case m.Method == zipseek.Stored:
		inFile := at + *f.Offset
		f.Offset = &inFile
	default:
		f.Message += fmt.Sprintf(" (at byte %d of the content)", *f.Offset)
		f.Offset = nil
	}
}

// indexFile is the field of errors about the index file beside an archive.
const indexFile = "index file"

// zipFinding is what an error about an archive says. Its offset is in the file.
func zipFinding(bad *zipseek.FormatError) finding {
	f := finding{Level: levelError, Field: bad.Field, Message: bad.Err.Error()}
	if bad.Field == indexFile { // the offset is in that
		f.Message = bad.Path + ": " + f.Message
		return f
	}
	if bad.Offset >= 0 {
		f.Offset = &bad.Offset
	}
	return f
}
