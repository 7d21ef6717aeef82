package lazy

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
)

// FuncError is what a function of the caller's returned or panicked with: one that was given to
// [Map], [Map2], [MapSignal], [MapOverlap], [Each], [NewFold], [NewPerFrame] or [NewReducer]. It
// says which elements it was at work on, whoever read them: [Run], [Array.Load], [Array.Save],
// [SaveArchive], [Array.Elements], [Array.Blocks] and all that are made of these. errors.Is and
// errors.As see through it. Its %+v has the stack of a panic.
type FuncError struct {
	// Region is the part of the array that was read (not of the one that the function was given to)
	// whose elements were made, and Block the block of the plan in which it begins. Without
	// elements, as for an error of Accumulators.Finish, Block is -1.
	Block  int64
	Region chunk.Region

	// Err is what the function returned. Of a panic it begins with "panic: ", and wraps the value
	// if that was an error.
	Err error

	// Stack is that of a panic, as [debug.Stack] gives it; else nil.
	Stack []byte
}

// Error names the block and the region, and says what Err does.
func (e *FuncError) Error() string {
	if e.Block < 0 {
		return e.Err.Error()
	}
	return fmt.Sprintf("block %d, region %s: %v", e.Block, e.Region, e.Err)
}

// Unwrap is Err.
func (e *FuncError) Unwrap() error { return e.Err }

// Format implements [fmt.Formatter].
func (e *FuncError) Format(s fmt.State, verb rune) {
	if verb != 'v' || !s.Flag('+') {
		_, _ = fmt.Fprintf(s, fmt.FormatString(s, verb), e.Error())
		return
	}
	_, _ = io.WriteString(s, e.Error())
	if len(e.Stack) > 0 {
		_, _ = fmt.Fprintf(s, "\n\n%s", e.Stack)
	}
}

// panicError is a panic that became an error.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }
func (e *panicError) Unwrap() error { err, _ := e.value.(error); return err }

// callUser runs a user's function over what may be mapped bytes. A fault in them is a [FaultError];
// what the function returns or panics with is a [FuncError], which whoever asked for the elements
// completes by where they are; see [Array.located].
func callUser(f func() error) error {
	err := guardUser(f)
	if err == nil {
		return nil
	}
	if fault, ok := errors.AsType[*FaultError](err); ok {
		return fault
	}
	e := &FuncError{Block: -1, Err: err}
	if p, ok := errors.AsType[*panicError](err); ok {
		e.Stack = p.stack
	}
	return e
}

// guardUser turns a fault and a panic into an error.
func guardUser(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &panicError{r, debug.Stack()}
		}
	}()
	return bytesrc.Guard(f)
}

// located says in which part of the array that was read a user's function failed. Any other error
// stays what it is, and so does one that knows already.
func (a *Array) located(err error, r chunk.Region) error {
	e, ok := errors.AsType[*FuncError](err)
	if !ok || e.Block >= 0 {
		return err
	}
	at := *e
	at.Block, at.Region = a.plan.BlockOf(r.Start), r.Clone()
	return &at
}
