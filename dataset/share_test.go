package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
)

// TestShare compares shares of one data set with data sets that were opened for their ranks, batch
// by batch, and batches in memory of the caller's with those of At.
func TestShare(t *testing.T) {
	dir := folder(t, []int64{7, 1, 12, 5})
	c := config(dir, 4)
	c.Order, c.Seed, c.Epochs, c.Last = Shuffle(), 3, 2, Pad
	c.Inputs[0].DType = "f8"
	all := opened(t, c)
	scratch, err := all.NewScratch()
	if err != nil {
		t.Fatal(err)
	}
	memory := [][]byte{make([]byte, 4*3*8), make([]byte, 4*8)}
	state, err := all.State(3)
	if err != nil {
		t.Fatal(err)
	}
	for _, resume := range []*State{nil, &state} {
		for world := 1; world <= 3; world++ {
			for rank := range world {
				c.Rank, c.World, c.Resume = rank, world, resume
				want := opened(t, c)
				got, err := all.Share(rank, world, resume)
				if err != nil {
					t.Fatal(err)
				}
				if got.First() != want.First() || got.End() != want.End() || got.Steps() != want.Steps() {
					t.Fatalf("batches %d to %d, %d of an epoch; want %d, %d, %d", got.First(), got.End(), got.Steps(), want.First(), want.End(), want.Steps())
				}
				_, next, err := got.EpochOf(got.First())
				if err != nil {
					t.Fatal(err)
				}
				for step := got.First(); step < got.End(); step++ {
					a, err := got.AtInto(t.Context(), step, memory, scratch)
					if err != nil {
						t.Fatal(err)
					}
					b, err := want.At(t.Context(), step)
					if err != nil {
						t.Fatal(err)
					}
					if step < next != (b.Epoch == 0) {
						t.Errorf("batch %d is of epoch %d, which ends before %d", step, b.Epoch, next)
					}
					if &a.Inputs[0].Data[0] != &memory[0][0] || &a.Targets[0].Data[0] != &memory[1][0] {
						t.Error("a batch is not where it should be")
					}
					if !bytes.Equal(a.Inputs[0].Data, b.Inputs[0].Data) || !bytes.Equal(a.Targets[0].Data, b.Targets[0].Data) ||
						!slices.Equal(a.Samples, b.Samples) || !slices.Equal(a.Mask, b.Mask) || fmt.Sprint(a.Inputs[0].Shape) != fmt.Sprint(b.Inputs[0].Shape) {
						t.Errorf("batch %d of rank %d of %d differs", step, rank, world)
					}
				}
			}
		}
	}
	memory[1] = memory[1][1:]
	if _, err := all.AtInto(t.Context(), 0, memory, scratch); !errors.Is(err, ErrMemory) {
		t.Errorf("a batch in too little memory: %v", err)
	}
	for _, rank := range [][2]int{{-1, 1}, {1, 1}, {0, 0}, {0, math.MinInt}} {
		if _, err := all.Share(rank[0], rank[1], nil); err == nil {
			t.Errorf("rank %d of %d", rank[0], rank[1])
		}
	}
}
