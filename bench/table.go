package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
)

// print writes one case as a table, medians with the range of the rounds.
func (m Measured) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s\n%s\n", m.Case.Title, strings.Repeat("─", len([]rune(m.Case.Title))))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\topen to result\tGB/s\tprocess\tCPU\tpeak RSS\tanon\tmapped\tour speed is")
	for _, c := range m.Case.Contenders {
		if c.NotRun != "" {
			fmt.Fprintf(t, "%s\tnot run: %s\t\t\t\t\t\t\t\n", c.Name, c.NotRun)
			continue
		}
		m.printRow(t, c)
	}
	_ = t.Flush() // a table that cannot be printed leaves nothing to report on
	for _, v := range m.verdicts() {
		fmt.Fprintf(w, "  %-6s %s: %s\n", v.word(), v.Text, v.text())
	}
	if m.Watched {
		fmt.Fprintf(w, "  other processes used %.2f cores meanwhile\n", m.Others)
	}
}

func (m Measured) printRow(w io.Writer, c Contender) {
	median := func(figure func(Sample) float64) float64 { return spread(m.each(c.Name, figure)).Median }
	time := spread(m.each(c.Name, seconds))
	rate := "–"
	if m.Case.Bytes > 0 {
		rate = short(float64(m.Case.Bytes) / 1e9 / time.Median)
	}
	ratio := "–"
	if r := pairedRatio(m.each(c.Name, seconds), m.each(ours, seconds)); c.Name != ours && r.Median > 0 {
		ratio = fmt.Sprintf("%s × [%s–%s]", short(r.Median), short(r.Min), short(r.Max))
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.Name, rangeText(time), rate,
		durationText(median(func(s Sample) float64 { return s.Wall })),
		durationText(median(func(s Sample) float64 { return s.CPU })),
		memoryText(median(func(s Sample) float64 { return s.PeakRSS })),
		memoryText(median(func(s Sample) float64 { return s.PeakAnon })),
		memoryText(median(func(s Sample) float64 { return s.PeakFile })),
		ratio)
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
