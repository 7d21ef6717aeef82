package journal

import (
	"context"
	"errors"
	"os"
	"time"
)

const (
	// A journal that says nothing more, and has no end, is looked at again after this part of the
	// time for which it has been silent; once per Lease at least.
	silentPart = 8

	// After a listing that found so many journals as manyNames there is none for so many times as
	// long as it took as listPart.
	manyNames = 1024
	listPart  = 20

	// sameTick is longer than the time for which two changes can leave a directory with the same
	// modification time: 2 s on FAT, and less elsewhere.
	sameTick = 3 * time.Second

	// maxUnlisted is how long a directory is believed that says that it has not changed. There are
	// filesystems that never say that it has.
	maxUnlisted = 10 * time.Second
)

// Follow is [Log.Refresh] for who asks again and again, and costs what is new: the directory is
// listed when it has changed, journals that have been silent for the [Lease] are looked at less and
// less often, and what was borrowed from a snapshot stays. So what it says may be some seconds
// late, and is as true as the snapshot. That is enough to choose what to do next. Before anything
// is published, Refresh is due.
func (l *Log) Follow(ctx context.Context) error {
	now := time.Now()
	if l.listingDue(now) {
		names, err := l.list(now)
		if err != nil {
			return err
		}
		if l.forget(names) {
			l.clear()
			return l.Refresh(ctx)
		}
		l.know(names)
	}
	err := l.readUnended(ctx, false)
	if errors.Is(err, errShrunk) {
		return l.Refresh(ctx)
	}
	return err
}

// listing is what is known of the last listing of the directory.
type listing struct {
	at    time.Time // when it began
	took  time.Duration
	names int
	mtime time.Time // of the directory, before it
	since time.Time // when that was seen first
}

// listingDue says whether the directory may have another content than at the last listing, and it
// is time to see.
func (l *Log) listingDue(now time.Time) bool {
	last, since := l.listed, now.Sub(l.listed.at)
	switch {
	case last.at.IsZero() || since >= max(maxUnlisted, listPart*last.took):
		return true
	case last.names >= manyNames && since < listPart*last.took:
		return false
	}
	info, err := os.Stat(l.dir)
	return err != nil || !info.ModTime().Equal(last.mtime) || last.at.Sub(last.since) < sameTick
}

// rest sets when a journal is looked at next, which was at now.
func (f *journalFile) rest(now time.Time) {
	f.silent = !f.alive(now)
	f.due = time.Time{}
	if f.silent {
		f.due = now.Add(min(max(now.Sub(f.heardAt)/silentPart, time.Second), Lease))
	}
}
