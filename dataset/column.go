package dataset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/internal/parallel"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// column is an array of the data set: entries one behind the other, of files or of one array.
type column struct {
	Column
	key     arrayKey
	files   []int   // number in the source, in order; nil for an array
	starts  []int64 // the entry with which each file begins, and how many there are
	dtype   mmapnpy.DType
	entry   []int64 // shape of an entry
	row     int64   // bytes of an entry
	granule int64   // of the first file
	cell    int64   // entries of a cell; 0 if there are none
}

// entries is how many there are.
func (c *column) entries() int64 { return c.starts[len(c.starts)-1] }

// find is the file of an entry.
func (c *column) find(entry int64) int {
	return sort.Search(len(c.starts)-1, func(i int) bool { return c.starts[i+1] > entry })
}

// describe sets what all files must have in common.
func (c *column) describe(h head, path string) error {
	if len(h.shape) == 0 {
		return &SampleError{File: path, Member: c.Key, Index: -1, Sample: -1, Err: fmt.Errorf("%w: an array of no dimensions has no samples, unless each file is one", lazy.ErrShape)}
	}
	c.dtype, c.entry, c.granule = h.dtype.WithByteOrder('='), h.shape[1:], h.granule
	n := c.dtype.ItemSize()
	for _, s := range c.entry {
		if n > 0 && s > (1<<62)/n {
			return fileerr.Errorf(path, "a sample of shape %v has too many bytes", c.entry)
		}
		n *= s
	}
	c.row = n
	return nil
}

// fits compares a file with the first.
func (c *column) fits(h head, first, path string) error {
	switch {
	case len(h.shape) != len(c.entry)+1 || !slices.Equal(h.shape[1:], c.entry):
		of := func(shape []int64) string { return fmt.Sprint(shape) }
		return fmt.Errorf("%s and %s %w: samples%s are of shape %v and %v", first, path, ErrMismatch, c.of(), of(c.entry), of(h.shape[min(1, len(h.shape)):]))
	case !h.dtype.WithByteOrder('=').Equal(c.dtype):
		return fmt.Errorf("%s and %s %w: samples%s are of %s and %s", first, path, ErrMismatch, c.of(), c.dtype, h.dtype.WithByteOrder('='))
	}
	return nil
}

func (c *column) of() string {
	if c.Key == "" {
		return ""
	}
	return " of " + c.Key
}

// headReaders is how many headers are read at a time: on a network file system each is several
// round trips of waiting.
const headReaders = 16

// measure learns shapes and lengths from the headers of all files. Of several errors it is that of
// the first file.
func (d *Dataset) measure() error {
	var columns []*column
	files := 0
	for _, c := range d.columns {
		if c.Array != nil {
			if err := c.describe(head{c.Array.DType(), c.Array.Shape(), c.Array.Granule()}, c.Array.Name()); err != nil {
				return err
			}
			c.starts = []int64{0, c.Array.Shape()[0]}
			continue
		}
		columns, files = append(columns, c), len(c.files)
		c.starts = make([]int64, len(c.files)+1)
	}
	if len(columns) == 0 {
		return d.sameEntries()
	}
	first := 0
	err := d.describe(columns, first)
	for err != nil && d.config.OnError == SkipErrors && first < files-1 {
		first++
		err = d.describe(columns, first) // that of the others is told by measureFile
	}
	if err != nil {
		return err
	}
	errs := make([]error, files)
	_ = parallel.Each(context.Background(), headReaders, int64(files), func(_ context.Context, i int64) error {
		if errs[i] = d.measureFile(columns, int(i), first); d.config.OnError != SkipErrors {
			return errs[i]
		}
		return nil
	}) // errs has the error
	for i, err := range errs {
		if err == nil {
			continue
		}
		if d.config.OnError != SkipErrors {
			return err
		}
		for _, c := range columns {
			c.starts[i+1] = 0
		}
		d.skipFile(columns[0], i, err)
	}
	for _, c := range columns {
		for i := range c.files {
			c.starts[i+1] += c.starts[i]
			if c.starts[i+1] < 0 {
				return errors.New("the lengths of the files add up to more than 64 bits")
			}
		}
	}
	return d.sameEntries()
}

// describe learns from file i what all files must have in common.
func (d *Dataset) describe(columns []*column, i int) error {
	for _, c := range columns {
		path := d.source.files[c.files[i]].path
		h, err := d.source.head(c.files[i], c.key)
		if err != nil {
			return c.cannot(path, err)
		}
		if err := c.describe(h, path); err != nil {
			return err
		}
	}
	return nil
}

// measureFile learns the length of file i of all columns, which must be the same.
func (d *Dataset) measureFile(columns []*column, i, like int) error {
	for _, c := range columns {
		path := d.source.files[c.files[i]].path
		h, err := d.source.head(c.files[i], c.key)
		if err != nil {
			return c.cannot(path, err)
		}
		if err := c.fits(h, d.source.files[c.files[like]].path, path); err != nil {
			return err
		}
		c.starts[i+1] = h.shape[0]
		if first := columns[0]; c.starts[i+1] != first.starts[i+1] {
			return fmt.Errorf("%s%s and %s%s %w: %d and %d samples", d.source.files[first.files[i]].path, colon(first.Key), path, colon(c.Key),
				ErrMismatch, first.starts[i+1], c.starts[i+1])
		}
	}
	return nil
}

func colon(key string) string {
	if key == "" {
		return ""
	}
	return ":" + key
}

// cannot is an error about a file that cannot be opened.
func (c *column) cannot(path string, err error) error {
	return &SampleError{File: path, Member: c.Key, Index: -1, Sample: -1, Err: err}
}

// sameEntries compares columns of files with arrays.
func (d *Dataset) sameEntries() error {
	for _, c := range d.columns[1:] {
		if first := d.columns[0]; c.entries() != first.entries() {
			return fmt.Errorf("%s and %s %w: %d and %d samples", d.nameOf(first), d.nameOf(c), ErrMismatch, first.entries(), c.entries())
		}
	}
	return nil
}

// nameOf is what a column is called in errors.
func (d *Dataset) nameOf(c *column) string {
	switch {
	case c.Array != nil:
		return c.Array.Name()
	case len(c.files) == 1:
		return d.source.files[c.files[0]].path + colon(c.Key)
	}
	return fmt.Sprintf("%s%s and %d more", d.source.files[c.files[0]].path, colon(c.Key), len(c.files)-1)
}

// pair puts a column's own files in the order of the others' names.
func pair(own, others []string) ([]string, error) {
	stem := func(path string) string { return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)) }
	byName := make(map[string]string, len(own))
	for _, p := range own {
		if twin, twice := byName[stem(p)]; twice {
			return nil, fmt.Errorf("%s and %s have the same name", twin, p)
		}
		byName[stem(p)] = p
	}
	paired := make([]string, len(others))
	for i, p := range others {
		twin, ok := byName[stem(p)]
		if !ok {
			return nil, fmt.Errorf("%s %w: no file of the other column has its name", p, ErrMismatch)
		}
		paired[i] = twin
	}
	if len(own) != len(others) {
		return nil, fmt.Errorf("%d and %d files %w", len(others), len(own), ErrMismatch)
	}
	return paired, nil
}

// piece is entries that follow each other in a file, and where they belong.
type piece struct {
	file int // of the column
	pick lazy.Pick
}

// gather reads runs of entries into dst. pieces and picks are memory to work with.
func (d *Dataset) gather(c *column, dst []byte, runs []run, m *Scratch) error {
	m.pieces = m.pieces[:0]
	for _, r := range runs {
		for at := r.at * c.row; r.count > 0; {
			i := c.find(r.entry)
			n := min(r.count, c.starts[i+1]-r.entry)
			m.pieces = append(m.pieces, piece{i, lazy.Pick{Row: r.entry - c.starts[i], Count: n, At: at}})
			r.entry, r.count, at = r.entry+n, r.count-n, at+n*c.row
		}
	}
	if len(c.starts) > 2 {
		slices.SortStableFunc(m.pieces, func(a, b piece) int { return cmp.Compare(a.file, b.file) })
	}
	for rest := m.pieces; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].file == rest[0].file {
			n++
		}
		m.picks = m.picks[:0]
		for _, p := range rest[:n] {
			m.picks = append(m.picks, p.pick)
		}
		if err := d.gatherFrom(c, rest[0].file, dst, m.picks); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// gatherFrom reads entries of one file of a column.
func (d *Dataset) gatherFrom(c *column, file int, dst []byte, picks []lazy.Pick) error {
	if c.cell > 0 && d.gatherCells(c, file, dst, picks) == nil {
		return nil
	}
	return d.gatherDirect(c, file, dst, picks) // which tells the entry that an error is about
}

// gatherDirect reads them from the file.
func (d *Dataset) gatherDirect(c *column, file int, dst []byte, picks []lazy.Pick) error {
	a := c.Array
	if a == nil {
		o, err := d.source.take(c.files[file])
		if err != nil {
			return d.at(c, file, -1, err)
		}
		defer d.source.give(o)
		if a, err = d.source.array(o, c.key); err != nil {
			return d.at(c, file, -1, err)
		}
	}
	if !a.DType().Equal(c.dtype) {
		native, err := a.AsType(c.dtype)
		if err != nil {
			return d.at(c, file, -1, err)
		}
		a = native
	}
	p, err := a.Picker()
	if err != nil {
		return d.at(c, file, -1, err)
	}
	all := p.Read(dst, picks)
	if all == nil {
		return nil
	}
	// Which one is it? Most often the first that fails alone.
	for _, k := range picks {
		for i := range k.Count {
			if err := p.Read(dst, []lazy.Pick{{Row: k.Row + i, Count: 1, At: k.At + i*c.row}}); err != nil {
				return d.at(c, file, k.Row+i, err)
			}
		}
	}
	return d.at(c, file, -1, all)
}

// at is an error about an entry of a file of a column.
func (d *Dataset) at(c *column, file int, index int64, err error) *SampleError {
	e := &SampleError{Member: c.Key, Index: index, Sample: -1, Err: err}
	if e.File = "array in memory"; c.Array == nil {
		e.File = d.source.files[c.files[file]].path
	} else if c.Array.Path() != "" {
		e.File, e.Member = c.Array.Path(), c.Array.Key()
	}
	return e
}
