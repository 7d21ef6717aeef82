package proc

import (
	"io"
	"sync"
)

// tee writes to a log, and also to somebody who looks on, whose errors must not end the worker by a
// broken pipe.
type tee struct {
	file io.Writer
	also io.Writer
	mu   *sync.Mutex
}

func (t *tee) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = t.also.Write(b)
	return t.file.Write(b)
}
