package natural

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestNaturalOrder(t *testing.T) {
	names := []string{
		"", "0", "00", "1", "01", "001", "2", "10", "99999999999999999999998", "99999999999999999999999",
		"a/z1", "a/z2", "a/z10", "a-1/z", "a1b2", "a1b10", "a01b10", "a2b1", "img", "img1.npy", "img2.npy", "img02.npy", "img10.npy", "img10a.npy",
		"Ä1", "Ä2", "Ä10", "列2", "列１０", "列20",
	}
	for seed := range uint64(5) {
		got := slices.Clone(names)
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		slices.SortFunc(got, Compare)
		if !slices.Equal(got, names) {
			t.Fatalf("%q\nof %q", got, names)
		}
	}
	for _, a := range names {
		for _, b := range names {
			if c := Compare(a, b); c != -Compare(b, a) || (c == 0) != (a == b) {
				t.Errorf("%q and %q compare as %d and %d", a, b, c, Compare(b, a))
			}
		}
	}
	if digitOf('٣') != 3 || digitOf('𝟙') != 1 || digitOf('²') != -1 || digitOf('x') != -1 {
		t.Errorf("digits %d, %d, %d, %d", digitOf('٣'), digitOf('𝟙'), digitOf('²'), digitOf('x'))
	}
}

// TestFiles finds files of a folder by a pattern and by their names, in natural order and without
// hidden ones.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"x10.npy", "x2.npy", ".x3.npy", "x1.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "x0.npy"), 0o700); err != nil {
		t.Fatal(err)
	}
	in := func(names ...string) (paths []string) {
		for _, name := range names {
			paths = append(paths, filepath.Join(dir, name))
		}
		return paths
	}
	for pattern, want := range map[string][]string{"*.npy": in("x0.npy", "x2.npy", "x10.npy"), ".*.npy": in(".x3.npy"), "y*": nil} {
		if got, err := Glob(filepath.Join(dir, pattern)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", pattern, got, err)
		}
	}
	if _, err := Glob("[x"); !errors.Is(err, filepath.ErrBadPattern) {
		t.Errorf("a bad pattern: %v", err)
	}
	got, err := List(dir, func(name string) bool { return filepath.Ext(name) == ".npy" })
	if err != nil || !slices.Equal(got, in("x2.npy", "x10.npy")) {
		t.Errorf("%q, %v", got, err)
	}
}
