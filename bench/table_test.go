package main

import (
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/bench/internal/peer"
)

func TestShort(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.98765: "0.988", 12.34: "12.3", 999.4: "999", 1234.5: "1234", -49.25: "-49.2"} {
		if got := short(v); got != want {
			t.Errorf("short(%v) = %q, want %q", v, got, want)
		}
	}
}

func TestTable(t *testing.T) {
	c := Case{
		Title:      "a task",
		Bytes:      2e9,
		Contenders: []Contender{{Name: ours}, {Name: "peer"}, {Name: "absent", NotRun: "no python"}},
		Targets:    []Target{atLeastAsFast(3, "peer"), atLeastAsFast(1, "absent")},
	}
	m := Measured{Case: &c, Samples: map[string][]Sample{
		ours:   {{Seconds: 0.5, Wall: 0.6, CPU: 0.7, PeakRSS: 64 << 20, PeakAnon: 16 << 20, PeakFile: 48 << 20}},
		"peer": {{Seconds: 1, Wall: 1.25, CPU: 2}},
	}}
	var out strings.Builder
	m.print(&out)
	var lines []string
	for line := range strings.Lines(out.String()) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	want := []string{
		"", "a task", "──────",
		"open to result GB/s process CPU peak RSS anon mapped our speed is",
		"lazynpy 500 ms [500–500] 4 600 ms 700 ms 64 MiB 16 MiB 48 MiB –",
		"peer 1 s [1–1] 2 1.25 s 2 s – – – 2 × [2–2]",
		"absent not run: no python",
		"MISSED at least 3 × the speed of: peer: 2 ×",
		"– at least 1 × the speed of: absent: not judged, a contender did not run",
	}
	if got := strings.Join(lines, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("table:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
}

func TestTableOfUsage(t *testing.T) {
	c := Case{Title: "a task", Ours: "pool", Within: 1e-3, Contenders: []Contender{{Name: "pool", SameBytes: true}, {Name: "proc", SameBytes: true}, {Name: "peer"}}}
	m := Measured{Case: &c, Distance: map[string]float64{"peer": 1e-4}, Samples: map[string][]Sample{
		"pool": {{Seconds: 0.5, CPU: 0.7, Used: peer.Usage{CPUSeconds: 0.6}}},
		"proc": {{Seconds: 1, CPU: 2, Used: peer.Usage{CPUSeconds: 1.5, Written: 2 << 20}}},
		"peer": {{Seconds: 2, CPU: 3, Used: peer.Usage{CPUSeconds: 1}}},
	}}
	var out strings.Builder
	m.print(&out)
	for _, want := range []string{
		"open to result", "CPU     written  process  CPU of process", "2 × [2–2]", "4 × [4–4]", "600 ms  0 MiB", "1.5 s   2 MiB",
		"files are the same bytes: pool; proc\n", "equal within 1e-03 of each; farthest is peer, by 1.0e-04\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}
