package distributed_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/ops"
)

// TestPlanIsPure plans the same in different surroundings.
func TestPlanIsPure(t *testing.T) {
	f := small(t)
	folder, name := filepath.Split(f.scan)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	ids := map[[32]byte]string{}
	plan := func(where, scan string, o distributed.Options) {
		p, err := distributed.MemmapDistributed(scan, o)
		if err != nil {
			t.Fatal(err)
		}
		ids[p.ID()] = where
		if len(ids) > 1 {
			t.Errorf("plans differ: %v", ids)
		}
	}
	for _, n := range []int{1, 2, 64} {
		runtime.GOMAXPROCS(n)
		o := f.options(slowParams{})
		o.Chunks, o.PortionBytes = "auto", 0
		plan(fmt.Sprintf("%d processors", n), f.scan, o)
	}
	t.Chdir(folder)
	relative := f.options(slowParams{})
	relative.Chunks, relative.PortionBytes = "auto", 0
	for _, path := range []*string{&relative.Output, &relative.Reduce[0].Path, &relative.Reduce[1].Path} {
		rel, err := filepath.Rel(folder, *path)
		if err != nil {
			t.Fatal(err)
		}
		*path = rel
	}
	plan("in the folder", name, relative)
}

// TestPlanKeepsNothing changes what the options had after the plan was made.
func TestPlanKeepsNothing(t *testing.T) {
	o := distributed.Options{Positions: [][]int64{{0, 0}, {0, 1}, {1, 0}, {1, 1}}, Scan: []int64{2, 2}, Navigation: []int{0, 1}, Output: "out.npy"}
	p, err := distributed.MemmapDistributed(makeScan(t, 4, 8), o)
	if err != nil {
		t.Fatal(err)
	}
	id := p.ID()
	o.Positions[3][0], o.Scan[0], o.Navigation[0] = 5, 7, 1
	if p.ID() != id {
		t.Error("the plan has changed")
	}
}

// arrays makes random arrays in files.
type arrays struct {
	*testing.T
	rng *rand.Rand
	dir string
	n   int
}

// array is where an array is, and how it is opened.
type array struct {
	path    string
	options distributed.Options // raw, key, positions
	shape   []int64
	whole   bool // records, which have no arithmetic
}

var dtypes = []string{"<f4", ">f4", "<f8", ">u2", "<i4", "|u1", ">c8"}

// next is an array of a random shape, dtype, order and kind of file.
func (g *arrays) next() array {
	g.Helper()
	g.n++
	shape := [][]int64{{}, {0}, {1}, {7}, {3000}, {40, 33}, {5, 0, 3}, {6, 16, 64}, {3, 5, 7, 11}, {1, 1, 2048}, {9, 32, 32}, {128, 512}, {16, 16, 64}, {64, 32, 16}}[g.rng.IntN(14)]
	name := dtypes[g.rng.IntN(len(dtypes))]
	t := must[mmapnpy.DType](g)(mmapnpy.ParseDType(name))
	n := int64(1)
	for _, s := range shape {
		n *= s
	}
	data := make([]byte, 0, n*t.ItemSize())
	for range n {
		data = append(data, g.element(name)...)
	}
	order := []string{"C", "F"}[g.rng.IntN(2)]
	a := array{path: filepath.Join(g.dir, fmt.Sprintf("%d", g.n)), shape: shape}
	header := must[[]byte](g)(mmapnpy.EncodeHeader(mmapnpy.Header{DType: t, Shape: shape, FortranOrder: order == "F"}))
	switch g.rng.IntN(5) {
	case 0:
		off := g.rng.Int64N(5000)
		a.options = distributed.Options{DType: t, Offset: off, Shape: shape, Order: order}
		g.write(a.path, append(make([]byte, off), data...))
	case 1: // a field of a record of 3 bytes more, or the whole record
		pad := must[mmapnpy.DType](g)(mmapnpy.SubarrayOf(mmapnpy.Uint8, 3))
		fields := must[mmapnpy.DType](g)(mmapnpy.StructOf(mmapnpy.Field{Name: "pad", DType: pad}, mmapnpy.Field{Name: "x", DType: t}))
		records := []byte{}
		for i := range n {
			records = append(append(records, 1, 2, 3), data[i*t.ItemSize():(i+1)*t.ItemSize()]...)
		}
		if a.whole = g.rng.IntN(3) == 0; !a.whole {
			a.options.Key = "x"
		}
		if g.rng.IntN(2) == 0 {
			a.options.DType, a.options.Shape, a.options.Order = fields, shape, order
			g.write(a.path, records)
			break
		}
		a.path += ".npy"
		g.write(a.path, append(must[[]byte](g)(mmapnpy.EncodeHeader(mmapnpy.Header{DType: fields, Shape: shape, FortranOrder: order == "F"})), records...))
	case 2, 3:
		var archive bytes.Buffer
		z := zip.NewWriter(&archive)
		w := must[io.Writer](g)(z.CreateHeader(&zip.FileHeader{Name: "x.npy", Method: []uint16{zip.Store, zip.Deflate}[g.rng.IntN(2)]}))
		if _, err := w.Write(append(header, data...)); err != nil {
			g.Fatal(err)
		}
		if err := z.Close(); err != nil {
			g.Fatal(err)
		}
		g.write(a.path+".npz", archive.Bytes())
		a.path += ".npz:x"
	default:
		a.path += ".npy"
		g.write(a.path, append(header, data...))
	}
	if len(shape) > 0 && shape[0] > 1 && g.rng.IntN(4) == 0 {
		a.options.Scan = []int64{shape[0]}
		for _, i := range g.rng.Perm(int(shape[0])) {
			a.options.Positions = append(a.options.Positions, []int64{int64(i)})
		}
	}
	return a
}

// element is a small number of a dtype.
func (g *arrays) element(name string) []byte {
	x := g.rng.IntN(100)
	var v any
	switch name[1:] {
	case "f4":
		v = float32(x) / 7
	case "f8":
		v = float64(x) / 7
	case "u2":
		v = uint16(x)
	case "i4":
		v = int32(x - 50)
	case "u1":
		v = uint8(x)
	default:
		v = []float32{float32(x) / 7, float32(x)}
	}
	var order binary.AppendByteOrder = binary.LittleEndian
	var b bytes.Buffer
	if name[0] == '>' {
		order = binary.BigEndian
	}
	if err := binary.Write(&b, order.(binary.ByteOrder), v); err != nil {
		g.Fatal(err)
	}
	return b.Bytes()
}

func (g *arrays) write(path string, b []byte) {
	if err := os.WriteFile(path, b, 0o600); err != nil {
		g.Fatal(err)
	}
}

// plan is options for an array: chunks, operations, sizes.
func (g *arrays) plan(a array) distributed.Options {
	o := a.options
	nd := len(a.shape)
	transposed := nd > 1 && g.rng.IntN(4) == 0
	shape := slices.Clone(a.shape)
	if transposed {
		o.Map = append(o.Map, ops.Must("transpose", nil))
		slices.Reverse(shape)
	}
	if !a.whole && g.rng.IntN(2) == 0 {
		o.Map = append(o.Map, ops.Must("multiply", ops.BinaryParams{Operand: ops.Operand{Value: 3}}))
	}
	if nd > 0 && len(o.Positions) == 0 && g.rng.IntN(2) == 0 {
		o.Navigation = []int{g.rng.IntN(nd)}
	}
	o.Chunks = g.chunks(shape)
	o.PortionBytes = []int64{1, 1, 3000, 20000, 1 << 20}[g.rng.IntN(5)]
	o.Tasks = []int64{0, 1, 3, 1 << 62}[g.rng.IntN(4)]
	o.Write = []string{"", distributed.WriteAuto, distributed.WriteCached, distributed.WriteDirect, distributed.WriteEdges, distributed.WriteSync}[g.rng.IntN(6)]
	o.Output = filepath.Join(g.dir, fmt.Sprintf("out%d.npy", g.n))
	if a.whole {
		return o
	}
	if g.rng.IntN(8) == 0 {
		o.Output = ""
	}
	for i, r := range []string{"sum", "mean"} {
		if g.rng.IntN(2) == 0 || o.Output == "" {
			over := []string{"all", "signal", "navigation"}[g.rng.IntN(3)]
			if len(o.Navigation)+len(o.Positions) == 0 || nd == 1 {
				over = "all" // there are not both kinds of axes
			}
			o.Reduce = append(o.Reduce, distributed.Reduction{Op: ops.Must(r, ops.OverParams{Over: over}),
				Path: filepath.Join(g.dir, fmt.Sprintf("red%d-%d.npy", g.n, i))})
		}
	}
	return o
}

// chunks are a random spec for a shape, sometimes of irregular sizes.
func (g *arrays) chunks(shape []int64) string {
	if len(shape) == 0 || g.rng.IntN(5) == 0 {
		return "auto"
	}
	var axes []string
	// along the first or the last axis only, which is the slowest one in C or Fortran order
	if k := g.rng.IntN(4); k < 2 {
		for range shape {
			axes = append(axes, "-1")
		}
		axes[k*(len(shape)-1)] = fmt.Sprint(1 + g.rng.IntN(2))
		return "(" + strings.Join(axes, ", ") + ",)"
	}
	for _, n := range shape {
		switch g.rng.IntN(4) {
		case 0:
			axes = append(axes, "-1")
		case 1:
			axes = append(axes, "1024")
		case 2:
			if n < 3 {
				axes = append(axes, "-1")
				continue
			}
			cut := 1 + g.rng.Int64N(n-1)
			axes = append(axes, fmt.Sprintf("(%d, %d)", cut, n-cut))
		default:
			axes = append(axes, fmt.Sprint(1+g.rng.Int64N(max(n, 1))))
		}
	}
	return "(" + strings.Join(axes, ", ") + ",)"
}

// TestPlans makes plans of random arrays and options, looks at how they are cut, and compares what
// some of them give with what package lazy does.
func TestPlans(t *testing.T) {
	g := &arrays{T: t, rng: rand.New(rand.NewPCG(9, 9)), dir: quickDir(t)}
	made, ran, cached, edges, sync, refused := 0, 0, 0, 0, 0, 0
	for range 200 {
		a := g.next()
		o := g.plan(a)
		p, err := distributed.MemmapDistributed(a.path, o)
		unshared := func(way string) bool { return way == distributed.WriteCached || way == distributed.WriteDirect }
		if err != nil && (unshared(o.Write) && strings.Contains(err.Error(), "share pages") ||
			o.Write == distributed.WriteEdges && strings.Contains(err.Error(), "do not lie together")) {
			refused++
			o.Write = distributed.WriteSync
			p, err = distributed.MemmapDistributed(a.path, o)
		}
		if err != nil {
			t.Fatalf("%s of %v, %+v: %v", a.path, a.shape, o, err)
		}
		made++
		checkCounts(t, p)
		checkSame(t, p)
		if p.Output != nil {
			shared := pagesShared(t, p)
			switch {
			case unshared(p.Output.Write) && shared:
				t.Errorf("%s of %v, chunks %v: portions of %d blocks share pages", a.path, a.shape, p.Chunks, p.PortionBlocks)
			case unshared(p.Output.Write) && p.Portions() > 1:
				cached++
			case p.Output.Write == distributed.WriteEdges && p.Portions() > 1:
				edges++
			case p.Output.Write == distributed.WriteSync && p.Portions() > 1:
				sync++
			}
		}
		if made%5 > 0 || p.Portions() > 10 {
			continue // every record waits for the disk
		}
		ran++
		if err := run(p, distributed.Pool{Workers: 1 + g.rng.IntN(4)}, distributed.RunOptions{Dir: filepath.Join(g.dir, fmt.Sprintf("run%d", g.n))}); err != nil {
			t.Fatalf("%s of %v: %v", a.path, a.shape, err)
		}
		checkResults(t, p)
	}
	t.Logf("%d plans, of several portions %d cached, %d synced at their edges and %d synced, %d refused, %d run", made, cached, edges, sync, refused, ran)
	if cached < 5 || edges < 5 || sync < 5 || refused < 5 || ran < 20 {
		t.Errorf("too few of one kind: %d cached, %d at their edges, %d synced, %d refused", cached, edges, sync, refused)
	}
}

// checkSame sees that a plan is the same when it is read.
func checkSame(t *testing.T, p *distributed.Plan) {
	t.Helper()
	again, err := distributed.ParsePlan(must[[]byte](t)(distributed.PlanText(p)))
	if err != nil || again.ID() != p.ID() {
		t.Errorf("read again: %+v, %v", again, err)
	}
}

// pagesShared reports whether two portions write to one page of the file. Whether they write every
// byte once is checked besides.
func pagesShared(t *testing.T, p *distributed.Plan) bool {
	t.Helper()
	regions, layout, err := distributed.Regions(p)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(regions)) != p.Blocks || p.Output.Size != p.Output.DataOffset+layout.NBytes() || p.Output.DataOffset%distributed.PageSize != 0 {
		t.Fatalf("%d blocks instead of %d, output %+v", len(regions), p.Blocks, p.Output)
	}
	owner, written, shared := map[int64]int64{}, int64(0), false
	for i := range p.Portions() {
		from, to := p.Portion(i)
		for _, r := range regions[from:to] {
			for run := range layout.Runs(r) {
				written += run.Len
				first, last := p.Output.DataOffset+run.Offset, p.Output.DataOffset+run.Offset+run.Len-1
				for at := first / distributed.PageSize; at <= last/distributed.PageSize; at++ {
					if other, ok := owner[at]; ok && other != i {
						shared = true
					}
					owner[at] = i
				}
			}
		}
	}
	if written != layout.NBytes() {
		t.Fatalf("%d bytes are written of %d", written, layout.NBytes())
	}
	return shared
}

// checkResults compares the outputs of a plan with Save and Run of package lazy.
func checkResults(t *testing.T, p *distributed.Plan) {
	t.Helper()
	a, err := distributed.OpenSource(p)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	want := filepath.Join(t.TempDir(), "want.npy")
	if p.Output != nil {
		native := a
		if _, ok := a.DType().Elem(); ok { // records keep their bytes
			native = must[*lazy.Array](t)(a.AsType(a.DType().WithByteOrder('=')))
		}
		if err := native.Save(t.Context(), want, lazy.Order("K"), lazy.Sync(false)); err != nil {
			t.Fatal(err)
		}
		compareFiles(t, fmt.Sprint(a), p.Output.Path, want)
	}
	for _, r := range p.Reduce {
		results, err := lazy.Run(t.Context(), a, must[lazy.Reducer](t)(r.Op.Reducer()))
		var b bytes.Buffer
		if err == nil {
			err = mmapnpy.Write(&b, results[0].Buffer())
		}
		if err == nil {
			err = os.WriteFile(want, b.Bytes(), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		compareFiles(t, fmt.Sprintf("%s of %v", r.Op, a), r.Path, want)
	}
}

// compareFiles compares headers as arrays have them, and all elements.
func compareFiles(t *testing.T, what, got, want string) {
	t.Helper()
	g, w := must[*mmapnpy.File](t)(mmapnpy.Open(got)), must[*mmapnpy.File](t)(mmapnpy.Open(want))
	defer g.Close()
	defer w.Close()
	gh, wh := g.Header(), w.Header()
	gb, wb := must[[]byte](t)(os.ReadFile(got)), must[[]byte](t)(os.ReadFile(want))
	if !gh.DType.Equal(wh.DType) || !slices.Equal(gh.Shape, wh.Shape) || gh.FortranOrder != wh.FortranOrder {
		t.Errorf("%s: header %v instead of %v", what, gh, wh)
	}
	if !bytes.Equal(gb[gh.DataOffset:], wb[wh.DataOffset:]) {
		t.Errorf("%s: other elements", what)
	}
}

// TestUnalignedCached asks for writes through caches where portions share pages, and for one
// portion, which shares nothing.
func TestUnalignedCached(t *testing.T) {
	scan := makeScan(t, 8, 10, 10) // frames of 400 bytes
	o := distributed.Options{Chunks: "(1, 5, 10)", PortionBytes: 1, Output: filepath.Join(t.TempDir(), "out.npy"), Write: distributed.WriteCached}
	if _, err := distributed.MemmapDistributed(scan, o); err == nil || !strings.Contains(err.Error(), "share pages") {
		t.Errorf("cached: %v", err)
	}
	o.Write = ""
	p, err := distributed.MemmapDistributed(scan, o)
	if err != nil || p.Output.Write != distributed.WriteEdges || p.PortionBlocks != 1 {
		t.Fatalf("auto: %+v, %v", p, err)
	}
	o.Chunks = "(2, 5, 10)" // blocks of two pieces in the file, and two rows of blocks of one
	p, err = distributed.MemmapDistributed(scan, o)
	if err != nil || p.Output.Write != distributed.WriteEdges || p.PortionBlocks != 2 {
		t.Fatalf("auto, blocks in pieces: %+v, %v", p, err)
	}
	o.Chunks = "(8, 5, 10)" // all blocks lie between each other
	p, err = distributed.MemmapDistributed(scan, o)
	if err != nil || p.Output.Write != distributed.WriteSync || p.PortionBlocks != 1 {
		t.Fatalf("auto, blocks between each other: %+v, %v", p, err)
	}
	o.Write = distributed.WriteEdges
	if _, err := distributed.MemmapDistributed(scan, o); err == nil || !strings.Contains(err.Error(), "do not lie together") {
		t.Errorf("edges: %v", err)
	}
	o.Chunks = "(1, 5, 10)"
	o.Write, o.PortionBytes = distributed.WriteCached, 1<<20
	p, err = distributed.MemmapDistributed(scan, o)
	if err != nil || p.Output.Write != distributed.WriteCached || p.Portions() != 1 {
		t.Fatalf("one portion: %+v, %v", p, err)
	}
	if layout := (chunk.Layout{Shape: p.Shape, ItemSize: 4}); p.Output.Size != 4096+layout.NBytes() {
		t.Errorf("output %+v", p.Output)
	}
}
