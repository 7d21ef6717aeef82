package distributed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/ops"
)

// TestEdges writes pieces of all lengths and looks at which pages waited for the disk: those that a
// portion shares with another, and no other.
func TestEdges(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		starts := []int64{page}
		for range rng.IntN(8) {
			starts = append(starts, starts[len(starts)-1]+1+rng.Int64N(3*page))
		}
		shared := map[int64]bool{}
		for _, at := range starts {
			shared[at/page] = shared[at/page] || at%page != 0
		}
		dir := t.TempDir()
		open := func(name string) *os.File {
			f, err := os.Create(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		o := &outputFile{f: open("cached"), edges: open("synced"), base: page, n: int64(len(starts)),
			from: func(i int64) int64 { return starts[i] }}
		all := make([]byte, starts[len(starts)-1]+2*page)
		for i := page; i < len(all); i++ {
			all[i] = byte(1 + rng.IntN(255))
		}
		for at := page; at < len(all); {
			n := min(1+rng.IntN(3*page), len(all)-at)
			if k, err := o.WriteAt(all[at:at+n], int64(at)-page); k != n || err != nil {
				t.Fatalf("%d of %d bytes written, %v", k, n, err)
			}
			at += n
		}
		got := make([][]byte, 2)
		for i, f := range []*os.File{o.f, o.edges} {
			got[i] = make([]byte, len(all))
			_, _ = f.ReadAt(got[i], 0) // a short one is zeros
		}
		for i := page; i < len(all); i++ {
			want := [2]byte{all[i], 0}
			if shared[int64(i)/page] {
				want = [2]byte{0, all[i]}
			}
			if have := [2]byte{got[0][i], got[1][i]}; have != want {
				t.Fatalf("portions from %d: byte %d cached and synced %d, want %d", starts, i, have, want)
			}
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTransposedRun runs transposing maps of many portions, which are to lie together in the
// output, and compares with Save.
func TestTransposedRun(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	in := filepath.Join(dir, "in.npy")
	shape := []int64{12, 11, 52, 149}
	values := make([]uint16, 12*11*52*149)
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range values {
		values[i] = uint16(rng.IntN(math.MaxUint16))
	}
	a, err := lazy.FromSlice(values, shape...)
	if err == nil {
		err = a.Save(ctx, in)
	}
	if err != nil {
		t.Fatal(err)
	}
	for i, axes := range [][]int{{2, 3, 0, 1}, {3, 0, 1, 2}, {1, 0, 3, 2}} {
		want := filepath.Join(dir, "want.npy")
		b, err := a.Transpose(axes...)
		if err == nil {
			err = b.Save(ctx, want)
		}
		if err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(dir, fmt.Sprintf("out%d.npy", i))
		p, err := MemmapDistributed(in, Options{Map: []ops.Op{ops.Must("transpose", ops.AxesParams{Axes: axes})}, Output: out,
			BlockSizeLimit: 40 << 10, PortionBytes: 300 << 10, Memory: leastMemory})
		if err != nil {
			t.Fatal(err)
		}
		if p.Portions() < 2 || p.Output.Write != WriteEdges && p.Output.Write != WriteCached {
			t.Errorf("transpose %v: %d portions of %d blocks of %v, written %q", axes, p.Portions(), p.PortionBlocks, p.Chunks, p.Output.Write)
		}
		if err := Run(ctx, p, Pool{}, RunOptions{Dir: out + ".run"}); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(elements(t, out), elements(t, want)) {
			t.Errorf("transpose %v: other elements than those of Save", axes)
		}
	}
}

// TestDirectOutput plans large and small maps, and compares what is written past the page cache,
// which large ones are, with what goes through it.
func TestDirectOutput(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	in := filepath.Join(dir, "in.raw")
	f, err := os.Create(in)
	if err == nil {
		err = errors.Join(f.Truncate(directBytes), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	options := func(rows int64, write string) Options {
		return Options{DType: mmapnpy.Uint16, Shape: []int64{rows, 256, 256}, Map: []ops.Op{ops.Must("astype", ops.AsTypeParams{DType: "float32"})},
			Output: filepath.Join(dir, "out.npy"), Write: write, PortionBytes: 3 << 20}
	}
	const rows = directBytes / (4 * 256 * 256)
	for _, c := range []struct {
		rows        int64
		write, want string
	}{{rows, "", WriteDirect}, {rows - 1, WriteAuto, WriteCached}, {rows, WriteCached, WriteCached}, {3, WriteDirect, WriteDirect}} {
		if p, err := MemmapDistributed(in, options(c.rows, c.write)); err != nil || p.Output.Write != c.want {
			t.Errorf("%d rows, write %q: %+v, %v", c.rows, c.write, p.Output, err)
		}
	}
	values := make([]uint16, 19*256*256)
	rng := rand.New(rand.NewPCG(3, 6))
	for i := range values {
		values[i] = uint16(rng.IntN(math.MaxUint16))
	}
	b, err := mmapnpy.BufferOf(values)
	if err == nil {
		err = os.WriteFile(in, b.Data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	var written [][]byte
	for _, write := range []string{WriteCached, WriteDirect} {
		o := options(19, write)
		o.Output = filepath.Join(dir, write+".npy")
		p, err := MemmapDistributed(in, o)
		if err == nil {
			err = Run(ctx, p, Pool{}, RunOptions{Dir: o.Output + ".run", Verify: true})
		}
		if err != nil {
			t.Fatal(err)
		}
		written = append(written, elements(t, o.Output))
	}
	if !bytes.Equal(written[0], written[1]) {
		t.Error("past the page cache other bytes were written")
	}
}

// elements are those of a .npy file, in its order.
func elements(t *testing.T, path string) []byte {
	t.Helper()
	a, err := lazy.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b[a.Header().DataOffset:]
}
