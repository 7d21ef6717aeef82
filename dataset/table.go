package dataset

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"
)

// table is what an order knows of each sample.
type table struct {
	weights []float64
	labels  []int64
}

// Weighted draws samples with replacement, each as often as its weight says: an epoch has as many
// as there are samples, of which some come more than once and others not at all. There is a weight
// for each sample of the data set, also of those that a subset leaves out; they are finite and not
// negative.
func Weighted(weights []float64) Order {
	return Order{kind: weighted, table: &table{weights: slices.Clone(weights)}}
}

// Stratified is a random order, each sample once, in which every stretch of an epoch, and so every
// batch, has the labels in the shares that all samples have, give or take a sample or two. There is
// a label for each sample of the data set, also of those that a subset leaves out. Which label
// comes where is the same in all epochs, and which sample of it is not.
func Stratified(labels []int64) Order {
	return Order{kind: stratified, table: &table{labels: slices.Clone(labels)}}
}

// strata are samples by their labels.
type strata struct {
	sorted []int64 // numbers of samples, label by label
	labels []int64 // where in sorted each label begins, and how many there are
	slots  []int64 // the place in sorted that each position stands for
}

// draws are weights, added up.
type draws []float64

// prepare makes what an order looks up, for the samples of a subset (nil is all n).
func (o *Order) prepare(d *Dataset) error {
	if o.table == nil {
		return nil
	}
	n := int64(len(o.table.weights) + len(o.table.labels))
	if n != d.samples {
		what := "weights"
		if o.kind == stratified {
			what = "labels"
		}
		return fmt.Errorf("%d %s for %d samples", n, what, d.samples)
	}
	number := func(i int64) int64 {
		if d.subset != nil {
			return d.subset[i]
		}
		return i
	}
	if o.kind == stratified {
		d.strata = newStrata(d.plan.n, func(i int64) int64 { return o.table.labels[number(i)] }, d.config.Seed)
		return nil
	}
	sum := 0.0
	d.draws = make(draws, d.plan.n)
	for i := range d.draws {
		w := o.table.weights[number(int64(i))]
		if !(w >= 0) || math.IsInf(w, 1) {
			return fmt.Errorf("the weight of sample %d is %v", number(int64(i)), w)
		}
		sum += w
		d.draws[i] = sum
	}
	if !(sum > 0) || math.IsInf(sum, 1) {
		return fmt.Errorf("the weights add up to %v", sum)
	}
	return nil
}

func newStrata(n int64, label func(int64) int64, seed uint64) *strata {
	s := &strata{sorted: make([]int64, n), slots: make([]int64, n)}
	for i := range s.sorted {
		s.sorted[i] = int64(i)
	}
	slices.SortStableFunc(s.sorted, func(a, b int64) int { return cmp.Compare(label(a), label(b)) })
	// Sample r of the m of a label stands at (r+u)/m of the epoch; u is a random number of the
	// label.
	at := make([]float64, n)
	for i := int64(0); i < n; {
		end := i + 1
		for end < n && label(s.sorted[end]) == label(s.sorted[i]) {
			end++
		}
		u := unit(mix(seed, 'u', uint64(label(s.sorted[i]))))
		for r := i; r < end; r++ {
			at[r] = (float64(r-i) + u) / float64(end-i)
		}
		s.labels = append(s.labels, i)
		i = end
	}
	s.labels = append(s.labels, n)
	for i := range s.slots {
		s.slots[i] = int64(i)
	}
	slices.SortStableFunc(s.slots, func(a, b int64) int { return cmp.Compare(at[a], at[b]) })
	return s
}

// stratifiedEpoch is the order of an epoch: each label has a permutation of its own.
type stratifiedEpoch struct {
	*strata
	key    uint64
	orders map[int]*permutation
}

func (e *stratifiedEpoch) at(position int64) int64 {
	slot := e.slots[position]
	label := sort.Search(len(e.labels)-1, func(i int) bool { return e.labels[i+1] > slot })
	first := e.labels[label]
	p := e.orders[label]
	if p == nil {
		made := newPermutation(e.labels[label+1]-first, mix(e.key, 'l', uint64(label)))
		p = &made
		e.orders[label] = p
	}
	return e.sorted[first+p.at(slot-first)]
}

// weightedEpoch is the draws of an epoch.
type weightedEpoch struct {
	draws
	key uint64
}

func (e weightedEpoch) at(position int64) int64 {
	x := unit(mix(e.key, 'w', uint64(position))) * e.draws[len(e.draws)-1]
	i := sort.Search(len(e.draws), func(i int) bool { return e.draws[i] > x })
	if i == len(e.draws) { // x was rounded up to the sum: it is the last one that has a weight
		i = sort.SearchFloat64s(e.draws, e.draws[i-1])
	}
	return int64(i)
}

// hash tells tables apart.
func (t *table) hash(h uint64) uint64 {
	if t == nil {
		return h
	}
	for _, w := range t.weights {
		h = mix(h, math.Float64bits(w))
	}
	for _, l := range t.labels {
		h = mix(h, uint64(l))
	}
	return h
}

// unit maps 64 random bits to [0, 1).
func unit(random uint64) float64 { return float64(random>>11) / (1 << 53) }
