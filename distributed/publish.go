package distributed

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/lazynpy/lazynpy/distributed/internal/journal"
	"github.com/lazynpy/lazynpy/distributed/internal/rundir"
	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/internal/parallel"
	"github.com/lazynpy/lazynpy/lazy"
)

// publish verifies, merges, and gives the outputs their names. It reports true if portions turned
// out to be other than recorded, which are then missing again.
func (d *driver) publish(ctx context.Context) (again bool, err error) {
	b, err := d.bind()
	if err != nil {
		return false, err
	}
	defer b.array.Close()
	// What has the output's name already may be another file, if its part is gone for another
	// reason than a rename.
	if d.plan.Output != nil && (d.Verify || d.published()) {
		bad, err := d.verify(ctx, b.parts)
		switch {
		case err != nil:
			return false, err
		case len(bad) > 0 && d.published():
			return false, d.differs(d.outputPath(), bad)
		case len(bad) > 0:
			return true, d.revoke(bad)
		}
	}
	results, bad, err := d.merge(ctx, b.parts)
	if err != nil {
		return false, err
	}
	switch {
	case len(bad) > 0 && d.done(): // another driver has published, and removed the states
		return false, nil
	case len(bad) > 0:
		return true, d.again(ctx, bad)
	}
	if err := d.plan.checkInputs(); err != nil {
		return false, err
	}
	return false, d.appear(ctx, results)
}

// again revokes portions whose states are not there. An output that has its name already is written
// anew with them, as a whole: there is no other file that they could be written to, and what
// readers have of this one is not touched.
func (d *driver) again(ctx context.Context, bad []int64) error {
	if !d.published() {
		return d.revoke(bad)
	}
	if err := remove(filepath.Join(d.Dir, publishName)); err != nil {
		return err
	}
	return d.makeOutput(ctx)
}

// published reports whether the output has its name already: a driver was about to rename it, and
// it is not under its old name any more.
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
	sums, err := d.plan.sums(ctx, parts, d.outputPath())
	if err != nil {
		return nil, err
	}
	for i, sum := range sums {
		if entry, ok := d.log.Entry(int64(i)); !ok || entry.CRC != sum {
			bad = append(bad, int64(i))
		}
	}
	return bad, nil
}

// sums reads the file of an output, and returns the checksums of all portions as records have them.
func (p *Plan) sums(ctx context.Context, parts *lazy.Parts, path string) ([]uint32, error) {
	f, err := rundir.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := &outputFile{f: f, base: p.Output.DataOffset}
	sums := make([]uint32, p.Portions())
	err = parallel.Each(ctx, runtime.GOMAXPROCS(0), p.Portions(), func(ctx context.Context, i int64) (err error) {
		sums[i], err = p.sum(ctx, parts, i, out)
		return err
	})
	return sums, err
}

// sum reads a portion.
func (p *Plan) sum(ctx context.Context, parts *lazy.Parts, i int64, out *outputFile) (uint32, error) {
	crc := uint32(0)
	from, to := p.Portion(i)
	for block := from; block < to; block++ {
		sum, err := parts.Checksum(ctx, block, out)
		if err != nil {
			return 0, fileerr.Errorf(out.f.Name(), "block %d: %w", block, err)
		}
		crc = addCRC(crc, sum)
	}
	return crc, nil
}

// merge merges the states of all blocks in their order. Portions whose states are not what was
// recorded are listed.
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
		if errors.Is(err, journal.ErrPayload) && !errors.Is(err, journal.ErrRemoved) && len(bad) == 0 && !d.done() {
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

// Verify reads the outputs of a run that is published, and compares them with what was recorded of
// them: an error matches [ErrOutput] if one is gone or another file. Of one that is not published
// it reads the output of maps, and the states of reductions, and returns an error that names the
// first portion that is not what was recorded, or has no record.
func Verify(ctx context.Context, dir string) error {
	d, err := newDriver(nil, RunOptions{Dir: dir, Trust: true}) // it only reads
	if err != nil {
		return err
	}
	defer d.log.Close()
	done, err := d.readDone()
	if err == nil {
		return d.checkOutputs(ctx, done, true)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return d.verifyRecords(ctx)
}

// verifyRecords compares a run that is not published with its records.
func (d *driver) verifyRecords(ctx context.Context) error {
	if err := d.look(ctx); err != nil {
		return err
	}
	if n := d.plan.Portions() - d.log.NumDone(); n > 0 {
		return fileerr.Errorf(d.Dir, "%d of %d portions have no record", n, d.plan.Portions())
	}
	b, err := d.bind()
	if err != nil {
		return err
	}
	defer b.array.Close()
	if d.plan.Output != nil {
		if err := d.plan.checkHeader(d.outputPath()); err != nil {
			return err
		}
		bad, err := d.verify(ctx, b.parts)
		if err != nil {
			return err
		}
		if len(bad) > 0 {
			return d.differs(d.outputPath(), bad)
		}
	}
	_, bad, err := d.merge(ctx, b.parts)
	if err == nil && len(bad) > 0 {
		err = fileerr.Errorf(d.Dir, "the states of %d portions are not what was recorded, the first is %d", len(bad), bad[0])
	}
	return err
}

// differs says which portions of the output are not what was recorded.
func (d *driver) differs(path string, bad []int64) error {
	from, to := d.plan.Portion(bad[0])
	return fileerr.Errorf(path, "%d portions are not what was recorded, the first is %d, blocks %d to %d", len(bad), bad[0], from, to-1)
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
