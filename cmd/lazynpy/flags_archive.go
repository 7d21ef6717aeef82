package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/zipseek"
)

// packing is the flags of verbs that write archives.
type packing struct {
	deflate parsed[int]
	align   parsed[int]
	chunk   parsed[int64]
	noWait  bool
}

// defaultDeflate is the text of --deflate without a level.
const defaultDeflate = "default"

// register adds the flags to those of a verb.
func (p *packing) register(set *pflag.FlagSet) {
	p.deflate = parsed[int]{parse: parseLevel, kind: "level"}
	p.align = parsed[int]{parse: parseAlign, kind: "bytes"}
	p.chunk = parsed[int64]{parse: parseChunkSize, kind: "size"}
	set.Var(&p.deflate, "deflate", "compress, at a level from 1 (fast) to 9 (small), or huffman; 7 if none is given")
	set.Lookup("deflate").NoOptDefVal = defaultDeflate
	set.Var(&p.align, "align", "where stored members begin: at multiples of this power of two up to 32768 (default 64)")
	set.BoolVar(&p.noWait, "no-wait", false, "fail at once if somebody else is writing to the archive (default: wait for up to 10 minutes)")
	set.Var(&p.chunk, "chunk", "how much is compressed on its own, from 4KiB to 64MiB (default 256KiB): less is faster to seek in")
}

// parseLevel reads a level; 0 is the default one.
func parseLevel(s string) (int, error) {
	switch s {
	case defaultDeflate:
		return 0, nil
	case "huffman":
		return zipseek.HuffmanOnly, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 9 {
		return 0, fmt.Errorf("level %q (want 1 to 9, or huffman)", s)
	}
	return n, nil
}

func parseAlign(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 1<<15 || n&(n-1) != 0 {
		return 0, fmt.Errorf("alignment %q (want a power of two from 1 to 32768)", s)
	}
	return n, nil
}

func parseChunkSize(s string) (int64, error) {
	n, err := chunk.ParseBytes(s)
	if err != nil || n < 4<<10 || n > 64<<20 {
		return 0, fmt.Errorf("size %q (want 4KiB to 64MiB)", s)
	}
	return n, nil
}

// wait is how long to wait for others who write to an archive.
func (p *packing) wait() time.Duration {
	if p.noWait {
		return 0
	}
	return zipseek.DefaultWait
}

// waits tells that a verb waits for others who write to a file.
func (c *cli) waits(path string) func() {
	return func() { c.note("%s: waiting for somebody else who is writing to it", printable(path)) }
}

// options are what the flags ask of a writer of the archive at path.
func (p *packing) options(ctx context.Context, c *cli, path string) []zipseek.WriterOption {
	opts := []zipseek.WriterOption{zipseek.WriterWorkers(c.workers()), zipseek.WaitFor(ctx, p.wait(), c.waits(path))}
	if p.deflate.set {
		opts = append(opts, zipseek.Compressed(p.deflate.value))
	}
	if p.align.set {
		opts = append(opts, zipseek.Align(p.align.value))
	}
	if p.chunk.set {
		opts = append(opts, zipseek.ChunkSize(int(p.chunk.value)))
	}
	return opts
}

// method says in a word how members are written.
func (p *packing) method() string {
	if p.deflate.set {
		return zipseek.Deflate.String()
	}
	return zipseek.Stored.String()
}
