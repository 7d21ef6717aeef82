package proc

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

func TestWorkersEndWithTheirDriver(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	driver := exec.Command(self, "worker", "driver", dir)
	driver.Env = append(os.Environ(), "LAZYNPY_INDEX=driver")
	if err := driver.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, dir, "0.ready")
	await(t, dir, "1.ready")
	if err := driver.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = driver.Wait()
	await(t, dir, "0.ended")
	await(t, dir, "1.ended")
}

// Threads that end must not take the workers with them. The thread that has started them commonly
// waits for the last one of them, and is free for others when that has ended.
func TestWorkersOutliveOtherThreads(t *testing.T) {
	r := round(t, "first", 4)
	j := submit(t, Engine{Processes: 4}, r)
	await(t, r.Dir, "0.ready")
	for j.alive() > 1 {
		time.Sleep(time.Millisecond)
	}
	for range 500 {
		ended := make(chan struct{})
		go func() {
			runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
			close(ended)
		}()
		<-ended
		runtime.Gosched()
	}
	time.Sleep(200 * time.Millisecond) // for a signal that must not come
	if s, _ := j.Poll(t.Context()); s != distributed.Active {
		t.Errorf("Poll = %v: the worker has got SIGTERM", s)
	}
}

func (j *job) alive() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.running)
}
