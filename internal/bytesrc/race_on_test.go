//go:build race

package bytesrc

const raceEnabled = true
