//go:build !race

package bytesrc

const raceEnabled = false
