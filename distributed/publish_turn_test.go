package distributed_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/distributed/internal/journal"
)

// TestPublisherTold has a worker wait for another one that is about to publish, and for its turn
// when that one is told to end, or fails. What happens to others that only wait means nothing.
func TestPublisherTold(t *testing.T) {
	for _, test := range []struct {
		name, reason string
		published    bool
	}{{"told", journal.Interrupted, true}, {"failed", journal.Failed, false}, {"refused", journal.Refused, false}} {
		t.Run(test.name, func(t *testing.T) {
			f := small(t)
			want, p := f.want(), f.slowPlan(slowParams{})
			dir := p.DefaultDir()
			if err := errors.Join(p.Write(dir), distributed.Prepare(t.Context(), distributed.RunOptions{Dir: dir})); err != nil {
				t.Fatal(err)
			}
			folder := filepath.Join(dir, "journal")
			begin := func(host string, from, to int64) *journal.Writer {
				j, err := journal.Create(folder, p.ID(), journal.Attempt{Host: host, PID: 1, Started: time.Now()})
				if err == nil {
					err = errors.Join(j.Claim(from, to), j.Flush())
				}
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = j.Close() })
				return j
			}
			end := func(j *journal.Writer, reason string) {
				if err := j.End(journal.End{Reason: reason, Error: reason}); err != nil {
					t.Fatal(err)
				}
			}
			publisher, bystander := begin("publisher", p.Portions(), p.Portions()+1), begin("bystander", 0, 0)
			result := make(chan error, 1)
			go func() { result <- distributed.Work{Dir: dir}.Do(t.Context()) }()
			log, err := journal.OpenLog(folder, p.ID(), p.Portions())
			if err != nil {
				t.Fatal(err)
			}
			await(t, "the worker waits", func() bool {
				if err := log.Refresh(t.Context()); err != nil {
					t.Error(err)
				}
				return log.NumDone() == p.Portions() && len(log.Claims(publisher.Name())) == 0
			})
			end(bystander, journal.Refused)
			select {
			case err := <-result:
				t.Fatal("the worker has ended: ", err)
			case <-time.After(200 * time.Millisecond): // it has looked
			}
			end(publisher, test.reason)
			if err := <-result; err != nil {
				t.Fatal(err)
			}
			if test.published {
				f.check(want)
			} else {
				f.unpublished()
			}
		})
	}
}

// TestJournalGone removes the journal of a worker, whose records nobody can find any more.
func TestJournalGone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files that are open cannot be removed there")
	}
	f := small(t)
	want, p := f.want(), f.slowPlan(slowParams{Gate: f.gate, Tiles: 5})
	dir := p.DefaultDir()
	if err := errors.Join(p.Write(dir), distributed.Prepare(t.Context(), distributed.RunOptions{Dir: dir})); err != nil {
		t.Fatal(err)
	}
	result := make(chan error, 1)
	go func() { result <- distributed.Work{Dir: dir, Workers: 1}.Do(t.Context()) }()
	await(t, "the worker is at work", held(f.gate))
	files, err := filepath.Glob(filepath.Join(dir, "journal", "*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	touch(f.gate)
	err = <-result
	if distributed.ExitStatus(err) != 1 || !strings.Contains(err.Error(), filepath.Base(files[0])) {
		t.Errorf("%v", err)
	}
	f.unpublished()
	if err := (distributed.Work{Dir: dir}).Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.check(want)
}
