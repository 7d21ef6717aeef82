package distributed

import (
	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/lazy"
)

// PageSize is what portions must not share.
const PageSize = page

// ParsePlan is what ReadPlan does with the text of a file.
func ParsePlan(b []byte) (*Plan, error) { return parsePlan(b) }

// PlanText is what the ID is made of.
func PlanText(p *Plan) ([]byte, error) { return p.canonical() }

// Regions are where the blocks of a plan lie, in an array of the layout of its output.
func Regions(p *Plan) (regions []chunk.Region, out chunk.Layout, err error) {
	b, err := p.bind()
	if err != nil {
		return nil, out, err
	}
	defer b.array.Close()
	for i := range b.parts.NumBlocks() {
		regions = append(regions, b.parts.Region(i))
	}
	h := b.parts.Header()
	out = chunk.Layout{Shape: h.Shape, ItemSize: h.DType.ItemSize(), Order: chunk.COrder(len(h.Shape))}
	if h.FortranOrder {
		out.Order = chunk.FOrder(len(h.Shape))
	}
	return regions, out, nil
}

// OpenSource is the array of a plan after its operations, in the plan's blocks.
func OpenSource(p *Plan) (*lazy.Array, error) {
	a, err := p.open()
	if err != nil {
		return nil, err
	}
	return a.With(lazy.ChunkSpec(p.spec()))
}

// SinceStart is for tests.
var SinceStart = sinceStart
