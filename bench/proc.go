package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lazynpy/lazynpy/bench/internal/peer"
)

// memorySampling is how often a contender's memory is looked at. The kernel
// keeps a high-water mark of the total but not of its parts, so those are
// sampled; reading the file takes some tens of microseconds.
const memorySampling = 5 * time.Millisecond

// familyEvery is after how many samples the processes that a contender has started are looked for
// again, which means to read a file of every process of the machine.
const familyEvery = 5

// memoryPeaks are in bytes. Where there is no /proc all stay 0.
type memoryPeaks struct {
	anon, file int64 // of a contender and all processes that it has started, added up
	family     int64 // of the same sum with everything that is resident; 0 if it has started none
}

// memoryWatch samples the resident memory of a process and its descendants. A page that several of
// them map counts for each of them.
type memoryWatch struct {
	done   chan struct{}
	result chan memoryPeaks
}

func watchMemory(pid int, out string) memoryWatch {
	w := memoryWatch{done: make(chan struct{}), result: make(chan memoryPeaks, 1)}
	go func() {
		ticker := time.NewTicker(memorySampling)
		defer ticker.Stop()
		var peaks memoryPeaks
		family := []int{pid}
		for i := 1; ; i++ {
			if i%familyEvery == 0 {
				family = familyOf(pid, out)
			}
			peaks.sample(family)
			select {
			case <-w.done:
				w.result <- peaks
				return
			case <-ticker.C:
			}
		}
	}()
	return w
}

// stop ends the sampling and returns the peaks.
func (w memoryWatch) stop() memoryPeaks {
	close(w.done)
	return <-w.result
}

func (p *memoryPeaks) sample(family []int) {
	var anon, file, all int64
	for _, pid := range family {
		if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)); err == nil {
			anon += peer.StatusBytes(string(text), "RssAnon")
			file += peer.StatusBytes(string(text), "RssFile")
			all += peer.StatusBytes(string(text), "VmRSS")
		}
	}
	p.anon, p.file = max(p.anon, anon), max(p.file, file)
	if len(family) > 1 {
		p.family = max(p.family, all)
	}
}

// familyOf is a process, those that name a directory in their arguments unless that is empty, and
// the descendants of all of them.
func familyOf(pid int, out string) []int {
	children := map[int][]int{}
	named := map[int]bool{pid: true}
	paths, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well-formed
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		child, parent, ok := parentOf(string(text))
		if !ok {
			continue
		}
		children[parent] = append(children[parent], child)
		if out == "" || child == os.Getpid() {
			continue
		}
		if line, err := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline")); err == nil && strings.Contains(string(line), out+"/") {
			named[child] = true
		}
	}
	seen := map[int]bool{}
	family := slices.Collect(maps.Keys(named))
	for i := 0; i < len(family); i++ {
		seen[family[i]] = true
		for _, child := range children[family[i]] {
			if !named[child] && !seen[child] {
				family = append(family, child)
			}
		}
	}
	return family
}

// parentOf reads a process and its parent from the text of /proc/PID/stat: "PID (NAME) STATE PARENT
// …", where the name may have blanks and parentheses.
func parentOf(stat string) (pid, parent int, ok bool) {
	first, _, _ := strings.Cut(stat, " ")
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 2 {
		return 0, 0, false
	}
	pid, err1 := strconv.Atoi(first)
	parent, err2 := strconv.Atoi(fields[1])
	return pid, parent, err1 == nil && err2 == nil
}
