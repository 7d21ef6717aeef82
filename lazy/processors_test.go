package lazy

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/internal/kernel"
)

const digestEnv = "LAZYNPY_TEST_DIGEST"

// TestProcessorsAgree runs itself as on processors without AVX2, without fused multiply-add and
// without either, and compares the bytes of all results, the states of reductions among them.
func TestProcessorsAgree(t *testing.T) {
	if os.Getenv(digestEnv) != "" {
		for _, line := range resultDigests(t) {
			fmt.Println(digestEnv, line)
		}
		return
	}
	if runtime.GOARCH != "amd64" {
		return // processors of others are not told apart
	}
	want := resultDigests(t)
	for _, off := range []string{"cpu.avx2=off", "cpu.fma=off", "cpu.all=off"} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestProcessorsAgree$")
		cmd.Env = append(os.Environ(), digestEnv+"=1", "GODEBUG="+off)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", off, err, out)
		}
		var got []string
		for line := range strings.Lines(string(out)) {
			if rest, ok := strings.CutPrefix(line, digestEnv+" "); ok {
				got = append(got, strings.TrimSpace(rest))
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%s: %d results, not %d", off, len(got), len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: %s, where it is %s with everything", off, got[i], want[i])
			}
		}
	}
}

var processorDTypes = []string{"<f2", "<f4", "<f8", "<c8", "<c16", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "|b1", ">f4", ">i2"}

// resultDigests names what is computed, with a hash of the bytes.
func resultDigests(t *testing.T) (lines []string) {
	for _, name := range processorDTypes {
		a := specialArray(t, name)
		note := func(what string, b []byte) {
			lines = append(lines, fmt.Sprintf("%s %s %x", name, what, sha256.Sum256(b)))
		}
		for what, make := range sortedMaps(t, a) {
			m, err := make()
			if err != nil {
				continue // not for this dtype
			}
			r, err := m.Load(t.Context())
			if errors.Is(err, ErrNegativePower) {
				continue
			}
			if err != nil {
				t.Fatalf("%s %s: %v", name, what, err)
			}
			note(what, r.data)
		}
		for i, r := range processorReducers() {
			parts, err := NewParts(a, false, r)
			if err != nil {
				continue
			}
			var states []byte
			err = parts.Compute(t.Context(), 0, parts.NumBlocks(), Computing{}, func(s BlockState) error {
				states = append(states, s.State...)
				return parts.Merge(s.Block, s.Block+1, s.State)
			})
			if err != nil {
				t.Fatalf("%s %s: %v", name, r.name, err)
			}
			results, err := parts.Results()
			if err != nil {
				t.Fatalf("%s %s: %v", name, r.name, err)
			}
			note(fmt.Sprint(r.name, i, " states"), states)
			note(fmt.Sprint(r.name, i), results[0].data)
		}
	}
	return lines
}

func processorReducers() (all []Reducer) {
	for _, over := range []Over{OverAll(), OverSignal(), OverAxes(0), OverAxes(1), OverAxes(0, 2)} {
		all = append(all, NewSum(over), NewMean(over), NewMin(over), NewMax(over), NewArgMin(over), NewArgMax(over), NewVar(over, 0), NewStd(over, 1))
	}
	for _, over := range []Over{OverAll(), OverAxes(0)} {
		all = append(all, NewHistogram(over, 50, -80, 80), NewCountNaN(over), NewCountInf(over), NewCountZero(over))
	}
	return append(all, NewMasks(Disk(3, 3, 2)), NewMasks(Disk(15, 16, 9), SmoothRing(15, 16, 4, 12)), NewCenterOfMass(CenterOfMass{}), NewRadialProfile(15, 16, 12), NewRadialSum(15, 16, 12))
}

// sortedMaps are element-wise functions of an array, in the order of their names.
func sortedMaps(t *testing.T, a *Array) func(yield func(string, func() (*Array, error)) bool) {
	all := map[string]func() (*Array, error){
		"sqrt, square": func() (*Array, error) { return onArrays(Sqrt, Square)(a) },
		"bin mean":     func() (*Array, error) { return a.BinMean(1, 3, 2) },
		"correct": func() (*Array, error) {
			return a.Correct(Correction{Dark: 0.1, Gain: 1.7, DeadPixels: [][]int64{{0, 0}, {15, 16}}})
		},
		"clip":  func() (*Array, error) { return Clip(a, -3, 7) },
		"where": func() (*Array, error) { return Where(must[*Array](t)(Less(a, 1)), a, 0.5) },
	}
	for _, to := range processorDTypes {
		all["as "+to] = func() (*Array, error) { return a.AsType(mustDType(t, to)) }
	}
	for op := kernel.Negative; op <= kernel.ImagPart; op++ {
		all[op.String()] = func() (*Array, error) { return unary(op, a) }
	}
	for op := kernel.Add; op <= kernel.GreaterEqual; op++ {
		all[op.String()] = func() (*Array, error) {
			turned, err := a.Slice("::-1, :, ::-1")
			if err != nil {
				return nil, err
			}
			return binaryOp(op, a, turned)
		}
		all[op.String()+" 1.5"] = func() (*Array, error) { return binaryOp(op, a, 1.5) }
		all[op.String()+" 3"] = func() (*Array, error) { return binaryOp(op, a, 3) }
	}
	return func(yield func(string, func() (*Array, error)) bool) {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if !yield(name, all[name]) {
				return
			}
		}
	}
}

func onArrays(fs ...func(*Array) (*Array, error)) func(*Array) (*Array, error) {
	return func(a *Array) (_ *Array, err error) {
		for _, f := range fs {
			if a, err = f(a); err != nil {
				return nil, err
			}
		}
		return a, nil
	}
}

// specialArray has zeros, infinities and NaNs of both signs, NaNs with payloads and subnormal
// numbers, among numbers of all sizes. A third of the frames has no special numbers.
func specialArray(t *testing.T, name string) *Array {
	rng := rand.New(rand.NewPCG(80, 81))
	dtype := mustDType(t, name)
	r := newResult(dtype, []int64{9, 31, 34})
	e, _ := dtype.Elem()
	n := int(product(r.shape))
	if e == kernel.Complex64 || e == kernel.Complex128 {
		n *= 2
	}
	values := make([]float64, n)
	for i := range values {
		values[i] = rng.NormFloat64() * 40
		if i%7 == 0 {
			values[i] = rng.NormFloat64()
		}
	}
	element := e
	switch e {
	case kernel.Complex64:
		element = kernel.Float32
	case kernel.Complex128:
		element = kernel.Float64
	}
	kernel.Convert(r.data, element, kernel.Bytes(values), kernel.Float64, false)
	size := element.Size()
	special := map[kernel.Elem][]uint64{
		kernel.Float16: {0x7e00, 0xfe00, 0x7c01, 0xfd23, 0x7c00, 0xfc00, 0x8000, 0, 1, 0x83ff},
		kernel.Float32: {0x7fc00000, 0xffc00000, 0x7f800001, 0xff812345, 0x7f800000, 0xff800000, 0x80000000, 0, 1, 0x807fffff},
		kernel.Float64: {0x7ff8 << 48, 0xfff8 << 48, 0x7ff0<<48 | 1, 0xfff0<<48 | 0x12345, 0x7ff0 << 48, 0xfff0 << 48, 1 << 63, 0, 1, 0x800f<<48 | 5},
	}[element]
	for i := range values {
		if frame := i / (n / 9); len(special) > 0 && frame%3 != 0 && rng.IntN(60/frame) == 0 {
			bits := special[rng.IntN(len(special))]
			for k := range size {
				r.data[i*size+k] = byte(bits >> (8 * k))
			}
		}
	}
	a, err := FromResult(r, NavigationAxes(0), Workers(1))
	if err != nil {
		t.Fatal(err)
	}
	return a
}
