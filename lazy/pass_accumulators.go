package lazy

import (
	"encoding"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/lazynpy/lazynpy/internal/kernel"
)

// errState says that bytes are not the state of accumulators.
var errState = errors.New("not the state of these accumulators")

// accumulators is a slice of them that can leave the process as bytes.
type accumulators interface {
	size() int
	append(b []byte) []byte
	set(b []byte) // of size bytes
}

// stateOf are accumulators of one type.
type stateOf[T any] []T

func (s stateOf[T]) size() int { return len(s) * int(reflect.TypeFor[T]().Size()) }
func (s stateOf[T]) append(b []byte) []byte {
	at := len(b)
	b = append(b, kernel.Bytes(s)...)
	switch any(s).(type) {
	case stateOf[float64]:
		kernel.OneNaN(b[at:], kernel.Float64)
	case stateOf[float32]:
		kernel.OneNaN(b[at:], kernel.Float32)
	}
	return b
}

func (s stateOf[T]) set(b []byte) {
	if kernel.Shares() {
		copy(kernel.Bytes(s), b)
		return
	}
	copy(s, kernel.Slice[T](b))
}

// appendStates appends accumulators in the byte order of this machine, and one NaN for all.
func appendStates(b []byte, parts ...accumulators) []byte {
	size := 0
	for _, p := range parts {
		size += p.size()
	}
	b = slices.Grow(b, size)
	for _, p := range parts {
		b = p.append(b)
	}
	return b
}

// setStates fills accumulators with what appendStates has written, and returns what is behind it.
func setStates(b []byte, parts ...accumulators) (rest []byte, err error) {
	want := 0
	for _, p := range parts {
		want += p.size()
	}
	if len(b) < want {
		return nil, fmt.Errorf("%w: %d bytes instead of %d", errState, len(b), want)
	}
	for _, p := range parts {
		p.set(b[:p.size()])
		b = b[p.size():]
	}
	return b, nil
}

// appendUserState appends one state of a user's fold.
func appendUserState[S any](b []byte, s *S) ([]byte, error) {
	if binary.Size(s) >= 0 {
		return binary.Append(b, binary.LittleEndian, s)
	}
	return appendSized(b, func(b []byte) ([]byte, error) { return appendMarshaled(b, s) })
}

// setUserState reads one state of a user's fold, and returns what is behind it.
func setUserState[S any](b []byte, s *S) (rest []byte, err error) {
	if n := binary.Size(s); n >= 0 {
		if len(b) < n {
			return nil, fmt.Errorf("%w: %d bytes instead of %d", errState, len(b), n)
		}
		_, err = binary.Decode(b[:n], binary.LittleEndian, s)
		return b[n:], err
	}
	state, rest, ok := cutSized(b)
	if !ok {
		return nil, fmt.Errorf("%w: it ends too soon", errState)
	}
	return rest, unmarshal(state, s)
}

// appendSized appends what f appends, behind its length in 8 bytes, least significant first.
func appendSized(b []byte, f func(b []byte) ([]byte, error)) ([]byte, error) {
	at := len(b)
	b, err := f(append(b, make([]byte, 8)...))
	if err != nil {
		return b, err
	}
	binary.LittleEndian.PutUint64(b[at:], uint64(len(b)-at-8))
	return b, nil
}

// cutSized takes apart what appendSized has written, and what follows it.
func cutSized(b []byte) (sized, rest []byte, ok bool) {
	if len(b) < 8 || uint64(len(b)-8) < binary.LittleEndian.Uint64(b) {
		return nil, nil, false
	}
	n := 8 + int(binary.LittleEndian.Uint64(b))
	return b[8:n], b[n:], true
}

// appendMarshaled appends what a value of a user's marshals itself to.
func appendMarshaled(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case encoding.BinaryAppender:
		return v.AppendBinary(b)
	case encoding.BinaryMarshaler:
		m, err := v.MarshalBinary()
		return append(b, m...), err
	}
	return b, fmt.Errorf("a %T has neither a fixed size nor MarshalBinary, and cannot leave the process", v)
}

// unmarshal is the opposite of appendMarshaled.
func unmarshal(b []byte, v any) error {
	u, ok := v.(encoding.BinaryUnmarshaler)
	if !ok {
		return fmt.Errorf("a %T has no UnmarshalBinary", v)
	}
	return u.UnmarshalBinary(b)
}
