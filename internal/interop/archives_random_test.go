//go:build interop

package interop

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/zipseek"
)

const (
	randomArchives      = 300
	randomArchiveArrays = 150
)

// TestRandomArchives reads random archives of random writers, and writes the same arrays under the
// same keys with random options, in one go or in two, for Python to read.
func TestRandomArchives(t *testing.T) {
	s := makeArchives(t, randomArchiveArrays, randomArchives)
	random := rand.New(rand.NewPCG(uint64(s.seed), 5))
	var written []writtenArchive
	for _, a := range s.archives {
		t.Run(a.File, func(t *testing.T) {
			h := ways[random.IntN(len(ways))]
			s.checkArchive(t, a, h)
			w := s.rewrite(t, a, random)
			s.checkArchive(t, w.asForeign(), h)
			written = append(written, w)
			if t.Failed() {
				t.Logf("seed %d, by %s, %s; written with %s", s.seed, a.Writer, h, w.How)
			}
		})
	}
	s.judge(t, written)
}

// rewrite writes the arrays of an archive with random options.
func (s archiveSet) rewrite(t *testing.T, a foreignArchive, random *rand.Rand) writtenArchive {
	t.Helper()
	w := writtenArchive{File: "ours-" + a.File, Align: 1 << random.IntN(13), Chunk: 4096 << random.IntN(7)}
	for _, m := range a.Members {
		w.Members = append(w.Members, writtenMember{Key: lazy.KeyOf(m.Member), NPY: m.NPY, Ours: true, COrder: true})
	}
	entries := s.openEntries(t, w.Members)
	cut := random.IntN(len(entries) + 1)
	first, second := s.randomOptions(w, random), s.randomOptions(w, random)
	w.How = fmt.Sprintf("%d members, then the rest", cut)
	if err := lazy.SaveArchive(t.Context(), s.path(w.File), entries[:cut], first...); err != nil {
		t.Fatal(err)
	}
	if err := lazy.AppendArchive(t.Context(), s.path(w.File), entries[cut:], second...); err != nil {
		t.Fatal(err)
	}
	return w
}

func (s archiveSet) randomOptions(w writtenArchive, random *rand.Rand) []lazy.ArchiveOption {
	options := []lazy.ArchiveOption{zipseek.Align(w.Align), zipseek.ChunkSize(w.Chunk), zipseek.WriterWorkers(1 + random.IntN(4))}
	if level := random.IntN(11) - 1; level > 0 {
		options = append(options, lazy.Compressed(level))
	} else if level < 0 {
		options = append(options, lazy.Compressed(zipseek.HuffmanOnly))
	}
	return options
}
