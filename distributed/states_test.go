package distributed_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/ops"
)

// writeArray writes an array of small numbers, as uint16.
func writeArray(t *testing.T, shape ...int64) (path string, size int64) {
	t.Helper()
	size = 1
	for _, n := range shape {
		size *= n
	}
	values := make([]uint16, size)
	x := uint32(1)
	for i := range values {
		x = x*1664525 + 1013904223
		values[i] = uint16(x >> 20)
	}
	b, err := mmapnpy.BufferOf(values, shape...)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "scan.npy")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := mmapnpy.Write(f, b); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path, 2 * size
}

// recorded is how many bytes the journals of a run take.
func recorded(t *testing.T, dir string) (n int64) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(dir, "journal"), func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		n += info.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestStatesAreSmall runs reductions with large results, and with very many blocks, and looks at
// what workers have recorded: no more than the accumulators of all results for each task and 1 % of
// the input. Bits do not depend on portions.
func TestStatesAreSmall(t *testing.T) {
	for _, c := range []struct {
		name   string
		shape  []int64
		nav    []int
		chunks string
		ops    []string
		over   string
	}{
		{"sum over 0", []int64{32, 16, 128, 128}, nil, "(2,-1,-1,-1)", []string{"sum"}, "0"},
		{"mean and std over 0", []int64{32, 16, 128, 128}, nil, "(2,-1,-1,-1)", []string{"mean", "std"}, "0"},
		{"mean and std over navigation", []int64{32, 32, 64, 64}, []int{0, 1}, "(1,8,-1,-1)", []string{"mean", "std"}, "navigation"},
		{"std over navigation, frames cut", []int64{32, 32, 64, 64}, []int{0, 1}, "(4,8,16,-1)", []string{"std"}, "navigation"},
		{"sum over signal", []int64{64, 64, 16, 16}, []int{0, 1}, "(1,1,-1,-1)", []string{"sum"}, "signal"},
		{"sum of tiny blocks", []int64{1 << 18}, nil, "(16,)", []string{"sum", "mean"}, "all"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path, size := writeArray(t, c.shape...)
			var first []*lazy.Result
			for k, o := range []distributed.Options{{}, {PortionBytes: size / 5}} {
				dir := t.TempDir()
				o.Navigation, o.Chunks, o.Memory = c.nav, c.chunks, 64<<20
				for _, op := range c.ops {
					o.Reduce = append(o.Reduce, distributed.Reduction{Op: ops.Must(op, ops.OverParams{Over: c.over}), Path: filepath.Join(dir, op+".npy")})
				}
				p, err := distributed.MemmapDistributed(path, o)
				if err != nil {
					t.Fatal(err)
				}
				if err := distributed.Run(t.Context(), p, distributed.Pool{Workers: 1 + k}, distributed.RunOptions{Keep: true}); err != nil {
					t.Fatal(err)
				}
				results := int64(0)
				for i, r := range p.Reduce {
					got, err := lazy.Open(r.Path)
					if err != nil {
						t.Fatal(err)
					}
					loaded, err := got.Load(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					results += got.NBytes()
					if k == 0 {
						first = append(first, loaded)
					} else if !loaded.Equal(first[i]) {
						t.Errorf("%s: other bits with other portions", r.Op.Name)
					}
					if err := got.Close(); err != nil {
						t.Error(err)
					}
				}
				wrote := recorded(t, p.DefaultDir())
				frames := 64 * (p.Portions() + 4) // headers of records, and the attempt
				if wrote > p.StateBytes+frames+16<<10 {
					t.Errorf("%d bytes of states, the plan said %d", wrote, p.StateBytes)
				}
				// What one portion finishes alone is recorded as results.
				if p.Portions() == 1 && (wrote > results+frames+4<<10 || p.StateBytes != results) {
					t.Errorf("%d bytes of states, planned %d, of %d bytes of results", wrote, p.StateBytes, results)
				}
				// Accumulators of std take five times as much as its result.
				if most := 5*results*p.Tasks + size/100 + frames + 4<<10; k == 0 && (wrote > most || p.StateBytes > most) {
					t.Errorf("%d bytes of states in %d portions, planned %d, at most %d", wrote, p.Portions(), p.StateBytes, most)
				}
			}
		})
	}
}
