package main

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
)

// coldBytes is the size of the file of suite cold at scale 1: long enough that the disk's own
// cache and the ramp of the readahead do not matter.
const coldBytes = 4 << 30

// ddBlocks are the block sizes that dd is tried with; the best of them is the measure.
var ddBlocks = []string{"1M", "4M", "16M"}

// coldCases reads a file that is not in the page cache by every back end, and by dd through the
// page cache and past it.
func coldCases(b *Bench) ([]Case, error) {
	size := b.scaled(coldBytes)
	path := filepath.Join(b.dir, "cold.npy")
	sum, err := writeFloats(path, size/8)
	if err != nil {
		return nil, err
	}
	c := Case{
		Title:  fmt.Sprintf("sum of float64, cold, %s", sizeText(size)),
		Bytes:  size,
		Expect: []json.Number{sum},
	}
	// What auto chooses is ours; the others are named after their back end.
	c.Contenders = append(c.Contenders, b.goPeer(ours, "lazynpy", "sum-cold", path))
	var cached, direct []string
	for _, bs := range ddBlocks {
		through, past := "dd bs="+bs, "dd bs="+bs+" iflag=direct"
		cached, direct = append(cached, through), append(direct, past)
		c.Contenders = append(c.Contenders,
			b.goPeer(through, "machine", "dd", path, "bs="+bs).limit(),
			b.goPeer(past, "machine", "dd", path, "bs="+bs, "direct=yes").limit())
	}
	c.Targets = append(c.Targets, nearBest(ours, "dd", cached))
	for _, backend := range []string{"mmap", "pread", "direct", "copy"} {
		name := ours + ", " + backend
		c.Contenders = append(c.Contenders, b.goPeer(name, "lazynpy", "sum-cold", path, "backend="+backend))
		if backend == "direct" {
			c.Targets = append(c.Targets, nearBest(name, "dd iflag=direct", direct))
		} else {
			c.Targets = append(c.Targets, nearBest(name, "dd", cached))
		}
	}
	return []Case{c}, nil
}

// nearBest is met when a contender has 0.9 times the speed of the fastest of its peers, in the
// median of the rounds.
func nearBest(contender, what string, peers []string) Target {
	return Target{
		Text:  fmt.Sprintf("%s: at least 0.9 × the speed of the best %s", contender, what),
		Unit:  "×",
		needs: append([]string{contender}, peers...),
		judge: func(m Measured) (float64, bool) {
			best := math.Inf(1)
			for _, p := range peers {
				best = min(best, spread(m.each(p, seconds)).Median)
			}
			got := best / spread(m.each(contender, seconds)).Median
			return got, got >= 0.9
		},
	}
}
