//go:build interop

package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
)

// foreignArchive is an archive that another program wrote.
type foreignArchive struct {
	File    string
	Writer  string
	Members []foreignMember
}

type foreignMember struct {
	Key    string
	Member string // the full name
	NPY    string // the file that the content equals, byte for byte
	SOZip  bool

	// COrder says that the array was written anew, in C order: another content, if the file is in
	// Fortran order, with the same elements.
	COrder bool
}

// writtenArchive is an archive that we wrote, as the Python judge wants to be told of it.
type writtenArchive struct {
	File    string          `json:"file"`
	How     string          `json:"how"`
	Members []writtenMember `json:"members"` // in order
	Align   int             `json:"align"`   // where stored data begin
	Chunk   int             `json:"chunk"`   // what is larger and deflated has a SOZip index
}

type writtenMember struct {
	Key  string `json:"key"`
	NPY  string `json:"npy"`
	Ours bool   `json:"ours"` // false: it was there before we added to the archive

	// COrder says that the array was written anew, in C order, and not copied as a file.
	COrder bool `json:"-"`
}

// archiveSet is a folder full of arrays and of archives of them.
type archiveSet struct {
	dir      string
	seed     int64
	arrays   map[string]arrayCase // by file
	archives []foreignArchive
}

// TestArchives exchanges archives with every other program at hand, both ways.
func TestArchives(t *testing.T) {
	s := makeArchives(t, 40, 0)
	t.Run("of others", s.ofOthers)
	t.Run("for others", s.forOthers)
}

// makeArchives lets the other programs write: random arrays and a few large ones into archives of
// each kind, or, with a number of archives, into random ones.
func makeArchives(t *testing.T, arrays, archives int) archiveSet {
	t.Helper()
	s := archiveSet{dir: t.TempDir(), seed: seed(t), arrays: map[string]arrayCase{}}
	args := []string{strconv.FormatInt(s.seed, 10), strconv.Itoa(arrays), s.dir}
	if archives > 0 {
		args = append(args, strconv.Itoa(archives))
	}
	python(t, "archives.py", args...)
	for _, c := range readLines[arrayCase](t, readFile(t, s.path("manifest.jsonl"))) {
		s.arrays[c.File] = c
	}
	s.archives = readLines[foreignArchive](t, readFile(t, s.path("archives.jsonl")))
	t.Logf("seed %d, %d arrays, %d archives", s.seed, len(s.arrays), len(s.archives))
	return s
}

func (s archiveSet) path(file string) string { return filepath.Join(s.dir, file) }

// how is one way of reading an archive.
type how struct {
	backend string
	workers int
}

func (h how) options() []lazy.Option {
	return []lazy.Option{lazy.Backend(h.backend), lazy.Workers(h.workers)}
}

func (h how) String() string { return fmt.Sprintf("%s, %d worker(s)", h.backend, h.workers) }

// ways are all that a reader may be.
var ways = []how{{"mmap", 1}, {"mmap", 2}, {"mmap", 8}, {"pread", 1}, {"pread", 2}, {"pread", 8}}

// checkArchive reads an archive in one way: keys, bytes at random, elements, slices. It returns the
// reasons that the arrays gave for their back ends, by key.
func (s archiveSet) checkArchive(t *testing.T, a foreignArchive, h how) map[string]string {
	t.Helper()
	z, err := lazy.OpenArchive(s.path(a.File), h.options()...)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	s.checkKeys(t, z, a)
	reasons := map[string]string{}
	random := rand.New(rand.NewPCG(uint64(s.seed), uint64(h.workers)))
	for _, i := range random.Perm(len(a.Members)) {
		m := a.Members[i]
		array, err := z.Array(m.Key)
		if err != nil {
			t.Errorf("%s: %v", m.Key, err)
			continue
		}
		c := s.arrays[m.NPY]
		if m.COrder {
			c.Fortran = false
		}
		if c.Fortran == s.arrays[m.NPY].Fortran {
			s.checkBytes(t, z, m, random)
		}
		c.checkArray(t, m.Key, array)
		_, reasons[m.Key] = array.Backend()
	}
	return reasons
}

// checkKeys compares the list of arrays; the zip command lists folders as well.
func (s archiveSet) checkKeys(t *testing.T, z *lazy.Archive, a foreignArchive) {
	t.Helper()
	got := slices.DeleteFunc(z.Keys(), func(key string) bool { return strings.HasSuffix(key, "/") })
	var want []string
	for _, m := range a.Members {
		want = append(want, m.Key)
	}
	if !slices.Equal(got, want) {
		t.Errorf("keys are %q, written were %q", got, want)
	}
}

// checkBytes reads pieces of a member at random, and then all of it.
func (s archiveSet) checkBytes(t *testing.T, z *lazy.Archive, m foreignMember, random *rand.Rand) {
	t.Helper()
	member, err := z.Member(m.Key)
	if err != nil {
		t.Error(err)
		return
	}
	if member.Name != m.Member {
		t.Errorf("%s: found member %q, not %q", m.Key, member.Name, m.Member)
	}
	want := readFile(t, s.path(m.NPY))
	if member.Size != int64(len(want)) {
		t.Errorf("%s: has %d bytes, written were %d", m.Key, member.Size, len(want))
		return
	}
	for range 8 {
		at := random.Int64N(member.Size)
		got := make([]byte, min(1+random.Int64N(100_000), member.Size-at))
		if n, err := member.ReadAt(got, at); n < len(got) {
			t.Errorf("%s: %d of %d bytes at %d: %v", m.Key, n, len(got), at, err)
		} else if !bytes.Equal(got, want[at:at+int64(len(got))]) {
			t.Errorf("%s: %d bytes at %d differ", m.Key, len(got), at)
		}
	}
	if got, err := member.Bytes(); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: content differs; error: %v", m.Key, err)
	}
	if err := member.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// checkArray compares an array, wherever it comes from, with what NumPy said of it: dtype,
// elements, slices.
func (c arrayCase) checkArray(t *testing.T, key string, a *lazy.Array) {
	t.Helper()
	if h := a.Header(); h.DType.Descr() != c.Descr || h.FortranOrder != c.Fortran || !slices.Equal(h.Shape, c.Shape) {
		t.Errorf("%s: is %s %v (Fortran order: %v), NumPy says %s %v (%v)", key, h.DType.Descr(), h.Shape, h.FortranOrder, c.Descr, c.Shape, c.Fortran)
	}
	for _, s := range c.Slices {
		part, err := a.Slice(s.Index)
		if err != nil {
			t.Errorf("%s[%s]: %v", key, s.Index, err)
			continue
		}
		checkLoad(t, key+"["+s.Index+"]", part, s.SHA256)
	}
	checkLoad(t, key, a, c.SHA256)
}

func checkLoad(t *testing.T, name string, a *lazy.Array, want string) {
	t.Helper()
	r, err := a.Load(t.Context())
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if got := digest(r.Buffer().Data); got != want {
		t.Errorf("%s: elements have SHA-256 %s, NumPy says %s", name, got, want)
	}
}

// openEntries opens .npy files as what is to be saved. They are closed with the test.
func (s archiveSet) openEntries(t *testing.T, members []writtenMember) []lazy.Entry {
	t.Helper()
	var out []lazy.Entry
	for _, m := range members {
		a, err := lazy.Open(s.path(m.NPY))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = a.Close() })
		out = append(out, lazy.Entry{Key: m.Key, Array: a})
	}
	return out
}

// judge lets Python read what we wrote, with np.load, zipfile and sozipfile.
func (s archiveSet) judge(t *testing.T, written []writtenArchive) {
	t.Helper()
	var notes bytes.Buffer
	for _, w := range written {
		if err := json.NewEncoder(&notes).Encode(w); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(s.path("written.jsonl"), notes.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(python(t, "archives_verify.py", s.dir))), "\n")
	want := fmt.Sprintf("%d archives checked", len(written))
	if !slices.Equal(lines, []string{want}) {
		t.Errorf("seed %d: Python, of what we wrote (expected %q):\n%s", s.seed, want, strings.Join(lines, "\n"))
	}
}

// tool runs a command on an archive, which must succeed.
func tool(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}
