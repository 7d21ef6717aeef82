package dataset

import (
	"slices"
	"sync"

	"github.com/lazynpy/lazynpy/lazy"
)

// cells are inflated pieces of deflated members. A batch that is shuffled by blocks wants a few
// rows of each of several pieces, and so do the batches that follow: without cells each would
// inflate all of them.
type cells struct {
	mu     sync.Mutex
	limit  int64 // bytes
	used   int64
	byKey  map[cellKey]*cell
	clock  int64
	filled int64    // how often one was read
	spare  [][]byte // memory of cells that were dropped
}

type cellKey struct {
	column *column
	file   int
	cell   int64
}

// cell is one of them.
type cell struct {
	key   cellKey
	ready chan struct{} // closed when data or err is there
	data  []byte
	err   error
	users int
	last  int64 // when it was used
}

// take has a cell until it is given back. fill makes its data if it is not there.
func (s *cells) take(key cellKey, size int64, fill func(data []byte) error) (*cell, error) {
	s.mu.Lock()
	c, found := s.byKey[key]
	if !found {
		c = &cell{key: key, ready: make(chan struct{})}
		s.makeRoom(size)
		c.data = s.memory(size)
		s.byKey[key] = c
		s.used += size
		s.filled++
	}
	c.users++
	s.clock++
	c.last = s.clock
	s.mu.Unlock()
	if found {
		<-c.ready
	} else {
		c.err = fill(c.data)
		close(c.ready)
	}
	if c.err != nil {
		s.give(c)
		return nil, c.err
	}
	return c, nil
}

// makeRoom drops the cells that nobody uses and were used longest ago. There are few to look
// through.
func (s *cells) makeRoom(size int64) {
	for s.used+size > s.limit {
		var oldest *cell
		for _, c := range s.byKey {
			if c.users == 0 && (oldest == nil || c.last < oldest.last) {
				oldest = c
			}
		}
		if oldest == nil {
			return
		}
		s.drop(oldest)
		if len(s.spare) < mostSpare {
			s.spare = append(s.spare, oldest.data)
		}
	}
}

// mostSpare is how much memory of cells is kept: what makes room for one is seldom more than one.
const mostSpare = 2

// memory is that of a cell which was dropped, or new.
func (s *cells) memory(size int64) []byte {
	for i, b := range s.spare {
		if int64(cap(b)) >= size {
			s.spare = slices.Delete(s.spare, i, i+1)
			return b[:size]
		}
	}
	return make([]byte, size)
}

func (s *cells) drop(c *cell) {
	if s.byKey[c.key] == c {
		delete(s.byKey, c.key)
		s.used -= int64(len(c.data))
	}
}

// give gives a cell back; one that could not be read is tried again by who wants it next.
func (s *cells) give(c *cell) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.users--
	if c.err != nil {
		s.drop(c)
	}
}

// newCells decides which columns have cells, and how large these are. limit is the memory for all
// of them.
func (d *Dataset) newCells(limit int64) {
	d.cells = &cells{byKey: map[cellKey]*cell{}, limit: limit}
	for _, c := range d.columns {
		// Those that workers are filling come on top of the limit, and a few must fit below it.
		if c.Array == nil && c.granule > 0 && c.row > 0 && max(c.granule, c.row) <= limit/8 {
			c.cell = max(c.granule/c.row, 1)
			d.cells.limit -= int64(d.config.Workers) * c.cell * c.row
		}
	}
	if d.cells.limit < limit/4 {
		for _, c := range d.columns {
			c.cell = 0
		}
	}
}

// gatherCells copies entries of a file out of cells.
func (d *Dataset) gatherCells(c *column, file int, dst []byte, picks []lazy.Pick) error {
	length := c.starts[file+1] - c.starts[file]
	for _, k := range picks {
		for k.Count > 0 {
			i := k.Row / c.cell
			first := i * c.cell
			n := min(c.cell, length-first)
			got, err := d.cells.take(cellKey{c, file, i}, n*c.row, func(data []byte) error {
				return d.gatherDirect(c, file, data, []lazy.Pick{{Row: first, Count: n}})
			})
			if err != nil {
				return err
			}
			take := min(k.Count, first+n-k.Row)
			copy(dst[k.At:], got.data[(k.Row-first)*c.row:(k.Row-first+take)*c.row])
			d.cells.give(got)
			k.Row, k.Count, k.At = k.Row+take, k.Count-take, k.At+take*c.row
		}
	}
	return nil
}
