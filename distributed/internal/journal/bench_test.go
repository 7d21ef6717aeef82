package journal

import (
	"fmt"
	"os"
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

// BenchmarkAttempts is a run of attempts that come one after the other and record one portion each,
// as the tasks of a job array may: what all of it takes, but for computing. LAZYNPY_LONG has many.
func BenchmarkAttempts(b *testing.B) {
	sizes := []int64{30, 100}
	if os.Getenv("LAZYNPY_LONG") != "" {
		sizes = []int64{300, 1000, 3000}
	}
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var c Cost
			for b.Loop() {
				dir := b.TempDir()
				for i := range n {
					one := attemptOf(b, dir, i, n)
					c.Opens, c.Bytes = c.Opens+one.Opens, c.Bytes+one.Bytes
				}
			}
			all := float64(b.N) * float64(n)
			b.ReportMetric(float64(c.Opens)/all, "opens/attempt")
			b.ReportMetric(float64(c.Bytes)/all, "bytes/attempt")
		})
	}
}

// attemptOf is attempt i of n, and what it reads.
func attemptOf(b *testing.B, dir string, i, n int64) Cost {
	b.Helper()
	l := mustLog(b, dir, n)
	w, err := Create(dir, planA, Attempt{Host: "n1", Index: int(i)})
	must(b, err)
	look := func() {
		must(b, l.Follow(b.Context()))
		must(b, l.Condense())
	}
	l.Borrow()
	look()
	must(b, w.Claim(i, i+1))
	must(b, w.Flush())
	look()
	must(b, w.Append(Record{Portion: i}))
	look()
	must(b, w.End(End{Reason: Done}))
	must(b, w.Close())
	must(b, l.Close())
	return l.Cost()
}
