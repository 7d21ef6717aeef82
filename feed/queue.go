package feed

import (
	"slices"
	"sync"

	"github.com/lazynpy/lazynpy/dataset"
)

// job is a batch that is to be read into a slot of a client. It is the session's, and a worker's
// from pop until the session has it from its channel of finished jobs.
type job struct {
	s        *session
	step     int64
	slot     int
	finished bool
	dropped  bool // nobody wants it any more
	batch    *dataset.Batch
	arrays   []column
	err      error
}

// queue is the jobs of all sessions that no worker has taken.
type queue struct {
	mu     sync.Mutex
	more   sync.Cond
	wanted []*job // clients wait for them
	ahead  []*job
	closed bool
}

func newQueue() *queue {
	q := &queue{}
	q.more.L = &q.mu
	return q
}

func (q *queue) push(j *job, wanted bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if wanted {
		q.wanted = append(q.wanted, j)
	} else {
		q.ahead = append(q.ahead, j)
	}
	q.more.Signal()
}

// want has a job that may be read ahead read before all that are.
func (q *queue) want(j *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.ahead, j); i >= 0 {
		q.ahead = slices.Delete(q.ahead, i, i+1)
		q.wanted = append(q.wanted, j)
	}
}

// remove takes a job back, and is false if a worker has it.
func (q *queue) remove(j *job) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, list := range []*[]*job{&q.wanted, &q.ahead} {
		if i := slices.Index(*list, j); i >= 0 {
			*list = slices.Delete(*list, i, i+1)
			return true
		}
	}
	return false
}

// pop waits for a job; nil is the end.
func (q *queue) pop() *job {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.closed {
		for _, list := range []*[]*job{&q.wanted, &q.ahead} {
			if len(*list) > 0 {
				j := (*list)[0]
				*list = slices.Delete(*list, 0, 1)
				return j
			}
		}
		q.more.Wait()
	}
	return nil
}

// close ends the workers.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.more.Broadcast()
}
