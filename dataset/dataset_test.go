package dataset

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/zipseek"
)

// saved writes arrays of n samples: x of (n, 3) int32 that holds 10*(first+i)+j, and y of (n,)
// int64 that holds first+i.
func saved(t testing.TB, path string, first, n int64, opts ...lazy.ArchiveOption) {
	t.Helper()
	x, y := make([]int32, 3*n), make([]int64, n)
	for i := range n {
		y[i] = first + i
		for j := range int64(3) {
			x[3*i+j] = int32(10*(first+i) + j)
		}
	}
	xs, err := lazy.FromSlice(x, n, 3)
	if err != nil {
		t.Fatal(err)
	}
	ys, err := lazy.FromSlice(y, n)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(path, ".npy") {
		if err := xs.Save(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err := lazy.SaveArchive(t.Context(), path, lazy.Entries(map[string]*lazy.Array{"x": xs, "y": ys}), opts...); err != nil {
		t.Fatal(err)
	}
}

// folder writes archives of these lengths, numbered 0.npz on.
func folder(t testing.TB, lengths []int64, opts ...lazy.ArchiveOption) string {
	t.Helper()
	dir, first := t.TempDir(), int64(0)
	for i, n := range lengths {
		saved(t, filepath.Join(dir, fmt.Sprintf("%d.npz", i)), first, n, opts...)
		first += n
	}
	return dir
}

func config(dir string, batch int) Config {
	return Config{Files: []string{dir}, Inputs: Columns("x"), Targets: Columns("y"), Batch: batch}
}

func opened(t testing.TB, c Config) *Dataset {
	t.Helper()
	d, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// labels are the samples of each batch, by their labels. That x belongs to y is checked.
func labels(t testing.TB, d *Dataset) [][]int64 {
	t.Helper()
	var all [][]int64
	for b, err := range d.Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, labelsOf(t, b))
	}
	return all
}

func labelsOf(t testing.TB, b *Batch) []int64 {
	t.Helper()
	x, err := Values[int32](b.Inputs[0])
	if err != nil {
		t.Fatal(err)
	}
	y, err := Values[int64](b.Targets[0])
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(b.Inputs[0].Shape, []int64{int64(len(y)), 3}) {
		t.Fatalf("shape %v of %d samples", b.Inputs[0].Shape, len(y))
	}
	real := y[:b.Real()]
	for i, v := range real {
		if b.Samples[i] != v {
			t.Fatalf("sample %d has label %d", b.Samples[i], v)
		}
		for j := range int64(3) {
			if got := int64(x[int64(i)*3+j]); got != 10*v+j {
				t.Fatalf("x[%d] of sample %d is %d", j, v, got)
			}
		}
	}
	for i := len(real); i < len(y); i++ {
		if y[i] != 0 || x[3*i] != 0 || b.Mask[i] || b.Samples[i] != -1 {
			t.Fatalf("padding %d: %v %v", i, y[i], x[3*i])
		}
	}
	return slices.Clone(real)
}

func each(batches [][]int64) []int64 { return slices.Concat(batches...) }

// floats are the weights 0 to n-1.
func floats(n int) []float64 {
	all := make([]float64, n)
	for i := range all {
		all[i] = float64(i)
	}
	return all
}

// thirds are the labels 0 to 2.
func thirds(n int64) []int64 {
	all := count(n)
	for i := range all {
		all[i] %= 3
	}
	return all
}

func count(n int64) []int64 {
	all := make([]int64, n)
	for i := range all {
		all[i] = int64(i)
	}
	return all
}

// TestOrders: each sample comes once in an epoch, in any order, from files of any length.
func TestOrders(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 12 {
		var lengths []int64
		total := int64(0)
		for range 1 + r.IntN(5) {
			lengths = append(lengths, r.Int64N(40))
			total += lengths[len(lengths)-1]
		}
		if total == 0 {
			lengths[0], total = 7, 7
		}
		var opts []lazy.ArchiveOption
		if round%3 == 2 {
			opts = append(opts, lazy.Compressed(6))
		}
		dir := folder(t, lengths, opts...)
		batch := 1 + r.IntN(20)
		for _, order := range []Order{{}, Shuffle(), ShuffleGlobal(), ShuffleBlocks(1+r.Int64N(9), 1+r.Int64N(4)), ShuffleBlocks(0, 0)} {
			c := config(dir, batch)
			c.Order, c.Seed, c.Epochs, c.Workers = order, uint64(round), 2, 1+r.IntN(4)
			d := opened(t, c)
			if d.Len() != total {
				t.Fatalf("%d samples of %v", d.Len(), lengths)
			}
			got := labels(t, d)
			if want := 2 * ((total + int64(batch) - 1) / int64(batch)); int64(len(got)) != want || d.Steps() != want/2 {
				t.Fatalf("%d batches of %d, steps %d, want %d", len(got), batch, d.Steps(), want)
			}
			for epoch := range 2 {
				seen := each(got[epoch*len(got)/2 : (epoch+1)*len(got)/2])
				if order == (Order{}) && !slices.Equal(seen, count(total)) {
					t.Fatalf("in order: %v", seen)
				}
				slices.Sort(seen)
				if !slices.Equal(seen, count(total)) {
					t.Fatalf("%v: epoch %d of %v has %v", order, epoch, lengths, seen)
				}
			}
		}
	}
}

// TestWorkers: batches are the same with any number of workers, in any memory, and by their
// numbers.
func TestWorkers(t *testing.T) {
	dir := folder(t, []int64{50, 3, 0, 70, 31}, lazy.Compressed(6))
	for _, order := range []Order{{}, ShuffleGlobal(), ShuffleBlocks(7, 3), Weighted(floats(154)), Stratified(thirds(154))} {
		c := config(dir, 16)
		c.Order, c.Seed, c.Epochs = order, 5, 3
		want := labels(t, opened(t, c))
		for _, workers := range []int{1, 2, 7} {
			for _, memory := range []int64{16 * 20, 1 << 20} {
				c.Workers, c.Memory = workers, memory
				d := opened(t, c)
				if got := labels(t, d); !slices.EqualFunc(got, want, slices.Equal) {
					t.Fatalf("%v, %d workers: %v, want %v", order, workers, got, want)
				}
				if d.MemoryBytes() > memory {
					t.Errorf("%d bytes of %d", d.MemoryBytes(), memory)
				}
			}
		}
		d := opened(t, c)
		for _, k := range rand.New(rand.NewPCG(3, 4)).Perm(len(want)) {
			b, err := d.At(t.Context(), int64(k))
			if err != nil {
				t.Fatal(err)
			}
			if got := labelsOf(t, b); !slices.Equal(got, want[k]) || b.Step != int64(k) {
				t.Fatalf("batch %d: %v, want %v", k, got, want[k])
			}
		}
	}
}

// TestSeeds: another seed and another epoch are other orders, and the order of one seed is what it
// has always been: a state that was saved by an earlier build must go on where it was.
func TestSeeds(t *testing.T) {
	c := config(folder(t, []int64{10}), 10)
	c.Order, c.Epochs, c.Seed = ShuffleGlobal(), 2, 1
	a := labels(t, opened(t, c))
	c.Seed = 2
	b := labels(t, opened(t, c))
	if slices.Equal(a[0], a[1]) || slices.Equal(a[0], b[0]) {
		t.Errorf("orders %v and %v", a, b)
	}
	c.Seed, c.Order = 1, ShuffleBlocks(3, 2)
	got := fmt.Sprint(a, labels(t, opened(t, c)))
	const want = "[[8 4 7 6 0 3 1 9 5 2] [3 2 6 9 5 0 8 4 7 1]] [[2 6 7 1 8 0 3 4 9 5] [1 7 2 8 6 0 4 3 9 5]]"
	if got != want {
		t.Errorf("the orders of seed 1 are %s, were %s", got, want)
	}
}

// TestStratified: each sample comes once, and every stretch has the labels in their shares.
func TestStratified(t *testing.T) {
	dir := folder(t, []int64{60, 41})
	of := make([]int64, 101)
	share := map[int64]float64{}
	for i := range of {
		if of[i] = -7; i%3 == 1 {
			of[i] = int64(i / 34)
		}
		share[of[i]] += 1. / 101
	}
	c := config(dir, 10)
	c.Order, c.Epochs, c.Seed = Stratified(of), 2, 4
	got := each(labels(t, opened(t, c)))
	for epoch := range 2 {
		seen := slices.Clone(got[101*epoch : 101*(epoch+1)])
		for from := range seen {
			count := map[int64]float64{}
			for k, s := range seen[from:] {
				count[of[s]]++
				for label, part := range share {
					if want := part * float64(k+1); math.Abs(count[label]-want) > 2 {
						t.Fatalf("%d samples from %d on have %v of label %d, want %.1f", k+1, from, count[label], label, want)
					}
				}
			}
		}
		slices.Sort(seen)
		if !slices.Equal(seen, count(101)) {
			t.Fatalf("epoch %d has %v", epoch, seen)
		}
	}
	if slices.Equal(got[:101], got[101:]) {
		t.Error("two epochs are the same")
	}
	c.Subset = Indices([]int64{100, 3, 4, 50})
	got = each(labels(t, opened(t, c)))[:4]
	slices.Sort(got)
	if !slices.Equal(got, []int64{3, 4, 50, 100}) {
		t.Error(got)
	}
	c.Order = Stratified(of[1:])
	if _, err := Open(t.Context(), c); err == nil || err.Error() != "100 labels for 101 samples" {
		t.Error(err)
	}
}

// TestWeighted: samples are drawn as often as their weights say, within six standard deviations.
func TestWeighted(t *testing.T) {
	dir := folder(t, []int64{20, 30})
	weights := make([]float64, 50)
	sum := 0.0
	for i := range weights {
		weights[i] = float64(i % 5)
		sum += weights[i]
	}
	c := config(dir, 16)
	c.Order, c.Epochs = Weighted(weights), 400
	drawn := make([]float64, 50)
	for _, s := range each(labels(t, opened(t, c))) {
		drawn[s]++
	}
	for i, n := range drawn {
		p := weights[i] / sum
		if want := 50 * 400 * p; math.Abs(n-want) > 6*math.Sqrt(want*(1-p)) {
			t.Errorf("sample %d was drawn %v times, want %v", i, n, want)
		}
	}
	for _, bad := range [][]float64{nil, make([]float64, 50), append(make([]float64, 49), -1), append(make([]float64, 49), math.NaN()), append(make([]float64, 49), math.Inf(1))} {
		c.Order = Weighted(bad)
		if _, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "weight") {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

// TestLast: what becomes of the last batch, on any number of ranks, which have as many steps and
// share the samples.
func TestLast(t *testing.T) {
	for _, n := range []int64{1, 6, 23, 24, 25, 48} {
		dir := folder(t, []int64{n})
		for _, world := range []int{1, 2, 3, 5} {
			for _, last := range []Last{Short, Drop, Pad} {
				const batch = 4
				global := int64(batch * world)
				if last == Drop && n < global {
					c := config(dir, batch)
					c.World, c.Last = world, last
					if _, err := Open(t.Context(), c); err == nil {
						t.Errorf("an epoch without batches was opened")
					}
					continue
				}
				want := n
				if last == Drop {
					want = n / global * global
				}
				var seen []int64
				for rank := range world {
					c := config(dir, batch)
					c.World, c.Rank, c.Last, c.Order, c.Epochs = world, rank, last, Shuffle(), 2
					d := opened(t, c)
					got := labels(t, d)
					if int64(len(got)) != 2*d.Steps() || d.Steps() != (want+global-1)/global {
						t.Fatalf("%d batches, %d steps of %d samples", len(got), d.Steps(), n)
					}
					seen = append(seen, each(got[:len(got)/2])...)
					for b, err := range d.Batches(t.Context()) {
						if err != nil {
							t.Fatal(err)
						}
						if last == Pad && (b.Len() != batch || b.Real() < batch && b.Mask == nil) || last == Drop && b.Real() != batch {
							t.Fatalf("%v: %d samples, %d real", last, b.Len(), b.Real())
						}
					}
				}
				if last == Drop {
					if int64(len(seen)) != want {
						t.Errorf("%d samples, want %d", len(seen), want)
					}
					continue
				}
				slices.Sort(seen)
				if !slices.Equal(seen, count(n)) {
					t.Errorf("%d ranks have %v of %d", world, seen, n)
				}
			}
		}
	}
}

// TestResume: what goes on at any step has the rest, also with another batch size and on another
// number of ranks.
func TestResume(t *testing.T) {
	dir := folder(t, []int64{20, 13, 4})
	for _, order := range []Order{ShuffleGlobal(), ShuffleBlocks(5, 2), Weighted(floats(37)), Stratified(thirds(37))} {
		c := config(dir, 4)
		c.Order, c.Seed, c.Epochs = order, 9, 3
		d := opened(t, c)
		all := labels(t, d)
		for step := range int64(len(all) + 1) {
			s, err := d.State(step)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			if len(text) >= 300 {
				t.Errorf("a state of %d bytes: %s", len(text), text)
			}
			c2 := c
			if c2.Resume, err = ParseState(text); err != nil {
				t.Fatal(err)
			}
			again := opened(t, c2)
			if got := labels(t, again); !slices.EqualFunc(got, all[step:], slices.Equal) {
				t.Fatalf("from step %d: %v, want %v", step, got, all[step:])
			}
			if step == int64(len(all)) {
				continue
			}
			// Another batch size on three ranks, of which one is resumed again.
			rest := each(all[step:])
			var seen []int64
			for rank := range 3 {
				c3 := c2
				c3.Batch, c3.World, c3.Rank = 3, 3, rank
				third := opened(t, c3)
				if rank == 1 {
					if c3.Resume = nil; third.First() != step {
						t.Errorf("begins at %d, not %d", third.First(), step)
					}
					first, err := third.At(t.Context(), step)
					if err != nil {
						t.Fatal(err)
					}
					seen = append(seen, labelsOf(t, first)...)
					s, err := third.State(step + 1)
					if err != nil {
						t.Fatal(err)
					}
					c3.Resume = &s
					third = opened(t, c3)
				}
				seen = append(seen, each(labels(t, third))...)
			}
			slices.Sort(seen)
			slices.Sort(rest)
			if !slices.Equal(seen, rest) {
				t.Fatalf("from step %d on 3 ranks: %v, want %v", step, seen, rest)
			}
		}
	}
}

// TestStateRefused: a state of other data, or of another order, is refused with the name of what
// changed.
func TestStateRefused(t *testing.T) {
	dir := folder(t, []int64{5, 5, 5})
	c := config(dir, 4)
	c.Order = Shuffle()
	d := opened(t, c)
	s, err := d.State(1)
	if err != nil {
		t.Fatal(err)
	}
	c.Resume = &s
	refused := func(c Config, want string) {
		t.Helper()
		d, err := Open(t.Context(), c)
		if err == nil {
			d.Close()
		}
		if !errors.Is(err, ErrState) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want one with %q", err, want)
		}
	}
	c2 := c
	c2.Seed = 2
	refused(c2, "seed is 0")
	c2 = c
	c2.Order = Order{}
	refused(c2, "another order")
	c2 = c
	c2.Files = []string{filepath.Join(dir, "0.npz"), filepath.Join(dir, "1.npz")}
	refused(c2, "2 files, and had 3")
	c2.Files = []string{filepath.Join(dir, "1.npz"), filepath.Join(dir, "0.npz"), filepath.Join(dir, "2.npz")}
	refused(c2, "in another order")
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "1.npz"), later, later); err != nil {
		t.Fatal(err)
	}
	refused(c, "1.npz changed")
	if err := os.Chtimes(filepath.Join(dir, "2.npz"), later, later); err != nil {
		t.Fatal(err)
	}
	refused(c, "1.npz, ")
	if _, err := ParseState([]byte("{")); !errors.Is(err, ErrState) {
		t.Error(err)
	}
}

// TestSubsets: fractions of one seed share nothing and leave nothing over; indices are those that
// were given.
func TestSubsets(t *testing.T) {
	dir := folder(t, []int64{30, 27})
	part := func(s Subset) []int64 {
		c := config(dir, 8)
		c.Subset, c.Order = s, Shuffle()
		return each(labels(t, opened(t, c)))
	}
	train, validation := part(Fraction(0, 0.8, 3)), part(Fraction(0.8, 1, 3))
	if len(train) != 46 || len(validation) != 11 {
		t.Errorf("%d and %d samples", len(train), len(validation))
	}
	both := slices.Concat(train, validation)
	slices.Sort(both)
	if !slices.Equal(both, count(57)) {
		t.Errorf("%v", both)
	}
	listed := part(Indices([]int64{40, 3, 11}))
	slices.Sort(listed)
	if !slices.Equal(listed, []int64{3, 11, 40}) {
		t.Errorf("%v", listed)
	}
	index := filepath.Join(t.TempDir(), "index.npy")
	mask := make([]bool, 57)
	mask[5], mask[50] = true, true
	a, err := lazy.FromSlice(mask, 57)
	if err == nil {
		err = a.Save(t.Context(), index)
	}
	if err != nil {
		t.Fatal(err)
	}
	listed = part(IndexFile(index))
	slices.Sort(listed)
	if !slices.Equal(listed, []int64{5, 50}) {
		t.Errorf("%v", listed)
	}
	for _, bad := range []Subset{Indices([]int64{57}), Indices([]int64{1, 1}), Fraction(0.5, 1.1, 1), Indices(nil), IndexFile("nowhere.npy")} {
		c := config(dir, 8)
		c.Subset = bad
		if d, err := Open(t.Context(), c); err == nil {
			d.Close()
			t.Errorf("%+v was opened", bad)
		}
	}
}

// TestColumns: .npy files side by side by name, arrays beside files, a file per sample.
func TestColumns(t *testing.T) {
	xs, ys := t.TempDir(), t.TempDir()
	for i, n := range []int64{4, 3} {
		saved(t, filepath.Join(xs, fmt.Sprintf("part%d.npy", 9+i)), 4*int64(i), n)
	}
	y, err := lazy.FromSlice([]int64{0, 1, 2, 3, 4, 5, 6}, 7)
	if err != nil {
		t.Fatal(err)
	}
	c := Config{
		Inputs: []Column{{Files: []string{xs}}}, Targets: []Column{{Array: y}},
		Batch: 3, Order: Shuffle(),
	}
	if got := each(labels(t, opened(t, c))); len(got) != 7 {
		t.Error(got)
	}
	for i, n := range []int64{4, 3} {
		part, err := y.Index(lazy.Range(4*int64(i), 4*int64(i)+n))
		if err == nil {
			err = part.Save(t.Context(), filepath.Join(ys, fmt.Sprintf("part%d.npy", 9+i)))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	c.Targets = []Column{{Files: []string{filepath.Join(ys, "part10.npy"), filepath.Join(ys, "part9.npy")}}}
	c.MatchNames = true
	if got := each(labels(t, opened(t, c))); len(got) != 7 {
		t.Error(got)
	}
	c.MatchNames = false
	if _, err := Open(t.Context(), c); !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), "part9.npy and ") {
		t.Errorf("%v", err)
	}

	same := folder(t, []int64{2, 2, 2})
	c = config(same, 2)
	c.FilePerSample = true
	d := opened(t, c)
	b, err := d.At(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(b.Inputs[0].Shape, []int64{1, 2, 3}) || !slices.Equal(b.Targets[0].Shape, []int64{1, 2}) {
		t.Errorf("shapes %v and %v", b.Inputs[0].Shape, b.Targets[0].Shape)
	}
	if v, err := Values[int64](b.Targets[0]); err != nil || !slices.Equal(v, []int64{4, 5}) {
		t.Error(v, err)
	}
}

// TestWindows: of each file, or across files, with targets at the end or at each step, and zeros at
// the ends.
func TestWindows(t *testing.T) {
	dir := folder(t, []int64{4, 1, 3}) // labels 0 1 2 3 | 4 | 5 6 7
	for _, tt := range []struct {
		w    Window
		x, y string // first of x/10 of each entry, and y
	}{
		{Window{Length: 2}, "[0 1] [1 2] [2 3] [5 6] [6 7]", "[1] [2] [3] [6] [7]"},
		{Window{Length: 2, Stride: 2}, "[0 1] [2 3] [5 6]", "[1] [3] [6]"},
		{Window{Length: 2, Ahead: 1}, "[0 1] [1 2] [5 6]", "[2] [3] [7]"},
		{Window{Length: 3, Across: true, Stride: 2, Targets: TargetSteps}, "[0 1 2] [2 3 4] [4 5 6]", "[0 1 2] [2 3 4] [4 5 6]"},
		{Window{Length: 3, Across: true, Stride: 3, Targets: TargetSteps, Ahead: 1}, "[0 1 2] [3 4 5]", "[1 2 3] [4 5 6]"},
		{Window{Length: 3, Edge: EdgeStart, Across: true, Stride: 3}, "[0 0 0] [1 2 3] [4 5 6]", "[0] [3] [6]"},
		{Window{Length: 3, Edge: EdgeEnd, Stride: 2}, "[0 1 2] [2 3 0] [4 0 0] [5 6 7] [7 0 0]", "[2] [0] [0] [7] [0]"},
	} {
		c := config(dir, 2)
		c.Window = tt.w
		d := opened(t, c)
		var x, y []string
		for b, err := range d.Batches(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			xs, _ := Values[int32](b.Inputs[0])
			ys, _ := Values[int64](b.Targets[0])
			n := int64(b.Len())
			if !slices.Equal(b.Inputs[0].Shape, []int64{n, tt.w.Length, 3}) {
				t.Fatalf("shape %v", b.Inputs[0].Shape)
			}
			for i := range n {
				var of []int64
				for k := range tt.w.Length {
					of = append(of, int64(xs[(i*tt.w.Length+k)*3])/10)
				}
				x = append(x, fmt.Sprint(of))
				per := int64(len(ys)) / n
				y = append(y, fmt.Sprint(ys[i*per:(i+1)*per]))
			}
		}
		if strings.Join(x, " ") != tt.x || strings.Join(y, " ") != tt.y {
			t.Errorf("%+v: %v and %v, want %v and %v", tt.w, x, y, tt.x, tt.y)
		}
	}
}

// TestComputed: columns that are cast, normalised, one-hot, and joined.
func TestComputed(t *testing.T) {
	dir := folder(t, []int64{5})
	c := config(dir, 2)
	c.Last = Pad
	c.Inputs = []Column{
		{Key: "x", Channels: []int64{2, 0}, Scale: 0.1, Mean: []float64{1, 2}, Std: []float64{2}},
		{Key: "x", Name: "whole", DType: "f4"},
	}
	c.Join = true
	c.Targets = []Column{{Key: "y", Classes: 5, DType: "u1"}}
	d := opened(t, c)
	in, out := d.Specs()
	if got := fmt.Sprint(in, out); got != "[{x+whole float32 [2 5]}] [{y uint8 [2 5]}]" {
		t.Error(got)
	}
	var x []float32
	var y []uint8
	for b, err := range d.Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		xs, err := Values[float32](b.Inputs[0])
		if err != nil {
			t.Fatal(err)
		}
		ys, err := Values[uint8](b.Targets[0])
		if err != nil {
			t.Fatal(err)
		}
		x, y = append(x, xs...), append(y, ys...)
	}
	for i := range 6 {
		var wx [5]float32
		var wy [5]uint8
		if v := float64(10 * i); i < 5 {
			wx = [5]float32{float32(((v+2)*0.1 - 1) / 2), float32((v*0.1 - 2) / 2), float32(v), float32(v + 1), float32(v + 2)}
			wy[i] = 1
		}
		if !slices.Equal(x[5*i:5*i+5], wx[:]) || !slices.Equal(y[5*i:5*i+5], wy[:]) {
			t.Errorf("sample %d: %v %v, want %v %v", i, x[5*i:5*i+5], y[5*i:5*i+5], wx, wy)
		}
	}
	c.Targets[0].Classes = 4
	d = opened(t, c)
	_, err := d.At(t.Context(), 2)
	e, ok := errors.AsType[*SampleError](err)
	if !ok || !errors.Is(err, ErrLabel) || e.Index != 4 || e.Sample != 4 || e.Member != "y" || !strings.HasSuffix(err.Error(), "0.npz:y: index 4: label 4 is no class of 0 to 3") {
		t.Errorf("%v", err)
	}
}

// TestTransform: functions of the caller's see samples of their own, and random numbers that depend
// on the sample only.
func TestTransform(t *testing.T) {
	dir := folder(t, []int64{9})
	c := config(dir, 4)
	c.Order = Shuffle()
	random := map[int64]uint64{}
	c.Transform = func(b *Batch) (*Batch, error) {
		extra := make([]uint64, b.Len())
		for i := range extra {
			extra[i] = b.Rand(i).Uint64()
		}
		a, err := mmapnpy.BufferOf(extra, int64(len(extra)))
		b.Inputs = append(b.Inputs, a)
		return b, err
	}
	for _, workers := range []int{1, 3} {
		c.Workers, c.Batch = workers, 2+workers
		for b, err := range opened(t, c).Batches(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			extra, _ := Values[uint64](b.Inputs[1])
			for i, s := range b.Samples {
				if was, ok := random[s]; ok && was != extra[i] {
					t.Errorf("sample %d: %d and %d", s, was, extra[i])
				}
				random[s] = extra[i]
			}
		}
	}
	for want, f := range map[string]func(*Batch) (*Batch, error){
		"transform of batch 0: too dark":             func(*Batch) (*Batch, error) { return nil, errors.New("too dark") },
		"transform of batch 0: panic: oh":            func(*Batch) (*Batch, error) { panic("oh") },
		"transform of batch 0: no batch came back":   func(*Batch) (*Batch, error) { return nil, nil },
		"an array of shape [3] came back for 4 samp": func(b *Batch) (*Batch, error) { b.Targets[0], _ = mmapnpy.BufferOf([]int8{1, 2, 3}); return b, nil },
	} {
		c.Transform, c.Batch = f, 4
		var last error
		for _, err := range opened(t, c).Batches(t.Context()) {
			last = err
		}
		if _, ok := errors.AsType[*TransformError](last); !ok || !strings.Contains(last.Error(), want) {
			t.Errorf("%v, want %s", last, want)
		}
	}
}

// TestMismatches: what does not fit is told by the names of both files, before anything is read.
func TestMismatches(t *testing.T) {
	dir := folder(t, []int64{4, 5})
	odd := func(x *lazy.Array, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		y, err := lazy.FromSlice(make([]int64, 2), 2)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "odd.npz")
		if err := lazy.SaveArchive(t.Context(), path, lazy.Entries(map[string]*lazy.Array{"x": x, "y": y})); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tt := range []struct{ path, want string }{
		{odd(lazy.FromSlice(make([]int32, 8), 2, 4)), "samples of x are of shape [3] and [4]"},
		{odd(lazy.FromSlice(make([]int16, 6), 2, 3)), "samples of x are of int32 and int16"},
		{odd(lazy.FromSlice(make([]int32, 9), 3, 3)), "odd.npz:x and "},
	} {
		c := config(dir, 2)
		c.Files = append(c.Files, tt.path)
		_, err := Open(t.Context(), c)
		if !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.path) {
			t.Errorf("%v, want %s", err, tt.want)
		}
	}
	for _, tt := range []struct {
		change func(*Config)
		want   string
	}{
		{func(c *Config) { c.Inputs = Columns("z") }, `"z": no such array`},
		{func(c *Config) { c.Inputs = nil }, "no input"},
		{func(c *Config) { c.Files = []string{"nowhere"} }, "nowhere matches no file"},
		{func(c *Config) { c.Files = nil }, `column "x" has no files`},
		{func(c *Config) { c.Batch = 0 }, "batch size 0"},
		{func(c *Config) { c.Rank = 1 }, "rank 1 out of range"},
		{func(c *Config) { c.Workers = -1 }, "workers -1"},
		{func(c *Config) { c.Memory = 30 }, "a batch of 2 samples takes 40 B, and there are 30 B"},
		{func(c *Config) { c.Window.Stride = -1 }, "stride"},
		{func(c *Config) { c.Window.Length = 6 }, "there are no samples"},
		{func(c *Config) { c.Inputs[0].DType = "q7" }, "q7"},
		{func(c *Config) { c.Inputs[0].Channels = []int64{3} }, "out of bounds"},
		{func(c *Config) { c.Inputs[0].Mean = []float64{1, 2} }, "2 numbers of mean"},
		{func(c *Config) { c.FilePerSample = true }, "samples of x are of shape [4 3] and [5 3]"},
		{func(c *Config) { c.Join, c.Inputs = true, Columns("x", "y") }, "no last axis"},
	} {
		c := config(dir, 2)
		tt.change(&c)
		d, err := Open(t.Context(), c)
		if err == nil {
			d.Close()
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want %s", err, tt.want)
		}
	}
}

// TestCells: of a deflated member that has many spans, and more than are kept, each sample is what
// it is in any order, and each span is inflated once or twice in an epoch that is shuffled by
// blocks.
func TestCells(t *testing.T) {
	const n = 40000
	c := config(folder(t, []int64{n / 2, n / 2}, lazy.Compressed(1)), 64)
	c.Memory, c.Workers = 3<<20, 2
	c.Options = []lazy.Option{lazy.Zip(zipseek.Span(64 << 10))}
	for _, order := range []Order{{}, ShuffleBlocks(2000, 4), ShuffleBlocks(0, 0)} {
		c.Order = order
		d := opened(t, c)
		if d.columns[0].cell == 0 {
			t.Fatal("there are no cells")
		}
		got := each(labels(t, d))
		slices.Sort(got)
		if !slices.Equal(got, count(n)) {
			t.Errorf("%v: %d samples", d.Order(), len(got))
		}
		if d.cells.used > d.cells.limit+2*d.columns[0].cell*12 {
			t.Errorf("cells of %d bytes, limit %d", d.cells.used, d.cells.limit)
		}
		filled := d.cells.filled
		if cells := n/d.columns[0].cell + n/d.columns[1].cell + 4; filled > 3*cells {
			t.Errorf("%v: %d cells were filled, and there are %d", d.Order(), filled, cells)
		}
	}
}

// TestHugeSamples: a sample that a header says is huge is refused before there is memory for it.
func TestHugeSamples(t *testing.T) {
	path := filepath.Join(t.TempDir(), "huge.npy")
	head := "\x93NUMPY\x01\x00\x76\x00{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1048576, 131072), }"
	head += strings.Repeat(" ", 127-len(head)) + "\n"
	if err := os.WriteFile(path, []byte(head), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 128+2<<40); err != nil { // sparse
		t.Fatal(err)
	}
	for _, column := range []Column{{}, {DType: "f4"}, {Scale: 2}} {
		_, err := Open(t.Context(), Config{Files: []string{path}, Inputs: []Column{column}, Batch: 1})
		if !errors.Is(err, ErrMemory) || !strings.Contains(err.Error(), "TiB, and there are 256 MiB") {
			t.Error(err)
		}
	}
}

// TestFilesThatChange: a file that is gone, cut or replaced ends the loop with its name, and no
// batch has samples of another.
func TestFilesThatChange(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"gone":     os.Remove,
		"replaced": func(path string) error { saved(t, path+"2.npz", 100, 5); return os.Rename(path+"2.npz", path) },
	} {
		dir := folder(t, []int64{5, 5})
		d := opened(t, config(dir, 2))
		// As with many files: what was opened is closed.
		if err := d.source.reset(); err != nil {
			t.Fatal(err)
		}
		if err := change(filepath.Join(dir, "1.npz")); err != nil {
			t.Fatal(err)
		}
		var last error
		n := 0
		for b, err := range d.Batches(t.Context()) {
			if last = err; err == nil {
				n += len(labelsOf(t, b))
			}
		}
		e, ok := errors.AsType[*SampleError](last)
		if !ok || strings.Count(last.Error(), "1.npz") > 2 || e.File != filepath.Join(dir, "1.npz") || n > 5 || name == "gone" != errors.Is(last, fs.ErrNotExist) || name == "replaced" != errors.Is(last, lazy.ErrChanged) {
			t.Errorf("%s: %v after %d samples", name, last, n)
		}
	}
}

// TestSkip: files that cannot be opened are left out, samples that cannot be read are masked, and
// both are listed.
func TestSkip(t *testing.T) {
	dir := folder(t, []int64{4, 3, 5, 2})
	for name, text := range map[string]string{"0.npz": "no archive", "2.npz": "PK"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := config(dir, 2)
	c.Targets[0].Classes = 13 // the last label is 13
	if _, err := Open(t.Context(), c); err == nil {
		t.Error("a broken file was opened")
	}
	c.OnError = SkipErrors
	d := opened(t, c)
	if d.Len() != 5 {
		t.Fatalf("%d samples", d.Len())
	}
	n, list := d.Skipped()
	for _, e := range list {
		if strings.Count(e.Error(), e.File) != 1 {
			t.Errorf("the file is named twice: %v", e)
		}
	}
	if n != 2 || len(list) != 2 || list[0].File != filepath.Join(dir, "0.npz") || list[1].File != filepath.Join(dir, "2.npz") {
		t.Fatalf("%d: %v", n, list)
	}
	read := func() (masks []bool) {
		t.Helper()
		for b, err := range d.Batches(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			x, _ := Values[int32](b.Inputs[0])
			for i, s := range b.Samples {
				masked := len(b.Mask) > 0 && !b.Mask[i]
				masks = append(masks, masked)
				first := []int32{40, 50, 60, 120, 130}[s]
				if masked {
					first = 0
				}
				if x[3*i] != first {
					t.Errorf("sample %d begins with %d", s, x[3*i])
				}
			}
		}
		return masks
	}
	if got := read(); !slices.Equal(got, []bool{false, false, false, false, true}) {
		t.Errorf("masked: %v", got)
	}
	n, list = d.Skipped()
	if n != 3 || list[2].Sample != 4 || list[2].Index != 1 || list[2].Member != "y" || !errors.Is(list[2], ErrLabel) {
		t.Errorf("%d: %v", n, list)
	}
	if err := d.source.reset(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "1.npz")); err != nil {
		t.Fatal(err)
	}
	if got := read(); !slices.Equal(got, []bool{true, true, true, false, true}) {
		t.Errorf("masked: %v", got)
	}
	if n, list = d.Skipped(); n != 3+4 || len(list) != 2+4 {
		t.Errorf("%d: %v", n, list)
	}
}

// TestLoops: a loop that is left, or whose context ends, leaves no goroutine; batches that are kept
// stay what they are.
func TestLoops(t *testing.T) {
	dir := folder(t, []int64{40})
	c := config(dir, 2)
	c.Epochs, c.Order = -1, Shuffle()
	d := opened(t, c)
	before := runtime.NumGoroutine()
	var kept []*Batch
	var was [][]int64
	for b, err := range d.Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		kept, was = append(kept, b.Keep()), append(was, labelsOf(t, b))
		if b.Step == 50 {
			break
		}
		if b.Step%2 == 0 {
			b.Release()
			b.Release()
		}
	}
	for i, b := range kept {
		if !slices.Equal(labelsOf(t, b), was[i]) {
			t.Fatalf("batch %d changed", i)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for b, err := range d.Batches(ctx) {
		if last = err; err == nil && b.Step == 7 {
			cancel()
		}
	}
	if !errors.Is(last, context.Canceled) {
		t.Error(last)
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines, were %d", n, before)
	}
	if m := d.Metrics(); m.Samples < 100 || m.Bytes != m.Samples*20 || m.Batches*2 != m.Samples {
		t.Errorf("%+v", m)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.At(t.Context(), 0); !errors.Is(err, lazy.ErrClosed) {
		t.Error(err)
	}
}

// TestManyFiles: more files than are kept open.
func TestManyFiles(t *testing.T) {
	lengths := slices.Repeat([]int64{1}, 30)
	c := config(folder(t, lengths), 8)
	c.Order, c.Workers = Shuffle(), 3
	d := opened(t, c)
	if err := d.source.reset(); err != nil {
		t.Fatal(err)
	}
	d.source.most = 4
	got := each(labels(t, d))
	slices.Sort(got)
	if !slices.Equal(got, count(30)) {
		t.Error(got)
	}
	if n := len(d.source.open); n > 4 {
		t.Errorf("%d files are open", n)
	}
}
