package mmapnpy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestCorpusElements reads the elements of the corpus in C order: files by every back end, and
// members of archives from memory.
func TestCorpusElements(t *testing.T) {
	lines, err := os.ReadFile(filepath.Join(corpusDir, "ORACLE.jsonl"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Logf("no corpus at %s", corpusDir)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for line := range bytes.Lines(lines) {
		var want struct {
			oracle
			SHA256C string `json:"sha256_C"`
		}
		if err := json.Unmarshal(line, &want); err != nil {
			t.Fatal(err)
		}
		if want.HasObject {
			continue
		}
		if want.Member != "" {
			data, err := corpusData(want.oracle)
			if err != nil {
				t.Fatal(err)
			}
			h, err := ReadHeader(bytes.NewReader(data), int64(len(data)), want.File)
			if err != nil {
				t.Fatal(err)
			}
			b := Buffer{Data: data, Offset: h.DataOffset, DType: h.DType, Shape: h.Shape, Strides: h.Strides()}
			checkHashes(t, want.File+":"+want.Member, b, "", want.SHA256C)
			continue
		}
		files++
		for _, backend := range []string{"mmap", "pread", "copy"} {
			f := openTemp(t, filepath.Join(corpusDir, want.File), WithBackend(backend))
			checkHashes(t, want.File+" by "+backend, mustBuffer(t, f), want.SHA256, want.SHA256C)
		}
	}
	if files < 20 {
		t.Errorf("%d files in the corpus", files)
	}
}

// checkHashes compares the elements as they lie and in C order.
func checkHashes(t *testing.T, name string, b Buffer, stored, c string) {
	t.Helper()
	hash := func(p []byte) string {
		sum := sha256.Sum256(p)
		return hex.EncodeToString(sum[:])
	}
	if stored != "" && hash(b.Data) != stored {
		t.Errorf("%s: other bytes than NumPy's", name)
	}
	inC := make([]byte, b.NBytes())
	if err := b.CopyTo(inC); err != nil {
		t.Fatal(err)
	}
	if hash(inC) != c {
		t.Errorf("%s: other elements in C order than NumPy's", name)
	}
	if _, ok := b.DType.Elem(); ok {
		n, err := Numbers[complex128](b)
		if err != nil {
			t.Fatal(err)
		}
		count := int64(0)
		for range n.All() {
			count++
		}
		if count != b.Len() {
			t.Errorf("%s: %d of %d numbers", name, count, b.Len())
		}
	}
}
