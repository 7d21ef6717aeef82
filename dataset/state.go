package dataset

import (
	"encoding/json"
	"fmt"
	"math/bits"
	"strings"
)

// State is a place in the sequence of batches, in less than 300 bytes of JSON. [Config.Resume] goes
// on there, in constant time (but for what an order needs at the start of any epoch) and exactly:
// the samples that are left of the epoch come in the same order, divided into batches of the size,
// and among the ranks, that the resumed data set has.
type State struct {
	Version int    `json:"v"`
	Seed    uint64 `json:"seed"`
	Epoch   int64  `json:"epoch"`
	Cursor  int64  `json:"cursor"` // samples of the epoch that all ranks have had
	Step    int64  `json:"step"`   // number of the batch that comes next
	Files   int    `json:"files"`
	Newest  int64  `json:"newest"` // modification time of the newest file, in ns since 1970
	Data    string `json:"data"`   // fingerprint of the files
	Place   string `json:"place"`  // the same, weighted by places: tells which one changed
	Order   string `json:"order"`  // fingerprint of order, windows and subset
}

// stateVersion is that of the JSON form and of all rules that decide the order of samples.
const stateVersion = 1

// ParseState reads what json.Marshal made of a state.
func ParseState(b []byte) (*State, error) {
	var s State
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	return &s, nil
}

// State is the place before a batch: what goes on there has that batch first. After the batch b it
// is State(b.Step+1).
func (d *Dataset) State(step int64) (State, error) {
	p, err := d.plan.at(step)
	if err != nil {
		return State{}, err
	}
	return State{
		Version: stateVersion, Seed: d.config.Seed, Epoch: p.epoch, Cursor: p.cursor, Step: step,
		Files: len(d.source.files), Newest: d.print.newest,
		Data: fmt.Sprintf("%016x", d.print.data), Place: fmt.Sprintf("%016x", d.print.place), Order: fmt.Sprintf("%016x", d.print.order),
	}, nil
}

// resume begins at a state.
func (d *Dataset) resume(s *State) error {
	switch {
	case s.Version != stateVersion:
		return fmt.Errorf("%w: its version is %d, and this program knows %d", ErrState, s.Version, stateVersion)
	case s.Seed != d.config.Seed:
		return fmt.Errorf("%w: its seed is %d, and that of the data set %d", ErrState, s.Seed, d.config.Seed)
	}
	if err := d.sameData(s); err != nil {
		return err
	}
	if have := fmt.Sprintf("%016x", d.print.order); have != s.Order {
		return fmt.Errorf("%w: it was saved with another order, window or subset (%.16q, now %q)", ErrState, s.Order, have)
	}
	if s.Epoch < 0 || s.Step < 0 || s.Cursor < 0 || s.Cursor > d.plan.n {
		return fmt.Errorf("%w: epoch %d, step %d, cursor %d of %d samples", ErrState, s.Epoch, s.Step, s.Cursor, d.plan.n)
	}
	d.plan.origin = place{s.Step, s.Epoch, s.Cursor}
	return nil
}

// sameData compares the files with those that a state was saved with, and names one that is
// another.
func (d *Dataset) sameData(s *State) error {
	if n := len(d.source.files); n != s.Files {
		return fmt.Errorf("%w: the data set has %d files, and had %d when it was saved", ErrState, n, s.Files)
	}
	var data, at uint64
	if _, err := fmt.Sscanf(s.Data+" "+s.Place, "%x %x", &data, &at); err != nil {
		return fmt.Errorf("%w: fingerprints %.16q and %.16q", ErrState, s.Data, s.Place)
	}
	switch i, ok := located(d.print.data, d.print.place, data, at, len(d.source.files)); {
	case data == d.print.data && at == d.print.place:
		return nil
	case data == d.print.data:
		return fmt.Errorf("%w: the files are the same in another order", ErrState)
	case ok:
		return fmt.Errorf("%w: %s changed since it was saved", ErrState, d.source.files[i].path)
	}
	var newer []string
	for i := range d.source.files {
		if f := &d.source.files[i]; f.modified() > s.Newest {
			newer = append(newer, f.path)
		}
	}
	if len(newer) == 0 {
		return fmt.Errorf("%w: several of the %d files changed since it was saved", ErrState, s.Files)
	}
	const most = 3
	more := ""
	if len(newer) > most {
		newer, more = newer[:most], fmt.Sprintf(" and %d more", len(newer)-most)
	}
	return fmt.Errorf("%w: %s%s changed since it was saved", ErrState, strings.Join(newer, ", "), more)
}

// fingerprint tells data sets apart.
type fingerprint struct {
	// data is the sum of the files' hashes, and place that of each times its number from 1, both
	// modulo prime. If one file changes, the two differences have its number as their quotient.
	data, place uint64
	order       uint64
	newest      int64
}

// prime is 2^61-1.
const prime = 1<<61 - 1

func (p *fingerprint) add(i int, hash uint64) {
	p.data = (p.data + hash%prime) % prime
	p.place = (p.place + timesMod(hash%prime, uint64(i)+1)) % prime
}

// located is the one of n files by which the fingerprints differ, if it is one.
func located(data, place, data2, place2 uint64, n int) (int, bool) {
	d, q := (data2%prime+prime-data)%prime, (place2%prime+prime-place)%prime
	i := timesMod(q, powMod(d, prime-2))
	return int(i) - 1, d != 0 && i >= 1 && i <= uint64(n)
}

func timesMod(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return bits.Rem64(hi, lo, prime)
}

func powMod(a, n uint64) uint64 {
	r := uint64(1)
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			r = timesMod(r, a)
		}
		a = timesMod(a, a)
	}
	return r
}
