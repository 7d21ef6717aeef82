package lazy

import (
	"math/bits"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/arith"
)

// cells says which tasks of a pass share outputs. All tasks that a reducer finds the same outputs
// in are a cell, and have a rank in it. Accumulators merge in two steps, in the order of ranks:
// those of a group of neighbours first, and then the groups of the cell. Groups depend on the array
// and how it is cut only; so results do not depend on which of them were merged where, and what is
// stored of a pass in parts is one state per group and not one per task.
type cells struct {
	order  []int // of the axes in the numbers of tasks, slowest first
	counts []int64
	cell   []int64 // per axis: by how much a step to the next task changes the cell,
	rank   []int64 // the rank,
	number []int64 // and the number of the task
	tasks  int64   // of a cell
	cells  int64
	group  int64 // tasks of a group, counted through all cells; those of two cells are never merged
	sorted bool  // numbers go through one cell after the other
}

// newCells is the cells of a reducer that removes some axes. state is the bytes of the accumulators
// of the largest task, and data those of its elements.
func newCells(t *tasks, reduced []bool, state, data int64) *cells {
	grid, order := t.plan.Grid(), t.plan.Layout().Order
	n := len(reduced)
	if order == nil {
		order = chunk.COrder(n)
	}
	c := &cells{order: order, counts: make([]int64, n), cell: make([]int64, n), rank: make([]int64, n), number: make([]int64, n), tasks: 1, cells: 1}
	number, kept := int64(1), false
	c.sorted = true
	for k := n - 1; k >= 0; k-- {
		d := order[k]
		c.counts[d] = grid.AxisCount(d)
		c.number[d] = number
		number *= c.counts[d]
		if reduced[d] {
			c.rank[d] = c.tasks
			c.tasks *= c.counts[d]
			c.sorted = c.sorted && (!kept || c.counts[d] == 1)
		} else {
			kept = kept || c.counts[d] > 1
			c.cell[d] = c.cells
			c.cells *= c.counts[d]
		}
	}
	c.group = groupOf(c.tasks, state, data)
	return c
}

// groupOf is how many tasks make a group: a power of two, so that the groups of all reducers fit
// into each other.
func groupOf(tasks, state, data int64) int64 {
	n := min(arith.CeilDiv(arith.Times(groupShare, state), max(data, 1)), groupData/max(data, 1), tasks)
	if n <= 1 {
		return 1
	}
	return 1 << bits.Len64(uint64(n-1))
}

// at is where task i is: its cell, and its rank in it.
func (c *cells) at(i int64) (cell, rank int64) {
	if c.tasks == 1 {
		return i, 0 // numbers are as good as those of cells
	}
	for k := len(c.order) - 1; k >= 0; k-- {
		d := c.order[k]
		at := i % c.counts[d]
		i /= c.counts[d]
		cell += at * c.cell[d]
		rank += at * c.rank[d]
	}
	return cell, rank
}

// bounds are the first and the last rank of the group that a task is in.
func (c *cells) bounds(cell, rank int64) (first, last int64) {
	if c.group == 1 {
		return rank, rank
	}
	base := cell * c.tasks
	start := (base + rank) / c.group * c.group
	return max(start-base, 0), min(start+c.group-base, c.tasks) - 1
}

// numberOf is the number of the task of another rank in the cell of task i, which has this one.
func (c *cells) numberOf(i, rank, other int64) int64 {
	for k := len(c.order) - 1; k >= 0; k-- {
		d := c.order[k]
		if step := c.rank[d]; step > 0 {
			i += (other/step%c.counts[d] - rank/step%c.counts[d]) * c.number[d]
		}
	}
	return i
}

// role is what becomes of a task among the tasks lo to hi.
type role struct {
	cell  int64
	alone bool // it is no part of a group that lies between lo and hi as a whole
	first bool // it begins its group
	last  bool // it ends it
	done  bool // and the cell
	whole bool // all of the cell is between lo and hi
}

func (c *cells) role(i, lo, hi int64) role {
	cell, rank := c.at(i)
	first, last := c.bounds(cell, rank)
	r := role{cell: cell, first: rank == first, last: rank == last, done: rank == c.tasks-1}
	r.alone = first == last || lo > 0 && c.numberOf(i, rank, first) < lo || c.numberOf(i, rank, last) >= hi
	r.whole = c.numberOf(i, rank, 0) >= lo && c.numberOf(i, rank, c.tasks-1) < hi
	return r
}

// whole reports whether in runs of so many tasks every cell lies in one run as a whole.
func (c *cells) whole(run int64) bool {
	return c.tasks == 1 || c.sorted && (run%c.tasks == 0 || run >= c.tasks*c.cells)
}

// states bounds the number of states of n tasks that are stored in runs of so many.
func (c *cells) states(n, run int64) int64 {
	if c.group == 1 || !c.sorted || run%c.group != 0 && run < c.tasks*c.cells {
		return n
	}
	groups, cells := arith.CeilDiv(n, c.group), arith.CeilDiv(n, max(c.tasks, 1))
	if c.tasks%c.group == 0 || c.group%c.tasks == 0 { // none begins in one cell and ends in another
		return max(groups, cells)
	}
	return min(n, groups+cells)
}
