package distributed

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed/internal/journal"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// scaleVariable makes TestScale a run of 10^9 blocks in 10^5 tasks when it is set to "whole".
const scaleVariable = "LAZYNPY_SCALE"

// maxDriverHeap, 1 GiB, is what the heap of a driver may reach in a run of 10^9 blocks, garbage
// included.
const maxDriverHeap = 1 << 30

// TestScale drives a run of very many tasks whose workers only pretend to compute. One attempt in a
// hundred dies half way and leaves a torn record, one in five hundred runs twice. The driver must
// find every portion, in few rounds and in bounded memory.
func TestScale(t *testing.T) {
	blocks, tasks := int64(1e6), int64(1e3)
	if os.Getenv(scaleVariable) == "whole" {
		blocks, tasks = 1e9, 1e5
	}
	plan := planOfBytes(t, blocks, tasks)
	start := time.Now()
	engine := newPretender(plan)
	var heap, looks uint64
	err := Run(t.Context(), plan, engine, RunOptions{Poll: 20 * time.Millisecond, Rounds: 1, Progress: func(Status) {
		heap, looks = max(heap, heapBytes()), looks+1
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d blocks, %d portions, %d tasks: %d attempts in %d rounds, %d of which died; %d looks, heap %d MiB, %.1f s",
		plan.Blocks, plan.Portions(), plan.Tasks, engine.attempts.Load(), engine.rounds, engine.died.Load(), looks, heap>>20, time.Since(start).Seconds())
	if heap > maxDriverHeap {
		t.Errorf("the heap was %d bytes, more than %d", heap, maxDriverHeap)
	}
	start = time.Now()
	s, err := StatusOf(t.Context(), plan.DefaultDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("status of all of it: %.2f s", time.Since(start).Seconds())
	if s.State != "done" || s.Done != plan.Portions() || s.BlocksDone != blocks || s.Duplicates != engine.twice.Load() ||
		int64(len(s.Attempts)) != engine.attempts.Load() {
		t.Errorf("%s, %d portions, %d blocks, %d duplicates, %d attempts; want %d, %d, %d, %d",
			s.State, s.Done, s.BlocksDone, s.Duplicates, len(s.Attempts), plan.Portions(), blocks, engine.twice.Load(), engine.attempts.Load())
	}
	unended := int64(0)
	for _, a := range s.Attempts {
		if a.End == "" {
			unended++
		}
	}
	if unended != engine.died.Load() || engine.died.Load() == 0 || engine.twice.Load() == 0 {
		t.Errorf("%d attempts without an end, %d of which died, %d portions twice", unended, engine.died.Load(), engine.twice.Load())
	}
	if info, err := os.Stat(plan.Output.Path); err != nil || info.Size() != plan.Output.Size {
		t.Errorf("output: %v, %v", info, err)
	}
}

// planOfBytes plans to copy an array of bytes that is nearly all hole, each byte a block of its
// own.
func planOfBytes(t *testing.T, blocks, tasks int64) *Plan {
	t.Helper()
	dir := t.TempDir()
	in := filepath.Join(dir, "in.npy")
	head, err := mmapnpy.EncodeHeader(mmapnpy.Header{DType: mmapnpy.Uint8, Shape: []int64{blocks}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in, head, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(in, int64(len(head))+blocks); err != nil {
		t.Fatal(err)
	}
	// Portions that share pages may be as small as a plan can have them.
	plan, err := MemmapDistributed(in, Options{Chunks: "(1,)", Output: filepath.Join(dir, "out.npy"), Write: WriteSync, Tasks: tasks, PortionBytes: 1})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// heapBytes is what objects take on the heap, dead ones that were not collected included.
func heapBytes() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// pretender is an engine with one worker per task, of which a few run at a time. They write the
// journals of workers, and nothing else.
type pretender struct {
	plan    *Plan
	reached []int64 // by task, the first portion without a record

	rounds                int
	attempts, died, twice atomic.Int64 // twice counts portions
}

// pretenders is how many workers run at a time.
const pretenders = 16

func newPretender(p *Plan) *pretender {
	e := &pretender{plan: p, reached: make([]int64, p.Tasks)}
	for i := range e.reached {
		e.reached[i], _ = e.task(int64(i))
	}
	return e
}

// task is what worker i computes of it all.
func (e *pretender) task(i int64) (from, to int64) {
	n, tasks := e.plan.Portions(), e.plan.Tasks
	return i * n / tasks, (i + 1) * n / tasks
}

func (e *pretender) Name() string                         { return "pretender" }
func (e *pretender) RoundSize(tasks int64) int            { return int(tasks) }
func (e *pretender) Cancel(context.Context, string) error { return nil }

func (e *pretender) Submit(ctx context.Context, r Round) (Job, error) {
	ctx, cancel := context.WithCancel(ctx)
	j := &pretended{cancel: cancel, done: make(chan struct{})}
	e.rounds = r.Number
	var next atomic.Int64
	var workers sync.WaitGroup
	errs := make([]error, pretenders)
	for w := range pretenders {
		workers.Go(func() {
			for i := int(next.Add(1) - 1); i < r.Workers && ctx.Err() == nil && errs[w] == nil; i = int(next.Add(1) - 1) {
				errs[w] = e.work(r, i)
			}
		})
	}
	go func() {
		defer close(j.done)
		workers.Wait()
		j.err = errors.Join(errs...)
	}()
	return j, nil
}

// pretended is the workers of one round.
type pretended struct {
	cancel context.CancelFunc
	done   chan struct{}
	err    error // after done
}

func (j *pretended) ID() string { return "" }

func (j *pretended) Poll(context.Context) (State, error) {
	select {
	case <-j.done:
		return Idle, j.err
	default:
		return Active, nil
	}
}

func (j *pretended) Cancel(context.Context) error {
	j.cancel()
	<-j.done
	return nil
}

// work is a worker with the tasks that have its index, counted round: it may die or have a double.
func (e *pretender) work(r Round, index int) error {
	for task := int64(index); task < e.plan.Tasks; task += int64(r.Workers) {
		from := e.reached[task]
		_, to := e.task(task)
		if from == to {
			continue
		}
		switch rng := rand.New(rand.NewPCG(uint64(task), uint64(r.Number))); {
		case rng.IntN(100) == 0:
			to = from + (to-from)/2
			if err := e.attempt(r, index, from, to, 1+rng.Int64N(63)); err != nil {
				return err
			}
			e.died.Add(1)
		case rng.IntN(500) == 0:
			if err := e.attempt(r, index, from, to, 0); err != nil {
				return err
			}
			e.twice.Add(to - from)
			fallthrough
		default:
			if err := e.attempt(r, index, from, to, 0); err != nil {
				return err
			}
		}
		e.reached[task] = to
	}
	return nil
}

// attempt writes the journal of portions [from, to). It ends in so many bytes of one more record
// instead of properly, if that is not 0.
func (e *pretender) attempt(r Round, index int, from, to, torn int64) error {
	dir := filepath.Join(r.Dir, journalDir)
	w, err := journal.Create(dir, e.plan.ID(), journal.Attempt{Host: "node" + string(rune('a'+index%26)), PID: index, Engine: e.Name(),
		Job: "1234567", Index: index, Started: time.Unix(1700000000, 0).UTC()})
	if err != nil {
		return err
	}
	e.attempts.Add(1)
	records := make([]journal.Record, 0, to-from)
	for i := from; i < to; i++ {
		records = append(records, journal.Record{Portion: i, CRC: uint32(i * 2654435761)})
	}
	if err := w.Append(records...); err != nil {
		return err
	}
	if torn == 0 {
		if err := w.End(journal.End{Reason: journal.Done}); err != nil {
			return err
		}
		return w.Close()
	}
	if err := w.Close(); err != nil {
		return err
	}
	return tear(filepath.Join(dir, w.Name()), torn)
}

// tear appends n bytes that begin a frame.
func tear(path string, n int64) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, io.NewSectionReader(f, 0, n))
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}
