package distributed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lazynpy/lazynpy/distributed/internal/journal"
	"github.com/lazynpy/lazynpy/distributed/internal/rundir"
	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Done is what done.json says of a run that is complete.
type Done struct {
	Plan       string    `json:"plan"` // its ID in hexadecimal digits
	Finished   time.Time `json:"finished"`
	Verified   bool      `json:"verified"`
	Attempts   int       `json:"attempts"`
	Duplicates int64     `json:"duplicates"` // portions that were computed again, to the same bytes
	Outputs    []string  `json:"outputs"`
}

// publish verifies, merges, and gives the outputs their names. It reports true if portions turned out to be other than
// recorded, which are then missing again.
func (d *driver) publish(ctx context.Context) (again bool, err error) {
	b, err := d.bind()
	if err != nil {
		return false, err
	}
	defer b.array.Close()
	// What has the output's name already may be another file, if its part is gone for another reason than a rename.
	if d.plan.Output != nil && (d.Verify || d.published()) {
		bad, err := d.verify(ctx, b.parts)
		switch {
		case err != nil:
			return false, err
		case len(bad) > 0 && d.published():
			return false, d.differs(bad)
		case len(bad) > 0:
			return true, d.revoke(bad)
		}
	}
	results, bad, err := d.merge(ctx, b.parts)
	if err != nil {
		return false, err
	}
	if len(bad) > 0 {
		return true, d.revoke(bad)
	}
	if err := d.plan.checkInputs(); err != nil {
		return false, err
	}
	return false, d.appear(results)
}

// appear writes the results, and renames the output.
func (d *driver) appear(results []*lazy.Result) error {
	done := Done{Plan: fmt.Sprintf("%x", d.plan.ID()), Finished: time.Now().UTC(), Verified: d.Verify,
		Attempts: len(d.log.Attempts()), Duplicates: d.log.Duplicates(), Outputs: []string{}}
	done.Outputs = append(done.Outputs, d.plan.results()...)
	if err := d.save(results); err != nil {
		return err
	}
	if d.plan.Output != nil {
		if err := d.rename(); err != nil {
			return err
		}
	}
	return atomicfile.Write(filepath.Join(d.Dir, doneName), func(f *os.File) error {
		return json.NewEncoder(f).Encode(done)
	})
}

// save writes all results beside their places, and then puts them there, so that a full disk leaves none.
func (d *driver) save(results []*lazy.Result) error {
	var files []*atomicfile.File
	defer func() {
		for _, f := range files {
			f.Abort()
		}
	}()
	for i, r := range results {
		f, err := atomicfile.Create(d.plan.Reduce[i].Path, d.plan.rules()...)
		if err != nil {
			return err
		}
		files = append(files, f)
		if err := mmapnpy.Write(f, r.Buffer()); err != nil {
			return f.Named(err)
		}
		if err := f.Sync(); err != nil {
			return f.Named(err)
		}
	}
	for _, f := range files {
		if err := f.Commit(); err != nil {
			return err
		}
	}
	return nil
}

// rename gives the output its name, having left a mark that it is about to. Another driver may have done it.
func (d *driver) rename() error {
	if d.published() {
		return nil
	}
	head, err := d.plan.header()
	if err != nil {
		return err
	}
	if _, err := d.plan.prepared(d.plan.partPath(), head); err != nil {
		return err
	}
	f, err := atomicfile.Adopt(d.plan.Output.Path, d.plan.partPath(), d.plan.rules()...)
	if err != nil {
		if d.published() {
			return nil
		}
		return err
	}
	defer f.Abort()
	if err := f.Sync(); err != nil {
		return f.Named(err)
	}
	mark := func(*os.File) error { return nil }
	if err := atomicfile.Write(filepath.Join(d.Dir, publishName), mark); err != nil {
		return err
	}
	if err := f.Commit(); err != nil && !d.published() {
		return err
	}
	return nil
}

// published reports whether the output has its name already: a driver was about to rename it, and it is not under its
// old name any more.
func (d *driver) published() bool {
	return d.plan.Output != nil && exists(filepath.Join(d.Dir, publishName)) && exists(d.plan.Output.Path) && !exists(d.plan.partPath())
}

// outputPath is where the output is now.
func (d *driver) outputPath() string {
	if d.published() {
		return d.plan.Output.Path
	}
	return d.plan.partPath()
}

// revoke says in a journal of the driver's own that records do not count any more.
func (d *driver) revoke(portions []int64) error {
	host, _ := os.Hostname() // an empty name does as well
	j, err := journal.Create(filepath.Join(d.Dir, journalDir), d.plan.ID(),
		journal.Attempt{Host: host, PID: os.Getpid(), Engine: "driver", Started: time.Now().UTC()})
	if err != nil {
		return err
	}
	for _, portion := range portions {
		if err := j.Revoke(portion, d.log.Generation(portion)+1); err != nil {
			_ = j.Close() // there is an error to tell already
			return err
		}
	}
	if err := j.End(journal.End{Reason: journal.Done}); err != nil {
		_ = j.Close() // there is an error to tell already
		return err
	}
	return j.Close()
}

// verify reads the output and lists the portions that are not what their records say.
func (d *driver) verify(ctx context.Context, parts *lazy.Parts) (bad []int64, err error) {
	f, err := rundir.Open(d.outputPath())
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p := d.plan
	out := &outputFile{f: f, base: p.Output.DataOffset}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < p.Portions(); i = next.Add(1) - 1 {
				ok, err := p.verifyPortion(ctx, parts, d.log, i, out)
				if err != nil {
					cancel(err)
					return
				}
				if !ok {
					mu.Lock()
					bad = append(bad, i)
					mu.Unlock()
				}
			}
		})
	}
	workers.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	slices.Sort(bad)
	return bad, nil
}

// verifyPortion compares what is in the output with the record.
func (p *Plan) verifyPortion(ctx context.Context, parts *lazy.Parts, log *journal.Log, i int64, out *outputFile) (bool, error) {
	entry, ok := log.Entry(i)
	if !ok {
		return false, nil
	}
	crc := uint32(0)
	from, to := p.Portion(i)
	for block := from; block < to; block++ {
		sum, err := parts.Checksum(ctx, block, out)
		if err != nil {
			return false, fmt.Errorf("%s: block %d: %w", out.f.Name(), block, err)
		}
		crc = addCRC(crc, sum)
	}
	return crc == entry.CRC, nil
}

// merge merges the states of all blocks in their order. Portions whose states are not what was recorded are listed.
func (d *driver) merge(ctx context.Context, parts *lazy.Parts) (results []*lazy.Result, bad []int64, err error) {
	if len(d.plan.Reduce) == 0 {
		return nil, nil, nil
	}
	for i := range d.plan.Portions() {
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		if err := d.plan.checkPayload(parts, d.log, i); err != nil {
			return nil, nil, err
		}
		payload, err := d.log.Payload(i)
		if errors.Is(err, journal.ErrPayload) && len(bad) == 0 {
			// On NFS the bytes of a record may come later than its header.
			if err := sleep(ctx, max(d.Poll, time.Second)); err != nil {
				return nil, nil, err
			}
			payload, err = d.log.Payload(i)
		}
		switch {
		case errors.Is(err, journal.ErrPayload):
			bad = append(bad, i)
			continue
		case err != nil:
			return nil, nil, err
		case len(bad) > 0:
			continue // nothing can be merged, only looked at
		}
		if err := d.plan.merge(parts, i, payload); err != nil {
			return nil, nil, err
		}
	}
	if len(bad) > 0 {
		return nil, bad, nil
	}
	results, err = parts.Results()
	return results, nil, err
}

// Verify reads the output of a run, also of one that is published, and returns an error that names the first portion
// that is not what was recorded, or has no record.
func Verify(ctx context.Context, dir string) error {
	d, err := newDriver(nil, RunOptions{Dir: dir, Trust: true}) // it only reads
	if err != nil {
		return err
	}
	defer d.log.Close()
	if err := d.look(ctx); err != nil {
		return err
	}
	if n := d.plan.Portions() - d.log.NumDone(); n > 0 {
		return fmt.Errorf("distributed: %s: %d of %d portions have no record", d.Dir, n, d.plan.Portions())
	}
	b, err := d.bind()
	if err != nil {
		return err
	}
	defer b.array.Close()
	if d.plan.Output != nil {
		bad, err := d.verify(ctx, b.parts)
		if err != nil {
			return err
		}
		if len(bad) > 0 {
			return d.differs(bad)
		}
	}
	_, bad, err := d.merge(ctx, b.parts)
	if err == nil && len(bad) > 0 {
		err = fmt.Errorf("distributed: %s: the states of %d portions are not what was recorded, the first is %d", d.Dir, len(bad), bad[0])
	}
	return err
}

// differs says which portions of the output are not what was recorded.
func (d *driver) differs(bad []int64) error {
	from, to := d.plan.Portion(bad[0])
	return fmt.Errorf("distributed: %s: %d portions are not what was recorded, the first is %d, blocks %d to %d",
		d.outputPath(), len(bad), bad[0], from, to-1)
}

// sleep waits, or returns the cause of the context's end.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
