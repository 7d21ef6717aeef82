//go:build interop

package interop

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/zipseek"
)

// A recipe is a set of options to write with.
type recipe struct {
	name    string
	options []lazy.ArchiveOption
	align   int
	chunk   int
}

// recipes are the ways of writing that the judges see: all levels that differ in kind, all sizes of
// chunks that differ in what they fit.
var recipes = []recipe{
	{"stored", nil, 64, 0},
	{"stored at pages", []lazy.ArchiveOption{zipseek.Align(4096)}, 4096, 0},
	{"Huffman only", []lazy.ArchiveOption{zipseek.Compressed(zipseek.HuffmanOnly)}, 64, 256 << 10},
	{"level 1", []lazy.ArchiveOption{lazy.Compressed(1)}, 64, 256 << 10},
	{"level 6, 32 KiB", []lazy.ArchiveOption{lazy.Compressed(6), zipseek.ChunkSize(32 << 10)}, 64, 32 << 10},
	{"default level", []lazy.ArchiveOption{lazy.Compressed(0)}, 64, 256 << 10},
	{"level 7, 1 MiB", []lazy.ArchiveOption{lazy.Compressed(7), zipseek.ChunkSize(1 << 20)}, 64, 1 << 20},
	{"level 9, one worker", []lazy.ArchiveOption{lazy.Compressed(9), zipseek.WriterWorkers(1)}, 64, 256 << 10},
}

// forOthers writes archives in all ways: in one go, by adding to our own and to others', and by
// repacking. Then everybody reads them: np.load, zipfile, sozipfile, unzip, 7z, zip and Go's
// archive/zip.
func (s archiveSet) forOthers(t *testing.T) {
	members := s.allArrays()
	var written []writtenArchive
	for i, r := range recipes {
		w := writtenArchive{File: fmt.Sprintf("ours%d.npz", i), How: r.name, Members: members, Align: r.align, Chunk: r.chunk}
		if err := lazy.SaveArchive(t.Context(), s.path(w.File), s.openEntries(t, members), r.options...); err != nil {
			t.Fatalf("%s: %v", r.name, err)
		}
		written = append(written, w)
	}
	written = append(written, s.appended(t, members), s.appendedToForeign(t, "savez_compressed"), s.appendedToForeign(t, "zip -6 to a pipe"))
	written = append(written, s.repacked(t)...)
	for _, w := range written {
		t.Run(w.How, func(t *testing.T) {
			tool(t, "unzip", "-tqq", s.path(w.File))
			tool(t, "7z", "t", "-bso0", "-bsp0", s.path(w.File))
			tool(t, "zip", "-T", "-q", s.path(w.File))
			s.checkByStandardLibrary(t, w)
			s.checkArchive(t, w.asForeign(), how{"mmap", 2})
		})
	}
	s.judge(t, written)
}

// allArrays are the arrays of the set under the keys of NumPy's archive of all of them. We write in
// C order only: what the files hold in Fortran order is compared element by element.
func (s archiveSet) allArrays() []writtenMember {
	var out []writtenMember
	for _, m := range s.archives[0].Members {
		out = append(out, writtenMember{Key: m.Key, NPY: m.NPY, Ours: true, COrder: true})
	}
	return out
}

// appended writes a third of the members, adds a third, and adds the rest, each in another way.
func (s archiveSet) appended(t *testing.T, members []writtenMember) writtenArchive {
	t.Helper()
	w := writtenArchive{File: "appended.npz", How: "appended twice", Members: members, Align: 64, Chunk: 256 << 10}
	entries := s.openEntries(t, members)
	third := len(entries) / 3
	path := s.path(w.File)
	for i, err := range []error{
		lazy.SaveArchive(t.Context(), path, entries[:third], lazy.Compressed(1)),
		lazy.AppendArchive(t.Context(), path, entries[third:2*third]),
		lazy.AppendArchive(t.Context(), path, entries[2*third:], lazy.Compressed(0)),
	} {
		if err != nil {
			t.Fatalf("part %d: %v", i, err)
		}
	}
	return w
}

// appendedToForeign adds a few arrays to a copy of an archive that another program wrote.
func (s archiveSet) appendedToForeign(t *testing.T, writer string) writtenArchive {
	t.Helper()
	original := s.archiveBy(t, writer)
	w := writtenArchive{File: "grown-" + original.File, How: "appended to " + writer, Align: 64, Chunk: 256 << 10}
	content := readFile(t, s.path(original.File))
	if err := os.WriteFile(s.path(w.File), content, 0o600); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	if len(z.File) != len(original.Members) {
		// np.load lists folders too, and this test gives it the exact list.
		removeFolders(t, s.path(w.File))
	}
	for _, m := range original.Members {
		w.Members = append(w.Members, writtenMember{Key: m.Key, NPY: m.NPY})
	}
	added := []writtenMember{{"added/größe", original.Members[0].NPY, true, true}, {"added", original.Members[1].NPY, true, true}}
	if err := lazy.AppendArchive(t.Context(), s.path(w.File), s.openEntries(t, added), lazy.Compressed(0)); err != nil {
		t.Fatal(err)
	}
	w.Members = append(w.Members, added...)
	if now := readFile(t, s.path(w.File)); len(z.File) == len(original.Members) && !bytes.HasPrefix(now, content) {
		t.Errorf("appending to %s changed bytes of it", writer)
	}
	return w
}

// archiveBy is the first archive by a writer.
func (s archiveSet) archiveBy(t *testing.T, writer string) foreignArchive {
	t.Helper()
	i := slices.IndexFunc(s.archives, func(a foreignArchive) bool { return a.Writer == writer })
	if i < 0 {
		t.Fatalf("no archive by %s", writer)
	}
	return s.archives[i]
}

// repacked writes the members of others' archives anew.
func (s archiveSet) repacked(t *testing.T) []writtenArchive {
	t.Helper()
	var out []writtenArchive
	for i, c := range []struct {
		writer string
		opts   zipseek.RepackOptions
	}{
		{"zipfile, deflated", zipseek.RepackOptions{}},
		{"zipfile, to a pipe", zipseek.RepackOptions{ChunkSize: 32 << 10}},
		{"zipfile, prepended", zipseek.RepackOptions{Recode: zipseek.StoreAll}},
		{"zipfile, bzip2", zipseek.RepackOptions{Recode: zipseek.DeflateAll}},
		{"sozipfile", zipseek.RepackOptions{Recode: zipseek.DeflateAll, Level: 6, ChunkSize: 1 << 20}},
		{"savez", zipseek.RepackOptions{Recode: zipseek.DeflateAll, Level: 1}},
	} {
		original := s.archiveBy(t, c.writer)
		w := writtenArchive{File: fmt.Sprintf("repacked%d.npz", i), How: "repacked from " + c.writer, Align: 64, Chunk: c.opts.ChunkSize}
		if w.Chunk == 0 {
			w.Chunk = zipseek.DefaultChunkSize
		}
		for _, m := range original.Members {
			w.Members = append(w.Members, writtenMember{Key: m.Key, NPY: m.NPY, Ours: true})
		}
		s.repack(t, original.File, w.File, c.opts)
		out = append(out, w)
	}
	return out
}

func (s archiveSet) repack(t *testing.T, from, to string, opts zipseek.RepackOptions) {
	t.Helper()
	z, err := zipseek.Open(s.path(from))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if err := zipseek.Repack(t.Context(), z, s.path(to), opts); err != nil {
		t.Fatalf("repacking %s: %v", from, err)
	}
}

// removeFolders drops the folders that the zip command lists.
func removeFolders(t *testing.T, path string) {
	t.Helper()
	tool(t, "zip", "-q", "-d", path, "*/")
}

// asForeign lets the checks of other people's archives see our own.
func (w writtenArchive) asForeign() foreignArchive {
	a := foreignArchive{File: w.File, Writer: "us"}
	for _, m := range w.Members {
		a.Members = append(a.Members, foreignMember{Key: m.Key, Member: m.Key + ".npy", NPY: m.NPY, COrder: m.COrder})
	}
	return a
}

// checkByStandardLibrary reads every member with archive/zip, whose checksums it compares as well.
func (s archiveSet) checkByStandardLibrary(t *testing.T, w writtenArchive) {
	t.Helper()
	z, err := zip.OpenReader(s.path(w.File))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if len(z.File) != len(w.Members) {
		t.Fatalf("archive/zip: %d members instead of %d", len(z.File), len(w.Members))
	}
	for i, f := range z.File {
		m := w.Members[i]
		// It takes names of others for UTF-8 that do not say so, unlike Python.
		if m.Ours && f.Name != m.Key+".npy" {
			t.Errorf("archive/zip: member %d is %q, not %q", i, f.Name, m.Key)
		}
		got, err := readMember(f)
		if err != nil {
			t.Errorf("archive/zip: %s: %v", f.Name, err)
			continue
		}
		want := readFile(t, s.path(m.NPY))
		if fortran := s.arrays[m.NPY].Fortran && m.COrder; !fortran && !bytes.Equal(got, want) {
			t.Errorf("archive/zip: %s: content differs", f.Name)
		}
	}
}

func readMember(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}
