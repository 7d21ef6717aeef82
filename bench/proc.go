package main

import (
	"fmt"
	"os"
	"time"

	"github.com/lazynpy/lazynpy/bench/internal/peer"
)

// memorySampling is how often a contender's memory is looked at. The kernel
// keeps a high-water mark of the total but not of its parts, so those are
// sampled; reading the file takes some tens of microseconds.
const memorySampling = 5 * time.Millisecond

// memoryWatch samples the anonymous and the file-backed resident memory of a
// process. Where there is no /proc both stay 0.
type memoryWatch struct {
	done   chan struct{}
	result chan [2]int64
}

func watchMemory(pid int) memoryWatch {
	w := memoryWatch{done: make(chan struct{}), result: make(chan [2]int64, 1)}
	go func() {
		path := fmt.Sprintf("/proc/%d/status", pid)
		ticker := time.NewTicker(memorySampling)
		defer ticker.Stop()
		var anon, file int64
		for {
			if text, err := os.ReadFile(path); err == nil {
				anon = max(anon, peer.StatusBytes(string(text), "RssAnon"))
				file = max(file, peer.StatusBytes(string(text), "RssFile"))
			}
			select {
			case <-w.done:
				w.result <- [2]int64{anon, file}
				return
			case <-ticker.C:
			}
		}
	}()
	return w
}

// stop ends the sampling and returns the peaks in bytes.
func (w memoryWatch) stop() (anon, file int64) {
	close(w.done)
	peaks := <-w.result
	return peaks[0], peaks[1]
}
