package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// addUp reads a float64 file the simplest way.
func addUp(t *testing.T, path string) float64 {
	t.Helper()
	f, err := mmapnpy.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := f.Buffer()
	if err != nil {
		t.Fatal(err)
	}
	values, err := mmapnpy.CopyOf[float64](b)
	if err != nil {
		t.Fatal(err)
	}
	total := 0.0
	for _, v := range values {
		total += v
	}
	return total
}

func TestFilesHaveTheSumTheyPromise(t *testing.T) {
	dir := t.TempDir()
	floats, sparse := filepath.Join(dir, "floats.npy"), filepath.Join(dir, "sparse.npy")
	sum, err := writeFloats(floats, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if got := strconv.FormatFloat(addUp(t, floats), 'g', -1, 64); got != sum.String() {
		t.Errorf("sum of floats is %s, promised %s", got, sum)
	}
	// An island, a hole, and half an island.
	sum, err = writeSparse(sparse, (islandEvery+island/2)/8)
	if err != nil {
		t.Fatal(err)
	}
	if got := strconv.FormatFloat(addUp(t, sparse), 'g', -1, 64); got != sum.String() {
		t.Errorf("sum of the sparse file is %s, promised %s", got, sum)
	}
}

func TestFilesAreTheSameEveryTime(t *testing.T) {
	dir := t.TempDir()
	var content [2][]byte
	for i := range content {
		path := filepath.Join(dir, strconv.Itoa(i)+".npy")
		if err := writeScan(path, []int64{2, 3, 4, 5}); err != nil {
			t.Fatal(err)
		}
		var err error
		if content[i], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(content[0], content[1]) {
		t.Error("the same seed gave two different files")
	}
	if bytes.Count(content[0][128:], []byte{0}) > 60 {
		t.Error("the scan is mostly zeros")
	}
}

func TestHoleTakesNoRoom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hole.npy")
	if err := writeHole(path, mmapnpy.Uint16, []int64{1 << 10, 1 << 20}); err != nil {
		t.Fatal(err)
	}
	f, err := mmapnpy.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := f.Header().NBytes(); got != 2<<30 {
		t.Errorf("the hole has %d bytes", got)
	}
}

func TestSizeText(t *testing.T) {
	for n, want := range map[int64]string{2 << 30: "2 GiB", 64 << 20: "64 MiB", 1536: "1.5 KiB", 3 << 29: "1.5 GiB"} {
		if got := sizeText(n); got != want {
			t.Errorf("sizeText(%d) = %q, want %q", n, got, want)
		}
	}
}
