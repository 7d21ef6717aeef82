package main

import (
	"context"
	"io"
	"os"
)

// An outlet is an output that takes bytes as fast as somebody else likes, such as a pipe or a
// terminal. A write to it ends with the context also while it blocks; what it was given may be
// written all the same, until the process ends.
type outlet struct {
	*os.File
	ctx context.Context //nolint:containedctx // an io.Writer is given none
}

// newOutlet is w, or an outlet if w is a file that writes may block on.
func newOutlet(ctx context.Context, w io.Writer) io.Writer {
	f, ok := w.(*os.File)
	if !ok {
		return w
	}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		return w
	}
	return outlet{f, ctx}
}

func (o outlet) Write(b []byte) (n int, err error) {
	return await(o.ctx, func() (int, error) { return o.File.Write(b) })
}

// ReadFrom keeps io.Copy from the method of the file, which would block.
func (o outlet) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{o}, r)
}

// WriteString is Write for those who look for it.
func (o outlet) WriteString(text string) (int, error) { return o.Write([]byte(text)) }

// fileOf is the file that a writer is, if it is one.
func fileOf(w io.Writer) (*os.File, bool) {
	if o, ok := w.(outlet); ok {
		return o.File, true
	}
	f, ok := w.(*os.File)
	return f, ok
}

// await waits for a system call that may block for ever, but no longer than the context lasts. The
// call goes on then, in a process that is about to end.
func await[T any](ctx context.Context, call func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		v, err := call()
		done <- outcome{v, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}
