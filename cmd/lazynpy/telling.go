package main

import "fmt"

const (
	// mostTold is how many errors of one loop over files or members are told. The others are
	// counted.
	mostTold = 10

	// mostToldInAll is how many errors of all such loops are told.
	mostToldInAll = 100
)

// telling tells the errors of one loop.
type telling struct {
	cli          *cli
	told, untold int64
}

// add tells an error, or counts it.
func (t *telling) add(err error) {
	if t.told == mostTold || t.cli.told == mostToldInAll {
		t.untold++
		return
	}
	t.told++
	t.cli.told++
	t.cli.complain(err)
}

// finish says how many errors were not told. Loops of which none was are counted together, when the
// command ends.
func (t *telling) finish() {
	switch {
	case t.untold == 0:
	case t.told == 0:
		t.cli.untold += t.untold
	default:
		t.cli.complain(fmt.Errorf("and %s more errors like these", grouped(t.untold)))
	}
}
