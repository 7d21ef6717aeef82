package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/lazynpy/lazynpy/bench/internal/peer"
	"github.com/lazynpy/lazynpy/dataset"
	"github.com/lazynpy/lazynpy/lazy"
)

// Sizes of suite batches at scale 1.
const (
	samplesBytes = 256 << 20   // a member with many samples
	volumeBytes  = 146_600_628 // a sample of MLPerf Storage's 3D-UNet, which is a member of its own
	volumeFiles  = 14
	volumeBatch  = 7
	batchSamples = 256
	torchWorkers = 2
)

// names of contenders of suite batches.
const (
	intoPython   = "lazynpy.feed into Python"
	oursCopied   = "lazynpy, each batch copied"
	feedCopied   = "lazynpy.feed into Python, each batch copied"
	loadPerBatch = "np.load(f)['x'][rows]"
	spdlPerBatch = "spdl.io.load_npz(bytes)['x'][rows]"
	spdlVolumes  = "spdl.io.load_npz(bytes)['x'] each"
	gatherMap    = "np.load(f, mmap_mode='r')[rows]"
	loadVolumes  = "np.load(f)['x'] each"
	plainCopy    = "memory copy, all cores"
)

// sampleSize is how large samples are, and how many batches are taken of them by whom reads no
// more than it needs, and by whom loads all for each.
type sampleSize struct{ bytes, batches, loads int64 }

var sampleSizes = []sampleSize{{1 << 10, 256, 4}, {100 << 10, 64, 4}}

func batchesSuite() []Step {
	steps := make([]Step, 0, len(sampleSizes)+1)
	for _, s := range sampleSizes {
		steps = append(steps, s.step)
	}
	return append(steps, volumeCases)
}

// step measures batches of samples of one size: of a stored, a deflated and no archive.
func (s sampleSize) step(b *Bench) ([]Case, error) {
	names := []string{"x.npy", "x-stored.npz", "x-deflated.npz"}
	if err := b.buildFeeder(); err != nil {
		return nil, err
	}
	data, folder, err := b.makeNPZ(names, "samples", bytesArg(s.bytes), bytesArg(b.scaled(samplesBytes)))
	if err != nil {
		return nil, err
	}
	deflated, err := b.linkNPZ(filepath.Join(folder, names[2]))
	if err != nil {
		return nil, err
	}
	if err := indexNPZ(deflated); err != nil {
		return nil, err
	}
	about := fmt.Sprintf("a batch of %d random samples of %s, of %s", min(batchSamples, data.Shape[0]), sizeText(s.bytes), sizeText(data.Bytes))
	stored, err1 := s.archive(b, about+" in a stored member", filepath.Join(folder, names[1]), 100)
	packed, err2 := s.archive(b, about+" in a deflated member with an index file", deflated, 20)
	plain, err3 := s.plain(b, about+" in a .npy file", filepath.Join(folder, names[0]))
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			return nil, err
		}
	}
	return []Case{stored, packed, plain}, nil
}

// archive is batches of a member, which NumPy loads whole for each.
func (s sampleSize) archive(b *Bench, title, path string, factor float64) (Case, error) {
	order, err := b.writeOrder(path, batchSamples, s.loads, false)
	c := Case{
		Title: title,
		Bytes: batchSamples * s.bytes,
		Contenders: append(b.ourBatches(path, batchSamples, s.batches),
			b.pyPeer(loadPerBatch, "numpy", "batches-load", path, order),
			b.pyPeer(spdlPerBatch, "spdl-io", "batches-load", path, order),
			b.torchBatches("np.load", 0, "batches-load", path, order),
			b.torchBatches("np.load", torchWorkers, "batches-load", path, order)),
		Targets: intoPythonTargets(),
	}
	if s.bytes <= 1<<10 {
		c.Targets = append(c.Targets, atLeastAsFast(factor, loadPerBatch))
	}
	return c, err
}

// plain is batches of a file that NumPy maps, too.
func (s sampleSize) plain(b *Bench, title, path string) (Case, error) {
	order, err := b.writeOrder(path, batchSamples, s.batches, false)
	return Case{
		Title: title,
		Bytes: batchSamples * s.bytes,
		Contenders: append(b.ourBatches(path, batchSamples, s.batches),
			b.pyPeer(gatherMap, "numpy", "batches-map", path, order),
			b.torchBatches("memory map", 0, "batches-map", path, order),
			b.torchBatches("memory map", torchWorkers, "batches-map", path, order)),
		Targets: append(intoPythonTargets(), atLeastAsFast(1.5, gatherMap)),
	}, err
}

// ourBatches are what is ours: in Go and in Python, where batches are used as they lie, and where
// each is copied once, as it would be to a device.
func (b *Bench) ourBatches(path string, batch int, batches int64, more ...string) []Contender {
	args := append([]string{"batches", path, "batch=" + strconv.Itoa(batch), "batches=" + bytesArg(batches)}, more...)
	copied := append(slices.Clone(args), "copy=1")
	return []Contender{
		b.goPeer(ours, "lazynpy", args...),
		b.feedPeer(intoPython, args...),
		b.goPeer(oursCopied, "lazynpy", copied...),
		b.feedPeer(feedCopied, copied...),
	}
}

func intoPythonTargets() []Target {
	return []Target{reachesOurs(0.7, intoPython, ours), reachesOurs(0.7, feedCopied, oursCopied)}
}

// torchBatches is PyTorch's DataLoader over a data set that reads whole batches.
func (b *Bench) torchBatches(with string, workers int, args ...string) Contender {
	name := fmt.Sprintf("DataLoader, %s, %d workers", with, workers)
	c := b.pyPeerIn(b.torch, name, "torch", append(args, "workers="+strconv.Itoa(workers))...)
	if b.torch.path == "" {
		c.NotRun = "no -torch"
	}
	return c
}

// volumeCases takes whole members, a batch of which is of several files.
func volumeCases(b *Bench) ([]Case, error) {
	side := max(32, int64(512*min(b.scale, 1)))
	const frames = int64(volumeBytes / 4 / (512 * 512))
	shape := []int64{frames, side, side}
	var names []string
	for i := range volumeFiles {
		names = append(names, fmt.Sprintf("volume%02d.npz", i))
	}
	if err := b.buildFeeder(); err != nil {
		return nil, err
	}
	_, folder, err := b.makeNPZ(names, "volumes", strconv.Itoa(volumeFiles), strings.Trim(strings.ReplaceAll(fmt.Sprint(shape), " ", ","), "[]"))
	if err != nil {
		return nil, err
	}
	pattern := filepath.Join(folder, "volume*.npz")
	order, err := b.writeOrder(pattern, volumeBatch, volumeFiles/volumeBatch, true)
	if err != nil {
		return nil, err
	}
	bytes := volumeBatch * frames * side * side * 4
	return []Case{{
		Title: fmt.Sprintf("a batch of %d members of %s, one of each stored archive (3D-UNet of MLPerf Storage)", volumeBatch, sizeText(bytes/volumeBatch)),
		Bytes: bytes,
		Contenders: append(b.ourBatches(pattern, volumeBatch, volumeFiles/volumeBatch, "files=samples"),
			b.pyPeer(loadVolumes, "numpy", "batches-volumes", pattern, order),
			b.pyPeer(spdlVolumes, "spdl-io", "batches-volumes", pattern, order),
			b.goPeer(plainCopy, "machine", "copy", "-", "bytes="+bytesArg(bytes), "workers="+strconv.Itoa(b.cores)).limit(),
			b.pyPeer("zlib.crc32, one core", "numpy", "crc32", "-", "bytes="+bytesArg(bytes)).limit()),
		Targets: append(intoPythonTargets(), atLeastAsFast(2.5, loadVolumes), atLeastAsFast(0.8, plainCopy)),
	}}, nil
}

// writeOrder writes the numbers of the samples that the first batches have, for contenders that
// cannot compute them, and returns the parameter that names the file.
func (b *Bench) writeOrder(path string, batch int, batches int64, perFile bool) (string, error) {
	d, err := dataset.Open(context.Background(), peer.Training(path, batch, perFile))
	if err != nil {
		return "", err
	}
	defer d.Close()
	var order []int64
	for step := range batches {
		order = append(order, d.SamplesOf(step)...)
	}
	a, err := lazy.FromSlice(order, batches, int64(len(order))/batches)
	if err != nil {
		return "", err
	}
	out := filepath.Join(b.dir, "order-"+filepath.Base(strings.ReplaceAll(path, "*", ""))+".npy")
	return "order=" + out, a.Save(context.Background(), out)
}
