package journal

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/lazynpy/lazynpy/distributed/internal/rundir"
	"github.com/lazynpy/lazynpy/internal/atomicfile"
)

// Strip removes the payloads from the journals of attempts that are not alive. All else that they
// say stays, also to a log that is open; a payload that is asked for afterwards is an error that
// wraps [ErrPayload]. Each journal is replaced as a whole, so that any number of processes can do
// this at the same time and at any time end.
func (l *Log) Strip(ctx context.Context) error {
	if err := l.Refresh(ctx); err != nil {
		return err
	}
	_ = l.Close() // was only read from; some systems do not replace files that are open
	for _, f := range l.files {
		if !f.ours || f.records == 0 || f.alive(time.Now()) {
			continue
		}
		if err := l.strip(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// StripOne removes the payloads from the journal of this name, to which nobody writes any more.
func (l *Log) StripOne(ctx context.Context, name string) error {
	_ = l.Close() // was only read from; some systems do not replace files that are open
	return l.strip(ctx, &journalFile{name: name})
}

// strip replaces a journal, unless no payload is in it.
func (l *Log) strip(ctx context.Context, f *journalFile) error {
	path := filepath.Join(l.dir, f.name)
	from, err := rundir.Open(path)
	if err != nil {
		return err
	}
	defer from.Close()
	info, err := from.Stat()
	if err != nil {
		return err
	}
	if some, err := l.copyStripped(ctx, io.Discard, from, info.Size()); !some || err != nil {
		return err
	}
	err = atomicfile.Write(path, func(to *os.File) error {
		_, err := l.copyStripped(ctx, to, from, info.Size())
		if err == nil {
			err = to.Chmod(info.Mode().Perm())
		}
		if err == nil {
			err = from.Close() // some systems do not replace files that are open
		}
		return err
	})
	if err != nil {
		return err
	}
	// it tells when the attempt was heard of last
	return os.Chtimes(path, time.Time{}, info.ModTime())
}

// copyStripped copies the complete frames of a journal without the payloads of this plan's records,
// and reports whether there were any.
func (l *Log) copyStripped(ctx context.Context, to io.Writer, from io.ReaderAt, size int64) (some bool, err error) {
	l.scan.begin(from, size)
	for off := int64(0); ; {
		b, err := l.scan.bytes(ctx, off, headerSize)
		if err != nil {
			return some, err
		}
		h, ok := decode(b)
		end, complete := h.end(off, size)
		if !ok || !complete {
			return some, nil
		}
		if h.kind == kindPortion && h.plan == l.plan && h.length > 0 {
			some = true
			h.kind = kindStripped
			b := h.encode()
			_, err = to.Write(b[:])
		} else {
			_, err = io.Copy(to, io.NewSectionReader(from, off, end-off))
		}
		if err != nil {
			return some, err
		}
		off = end
	}
}
