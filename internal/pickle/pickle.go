// Package pickle reads Python pickles as data, and executes nothing: what a pickle would have
// Python import or call becomes an opaque value.
//
//   - Concurrency: its one function keeps no state.
//   - Memory: of the order of the pickle, which the caller bounds.
//   - Errors: what is malformed, or has values of other kinds, matches [ErrUnsupported].
package pickle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

// ErrUnsupported says that a pickle has something that is not read here.
var ErrUnsupported = errors.New("pickle with more than numbers, strings, tuples and dicts")

// opaque stands for what a pickle would have Python make by a call. Nothing is called.
type opaque struct{}

// mark is on the stack where a MARK was.
type mark struct{}

// Read reads a pickle of any protocol as far as it has plain values: int64, string, nil, bool,
// []any for tuples and lists, map[any]any for dicts; all else is opaque. It executes nothing: the
// opcodes that name a function or call one only put an opaque value on the stack. The opcodes are
// those of CPython's pickletools that its pickler writes for such values.
func Read(p []byte) (any, error) {
	u := unpickler{rest: p, memo: make(map[int64]any)}
	for {
		op := u.take(1)
		if op == nil {
			return nil, u.err
		}
		if op[0] == '.' {
			v := u.pop()
			return v, u.err
		}
		if u.step(op[0]); u.err != nil {
			return nil, u.err
		}
	}
}

type unpickler struct {
	rest  []byte
	stack []any
	memo  map[int64]any
	err   error
}

func (u *unpickler) fail() {
	if u.err == nil {
		u.err = ErrUnsupported
	}
}

// take is the next n bytes, or nil if there are fewer.
func (u *unpickler) take(n int64) []byte {
	if n < 0 || n > int64(len(u.rest)) {
		u.fail()
		return nil
	}
	b := u.rest[:n:n]
	u.rest = u.rest[n:]
	return b
}

// line is what follows up to the end of a line.
func (u *unpickler) line() string {
	i := bytes.IndexByte(u.rest, '\n')
	if i < 0 {
		u.fail()
		return ""
	}
	s := string(u.rest[:i])
	u.rest = u.rest[i+1:]
	return s
}

// uint is a little-endian number of n bytes, at most 8.
func (u *unpickler) uint(n int64) int64 {
	var b [8]byte
	copy(b[:], u.take(n))
	return int64(binary.LittleEndian.Uint64(b[:]))
}

// long is a little-endian number of n bytes in two's complement.
func (u *unpickler) long(n int64) {
	if n > 8 {
		u.take(n)
		u.push(opaque{})
		return
	}
	v := u.uint(n)
	if n > 0 && n < 8 && v>>(8*n-1) != 0 {
		v -= 1 << (8 * n)
	}
	u.push(v)
}

func (u *unpickler) push(v any) { u.stack = append(u.stack, v) }

func (u *unpickler) pop() any {
	if len(u.stack) == 0 {
		u.fail()
		return nil
	}
	v := u.stack[len(u.stack)-1]
	u.stack = u.stack[:len(u.stack)-1]
	return v
}

// popN is the last n values.
func (u *unpickler) popN(n int) []any {
	if n > len(u.stack) {
		u.fail()
		return nil
	}
	v := append([]any(nil), u.stack[len(u.stack)-n:]...)
	u.stack = u.stack[:len(u.stack)-n]
	return v
}

// popMark is the values after the last mark, which goes too.
func (u *unpickler) popMark() []any {
	for n := range len(u.stack) {
		if isMark(u.stack[len(u.stack)-1-n]) {
			v := u.popN(n)
			u.pop()
			return v
		}
	}
	u.fail()
	return nil
}

// step carries one opcode out.
func (u *unpickler) step(op byte) {
	switch op {
	case 0x80: // PROTO
		u.take(1)
	case 0x95: // FRAME
		u.take(8)
	case '(':
		u.push(mark{})
	case '0':
		u.pop()
	case '1': // POP_MARK
		u.popMark()
	case 'N':
		u.push(nil)
	case 0x88, 0x89: // NEWTRUE, NEWFALSE
		u.push(op == 0x88)
	case 'K':
		u.push(u.uint(1))
	case 'M':
		u.push(u.uint(2))
	case 'J':
		u.long(4)
	case 0x8a: // LONG1
		u.long(u.uint(1))
	case 'I', 'L':
		u.number()
	case 'G': // BINFLOAT
		u.take(8)
		u.push(opaque{})
	case 'F', 'S', 'P':
		u.line()
		u.push(opaque{})
	default:
		if !u.text(op) && !u.build(op) && !u.remember(op) {
			u.fail()
		}
	}
}

// number is the decimal of INT and LONG; protocol 0 writes booleans as 00 and 01.
func (u *unpickler) number() {
	s := u.line()
	if n := len(s); n > 0 && s[n-1] == 'L' {
		s = s[:n-1]
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		u.err = fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	u.push(v)
}

// text carries out the opcodes of strings and bytes.
func (u *unpickler) text(op byte) bool {
	switch op {
	case 'V': // UNICODE; what is escaped is in no key that is asked for
		u.push(u.line())
	case 0x8c: // SHORT_BINUNICODE
		u.push(string(u.take(u.uint(1))))
	case 'X':
		u.push(string(u.take(u.uint(4))))
	case 0x8d: // BINUNICODE8
		u.push(string(u.take(u.uint(8))))
	case 'U', 'C': // SHORT_BINSTRING, SHORT_BINBYTES
		u.take(u.uint(1))
		u.push(opaque{})
	case 'T', 'B':
		u.take(u.uint(4))
		u.push(opaque{})
	default:
		return false
	}
	return true
}

// build carries out the opcodes of containers, and of calls.
func (u *unpickler) build(op byte) bool {
	switch op {
	case ')', ']':
		u.push([]any{})
	case '}':
		u.push(map[any]any{})
	case 't', 'l':
		u.push(u.popMark())
	case 'd':
		pairs := u.popMark()
		u.push(map[any]any{})
		u.fill(pairs)
	case 0x85, 0x86, 0x87: // TUPLE1, TUPLE2, TUPLE3
		u.push(u.popN(int(op - 0x84)))
	case 'u':
		u.fill(u.popMark())
	case 's':
		u.fill(u.popN(2))
	case 'e', 'a': // APPENDS, APPEND: a list is not looked into afterwards
		if op == 'e' {
			u.popMark()
		} else {
			u.pop()
		}
		u.pop()
		u.push(opaque{})
	case 'c': // GLOBAL
		u.line()
		u.line()
		u.push(opaque{})
	case 0x93, 'R', 0x81: // STACK_GLOBAL, REDUCE, NEWOBJ: two values become one
		u.popN(2)
		u.push(opaque{})
	case 'b': // BUILD: the state of what was made
		u.pop()
	default:
		return false
	}
	return true
}

// fill puts keys and values into the dict on the stack. Keys that are not plain are left out.
func (u *unpickler) fill(pairs []any) {
	if len(u.stack) == 0 || len(pairs)%2 != 0 {
		u.fail()
		return
	}
	dict, ok := u.stack[len(u.stack)-1].(map[any]any)
	if !ok {
		return
	}
	for i := 0; i < len(pairs); i += 2 {
		switch k := pairs[i].(type) {
		case string, int64:
			dict[k] = pairs[i+1]
		}
	}
}

// remember carries out the opcodes of the memo.
func (u *unpickler) remember(op byte) bool {
	switch op {
	case 0x94: // MEMOIZE
		u.put(int64(len(u.memo)))
	case 'q':
		u.put(u.uint(1))
	case 'r':
		u.put(u.uint(4))
	case 'p':
		i, _ := strconv.ParseInt(u.line(), 10, 64) // a wrong number is found nowhere
		u.put(i)
	case 'h':
		u.push(u.memo[u.uint(1)])
	case 'j':
		u.push(u.memo[u.uint(4)])
	case 'g':
		i, _ := strconv.ParseInt(u.line(), 10, 64) // likewise
		u.push(u.memo[i])
	default:
		return false
	}
	return true
}

func (u *unpickler) put(i int64) {
	if len(u.stack) == 0 {
		u.fail()
		return
	}
	u.memo[i] = u.stack[len(u.stack)-1]
}

func isMark(v any) bool {
	_, ok := v.(mark)
	return ok
}
