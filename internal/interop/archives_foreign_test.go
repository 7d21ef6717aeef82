//go:build interop

package interop

import (
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/zipseek"
)

// indexSpan is the distance of places in the indexes that the test makes, so small that the arrays
// have several.
const indexSpan = 128 << 10

// ofOthers reads what NumPy, Python's zipfile, the zip command and the reference implementation of
// SOZip wrote, in every way; then once more with an index beside the archive.
func (s archiveSet) ofOthers(t *testing.T) {
	if len(s.archives) < 25 {
		t.Fatalf("%d archives", len(s.archives))
	}
	for _, a := range s.archives {
		t.Run(a.File, func(t *testing.T) {
			t.Logf("by %s", a.Writer)
			for _, h := range ways {
				t.Run(h.String(), func(t *testing.T) {
					s.checkReasons(t, a, s.checkArchive(t, a, h), "indexed as it is read")
				})
			}
			s.writeIndex(t, a)
			for _, h := range []how{{"mmap", 2}, {"pread", 1}} {
				t.Run("index, "+h.String(), func(t *testing.T) {
					s.checkReasons(t, a, s.checkArchive(t, a, h), "index beside the archive")
				})
			}
		})
	}
}

// checkReasons checks that every deflated member is read by the index it has: a SOZip index where
// the writer left one, and the other one elsewhere.
func (s archiveSet) checkReasons(t *testing.T, a foreignArchive, got map[string]string, other string) {
	t.Helper()
	z, err := zipseek.Open(s.path(a.File))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, m := range a.Members {
		member, ok := z.Lookup(m.Member)
		want := other
		switch {
		case !ok:
			t.Errorf("no member %q", m.Member)
			continue
		case member.Method != zipseek.Deflate:
			want = ""
		case m.SOZip:
			want = "SOZip"
		case member.Size <= indexSpan:
			want = "indexed as it is read" // it has one place to begin at
		}
		if !strings.Contains(got[m.Key], want) {
			t.Errorf("%s: is read as %q, not %q", m.Key, got[m.Key], want)
		}
	}
}

// writeIndex saves the checkpoints of the members that need them.
func (s archiveSet) writeIndex(t *testing.T, a foreignArchive) {
	t.Helper()
	z, err := lazy.OpenArchive(s.path(a.File), lazy.Zip(zipseek.Span(indexSpan)))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if _, _, err := z.Zip().WriteIndex(t.Context()); err != nil {
		t.Fatal(err)
	}
}
