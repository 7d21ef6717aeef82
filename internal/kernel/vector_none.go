//go:build !amd64 || purego

package kernel

// Where there is no assembly, vectors take none of the elements that they are
// offered.

func sumVectors[T Real](x []T) (sum uint64, rest []T) { return 0, x }

func sumVectorCols[T Integer](_ []uint64, _ []T, _ int) int { return 0 }

func addLeaves[T Float](_, _ *float64, x []T) []T { return x }

func addVectorRows[T Float](_, _ []float64, _ []T, _, _ int) int { return 0 }

func exactVectors[T Real](_ *[4]uint64, _ *maskGroup, _ pixelSpan, _ []T, _, _ int) bool {
	return false
}

func laneVectors[T Real](_ *[maskBlock]float64, _ *maskGroup, _ pixelSpan, _ []T, _ int) bool {
	return false
}

func pairVectors[T Float](_ BinaryOp, _, _, _ []T) int { return 0 }

func scalarVectors[T Float](_ BinaryOp, _, _ []T, _ T) int { return 0 }

func castVectors[D, S Real](_ []D, _ []S) int { return 0 }

func floatVectors[T Real](_ []float64, _ []T) int { return 0 }

func dotVectors(_, _ []float64, _ *[panelLanes * panelChunk]float64, _ int) bool { return false }

func skipWords[T Real](_ []uint64, i int, _, _ uint64) (next int, ok bool) { return i, false }

func skipElements[T Real, E end](_ T, _ []T) int { return 0 }

func extremeVectors[T Real, E end](_, _ []T, _ int) int { return 0 }

func halfVectors(_ []float32, _ []uint16) int { return 0 }

func powerVectors[T Real](x []T) (s int64, q uint64, rest []T) { return 0, 0, x }

func shiftVectors[T Real](x []T, _ float64) (s, q float64, rest []T) { return 0, 0, x }

func shiftVectorRows[T Real](_, _, _ []float64, _ []T, _, _ int) int { return 0 }

func joinVectors(_ Moments, _, _ []float64, _ float64, _ join) int { return 0 }
