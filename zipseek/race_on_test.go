//go:build race

package zipseek

const raceEnabled = true

// raceless is n, or less for the race detector, under which decoding takes ten times as long.
func raceless(_, less int) int { return less }
