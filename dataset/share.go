package dataset

import (
	"context"
	"fmt"
	"math"
)

// Share is the part of a rank, with the files, caches and counts of the data set: what many ranks
// read in one process. It begins at a state, or where d does if that is nil, and is valid until d
// is closed. Closing it closes d.
func (d *Dataset) Share(rank, world int, resume *State) (*Dataset, error) {
	if err := checkRank(rank, world); err != nil {
		return nil, err
	}
	of := *d
	of.config.Rank, of.config.World, of.config.Resume = rank, world, resume
	if err := of.plan.share(int64(rank), int64(world)); err != nil {
		return nil, err
	}
	if resume != nil {
		if err := of.resume(resume); err != nil {
			return nil, err
		}
	}
	return &of, nil
}

func checkRank(rank, world int) error {
	switch {
	case world < 1 || world > math.MaxInt32:
		return fmt.Errorf("%d ranks are not 1 to %d", world, math.MaxInt32)
	case rank < 0 || rank >= world:
		return fmt.Errorf("rank %d out of range 0 to %d", rank, world-1)
	}
	return nil
}

// EpochOf is the epoch of a batch, and the number of the first batch of the next epoch.
func (d *Dataset) EpochOf(step int64) (epoch, next int64, err error) {
	p, err := d.plan.at(step)
	if err != nil {
		return 0, 0, err
	}
	return p.epoch, step + d.plan.stepsFrom(p.cursor), nil
}

// Room is how many goroutines can read at a time within Config.Memory, each with a [Scratch], and
// how many bytes are left for batches then.
func (d *Dataset) Room() (workers int, bytes int64) {
	return d.workers, d.config.Memory - d.caches - int64(d.workers)*d.scratchBytes()
}

// AtInto is [Dataset.At] in memory of the caller's: of each input and target in the order of
// [Dataset.Specs], as many bytes as the array of a whole batch has, aligned for its elements. The
// batch is valid until that memory is used for something else. A transform may have put other
// memory into its place.
func (d *Dataset) AtInto(ctx context.Context, step int64, memory [][]byte, s *Scratch) (*Batch, error) {
	p, err := d.plan.at(step)
	if err != nil {
		return nil, err
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if len(memory) != len(d.arrays) {
		return nil, fmt.Errorf("%w: %d pieces for %d arrays", ErrMemory, len(memory), len(d.arrays))
	}
	for i, a := range d.arrays {
		if need := d.rows * a.sample(); int64(len(memory[i])) < need {
			return nil, fmt.Errorf("%w: %d bytes for array %d, which takes %d", ErrMemory, len(memory[i]), i, need)
		}
	}
	b, err := d.read(p, memory, s)
	if err == nil {
		d.counts.add(b)
	}
	return b, err
}
