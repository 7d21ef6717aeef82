package lazy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/lazynpy/lazynpy/zipseek"
)

// corpusDir holds real files from public repositories. They are not part of this one, and the
// test that needs them passes without.
const corpusDir = "../../shared/corpus"

// TestCorpusArchives reads every array of every archive in the corpus through its archive.
func TestCorpusArchives(t *testing.T) {
	lines, err := os.ReadFile(filepath.Join(corpusDir, "ORACLE.jsonl"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Logf("no corpus at %s", corpusDir)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	arrays := 0
	for line := range bytes.Lines(lines) {
		var want memberOracle
		if err := json.Unmarshal(line, &want); err != nil {
			t.Fatal(err)
		}
		if want.Member == "" {
			continue
		}
		arrays++
		t.Run(want.File+":"+want.Member, func(t *testing.T) {
			for _, check := range []zipseek.Check{zipseek.CheckOnce, zipseek.CheckAlways} {
				checkMember(t, want, check)
			}
		})
	}
	if arrays < 100 {
		t.Errorf("%d arrays in the corpus", arrays)
	}
}

// memberOracle is what Python says of one array in an archive.
type memberOracle struct {
	File       string  `json:"file"`
	Member     string  `json:"member"`
	Method     uint16  `json:"method"`
	CSize      int64   `json:"csize"`
	USize      int64   `json:"usize"`
	CRC        uint32  `json:"crc"`
	DataOffset int64   `json:"member_data_offset"`
	Shape      []int64 `json:"shape"`
	Fortran    bool    `json:"fortran_order"`
	HasObject  bool    `json:"hasobject"`
	SHA256C    string  `json:"sha256_C"`
}

func checkMember(t *testing.T, want memberOracle, check zipseek.Check) {
	z, err := OpenArchive(filepath.Join(corpusDir, want.File), Zip(zipseek.Checksums(check)))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	m, err := z.Member(want.Member)
	if err != nil {
		t.Fatal(err)
	}
	at, err := m.DataOffset()
	if err != nil {
		t.Fatal(err)
	}
	if uint16(m.Method) != want.Method || m.CompressedSize != want.CSize || m.Size != want.USize || m.CRC32 != want.CRC || at != want.DataOffset {
		t.Errorf("%+v at %d, want %+v", m, at, want)
	}
	a, err := z.Array(KeyOf(want.Member))
	if want.HasObject {
		if err == nil {
			t.Error("objects are readable")
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a.Shape(), want.Shape) && len(want.Shape) > 0 || a.Header().FortranOrder != want.Fortran {
		t.Errorf("%v, want %v", a, want)
	}
	h := sha256.New()
	for b, err := range a.Elements(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		h.Write(b)
	}
	if hex.EncodeToString(h.Sum(nil)) != want.SHA256C {
		t.Error("other elements in C order than NumPy's")
	}
}
