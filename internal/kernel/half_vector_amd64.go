//go:build !purego

package kernel

// halfVectors decodes as many binary16 numbers as fill vectors, and returns how many
// these are.
func halfVectors(to []float32, x []uint16) int {
	n := len(x) / 8
	if !hasVectors || n == 0 {
		return 0
	}
	_ = to[8*n-1]
	float32OfHalf(&to[0], first(x), n)
	return 8 * n
}
