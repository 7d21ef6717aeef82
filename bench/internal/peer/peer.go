// Package peer is the protocol that every Go contender speaks with the runner:
//
//	contender TASK FILE [KEY=VALUE ...]
//
// A contender does one task once, in a fresh process, prints one JSON line (a
// [Report]) on standard output and ends. The Python contenders speak the same
// protocol through peers/protocol.py.
package peer

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Report is what a contender says of one run.
type Report struct {
	// Result holds the numbers computed, in C order. The runner compares them
	// between contenders before it prints any ratio. Null: the elements of Files.
	Result any `json:"result"`
	// Seconds is the time from before the file is opened until the result is
	// there; process start and interpreter imports are not in it.
	Seconds float64 `json:"seconds"`
	// OpenSeconds is the part of Seconds until the array was open.
	OpenSeconds float64 `json:"open_seconds,omitempty"`
	// PeakRSS is the kernel's high-water mark of this process in bytes, 0 where
	// the system does not tell.
	PeakRSS int64 `json:"peak_rss,omitempty"`
	// Used is what all processes have used in that time, without what they do for the comparison
	// afterwards; the zero Usage if that was not measured.
	Used Usage `json:"used,omitzero"`
	// Files are what was written. The runner reads and removes them.
	Files []string `json:"files,omitempty"`
	// Extra holds further figures of a task, by name.
	Extra map[string]float64 `json:"extra,omitempty"`
}

// Params are the KEY=VALUE arguments.
type Params map[string]string

// Int returns the parameter as an integer, or fallback where it is not given.
func (p Params) Int(key string, fallback int64) (int64, error) {
	text, ok := p[key]
	if !ok {
		return fallback, nil
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("parameter %s=%s: %w", key, text, err)
	}
	return v, nil
}

// Task does one thing to the file at path.
type Task func(path string, p Params) (Report, error)

// Main runs the task that the arguments name and prints its report. It exits
// with status 1 when the task fails and 2 when the arguments are wrong.
func Main(tasks map[string]Task) {
	if len(os.Args) < 3 || tasks[os.Args[1]] == nil {
		names := make([]string, 0, len(tasks))
		for name := range tasks {
			names = append(names, name)
		}
		slices.Sort(names)
		fmt.Fprintf(os.Stderr, "usage: %s {%s} FILE [KEY=VALUE ...]\n", os.Args[0], strings.Join(names, "|"))
		os.Exit(2)
	}
	params := Params{}
	for _, arg := range os.Args[3:] {
		key, value, ok := strings.Cut(arg, "=")
		if !ok {
			fmt.Fprintf(os.Stderr, "%s: argument %q is not KEY=VALUE\n", os.Args[0], arg)
			os.Exit(2)
		}
		params[key] = value
	}
	report, err := tasks[os.Args[1]](os.Args[2], params)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s %s: %v\n", os.Args[0], os.Args[1], err)
		os.Exit(1)
	}
	report.PeakRSS = peakRSS()
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		fmt.Fprintf(os.Stderr, "%s %s: %v\n", os.Args[0], os.Args[1], err)
		os.Exit(1)
	}
}

// Repeat calls f n times and returns the first and the median duration in
// seconds: what a process that does it once pays, and what it costs by itself.
func Repeat(n int, f func() error) (first, median float64, err error) {
	seconds := make([]float64, n)
	for i := range seconds {
		start := time.Now()
		if err := f(); err != nil {
			return 0, 0, err
		}
		seconds[i] = time.Since(start).Seconds()
	}
	first = seconds[0]
	slices.Sort(seconds)
	return first, seconds[n/2], nil
}

// peakRSS reads VmHWM rather than getrusage's maximum: the latter is inherited
// across fork and exec, so it would report the runner's size for small children.
func peakRSS() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	return StatusBytes(string(text), "VmHWM")
}

// StatusBytes returns one "Key:  1234 kB" line of a /proc/PID/status text in
// bytes, 0 where it is missing.
func StatusBytes(status, key string) int64 {
	for line := range strings.Lines(status) {
		rest, ok := strings.CutPrefix(line, key+":")
		if !ok {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
		if err != nil {
			return 0
		}
		return kib << 10
	}
	return 0
}
