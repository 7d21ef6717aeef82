package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/lazynpy/lazynpy/bench/internal/peer"
)

// print writes one case as a table, medians with the range of the rounds.
func (m Measured) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s\n%s\n", m.Case.Title, strings.Repeat("─", len([]rune(m.Case.Title))))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	columns := m.columns()
	for _, column := range columns {
		fmt.Fprintf(t, "\t%s", column.title)
	}
	fmt.Fprintln(t)
	for _, c := range m.Case.Contenders {
		if c.NotRun != "" {
			fmt.Fprintf(t, "%s\tnot run: %s%s\n", c.Name, c.NotRun, strings.Repeat("\t", len(columns)-1))
			continue
		}
		fmt.Fprint(t, c.Name)
		for _, column := range columns {
			fmt.Fprintf(t, "\t%s", column.text(m, c.Name))
		}
		fmt.Fprintln(t)
	}
	_ = t.Flush() // a table that cannot be printed leaves nothing to report on
	for _, v := range m.verdicts() {
		fmt.Fprintf(w, "  %-6s %s: %s\n", v.word(), v.Text, v.text())
	}
	m.printEquality(w)
	if m.Watched {
		fmt.Fprintf(w, "  other processes used %.2f cores meanwhile\n", m.Others)
	}
}

// printEquality says how results were compared, where not all are numbers that have to be the same.
func (m Measured) printEquality(w io.Writer) {
	var same []string
	farthest, name := 0.0, ""
	for _, c := range m.Case.runnable() {
		if c.SameBytes {
			same = append(same, c.Name)
		}
		if d := m.Distance[c.Name]; d > farthest {
			farthest, name = d, c.Name
		}
	}
	if len(same) > 1 {
		fmt.Fprintf(w, "  files are the same bytes: %s\n", strings.Join(same, "; "))
	}
	switch {
	case name != "":
		fmt.Fprintf(w, "  numbers of all are equal within %.0e of each; farthest is %s, by %.1e\n", m.Case.Within, name, farthest)
	case m.Case.Within > 0 || len(same) > 1:
		fmt.Fprintln(w, "  elements of all are equal")
	}
}

// column is one of a table.
type column struct {
	title string
	text  func(m Measured, contender string) string
}

// columns are those that the case has something to say in.
func (m Measured) columns() []column {
	median := func(title string, figure func(Sample) float64, text func(float64) string) column {
		return column{title, func(m Measured, name string) string { return text(spread(m.each(name, figure)).Median) }}
	}
	cpu := "CPU"
	var used []column
	if m.used() {
		cpu = "CPU of process"
		used = []column{
			median("CPU", func(s Sample) float64 { return s.Used.CPUSeconds }, durationText),
			median("written", func(s Sample) float64 { return float64(s.Used.Written) / (1 << 20) }, func(mib float64) string { return short(mib) + " MiB" }),
		}
	}
	all := []column{
		{"open to result", func(m Measured, name string) string { return rangeText(spread(m.each(name, seconds))) }},
		{"GB/s", Measured.rateText},
	}
	all = append(all, used...)
	return append(all,
		median("process", func(s Sample) float64 { return s.Wall }, durationText),
		median(cpu, func(s Sample) float64 { return s.CPU }, durationText),
		median("peak RSS", func(s Sample) float64 { return s.PeakRSS }, memoryText),
		median("anon", func(s Sample) float64 { return s.PeakAnon }, memoryText),
		median("mapped", func(s Sample) float64 { return s.PeakFile }, memoryText),
		column{"our speed is", Measured.ratioText})
}

// used reports whether all contenders say what they have used from open to result.
func (m Measured) used() bool {
	for _, samples := range m.Samples {
		for _, s := range samples {
			if s.Used == (peer.Usage{}) {
				return false
			}
		}
	}
	return true
}

func (m Measured) rateText(name string) string {
	if m.Case.Bytes == 0 {
		return "–"
	}
	return short(float64(m.Case.Bytes) / 1e9 / spread(m.each(name, seconds)).Median)
}

func (m Measured) ratioText(name string) string {
	r := pairedRatio(m.each(name, seconds), m.each(m.ours(), seconds))
	if name == m.ours() || r.Median <= 0 {
		return "–"
	}
	return fmt.Sprintf("%s × [%s–%s]", short(r.Median), short(r.Min), short(r.Max))
}

func (v Verdict) word() string {
	switch {
	case !v.Judged:
		return "–"
	case v.Note:
		return ""
	case v.Met:
		return "met"
	}
	return "MISSED"
}

func (v Verdict) text() string {
	if !v.Judged {
		return "not judged, a contender did not run"
	}
	return short(v.Got) + " " + v.Unit
}

// short is a number in three digits, or more where there are more before the point.
func short(v float64) string {
	if math.Abs(v) >= 1000 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

func rangeText(s Spread) string {
	unit, name := timeUnit(s.Median)
	return fmt.Sprintf("%s %s [%s–%s]", short(s.Median/unit), name, short(s.Min/unit), short(s.Max/unit))
}

func durationText(seconds float64) string {
	unit, name := timeUnit(seconds)
	return short(seconds/unit) + " " + name
}

func timeUnit(seconds float64) (unit float64, name string) {
	switch {
	case seconds < 1e-3:
		return 1e-6, "µs"
	case seconds < 1:
		return 1e-3, "ms"
	}
	return 1, "s"
}

func memoryText(bytes float64) string {
	if bytes == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f MiB", bytes/(1<<20))
}
