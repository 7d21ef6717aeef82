package main

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/lazynpy/lazynpy/bench/internal/peer"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/zipseek"
)

// archiveTasks are the tasks on .npz archives. An archive of one array has it under the key "x".
var archiveTasks = map[string]peer.Task{
	"npz-first":  archiveFirst,
	"npz-load":   archiveLoad,
	"npz-random": archiveRandom,
	"npz-write":  archiveWrite,
	"npz-list":   archiveList,
	"npz-index":  archiveIndex,
	"npz-sum":    archiveSum,
}

const archiveKey = "x"

// openArchive opens an archive and its array, and makes sure that it is read by the index that the
// runner means to measure: index=KIND is part of the reason that the array gives for its back end.
func openArchive(path string, p peer.Params, more ...lazy.Option) (*lazy.Archive, *lazy.Array, error) {
	opts, err := options(p, more...)
	if err != nil {
		return nil, nil, err
	}
	if p["sidecar"] == "no" {
		opts = append(opts, lazy.Zip(zipseek.WithoutSidecar()))
	}
	z, err := lazy.OpenArchive(path, opts...)
	if err != nil {
		return nil, nil, err
	}
	a, err := z.Array(archiveKey)
	if err == nil {
		if _, reason := a.Backend(); !strings.Contains(reason, p["index"]) {
			err = fmt.Errorf("%s is read as %q, and not by %q", path, reason, p["index"])
		}
	}
	if err != nil {
		return nil, nil, errors.Join(err, z.Close())
	}
	return z, a, nil
}

// sumOf is what contenders are compared by: it is computed when the clock has stopped.
func sumOf(b []byte) []int64 { return []int64{int64(len(b)), int64(crc32.ChecksumIEEE(b))} }

// archiveFirst loads the first rows.
func archiveFirst(path string, p peer.Params) (peer.Report, error) {
	start := time.Now()
	z, a, err := openArchive(path, p)
	if err != nil {
		return peer.Report{}, err
	}
	defer z.Close()
	opened := time.Since(start)
	part, err := a.Slice(":" + p["rows"])
	if err != nil {
		return peer.Report{}, err
	}
	r, err := part.Load(context.Background())
	elapsed := time.Since(start)
	if err != nil {
		return peer.Report{}, err
	}
	return peer.Report{Result: sumOf(r.Buffer().Data), Seconds: elapsed.Seconds(), OpenSeconds: opened.Seconds()}, nil
}

// archiveLoad loads all of it.
func archiveLoad(path string, p peer.Params) (peer.Report, error) {
	start := time.Now()
	z, a, err := openArchive(path, p)
	if err != nil {
		return peer.Report{}, err
	}
	defer z.Close()
	opened := time.Since(start)
	r, err := a.Load(context.Background())
	elapsed := time.Since(start)
	if err != nil {
		return peer.Report{}, err
	}
	return peer.Report{Result: sumOf(r.Buffer().Data), Seconds: elapsed.Seconds(), OpenSeconds: opened.Seconds()}, nil
}

// archiveRandom reads pieces at random. The time is the median of one.
func archiveRandom(path string, p peer.Params) (peer.Report, error) {
	reads, err1 := p.Int("reads", 200)
	size, err2 := p.Int("size", 64<<10)
	if err := errors.Join(err1, err2); err != nil {
		return peer.Report{}, err
	}
	z, a, err := openArchive(path, p)
	if err != nil {
		return peer.Report{}, err
	}
	defer z.Close()
	member, err := z.Member(archiveKey)
	if err != nil {
		return peer.Report{}, err
	}
	var sum uint32
	seconds := make([]float64, reads)
	buf := make([]byte, size)
	random := uint64(1)
	for i := range seconds {
		random = random*6364136223846793005 + 1442695040888963407
		at := a.Header().DataOffset + int64(random>>11%uint64(a.NBytes()-size))
		start := time.Now()
		if _, err := member.ReadAt(buf, at); err != nil {
			return peer.Report{}, err
		}
		seconds[i] = time.Since(start).Seconds()
		sum = crc32.Update(sum, crc32.IEEETable, buf)
	}
	slices.Sort(seconds)
	return peer.Report{
		Result:  []int64{reads * size, int64(sum)},
		Seconds: seconds[reads/2],
		Extra:   map[string]float64{"p95": seconds[reads*95/100], "max": seconds[reads-1]},
	}, nil
}

// archiveWrite compresses an array that is in memory.
func archiveWrite(path string, p peer.Params) (peer.Report, error) {
	a, err := lazy.Open(path)
	if err != nil {
		return peer.Report{}, err
	}
	defer a.Close()
	r, err := a.Load(context.Background())
	if err != nil {
		return peer.Report{}, err
	}
	start := time.Now()
	if err := lazy.SaveArchive(context.Background(), p["out"], []lazy.Entry{{Key: archiveKey, Array: r}}, lazy.Compressed(0)); err != nil {
		return peer.Report{}, err
	}
	elapsed := time.Since(start)
	result, size, err := readBack(p["out"], a.NBytes())
	return peer.Report{Result: result, Seconds: elapsed.Seconds(), Extra: map[string]float64{"size": float64(size)}}, errors.Join(err, os.Remove(p["out"]))
}

// readBack reads the elements with the standard library, which compares the checksum as well.
func readBack(path string, length int64) ([]int64, int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, 0, err
	}
	defer z.Close()
	r, err := z.File[0].Open()
	if err != nil {
		return nil, 0, err
	}
	defer r.Close()
	if _, err := io.CopyN(io.Discard, r, int64(z.File[0].UncompressedSize64)-length); err != nil {
		return nil, 0, err
	}
	sum := crc32.NewIEEE()
	n, err := io.Copy(sum, r)
	return []int64{n, int64(sum.Sum32())}, info.Size(), err
}

// archiveList opens an archive and lists its keys.
func archiveList(path string, _ peer.Params) (peer.Report, error) {
	start := time.Now()
	z, err := lazy.OpenArchive(path)
	if err != nil {
		return peer.Report{}, err
	}
	defer z.Close()
	keys := z.Keys()
	elapsed := time.Since(start)
	var letters int64
	for _, key := range keys {
		letters += int64(len(key))
	}
	return peer.Report{Result: []int64{int64(len(keys)), letters}, Seconds: elapsed.Seconds()}, nil
}

// archiveIndex makes the index of an archive that has none, and saves it.
func archiveIndex(path string, p peer.Params) (peer.Report, error) {
	start := time.Now()
	z, _, err := openArchive(path, p)
	if err != nil {
		return peer.Report{}, err
	}
	defer z.Close()
	_, size, err := z.Zip().WriteIndex(context.Background())
	elapsed := time.Since(start)
	if err != nil {
		return peer.Report{}, err
	}
	member, err := z.Member(archiveKey)
	if err != nil {
		return peer.Report{}, err
	}
	return peer.Report{
		Result:  []int64{1},
		Seconds: elapsed.Seconds(),
		Extra:   map[string]float64{"share": float64(size) / float64(member.CompressedSize), "size": float64(size)},
	}, nil
}

// archiveSum adds up an array of int64 in one pass.
func archiveSum(path string, p peer.Params) (peer.Report, error) {
	start := time.Now()
	z, a, err := openArchive(path, p)
	if err != nil {
		return peer.Report{}, err
	}
	defer z.Close()
	opened := time.Since(start)
	total, err := lazy.Sum(context.Background(), a, lazy.OverAll())
	elapsed := time.Since(start)
	if err != nil {
		return peer.Report{}, err
	}
	result, err := mmapnpy.CopyOf[int64](total.Buffer())
	return peer.Report{Result: result, Seconds: elapsed.Seconds(), OpenSeconds: opened.Seconds()}, err
}
