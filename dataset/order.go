package dataset

import "fmt"

// Order is that of the samples in an epoch. The zero value is the order of the files.
type Order struct {
	kind       orderKind
	block, mix int64
	table      *table
}

type orderKind uint8

const (
	inOrder orderKind = iota
	shuffled
	inBlocks
	weighted
	stratified
)

// Shuffle is a random order, another one for each epoch and seed, with each sample once. It takes
// no memory, whatever the number of samples. A sample may lie anywhere, so that each costs a read
// of its own where the data are not in memory; of members that are deflated each would cost a span
// of the seek index, so that those come as [ShuffleBlocks](0, 0) has them.
func Shuffle() Order { return Order{kind: shuffled} }

// ShuffleGlobal is [Shuffle] also where members are deflated.
func ShuffleGlobal() Order { return Order{kind: shuffled, block: 1} }

// ShuffleBlocks is a random order of blocks of that many consecutive samples, of which so many are
// mixed at a time: each group of mixed*block samples is a random order of its own. Neighbours in a
// block thus come within one group, which is how random it is, and reading needs each block only
// while its group lasts. Defaults, with 0: blocks of what is read together, such as a span of a
// seek index or 1 MiB, and 16 of them mixed.
func ShuffleBlocks(block, mixed int64) Order { return Order{kind: inBlocks, block: block, mix: mixed} }

const (
	defaultBlock = 1 << 20 // bytes
	defaultMix   = 16
)

// complete fills in what follows from the data.
func (o Order) complete(d *Dataset) (Order, error) {
	if o.block < 0 || o.mix < 0 {
		return o, fmt.Errorf("shuffling blocks of %d, %d mixed", o.block, o.mix)
	}
	row, granule := int64(1), int64(0)
	for _, c := range d.columns {
		row, granule = max(row, c.row), max(granule, c.granule)
	}
	if o.kind == shuffled && o.block == 0 && granule > 0 {
		o.kind = inBlocks
	}
	if o.kind != inBlocks {
		return o, nil
	}
	if o.block == 0 {
		o.block = max(max(granule, defaultBlock)/row, 1)
	}
	o.block = min(o.block, max(d.samples, 1))
	o.mix = defaultTo(o.mix, defaultMix)
	o.mix = min(o.mix, (d.samples+o.block-1)/o.block)
	return o, nil
}

// String says what the order is, and how random.
func (o Order) String() string {
	switch o.kind {
	case shuffled:
		return "shuffled"
	case weighted:
		return "drawn by weights"
	case stratified:
		return "shuffled by labels"
	case inBlocks:
		return fmt.Sprintf("shuffled by blocks of %d samples, %d mixed", o.block, o.mix)
	}
	return "in order"
}

// sequence is the order of an epoch. It belongs to one goroutine.
type sequence interface{ at(position int64) int64 }

// straight is the order of the files.
type straight struct{}

func (straight) at(position int64) int64 { return position }

// sequenceOf is the order of the samples in an epoch.
func (d *Dataset) sequenceOf(epoch int64) sequence {
	key, n, o := mix(d.config.Seed, 'e', uint64(epoch)), d.plan.n, &d.order
	switch o.kind {
	case weighted:
		return weightedEpoch{d.draws, key}
	case stratified:
		return &stratifiedEpoch{d.strata, key, map[int]*permutation{}}
	case shuffled:
		p := newPermutation(n, key)
		return &p
	case inBlocks:
		return newBlocks(n, o.block, o.mix, key)
	}
	return straight{}
}

// blocks is n numbers in blocks of a size, the last of which may be short. The blocks come in
// random order, and mixed of them at a time are a group, whose numbers come in random order.
type blocks struct {
	n, size, mixed int64
	full           int64       // blocks of the full size
	rest           int64       // numbers of the short one
	short          int64       // its place; -1 if there is none
	order          permutation // of the full ones
	key            uint64

	group  int64 // of within
	within permutation
}

func newBlocks(n, size, mixed int64, key uint64) *blocks {
	b := &blocks{n: n, size: size, mixed: mixed, full: n / size, rest: n % size, short: -1, key: key, group: -1}
	if b.rest > 0 {
		b.short = int64(below(mix(key, 'p'), uint64(b.full)+1))
	}
	b.order = newPermutation(b.full, mix(key, 'b'))
	return b
}

// count is how many blocks there are.
func (b *blocks) count() int64 {
	if b.rest > 0 {
		return b.full + 1
	}
	return b.full
}

// start is the position at which the block at a place begins.
func (b *blocks) start(place int64) int64 {
	if b.short >= 0 && place > b.short {
		return (place-1)*b.size + b.rest
	}
	return place * b.size
}

// place is the last multiple of step places that begins at or before a position.
func (b *blocks) place(position, step int64) int64 {
	p := position / b.size / step * step
	if next := p + step; next < b.count() && b.start(next) <= position {
		p = next
	}
	return p
}

func (b *blocks) at(position int64) int64 {
	first := b.place(position, b.mixed)
	from := b.start(first)
	if b.group != first {
		b.group = first
		b.within = newPermutation(b.start(min(first+b.mixed, b.count()))-from, mix(b.key, 'g', uint64(first)))
	}
	position = from + b.within.at(position-from)
	place := b.place(position, 1)
	offset := position - b.start(place)
	switch {
	case place == b.short:
		place = b.full
	case b.short >= 0 && place > b.short:
		place = b.order.at(place - 1)
	default:
		place = b.order.at(place)
	}
	return place*b.size + offset
}
