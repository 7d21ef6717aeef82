// Command readfile is the loader that a Go programmer writes in five minutes:
// os.ReadFile, skip the header, decode and add one number after the other.
package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/lazynpy/lazynpy/bench/internal/peer"
)

func main() {
	peer.Main(map[string]peer.Task{"sum": sum})
}

func sum(path string, _ peer.Params) (peer.Report, error) {
	start := time.Now()
	raw, err := os.ReadFile(path)
	if err != nil {
		return peer.Report{}, err
	}
	if len(raw) < 10 || string(raw[:8]) != "\x93NUMPY\x01\x00" {
		return peer.Report{}, fmt.Errorf("%s is not an .npy file of version 1", path)
	}
	data := raw[10+int(binary.LittleEndian.Uint16(raw[8:])):]
	opened := time.Since(start)
	total := 0.0
	for i := 0; i+8 <= len(data); i += 8 {
		total += math.Float64frombits(binary.LittleEndian.Uint64(data[i:]))
	}
	return peer.Report{
		Result:      []float64{total},
		Seconds:     time.Since(start).Seconds(),
		OpenSeconds: opened.Seconds(),
	}, nil
}
