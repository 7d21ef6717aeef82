package dataset

import (
	"cmp"
	"slices"
	"sync"
)

// OnError says what becomes of samples that cannot be read.
type OnError uint8

const (
	// FailOnError ends [Open], or the loop, with the error.
	FailOnError OnError = iota

	// SkipErrors leaves out files that cannot be opened, or do not fit the first that can, by
	// [Open], and masks samples that cannot be read later: they are zeros, and false in
	// [Batch.Mask]. [Dataset.Skipped] counts and lists both. Errors of a transform end the loop all
	// the same.
	SkipErrors
)

// mostListed is how many errors are listed; others are counted.
const mostListed = 1000

// skipped are the errors that were passed over.
type skipped struct {
	mu     sync.Mutex
	count  int64
	listed []*SampleError
	known  map[int64]bool // samples that are listed
}

// add counts an error, and lists it if it is the first about a sample.
func (s *skipped) add(e *SampleError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	if e.Sample >= 0 && s.known[e.Sample] || len(s.listed) == mostListed {
		return
	}
	if s.known == nil {
		s.known = map[int64]bool{}
	}
	if e.Sample >= 0 {
		s.known[e.Sample] = true
	}
	s.listed = append(s.listed, e)
}

// Skipped is how many files and samples were passed over with [SkipErrors], in all epochs, and what
// was wrong with them: files first, then samples by their numbers, each once and 1000 at most.
func (d *Dataset) Skipped() (count int64, list []*SampleError) {
	s := d.skipped
	s.mu.Lock()
	defer s.mu.Unlock()
	list = slices.Clone(s.listed)
	slices.SortStableFunc(list, func(a, b *SampleError) int { return cmp.Compare(a.Sample, b.Sample) })
	return s.count, list
}

// skipFile lists file i, which [Open] leaves out.
func (d *Dataset) skipFile(c *column, i int, err error) {
	e, ok := err.(*SampleError) //nolint:errorlint // it was made here
	if !ok {
		e = d.at(c, i, -1, err)
	}
	d.skipped.add(e)
}

// skip finds the samples of a batch that an error is about, and marks them. It is false if there is
// none, so that the error is not to be passed over.
func (d *Dataset) skip(err error, samples []int64, bad []bool) bool {
	e, ok := err.(*SampleError) //nolint:errorlint // it was made here
	if !ok || d.config.OnError != SkipErrors || d.source.isClosed() {
		return false
	}
	found := false
	for i, s := range samples {
		if bad[i] || e.Sample >= 0 && s != e.Sample || e.Sample < 0 && !d.touches(s, e) {
			continue
		}
		bad[i], found = true, true
		of := *e
		of.Sample = s
		d.skipped.add(&of)
	}
	return found
}

// touches reports whether a sample has entries of the file that an error is about.
func (d *Dataset) touches(sample int64, e *SampleError) bool {
	for _, a := range d.arrays {
		r := d.entriesOf(a, sample)
		if r.count == 0 {
			continue
		}
		for _, c := range a.columns {
			for i := c.find(r.entry); i < len(c.starts)-1 && c.starts[i] < r.entry+r.count; i++ {
				if d.at(c, i, -1, nil).File == e.File {
					return true
				}
			}
		}
	}
	return false
}
