// Command klauspost inflates a member with github.com/klauspost/compress/flate, the decoder that Go
// programs take when the standard library's is too slow.
package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/flate" //nolint:depguard // it is the peer that is measured

	"github.com/lazynpy/lazynpy/bench/internal/peer"
)

func main() {
	peer.Main(map[string]peer.Task{"npz-load": load})
}

// load inflates the only member of an archive into memory, and sums it up on the way, as everybody
// does. The compressed bytes are in memory before the clock starts, which is more than the others
// get.
func load(path string, p peer.Params) (peer.Report, error) {
	header, err := p.Int("header", 0) // bytes before the elements
	if err != nil {
		return peer.Report{}, err
	}
	raw, size, err := compressed(path)
	if err != nil {
		return peer.Report{}, err
	}
	start := time.Now()
	out := make([]byte, size)
	r := flate.NewReader(bytes.NewReader(raw))
	if _, err := io.ReadFull(r, out); err != nil {
		return peer.Report{}, err
	}
	crc32.ChecksumIEEE(out)
	elapsed := time.Since(start)
	elements := out[header:]
	return peer.Report{
		Result:  []int64{int64(len(elements)), int64(crc32.ChecksumIEEE(elements))},
		Seconds: elapsed.Seconds(),
	}, r.Close()
}

// compressed returns the deflated bytes of the only member, and its size.
func compressed(path string) ([]byte, uint64, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, err
	}
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, 0, err
	}
	if len(z.File) != 1 || z.File[0].Method != zip.Deflate {
		return nil, 0, fmt.Errorf("%s is not an archive of one deflated member", path)
	}
	offset, err := z.File[0].DataOffset()
	if err != nil {
		return nil, 0, err
	}
	return content[offset:][:z.File[0].CompressedSize64], z.File[0].UncompressedSize64, nil
}
