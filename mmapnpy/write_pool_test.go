//go:build !race

package mmapnpy

import (
	"io"
	"testing"
)

// TestWriteReusesBuffers counts what a large write allocates. The race detector has pools forget at
// random what they are given, so that nothing can be counted under it.
func TestWriteReusesBuffers(t *testing.T) {
	large := cBuffer(Float64, make([]byte, 8<<20), 1<<20)
	if used := bytesPerRun(20, func() { _ = Write(io.Discard, large) }); used > 512<<10 {
		t.Errorf("Write of 8 MiB allocates %d bytes", used)
	}
}
