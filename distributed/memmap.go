package distributed

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/arith"
	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/ops"
)

// Options say what [MemmapDistributed] plans. The first group are the arguments of RosettaSciIO's
// function.
type Options struct {
	// DType, Offset (in bytes), Shape and Order ("C", the default, or "F") are for a file without a
	// header, as np.memmap takes them. They must be left out for .npy and .npz files.
	DType  mmapnpy.DType
	Offset int64
	Shape  []int64
	Order  string

	// Key is the field of a structured array.
	Key string

	// Positions are the places of the measurements along the first axis in a scan of shape Scan,
	// see [lazy.Array.AtPositions]. Default: the measurements are in order already.
	Positions [][]int64
	Scan      []int64

	// Chunks cut the array that the operations give, in dask's words ([chunk.Parse]). Default:
	// "auto". BlockSizeLimit is the largest block of "auto" in bytes. Default: 32 MiB.
	Chunks         string
	BlockSizeLimit int64

	// Navigation are the navigation axes, after Positions. Default: those of Scan, else none.
	Navigation []int

	// Map are operations on the array, in their order; Output is the .npy file that takes what they
	// give, and empty if nothing does. Write is how it is written: [WriteAuto], the default,
	// [WriteCached], [WriteDirect], [WriteEdges] or [WriteSync].
	Map    []ops.Op
	Output string
	Write  string

	// Reduce are reductions of what Map gives, each to a .npy file of its own. All share one pass,
	// with Output.
	Reduce []Reduction

	// Tasks is how many workers an engine starts at once, at most. Default: 64, or one per 32 GiB
	// of the array if that is more. There is none without a portion. There are never more than
	// portions.
	Tasks int64

	// PortionBytes is about how much of the array is recorded, and lost with a worker, at once.
	// Default: 256 MiB.
	PortionBytes int64

	// Memory is the budget in bytes that decides where sums are cut, as [lazy.Memory]. Default: 64
	// MiB. What workers use is decided where they run.
	Memory int64
}

// Defaults of Options.
const (
	defaultTasks        = 64
	defaultTaskBytes    = 32 << 30
	defaultPortionBytes = 256 << 20
	defaultMemory       = 64 << 20

	// maxPortionBytes is the largest portion that is made for the sake of aligned writes.
	maxPortionBytes = 4 << 30

	// statePart says which part of the plan's budget the states of one portion may take where it
	// has several groups of blocks, of which a worker holds three: one that grows, one that waits
	// and one that is recorded.
	statePart = 8
)

// MemmapDistributed plans a run over the array at path, reading its header and both ends of the
// file only: what memmap_distributed of RosettaSciIO is for dask. The path is as for [lazy.Open].
func MemmapDistributed(path string, o Options) (*Plan, error) {
	return newPlan(path, o)
}

func newPlan(path string, o Options) (*Plan, error) {
	build, err := BuildID()
	if err != nil {
		return nil, err
	}
	p := &Plan{Format: planFormat, Build: build, Map: []ops.Op{}, Memory: o.Memory}
	for _, op := range o.Map {
		if op, err = op.Absolute(); err != nil {
			return nil, err
		}
		p.Map = append(p.Map, op)
	}
	if p.Memory == 0 {
		p.Memory = defaultMemory
	}
	if p.Source, err = o.source(path); err != nil {
		return nil, err
	}
	if p.Reduce, err = o.reductions(); err != nil {
		return nil, err
	}
	a, err := p.open()
	if err != nil {
		return nil, err
	}
	defer a.Close()
	if p.Chunks, err = p.chunks(o, a); err != nil {
		return nil, err
	}
	if a, err = p.cutting(a, o.Output != ""); err != nil {
		return nil, err
	}
	p.DType, p.Shape = dtypeText(a.DType()), a.Shape()
	if p.Inputs, err = p.inputs(a); err != nil {
		return nil, err
	}
	parts, err := p.parts(a, o.Output != "")
	if err != nil {
		return nil, err
	}
	return p, p.cut(o, a, parts)
}

// source says where the array is.
func (o *Options) source(path string) (Source, error) {
	s := Source{Key: o.Key, Scan: slices.Clone(o.Scan), Navigation: slices.Clone(o.Navigation)}
	for _, at := range o.Positions {
		s.Positions = append(s.Positions, slices.Clone(at))
	}
	if o.Navigation == nil {
		s.Navigation = []int{}
		if len(o.Positions) > 0 {
			for d := range o.Positions[0] {
				s.Navigation = append(s.Navigation, d)
			}
		}
	}
	file, key, named := lazy.SplitPath(path)
	abs, err := absolute(file)
	if err != nil {
		return s, err
	}
	if s.Path = abs; named {
		s.Path += ":" + key
	}
	if o.DType.IsValid() {
		s.Raw = &RawData{DType: dtypeText(o.DType), Offset: o.Offset, Shape: slices.Clone(o.Shape), Order: o.Order}
		if s.Raw.Order == "" {
			s.Raw.Order = "C"
		}
	} else if o.Offset != 0 || o.Shape != nil || o.Order != "" {
		return s, errors.New("an offset, shape or order is for a file without a header, and needs a dtype")
	}
	return s, nil
}

// reductions checks the paths of results, and makes them absolute.
func (o *Options) reductions() ([]Reduction, error) {
	reduce := []Reduction{}
	seen := map[string]bool{}
	paths := []string{o.Output}
	for _, r := range o.Reduce {
		paths = append(paths, r.Path)
	}
	for i, path := range paths {
		if path == "" {
			if i > 0 {
				return nil, fmt.Errorf("%s: it has no path for its result", o.Reduce[i-1].Op.Name)
			}
			continue
		}
		abs, err := absolute(path)
		if err != nil {
			return nil, err
		}
		if seen[abs] {
			return nil, fileerr.New(path, errors.New("two results would be written to it"))
		}
		if seen[abs] = true; i > 0 {
			op, err := o.Reduce[i-1].Op.Absolute()
			if err != nil {
				return nil, err
			}
			reduce = append(reduce, Reduction{Op: op, Path: abs})
		}
	}
	if len(seen) == 0 {
		return nil, errors.New("nothing to compute: neither an output nor a reduction is asked for")
	}
	return reduce, nil
}

// chunks are the sizes of the blocks along each axis.
func (p *Plan) chunks(o Options, a *lazy.Array) ([][]int64, error) {
	spec := chunk.Auto()
	if o.Chunks != "" {
		var err error
		if spec, err = chunk.Parse(o.Chunks); err != nil {
			return nil, err
		}
	}
	if spec.IsAuto() && o.Output != "" {
		written, err := p.inFileOrder(a, o.BlockSizeLimit)
		if err != nil {
			return nil, err
		}
		if written != nil {
			spec = chunk.Sizes(written.Plan().BlockShape()...)
		}
	}
	// The limits are constants, so that the plan is the same wherever it is made.
	plan, err := chunk.NewPlan(a.Plan().Layout(), a.Plan().Navigation(), spec, chunk.Limits{MaxBlock: o.BlockSizeLimit})
	if err != nil {
		return nil, err
	}
	grid, block := plan.Grid(), plan.BlockShape()
	chunks := make([][]int64, grid.NDim())
	for d, n := range grid.Shape() {
		chunks[d] = []int64{}
		switch {
		case n == 0:
		case spec.IsAuto() || grid.Regular(d):
			chunks[d] = append(chunks[d], block[d])
		default:
			chunks[d] = slices.AppendSeq(chunks[d], grid.Sizes(d))
		}
	}
	return chunks, nil
}

// inFileOrder is the array in blocks for an output that is written in another order than the array
// is read in. It is nil where that is the same order.
func (p *Plan) inFileOrder(a *lazy.Array, maxBlock int64) (*lazy.Array, error) {
	a, err := a.With(lazy.Memory(p.Memory))
	if err != nil {
		return nil, err
	}
	b, err := a.InFileOrder(maxBlock)
	if b == a {
		b = nil
	}
	return b, err
}

// spec is the chunks as package chunk wants them.
func (p *Plan) spec() chunk.Spec {
	axes := make([]chunk.AxisSpec, len(p.Chunks))
	for d, sizes := range p.Chunks {
		switch len(sizes) {
		case 0:
			axes[d] = chunk.AxisWhole()
		case 1:
			axes[d] = chunk.AxisSize(sizes[0])
		default:
			axes[d] = chunk.AxisSizes(sizes...)
		}
	}
	return chunk.PerAxis(axes...)
}

// inputs are the fingerprints of the files behind the array, and of those that operations name:
// they may read them at once, as masks are.
func (p *Plan) inputs(a *lazy.Array) ([]Input, error) {
	paths, all := a.Paths(), slices.Clone(p.Map)
	for _, r := range p.Reduce {
		all = append(all, r.Op)
	}
	for _, op := range all {
		files, err := op.Files()
		if err != nil {
			return nil, err
		}
		for _, path := range files {
			file, _, _ := lazy.SplitPath(path)
			paths = append(paths, file)
		}
	}
	inputs := []Input{}
	seen := map[string]bool{}
	for i, path := range paths {
		abs, err := absolute(path)
		if err != nil {
			return nil, err
		}
		if seen[abs] {
			continue
		}
		seen[abs] = true
		header := int64(0)
		if i == 0 && a.Key() == "" {
			h, _ := a.FileHeader()
			header = h.DataOffset
		}
		in, err := fingerprint(abs, header)
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, in)
	}
	if len(inputs) == 0 {
		return nil, errors.New("the array is in no file")
	}
	return inputs, nil
}

// shortRun is the shortest write, in bytes, that is made to wait for the disk without being asked
// to, where there are more than manyRuns of them: that many take minutes.
const (
	shortRun = page
	manyRuns = 1 << 16
)

// directBytes is how large an output is that is written past the page cache without being asked to.
// Smaller ones are likely to be read where they are written, soon.
const directBytes = 256 << 20

// page is what the output of portions must not share: the largest page of the machines that this is
// built for, but for those with pages of 16 and 64 KiB, which have caches of extents.
const page = 4 << 10

// cut decides about portions and how many workers there may be, and how the output is written.
func (p *Plan) cut(o Options, a *lazy.Array, parts *lazy.Parts) error {
	p.Blocks = parts.NumBlocks()
	total := a.NBytes()
	block := max(total/max(p.Blocks, 1), 1)
	target := o.PortionBytes
	if target == 0 {
		target = defaultPortionBytes
	}
	if target < 0 || o.Tasks < 0 || o.BlockSizeLimit < 0 {
		return errors.New("a size or number is negative")
	}
	blocks := max(target/block, 1, arith.CeilDiv(p.Blocks, maxPortions))
	group := parts.Group()
	if o.PortionBytes == 0 && group <= maxPortionBytes/block {
		blocks = max(blocks, group)
	}
	blocks = multiple(blocks, group)
	for blocks > group && parts.StateBytes(blocks, blocks) > p.Memory/statePart {
		blocks = multiple(max(blocks/2, group), group)
	}
	blocks = max(blocks, arith.CeilDiv(p.Blocks, maxPortions))
	p.PortionBlocks = min(blocks, max(p.Blocks, 1))
	if o.Output != "" {
		if err := p.planOutput(o, parts, block); err != nil {
			return err
		}
	}
	if err := p.checkOverwrites(); err != nil {
		return err
	}
	p.StateBytes = parts.StateBytes(p.Blocks, p.PortionBlocks)
	tasks := o.Tasks
	if tasks == 0 {
		tasks = max(defaultTasks, arith.CeilDiv(total, defaultTaskBytes))
	}
	p.Tasks = max(min(tasks, p.Portions()), 1)
	return p.check()
}

// multiple is n, or the next smaller multiple of group where n is larger than it.
func multiple(n, group int64) int64 {
	if n <= group {
		return n
	}
	return n / group * group
}

// checkOverwrites returns an error if a result would take the place of a file that is read.
func (p *Plan) checkOverwrites() error {
	for _, path := range p.results() {
		info, err := os.Stat(path)
		if err != nil {
			continue // it is not there, or cannot be written
		}
		for _, in := range p.Inputs {
			if read, err := os.Stat(in.Path); err == nil && os.SameFile(info, read) {
				return fileerr.New(path, errors.New("refusing to write over the file being read"))
			}
		}
	}
	return nil
}

// planOutput decides how the elements are written, and rounds portions for it.
func (p *Plan) planOutput(o Options, parts *lazy.Parts, block int64) error {
	path, err := absolute(o.Output)
	if err != nil {
		return err
	}
	h := parts.Header()
	head, err := mmapnpy.EncodeHeaderAligned(h, page)
	if err != nil {
		return fileerr.New(path, err)
	}
	p.Output = &Output{Path: path, DType: dtypeText(h.DType), Fortran: h.FortranOrder, DataOffset: int64(len(head)), Size: int64(len(head)) + h.NBytes()}
	alone := p.Portions() <= 1 // and shares nothing with others
	// So many blocks lie together and begin with a page, or lie together; 0 if that is not to be
	// had.
	group := func(align int64) int64 {
		switch n := parts.Aligned(align); {
		case alone:
			return p.PortionBlocks
		case n <= maxPortionBytes/block:
			return n
		}
		return 0
	}
	aligned, together := group(page), group(1)
	switch {
	case o.Write != "" && o.Write != WriteAuto && !slices.Contains(ways, o.Write):
		return fmt.Errorf("write %q (want %s or %s)", o.Write, WriteAuto, strings.Join(ways, ", "))
	case (o.Write == WriteCached || o.Write == WriteDirect) && aligned == 0:
		return fileerr.Errorf(path, "portions of this plan would share pages of the file, and the caches of two machines could then lose what one of them has written: "+
			"cut along the slowest axes only, or write with %q", WriteSync)
	case o.Write == WriteEdges && together == 0:
		return fileerr.Errorf(path, "portions of this plan do not lie together in the file, so that all of their pages may be shared: "+
			"cut along the slowest axes only, or write with %q", WriteSync)
	case o.Write != WriteSync && together == 0 && parts.RunBytes() < shortRun && h.NBytes() > manyRuns*parts.RunBytes():
		return fileerr.Errorf(path, "portions of this plan would share pages of the file, so that every write must wait for the disk, and the writes of %d bytes are very many: "+
			"cut along the slowest axes only, or ask for %q", parts.RunBytes(), WriteSync)
	}
	blocks := int64(1)
	switch {
	case o.Write == WriteSync || together == 0:
		p.Output.Write = WriteSync
	case o.Write == WriteEdges || aligned == 0:
		p.Output.Write, blocks = WriteEdges, together
	case o.Write == WriteDirect || o.Write != WriteCached && h.NBytes() >= directBytes:
		p.Output.Write, blocks = WriteDirect, aligned
	default:
		p.Output.Write, blocks = WriteCached, aligned
	}
	if both := arith.LCM(blocks, parts.Group()); !alone && both <= maxPortionBytes/block && both <= p.Blocks && (o.PortionBytes == 0 || both <= p.PortionBlocks) {
		blocks = both // so that the states of a portion are as few as can be
	}
	p.PortionBlocks = max(p.PortionBlocks/blocks, 1) * blocks
	return nil
}
