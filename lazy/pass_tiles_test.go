package lazy

import (
	"context"
	"testing"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// TestTallTiles takes moments over the slow axes of an array whose rows fill a tile each. Tiles
// have many rows all the same, each element is seen once and those of an output in their order, and
// the bits are those in the company of reducers that want other tiles, and of a pass in parts.
func TestTallTiles(t *testing.T) {
	shape := []int64{2, 20, 64, 1024}
	for _, dt := range []mmapnpy.DType{mmapnpy.Uint16, mustDType(t, ">f4")} {
		s := makeSample(t, t.TempDir(), dt, shape, false, false, 1)
		a := mustOpen(t, s.path, NavigationAxes(0, 1))
		alone := []Reducer{NewStd(OverNavigation(), 0)}
		p := must[*Parts](t)(NewParts(a, false, alone...))
		checkTallTiles(t, p.pass)
		want := resultsInParts(t, p)
		in := must[*Parts](t)(NewParts(a, false, NewStd(OverNavigation(), 0), NewMean(OverNavigation()), NewArgMax(OverSignal()), NewStd(OverSignal(), 0)))
		if got := resultsInParts(t, in); !got[0].Equal(want[0]) {
			t.Errorf("%v: std is other bits in the company of others", dt)
		}
	}
}

// TestTallTilesOfExpressions looks at who has tall tiles: what is stored, casts and arithmetic, but
// not what takes long to compute twice.
func TestTallTilesOfExpressions(t *testing.T) {
	a := must[*Array](t)(mustSlice(t, make([]uint16, 64<<16), 1, 64, 256, 256).With(NavigationAxes(0, 1)))
	dark := mustSlice(t, make([]float32, 1<<16), 256, 256)
	f4 := must[*Array](t)(a.AsType(mmapnpy.Float32))
	arithmetic := must[*Array](t)(Multiply(must[*Array](t)(Subtract(f4, dark)), 0.5))
	for name, c := range map[string]struct {
		a    *Array
		tall bool
	}{
		"stored":     {a, true},
		"cast":       {f4, true},
		"arithmetic": {arithmetic, true},
		"logarithm":  {must[*Array](t)(Log(f4)), false},
		"a function": {must[*Array](t)(Add(must[*Array](t)(Map(f4, func(dst, src []float32) { copy(dst, src) })), 1)), false},
		"its slice":  {must[*Array](t)(arithmetic.Slice("...,:255")), true},
	} {
		p := must[*pass](t)(newPass(c.a, []Reducer{NewStd(OverNavigation(), 0)}))
		if got := p.tilings[0].tall != nil; got != c.tall {
			t.Errorf("%s: tall tiles: %v", name, got)
		}
	}
	p := must[*Parts](t)(NewParts(arithmetic, false, NewStd(OverNavigation(), 0)))
	want := must[*Result](t)(Std(t.Context(), arithmetic, OverNavigation()))
	if got := resultsInParts(t, p); !got[0].Equal(want) {
		t.Error("std in parts is other bits")
	}
}

func resultsInParts(t *testing.T, p *Parts) []*Result {
	t.Helper()
	n := p.NumBlocks()
	err := p.Compute(context.Background(), 0, n, Computing{Run: n}, func(s BlockState) error {
		if s.State == nil {
			return nil
		}
		return p.Merge(0, n, s.State)
	})
	if err != nil {
		t.Fatal(err)
	}
	return must[[]*Result](t)(p.Results())
}

func checkTallTiles(t *testing.T, p *pass) {
	t.Helper()
	if len(p.tilings) != 1 {
		t.Fatalf("%d tilings for one reducer", len(p.tilings))
	}
	for i := range p.tasks.n {
		for win := range p.tasks.region(i).Split(p.cut, p.windowLen) {
			next := map[[2]int64]int64{} // by column: the row that comes next
			rows := min(tallRows, win.Shape[0]*win.Shape[1])
			seen := int64(0)
			for tile := range p.tiles(win, p.tilings[0]) {
				seen += tile.Len()
				if got := tile.Shape[0] * tile.Shape[1]; got < rows/2 || tile.Len() > p.tileLen {
					t.Fatalf("tile %v of window %v has %d rows", tile, win, got)
				}
				for y := tile.Start[2]; y < tile.Start[2]+tile.Shape[2]; y++ {
					checkNext(t, next, win, tile, [2]int64{y, tile.Start[3]})
				}
			}
			if seen != win.Len() {
				t.Fatalf("tiles of window %v have %d elements of %d", win, seen, win.Len())
			}
		}
	}
}

// checkNext fails if a tile does not begin behind the last one of the same outputs.
func checkNext(t *testing.T, next map[[2]int64]int64, win, tile chunk.Region, out [2]int64) {
	t.Helper()
	row := (tile.Start[0]-win.Start[0])*win.Shape[1] + tile.Start[1] - win.Start[1]
	if row != next[out] {
		t.Fatalf("tile %v of window %v begins in row %d, not %d", tile, win, row, next[out])
	}
	next[out] += tile.Shape[0] * tile.Shape[1]
}
