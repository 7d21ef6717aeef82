package main

import (
	"bytes"
	"context"
	"hash/crc32"
	"time"

	"github.com/lazynpy/lazynpy/bench/internal/peer"
	"github.com/lazynpy/lazynpy/dataset"
)

// checkedBatches are what contenders are compared by.
const checkedBatches = 2

// batches takes a number of batches and reports the time of one. Opening is apart: it happens once,
// and its time is that of many epochs. With copy, each is copied once, as it would be to a device.
func batches(path string, p peer.Params) (peer.Report, error) {
	batch, err1 := p.Int("batch", 256)
	count, err2 := p.Int("batches", 1)
	for _, err := range []error{err1, err2} {
		if err != nil {
			return peer.Report{}, err
		}
	}
	start := time.Now()
	d, err := dataset.Open(context.Background(), peer.Training(path, int(batch), p["files"] == "samples"))
	if err != nil {
		return peer.Report{}, err
	}
	defer d.Close()
	opened := time.Since(start)
	var copied []byte
	if p["copy"] != "" {
		copied = bytes.Repeat([]byte{1}, int(d.BatchBytes())) // there already, as a device's is
	}
	start = time.Now()
	n := int64(0)
	for b, err := range d.Batches(context.Background()) {
		if err != nil {
			return peer.Report{}, err
		}
		copy(copied, b.Inputs[0].Data)
		if n++; n == count {
			break
		}
		b.Release()
	}
	each := time.Since(start).Seconds() / float64(count)
	sum, size := uint32(0), int64(0)
	for step := range int64(checkedBatches) {
		b, err := d.At(context.Background(), step)
		if err != nil {
			return peer.Report{}, err
		}
		sum = crc32.Update(sum, crc32.IEEETable, b.Inputs[0].Data)
		size += int64(len(b.Inputs[0].Data))
	}
	return peer.Report{Result: []int64{size, int64(sum)}, Seconds: each, OpenSeconds: opened.Seconds()}, nil
}
