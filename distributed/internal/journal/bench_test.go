package journal

import (
	"fmt"
	"testing"
)

// BenchmarkReplay replays 10^6 records with payloads of 16 bytes, in 1000 journals.
func BenchmarkReplay(b *testing.B) {
	const files, each = 1000, 1000
	dir := b.TempDir()
	for i := range files {
		journal := join(attemptFrame("n1"))
		for k := range each {
			journal = append(journal, rawFrame{kind: 'P', plan: planA, portion: uint64(i*each + k), payload: make([]byte, 16)}.bytes()...)
		}
		put(b, dir, fmt.Sprintf("%d.n1.journal", i), journal)
	}
	for b.Loop() {
		l, err := OpenLog(dir, planA, files*each)
		if err != nil {
			b.Fatal(err)
		}
		refresh(b, l)
		if l.NumDone() != files*each {
			b.Fatalf("%d done", l.NumDone())
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(files*each), "ns/record")
}
