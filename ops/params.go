package ops

// BinaryParams are the parameters of functions of two operands, such as add.
type BinaryParams struct {
	Operand Operand `json:"operand" lazynpy:"required"` // the second one; the array is the first

	// Reverse makes the array the second operand: 1 - array instead of array - 1. Default: false.
	Reverse bool `json:"reverse,omitempty"`
}

// ClipParams are the parameters of clip. One limit at least must be there.
type ClipParams struct {
	Lo Operand `json:"lo,omitzero"`
	Hi Operand `json:"hi,omitzero"`
}

// WhereParams are the parameters of where. Exactly one of them must be missing: the array takes its
// place.
type WhereParams struct {
	Cond Operand `json:"cond,omitzero"` // an array
	X    Operand `json:"x,omitzero"`    // what is taken where the condition is not zero
	Y    Operand `json:"y,omitzero"`    // what is taken elsewhere
}

// AsTypeParams are the parameters of astype.
type AsTypeParams struct {
	DType DType `json:"dtype" lazynpy:"required"`
}

// SliceParams are the parameters of slice.
type SliceParams struct {
	// as [lazy.ParseIndex] reads it: "10:20, ..., ::2"
	Index string `json:"index" lazynpy:"required"`
}

// AxesParams are the parameters of transpose, squeeze and expand_dims: axes, of which negative ones
// count from the end. Default: for transpose all, reversed; for squeeze all of length one.
type AxesParams struct {
	Axes []int `json:"axes,omitempty"`
}

// RoleParams are the parameters of axes: the navigation axes, or the signal axes, and not both. All
// other axes are of the other kind. Default: all are signal axes.
type RoleParams struct {
	Navigation []int `json:"navigation,omitempty"`
	Signal     []int `json:"signal,omitempty"`
}

// ShapeParams are the parameters of reshape and broadcast_to.
type ShapeParams struct {
	Shape []int64 `json:"shape" lazynpy:"required"`
}

// FieldParams are the parameters of field.
type FieldParams struct {
	Name string `json:"name" lazynpy:"required"`
}

// TakeParams are the parameters of take.
type TakeParams struct {
	Indices []int64 `json:"indices" lazynpy:"required"` // negative ones count from the end
	Axis    int     `json:"axis,omitempty"`             // default 0, the first
}

// SelectParams are the parameters of select.
type SelectParams struct {
	Mask Path `json:"mask" lazynpy:"required"` // booleans over all navigation axes
}

// BinParams are the parameters of bin_sum and bin_mean.
type BinParams struct {
	Factors []int64 `json:"factors" lazynpy:"required"` // one for every axis
}

// CorrectParams are the parameters of correct, as in [lazy.Correction]. All are optional.
type CorrectParams struct {
	Dark       Operand   `json:"dark,omitzero"`
	Gain       Operand   `json:"gain,omitzero"`
	DeadPixels [][]int64 `json:"dead_pixels,omitempty"`
}

// AtPositionsParams are the parameters of at_positions, as of [lazy.Array.AtPositions].
type AtPositionsParams struct {
	Positions [][]int64 `json:"positions" lazynpy:"required"`
	Scan      []int64   `json:"scan,omitempty"` // default: the smallest that has all positions
}

// OverParams are the parameters of most reducers: the axes that they remove.
type OverParams struct {
	Over string `json:"over,omitempty"` // as [lazy.ParseOver] reads it; default "all"
}

// VarParams are the parameters of std and var.
type VarParams struct {
	Over string `json:"over,omitempty"` // as [lazy.ParseOver] reads it; default "all"
	DDof int64  `json:"ddof,omitempty"` // the divisor is n - ddof; default 0
}

// HistogramParams are the parameters of histogram. The range must be given, as there is one pass
// only.
type HistogramParams struct {
	Bins int    `json:"bins" lazynpy:"required"` // 1 to 2^24
	Lo   Float  `json:"lo" lazynpy:"required"`   // finite, at most hi
	Hi   Float  `json:"hi" lazynpy:"required"`
	Over string `json:"over,omitempty"` // as [lazy.ParseOver] reads it; default "all"
}

// MasksParams are the parameters of masks.
type MasksParams struct {
	Masks []Mask `json:"masks" lazynpy:"required"` // at least one
}

// CenterOfMassParams are the parameters of center_of_mass, as in [lazy.CenterOfMass].
type CenterOfMassParams struct {
	Center       []Float `json:"center,omitempty"`        // default: half of each length of a frame
	Radius       Float   `json:"radius,omitempty"`        // default: 0 for none
	InnerRadius  Float   `json:"inner_radius,omitempty"`  // default: 0 for none
	Absolute     bool    `json:"absolute,omitempty"`      // coordinates instead of shifts
	ScanRotation Float   `json:"scan_rotation,omitempty"` // degrees, clockwise
	FlipY        bool    `json:"flip_y,omitempty"`
	// "mean" or "linear"; default: none is subtracted
	Regression string `json:"regression,omitempty"`
}

// RadialParams are the parameters of radial_profile and radial_sum.
type RadialParams struct {
	CY   Float `json:"cy" lazynpy:"required"` // the centre, in pixels
	CX   Float `json:"cx" lazynpy:"required"`
	Bins int   `json:"bins,omitempty"` // default: 0 for all rings of a frame; at most 2^20
}
