package zipseek

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"testing"
)

// inflateAll inflates what must be one whole stream.
func inflateAll(t *testing.T, b []byte) []byte {
	t.Helper()
	r := bytes.NewReader(b)
	got, err := io.ReadAll(flate.NewReader(r))
	if err != nil {
		t.Fatal(err)
	}
	if r.Len() != 0 {
		t.Errorf("%d bytes follow the stream", r.Len())
	}
	return got
}

// TestCompressChunk inflates chunks that are not the last, after making their last block the last
// of a stream.
func TestCompressChunk(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for level := HuffmanOnly; level <= flate.BestCompression; level++ {
		if level == 0 || level == flate.DefaultCompression {
			continue
		}
		for range 12 {
			for kind, data := range contents(r, 1+r.IntN(1<<r.IntN(19))) {
				p := packing{in: data}
				if err := p.compress(level); err != nil {
					t.Fatal(err)
				}
				if n := int64(len(data)); int64(len(p.out)) > maxDeflated(n, n) {
					t.Errorf("level %d: %d bytes of %s are compressed to %d, more than %d", level, n, kind, len(p.out), maxDeflated(n, n))
				}
				end := p.out[len(p.out)-5:]
				if !bytes.Equal(end, []byte{0, 0, 0, 0xff, 0xff}) {
					t.Fatalf("level %d: a chunk ends with %x", level, end)
				}
				end[0] = 1
				if !bytes.Equal(inflateAll(t, p.out), data) {
					t.Errorf("level %d: %d bytes of %s differ", level, len(data), kind)
				}
			}
		}
	}
}

// hidden returns name, payload and end of the file without a directory entry at off.
func hidden(t *testing.T, archive []byte, off int64) (name string, payload []byte, end int64) {
	t.Helper()
	le := binary.LittleEndian
	h := archive[off:]
	nameLen, extraLen, size := int64(le.Uint16(h[26:])), int64(le.Uint16(h[28:])), int64(le.Uint32(h[18:]))
	if le.Uint32(h) != localSignature || le.Uint16(h[4:]) != versionPlain || le.Uint16(h[8:]) != 0 || extraLen != 0 || le.Uint32(h[22:]) != uint32(size) ||
		le.Uint16(h[10:]) != 0 || le.Uint16(h[12:]) != dosDate {
		t.Fatalf("local header of the index: %x", h[:localSize])
	}
	payload = h[localSize+nameLen:][:size]
	if le.Uint32(h[14:]) != crc32.ChecksumIEEE(payload) {
		t.Error("checksum of the index is wrong")
	}
	return string(h[localSize:][:nameLen]), payload, off + localSize + nameLen + size
}

// checkIndex checks every field of the index of a member, and inflates every chunk alone.
func checkIndex(t *testing.T, archive []byte, f *zip.File, wantName string, chunk int, data []byte) (end int64) {
	t.Helper()
	le := binary.LittleEndian
	off, err := f.DataOffset()
	if err != nil {
		t.Fatal(err)
	}
	packed := archive[off:][:f.CompressedSize64]
	name, index, end := hidden(t, archive, off+int64(len(packed)))
	if name != wantName {
		t.Errorf("the index is called %q, want %q", name, wantName)
	}
	chunks := (len(data)-1)/chunk + 1
	if len(index) != 32+8*(chunks-1) || le.Uint32(index) != 1 || le.Uint32(index[4:]) != 0 || le.Uint32(index[8:]) != uint32(chunk) ||
		le.Uint32(index[12:]) != 8 || le.Uint64(index[16:]) != uint64(len(data)) || le.Uint64(index[24:]) != uint64(len(packed)) {
		t.Fatalf("%d chunks of %d, index %x", chunks, chunk, index)
	}
	starts := []uint64{0}
	for b := index[32:]; len(b) > 0; b = b[8:] {
		starts = append(starts, le.Uint64(b))
	}
	starts = append(starts, uint64(len(packed)))
	for i := range chunks {
		if starts[i] >= starts[i+1] {
			t.Fatalf("chunk %d begins at %d and the next at %d", i, starts[i], starts[i+1])
		}
		piece := bytes.Clone(packed[starts[i]:starts[i+1]])
		if i < chunks-1 {
			if end := piece[len(piece)-5:]; !bytes.Equal(end, []byte{0, 0, 0, 0xff, 0xff}) {
				t.Fatalf("chunk %d ends with %x", i, end)
			}
			piece[len(piece)-5] = 1
		}
		want := data[i*chunk:][:min(chunk, len(data)-i*chunk)]
		if got := inflateAll(t, piece); !bytes.Equal(got, want) {
			t.Errorf("chunk %d differs", i)
		}
	}
	return end
}

// TestSOZipIndex checks the layout of indexed members.
func TestSOZipIndex(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	for _, chunk := range []int{4096, 10_000, 100_000} {
		for _, n := range []int{chunk + 1, 2 * chunk, 3*chunk + 17} {
			for kind, data := range contents(r, n) {
				for name, index := range map[string]string{
					"x.npy": ".x.npy.sozip.idx", "dir/sub/x.npy": "dir/sub/.x.npy.sozip.idx", "/é": "/.é.sozip.idx", "..": "....sozip.idx",
				} {
					members := []given{{name: name, data: data}, {name: "next", data: []byte("next"), opts: []WriterOption{Uncompressed(), Align(1)}}}
					archive := mustRead(t, create(t, []WriterOption{Compressed(1), ChunkSize(chunk)}, members...))
					check(t, archive, members)
					z := unzip(t, archive)
					end := checkIndex(t, archive, z.File[0], index, chunk, data)
					if next, err := z.File[1].DataOffset(); err != nil || next != end+localSize+4 {
						t.Errorf("%s %s: the index ends at %d, the next member begins at %d: %v", kind, name, end, next, err)
					}
				}
			}
		}
	}
}

// TestSOZipNone checks that a member of one chunk has no index.
func TestSOZipNone(t *testing.T) {
	for _, n := range []int{1, 4095, 4096} {
		archive := mustRead(t, create(t, []WriterOption{Compressed(0), ChunkSize(4096)}, given{name: "x", data: make([]byte, n)}))
		if bytes.Contains(archive, []byte("sozip")) {
			t.Errorf("%d bytes have an index", n)
		}
	}
}

// TestSOZipTooLarge refuses an index of 4 GiB before anything is written.
func TestSOZipTooLarge(t *testing.T) {
	for _, size := range []int64{(escape32 - sozipHeaderSize + 7) / 8 * minChunkSize, 1<<63 - 1} {
		if err := checkSOZip(size, minChunkSize); (err == nil) != (size < 1<<42) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	w := testWriter(t, newMemTarget(), Compressed(0), ChunkSize(minChunkSize))
	if err := w.Add(t.Context(), "a", 1<<50, repeat(nil, 0)); err == nil || w.out.offset() != 0 {
		t.Errorf("added: %v", err)
	}
}

// TestPackerMemory counts the chunks in flight while the first one cannot be handed on.
func TestPackerMemory(t *testing.T) {
	for _, c := range []struct{ workers, chunk, want int }{
		{1, minChunkSize, 2}, {3, minChunkSize, 6}, {64, 1 << 20, 16}, {64, 64 << 20, 2}, {1000, 256 << 10, 64},
	} {
		p := newPacker(writerConfig{workers: c.workers, chunk: c.chunk, level: 1}, int64(c.chunk)*1000, nil, nil)
		if p.inFlight != c.want {
			t.Errorf("%d workers, chunks of %d: %d in flight, want %d", c.workers, c.chunk, p.inFlight, c.want)
		}
		p.close()
	}
	emitted, most := 0, 0
	var p *packer
	p = newPacker(writerConfig{workers: 2, chunk: minChunkSize, level: 1}, 100*minChunkSize, nil, func([]byte) error {
		emitted++
		most = max(most, len(p.queue)+len(p.spare))
		return nil
	})
	if err := p.write(make([]byte, 100*minChunkSize)); err != nil {
		t.Fatal(err)
	}
	if err := p.finish(); err != nil || emitted != 100 || most > 4 {
		t.Errorf("%d chunks, %d at a time: %v", emitted, most, err)
	}
	if spare := p.close(); len(spare) > 4 {
		t.Errorf("%d buffers are kept", len(spare))
	}
}

func BenchmarkWriter(b *testing.B) {
	data := contents(rand.New(rand.NewPCG(17, 18)), 64<<20)
	for _, kind := range []string{"floats", "noise"} {
		for name, opts := range map[string][]WriterOption{
			"stored": nil, "huffman": {Compressed(HuffmanOnly)}, "level1": {Compressed(1)}, "level7": {Compressed(DefaultLevel)},
		} {
			for _, workers := range []int{1, 2} {
				b.Run(fmt.Sprintf("%s/%s/%d", kind, name, workers), func(b *testing.B) {
					b.SetBytes(int64(len(data[kind])))
					var size int64
					for b.Loop() {
						m := newMemTarget()
						c, err := defaultWriterConfig.with("Create", aboutMembers, append(opts, WriterWorkers(workers)))
						if err != nil {
							b.Fatal(err)
						}
						w := newWriter("mem", c, m, 0)
						add(b, w, given{name: "a", data: data[kind]})
						if err := w.Close(); err != nil {
							b.Fatal(err)
						}
						size = m.size
					}
					b.ReportMetric(float64(len(data[kind]))/float64(size), "ratio")
				})
			}
		}
	}
}

// TestShortChunks reads by SOZip indexes of chunks that are shorter than those that are written
// here.
func TestShortChunks(t *testing.T) {
	content := samples(40 << 10)["counts"]
	for _, size := range []int{1000, 512, 37} {
		short := func(c *writerConfig) error {
			c.chunk = size
			return nil
		}
		path := byUs(t, map[string][]byte{"x": content}, Compressed(6), short)
		m := mustLookup(t, mustOpen(t, path), "x")
		if seek, err := m.Seekable(); err != nil || findChunks(m, must(m.DataOffset())) == nil {
			t.Errorf("chunks of %d bytes: %q, %v", size, seek, err)
		}
		checkReads(t, m, content, 20)
		if err := m.Verify(t.Context()); err != nil {
			t.Errorf("chunks of %d bytes: %v", size, err)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
