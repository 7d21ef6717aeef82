package proc

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/distributed/internal/rundir"
)

// grace is how long workers have to record what they have finished, after SIGTERM and before
// SIGKILL.
const grace = 10 * time.Second

// pipeDelay is how long a worker's child that has outlived it may keep its standard error open.
const pipeDelay = time.Second

// job is the workers of one round.
type job struct {
	engine Engine
	round  distributed.Round
	env    []string
	grace  time.Duration
	tee    sync.Mutex    // held while Engine.Stderr is written to
	ended  chan struct{} // closed when no worker is left

	mu        sync.Mutex
	pids      []string
	running   map[int]*os.Process // by index
	cancelled bool                // no further worker starts
}

func newJob(e Engine, r distributed.Round) *job {
	return &job{
		engine:  e,
		round:   r,
		env:     environment(os.Environ(), max(1, runtime.GOMAXPROCS(0)/min(e.processes(), r.Workers))),
		grace:   grace,
		ended:   make(chan struct{}),
		running: map[int]*os.Process{},
	}
}

// run starts the workers and returns when all have ended. It says on started, once, how the first
// ones have started.
//
// It stays on one thread: Linux sends the signal that ends workers with this process (see
// attributes) when the thread that has started them ends, and Go ends a thread when a goroutine
// that was locked to it returns. That may be anybody's goroutine, on any thread but this one.
func (j *job) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(j.ended)
	exits := make(chan struct{})
	next, alive := 0, 0
	var err error
	for err == nil && next < min(j.engine.processes(), j.round.Workers) {
		if err = j.start(next, exits); err == nil {
			next, alive = next+1, alive+1
		}
	}
	if err != nil {
		next = j.round.Workers
	}
	started <- err
	for alive > 0 {
		<-exits
		alive--
		for next < j.round.Workers && alive < j.engine.processes() {
			// One that does not start now has said so in its log, and is as one that has failed.
			if j.start(next, exits) == nil {
				alive++
			}
			next++
		}
	}
}

// start starts one worker, and says on exits when it has ended.
func (j *job) start(index int, exits chan<- struct{}) error {
	out, err := rundir.Append(j.log(index))
	if err != nil {
		return fmt.Errorf("proc: %w", err)
	}
	cmd := exec.Command(j.round.Command[0], j.round.Command[1:]...)
	cmd.Env = append(slices.Clone(j.env), "LAZYNPY_INDEX="+strconv.Itoa(index))
	cmd.SysProcAttr = attributes()
	cmd.WaitDelay = pipeDelay
	cmd.Stdout, cmd.Stderr = out, out
	if j.engine.Stderr != nil {
		cmd.Stderr = &tee{file: out, also: j.engine.Stderr, mu: &j.tee}
	}
	if err := j.launch(index, cmd); err != nil {
		_, _ = fmt.Fprintln(out, err)
		_ = out.Close()
		return err
	}
	go func() {
		if err := cmd.Wait(); err != nil {
			_, _ = fmt.Fprintf(out, "proc: worker %d of round %d ended: %v\n", index, j.round.Number, err)
		}
		_ = out.Close()
		j.mu.Lock()
		delete(j.running, index)
		j.mu.Unlock()
		exits <- struct{}{}
	}()
	return nil
}

// launch starts the process, unless the job was cancelled.
func (j *job) launch(index int, cmd *exec.Cmd) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.cancelled {
		return fmt.Errorf("proc: worker %d of round %d was cancelled before it started", index, j.round.Number)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("proc: worker %d of round %d: %w", index, j.round.Number, err)
	}
	j.running[index] = cmd.Process
	j.pids = append(j.pids, strconv.Itoa(cmd.Process.Pid))
	return nil
}

func (j *job) log(index int) string {
	return filepath.Join(j.round.Dir, "logs", fmt.Sprintf("proc-%d-%d.out", j.round.Number, index))
}

// ID is the process ids of the workers that were started so far, with commas between them.
func (j *job) ID() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Join(j.pids, ",")
}

// Poll says Idle when all workers have ended. It never fails.
func (j *job) Poll(context.Context) (distributed.State, error) {
	select {
	case <-j.ended:
		return distributed.Idle, nil
	default:
		return distributed.Active, nil
	}
}

// Cancel sends SIGTERM to the workers, and SIGKILL to those that are left after 10 s, or at once on
// systems that have no SIGTERM. It returns when all have ended, or with the context's error; then
// they end all the same.
func (j *job) Cancel(ctx context.Context) error {
	j.signal(terminate)
	kill := time.AfterFunc(j.grace, func() { j.signal((*os.Process).Kill) })
	select {
	case <-j.ended:
		kill.Stop()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// signal stops further starts and tells the workers that run.
func (j *job) signal(send func(*os.Process) error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.cancelled = true
	for _, p := range j.running {
		// The only error is that it has ended meanwhile.
		_ = send(p)
	}
}
