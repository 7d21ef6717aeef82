package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"time"

	"github.com/lazynpy/lazynpy/bench/internal/peer"
	"github.com/lazynpy/lazynpy/distributed"
)

// planOf makes a plan of a block per frame.
func planOf(path, dir string, portionBytes int64) (*distributed.Plan, error) {
	return distributed.MemmapDistributed(path, distributed.Options{Navigation: []int{0, 1}, Chunks: "(1, 1, -1, -1)", PortionBytes: portionBytes,
		Reduce: []distributed.Reduction{{Op: overSignal(), Path: filepath.Join(dir, "sum.npy")}}})
}

// plan plans again and again.
func plan(path string, p peer.Params) (peer.Report, error) {
	n, err := p.Int("repeat", 200)
	if err != nil {
		return peer.Report{}, err
	}
	var blocks int64
	first, median, err := peer.Repeat(int(n), func() error {
		made, err := planOf(path, p["out"], 0)
		if err == nil {
			blocks = made.Blocks
		}
		return err
	})
	return peer.Report{Result: []int64{blocks}, Seconds: median, Extra: map[string]float64{"first": first}}, err
}

// The journals that replay makes.
const (
	journals = 1000
	records  = 1000 // of each
	payload  = 16   // bytes, a number behind its length
)

// replay reads the state of a run in which every frame is a portion of its own.
func replay(path string, p peer.Params) (peer.Report, error) {
	dir := p["out"]
	if err := os.Mkdir(dir, 0o700); err != nil {
		return peer.Report{}, err
	}
	defer os.RemoveAll(dir)
	made, err := planOf(path, dir, 1)
	if err != nil {
		return peer.Report{}, err
	}
	if made.Portions() != journals*records {
		return peer.Report{}, fmt.Errorf("%d portions instead of %d", made.Portions(), journals*records)
	}
	rundir := made.DefaultDir()
	if err := made.Write(rundir); err != nil {
		return peer.Report{}, err
	}
	id := made.ID()
	for i := range journals {
		name := filepath.Join(rundir, "journal", fmt.Sprintf("%d.node.%016x.journal", i, i))
		if err := os.WriteFile(name, journalOf(id, i), 0o600); err != nil {
			return peer.Report{}, err
		}
	}
	start := time.Now()
	status, err := distributed.StatusOf(context.Background(), rundir)
	return peer.Report{Result: []int64{status.Done}, Seconds: time.Since(start).Seconds()}, err
}

// journalOf is a journal by the description of the format, without the package that writes them.
func journalOf(id [32]byte, i int) []byte {
	b := frame(nil, id, 'A', 0, []byte(`{"host":"node","pid":1,"engine":"proc"}`))
	for k := range records {
		b = frame(b, id, 'P', i*records+k, make([]byte, payload))
	}
	return frame(b, id, 'E', 0, []byte(`{"reason":"done"}`))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func frame(b []byte, id [32]byte, kind byte, portion int, payload []byte) []byte {
	var h [64]byte
	copy(h[:], "lnpyjrn1")
	h[8] = kind
	copy(h[16:], id[:16])
	binary.LittleEndian.PutUint64(h[32:], uint64(portion))
	binary.LittleEndian.PutUint32(h[44:], crc32.Checksum(payload, castagnoli))
	binary.LittleEndian.PutUint64(h[48:], uint64(len(payload)))
	binary.LittleEndian.PutUint32(h[56:], 1)
	binary.LittleEndian.PutUint32(h[60:], crc32.Checksum(h[:60], castagnoli))
	return append(append(b, h[:]...), payload...)
}
