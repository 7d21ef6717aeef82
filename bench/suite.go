package main

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Case is one task given to several contenders on one file.
type Case struct {
	Title      string
	Bytes      int64 // what the task must read, for GB/s; 0 where that has no meaning
	Expect     []json.Number
	Within     float64     // numbers may differ by so much of each; 0: not at all
	Ours       string      // the contender that the others are compared with; empty: ours
	Contenders []Contender // the first is ours, unless all are limits of the machine
	Targets    []Target
}

// Contender is one program that does the task.
type Contender struct {
	Name    string
	Command []string
	Env     []string
	Limit   bool   // a limit of the machine: computes nothing that could be compared
	NotRun  string // why it cannot run here; empty if it can

	// Out, if not empty, is a directory that is there, and empty, when the contender starts, and
	// is removed after its files were read. Processes that name it in their arguments are taken for
	// the contender's, whoever has started them.
	Out string
	// SameBytes: its files have to be those of the others that have to, byte for byte.
	SameBytes bool
}

// Target is what a case has to reach.
type Target struct {
	Text  string
	Unit  string
	needs []string // contenders without which there is nothing to judge
	judge func(Measured) (got float64, met bool)
	note  bool // a figure that is told and has no limit
}

// Verdict is a target and what was measured.
type Verdict struct {
	Text   string  `json:"text"`
	Got    float64 `json:"got"`
	Unit   string  `json:"unit"`
	Met    bool    `json:"met"`
	Judged bool    `json:"judged"` // false where what it compares with did not run
	Note   bool    `json:"note,omitempty"`
}

// ours is the contender that the others are compared with.
const ours = "lazynpy"

// ours is the contender that the others of a case are compared with.
func (m Measured) ours() string {
	if m.Case.Ours != "" {
		return m.Case.Ours
	}
	return ours
}

// runnable are the contenders that can run on this machine.
func (c *Case) runnable() []Contender {
	return slices.DeleteFunc(slices.Clone(c.Contenders), func(p Contender) bool { return p.NotRun != "" })
}

// atLeastAsFast is met when we have at least factor times the peer's speed, in
// the median of the rounds.
func atLeastAsFast(factor float64, peer string) Target {
	return Target{
		Text:  fmt.Sprintf("at least %g × the speed of: %s", factor, peer),
		Unit:  "×",
		needs: []string{peer},
		judge: func(m Measured) (float64, bool) {
			ratio := pairedRatio(m.each(peer, seconds), m.each(m.ours(), seconds)).Median
			return ratio, ratio >= factor
		},
	}
}

// reachesOurs is met when a contender, which is another way to what is ours, has at least factor
// times the speed of one of ours, in the median of the rounds.
func reachesOurs(factor float64, contender, our string) Target {
	return Target{
		Text:  fmt.Sprintf("%s: at least %g × the speed of: %s", contender, factor, our),
		Unit:  "×",
		needs: []string{contender, our},
		judge: func(m Measured) (float64, bool) {
			ratio := pairedRatio(m.each(our, seconds), m.each(contender, seconds)).Median
			return ratio, ratio >= factor
		},
	}
}

// atMost is met when the median of our figure is at most limit.
func atMost(limit float64, unit, what string, figure func(Sample) float64) Target {
	return Target{
		Text: fmt.Sprintf("at most %g %s%s", limit, unit, what),
		Unit: unit,
		judge: func(m Measured) (float64, bool) {
			got := spread(m.each(m.ours(), figure)).Median
			return got, got <= limit
		},
	}
}

// note tells the median of a figure of a contender, which nothing is demanded of.
func note(text, unit, contender string, figure func(Sample) float64) Target {
	return Target{
		Text:  text,
		Unit:  unit,
		needs: []string{contender},
		judge: func(m Measured) (float64, bool) { return spread(m.each(contender, figure)).Median, true },
		note:  true,
	}
}

// verdicts judges all targets of a case.
func (m Measured) verdicts() []Verdict {
	out := make([]Verdict, 0, len(m.Case.Targets))
	for _, t := range m.Case.Targets {
		v := Verdict{Text: t.Text, Unit: t.Unit, Judged: true, Note: t.note}
		for _, peer := range append([]string{m.ours()}, t.needs...) {
			v.Judged = v.Judged && len(m.Samples[peer]) > 0
		}
		if v.Judged {
			v.Got, v.Met = t.judge(m)
		}
		out = append(out, v)
	}
	return out
}

// Step makes the files of a few cases, and the cases. Its files are removed when
// its cases have run, so that a suite needs no more disk than its largest step
// and every step finds its files in the page cache, just written.
type Step func(*Bench) ([]Case, error)

// suites are what -suite chooses from.
var suites = map[string][]Step{
	// quick shows the library's promises: opening and planning cost nothing that
	// grows, reading runs at the speed of memory, memory stays in the budget.
	"quick": {openCases, planCases, sumCases, scanCases, sweepCases},
	// npz holds archives to the same: nothing is read that was not asked for, and inflating is
	// faster than NumPy's, on one core and on more.
	"npz": npzSuite(),
	// cold compares the ways of reading with dd on a file that is not in the page cache.
	"cold": {coldCases},
	// ops holds what is computed of scans, and what is written, to the machine and to others.
	"ops": {imageCases, floatCases, maskCases, castCases, transposeCases, scanTransposeCases},
	// batches holds training batches to the generators that people have, and to memory maps.
	"batches": batchesSuite(),
	// distributed holds runs of many processes to one process, and to the peers that compute on
	// clusters.
	"distributed": {overheadCases, blocksCases, clusterCases},
}
