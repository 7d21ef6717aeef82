package main

import (
	"strconv"
	"strings"
	"time"
)

// othersWatch tells how busy the machine was with other things than the contenders: a ratio that
// was measured beside a compiler says less than one that was measured alone.
type othersWatch struct {
	start time.Time
	busy  float64 // seconds
	ok    bool
}

func watchOthers() othersWatch {
	w := othersWatch{start: time.Now()}
	w.busy, w.ok = busySeconds(systemText("/proc/stat"))
	return w
}

// stop returns the cores that others used on average. What the contenders took is known from their
// samples; the runner itself sleeps nearly always.
func (w othersWatch) stop(m Measured) (cores float64, ok bool) {
	busy, ok := busySeconds(systemText("/proc/stat"))
	if !ok || !w.ok {
		return 0, false
	}
	busy -= w.busy
	for _, samples := range m.Samples {
		for _, s := range samples {
			busy -= s.CPU
		}
	}
	return max(0, busy/time.Since(w.start).Seconds()), true
}

// busySeconds is what all cores have spent on anything since the start of the system, time that was
// stolen from a virtual machine included, by the text of /proc/stat. Its unit is a hundredth of a
// second on every Linux.
func busySeconds(stat string) (float64, bool) {
	line, _, _ := strings.Cut(stat, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, false
	}
	var ticks float64
	for i, field := range fields[1:9] { // user nice system idle iowait irq softirq steal
		n, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return 0, false
		}
		if i != 3 && i != 4 {
			ticks += n
		}
	}
	return ticks / 100, true
}
