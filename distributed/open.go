package distributed

import (
	"fmt"
	"slices"

	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/lazy"
)

// open opens the array of a plan on a fresh descriptor and applies the operations to it. Its blocks
// are not those of the plan yet.
func (p *Plan) open(opts ...lazy.Option) (*lazy.Array, error) {
	a, err := p.Source.open(append(opts, lazy.Memory(p.Memory))...)
	if err != nil {
		return nil, err
	}
	whole := a
	for _, op := range p.Map {
		next, err := op.Apply(a)
		if err != nil {
			_ = a.Close() // best effort
			return nil, fileerr.New(whole.Name(), err)
		}
		a = next
	}
	return a, nil
}

// open opens the array as it is stored, at the places of its scan.
func (s *Source) open(opts ...lazy.Option) (*lazy.Array, error) {
	a, err := s.openFile(opts...)
	if err != nil {
		return nil, err
	}
	b, err := s.arrange(a)
	if err != nil {
		_ = a.Close() // best effort
		return nil, fileerr.New(s.Path, err)
	}
	return b, nil
}

func (s *Source) openFile(opts ...lazy.Option) (*lazy.Array, error) {
	if s.Raw == nil {
		return lazy.Open(s.Path, opts...)
	}
	t, err := readDType(s.Raw.DType)
	if err != nil {
		return nil, err
	}
	return lazy.OpenRaw(s.Path, lazy.Raw{DType: t, Offset: s.Raw.Offset, Shape: s.Raw.Shape, Order: s.Raw.Order}, opts...)
}

// arrange picks the field and puts the measurements at their places.
func (s *Source) arrange(a *lazy.Array) (_ *lazy.Array, err error) {
	if s.Key != "" {
		if a, err = a.Field(s.Key); err != nil {
			return nil, err
		}
	}
	if len(s.Positions) > 0 {
		if a, err = a.AtPositions(s.Positions, s.Scan...); err != nil {
			return nil, err
		}
	}
	return a.With(lazy.NavigationAxes(s.Navigation...))
}

// parts binds the reductions, and the writing, to the array cut as planned.
func (p *Plan) parts(a *lazy.Array, write bool) (*lazy.Parts, error) {
	var reducers []lazy.Reducer
	for _, r := range p.Reduce {
		reducer, err := r.Op.Reducer()
		if err != nil {
			return nil, err
		}
		reducers = append(reducers, reducer)
	}
	return lazy.NewParts(a, write, reducers...)
}

// cutting is the array in the blocks of the plan and with its budget, which operations may have
// lost, and if it is written, in the order of the file.
func (p *Plan) cutting(a *lazy.Array, write bool) (*lazy.Array, error) {
	a, err := a.With(lazy.ChunkSpec(p.spec()), lazy.Memory(p.Memory))
	if err == nil && write {
		a, err = a.InFileOrder(0)
	}
	return a, err
}

// bound is an open array and what is computed of it.
type bound struct {
	array *lazy.Array
	parts *lazy.Parts
}

// bind opens the array of a finished plan. An array that is not what the plan says is an
// [ErrInput].
func (p *Plan) bind(opts ...lazy.Option) (*bound, error) {
	a, err := p.open(opts...)
	if err != nil {
		return nil, err
	}
	b, err := p.bindTo(a)
	if err != nil {
		_ = a.Close() // best effort
		return nil, err
	}
	return b, nil
}

func (p *Plan) bindTo(a *lazy.Array) (*bound, error) {
	a, err := p.cutting(a, p.Output != nil)
	if err != nil {
		return nil, err
	}
	parts, err := p.parts(a, p.Output != nil)
	if err != nil {
		return nil, err
	}
	if parts.NumBlocks() != p.Blocks || dtypeText(a.DType()) != p.DType || !slices.Equal(a.Shape(), p.Shape) {
		return nil, fmt.Errorf("%w: %s: %d blocks of %v %s instead of %d of %v %s", ErrInput, a.Name(),
			parts.NumBlocks(), a.Shape(), a.DType(), p.Blocks, p.Shape, p.DType)
	}
	return &bound{a, parts}, p.checkWrites(parts)
}

// checkWrites returns an error if the output is not what the parts write, or portions share pages
// of it.
func (p *Plan) checkWrites(parts *lazy.Parts) error {
	if p.Output == nil {
		return nil
	}
	if h := parts.Header(); dtypeText(h.DType) != p.Output.DType || h.FortranOrder != p.Output.Fortran {
		return fmt.Errorf("%w: %s: elements of %s, not of %s, or in another order", ErrInput, p.Output.Path, h.DType, p.Output.DType)
	}
	align := int64(page)
	switch {
	case p.Output.Write == WriteSync || p.Portions() <= 1:
		return nil
	case p.Output.Write == WriteEdges:
		align = 1
	}
	if n := parts.Aligned(align); n == 0 || p.PortionBlocks%n != 0 {
		return fmt.Errorf("%w: %s: portions of %d blocks share pages, and are not to be written through caches", ErrRefused, p.Output.Path, p.PortionBlocks)
	}
	return nil
}
