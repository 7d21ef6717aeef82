//go:build !race

package zipseek

const raceEnabled = false

// raceless is n, or less for the race detector, under which decoding takes ten times as long.
func raceless(n, _ int) int { return n }
