package mmapnpy

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// corpusDir holds real files from public repositories. They are not part of this one, and the
// test that needs them passes without.
const corpusDir = "../../shared/corpus"

// oracle is what NumPy says of one array.
type oracle struct {
	File      string  `json:"file"`
	Member    string  `json:"member"`
	Version   string  `json:"version"`
	Offset    int64   `json:"data_offset"`
	Shape     []int64 `json:"shape"`
	Fortran   bool    `json:"fortran_order"`
	DType     any     `json:"dtype"`
	ItemSize  int64   `json:"itemsize"`
	HasObject bool    `json:"hasobject"`
	NBytes    int64   `json:"nbytes"`
	SHA256    string  `json:"sha256_disk"`
}

func TestCorpus(t *testing.T) {
	lines, err := os.ReadFile(filepath.Join(corpusDir, "ORACLE.jsonl"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Logf("no corpus at %s", corpusDir)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range bytes.Lines(lines) {
		n++
		var want oracle
		if err := json.Unmarshal(line, &want); err != nil {
			t.Fatal(err)
		}
		t.Run(want.File+":"+want.Member, func(t *testing.T) { checkOracle(t, want) })
	}
	if n < 200 {
		t.Errorf("%d arrays in the corpus", n)
	}
}

func checkOracle(t *testing.T, want oracle) {
	data, err := corpusData(want)
	if err != nil {
		t.Fatal(err)
	}
	h, err := ReadHeader(bytes.NewReader(data), int64(len(data)), want.File)
	if err != nil {
		t.Fatal(err)
	}
	if version := fmt.Sprintf("%d.%d", h.Version[0], h.Version[1]); version != want.Version ||
		h.DataOffset != want.Offset || shapeString(h.Shape) != shapeString(want.Shape) || h.FortranOrder != want.Fortran {
		t.Errorf("version %s, offset %d, %v, Fortran %v; want %+v", version, h.DataOffset, h.Shape, h.FortranOrder, want)
	}
	if got := h.DType.Descr(); got != jsonDescr(want.DType) || h.DType.ItemSize() != want.ItemSize || h.DType.HasObject() != want.HasObject {
		t.Errorf("%.100s of %d bytes, want %.100s of %d", got, h.DType.ItemSize(), jsonDescr(want.DType), want.ItemSize)
	}
	if want.HasObject {
		if !errors.Is(h.CheckReadable(), ErrObject) {
			t.Error("objects are readable")
		}
		return
	}
	if h.NBytes() != want.NBytes {
		t.Fatalf("%d bytes of data, want %d", h.NBytes(), want.NBytes)
	}
	sum := sha256.Sum256(data[h.DataOffset : h.DataOffset+h.NBytes()])
	if hex.EncodeToString(sum[:]) != want.SHA256 {
		t.Error("the data are not those that NumPy saw")
	}
}

func corpusData(o oracle) ([]byte, error) {
	path := filepath.Join(corpusDir, o.File)
	if o.Member == "" {
		return os.ReadFile(path)
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	m, err := z.Open(o.Member)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	return io.ReadAll(m)
}

// jsonDescr writes a descr that went through JSON, which has no tuples, as Python does.
func jsonDescr(v any) string {
	fields, ok := v.([]any)
	if !ok {
		return string(appendRepr(nil, v.(string)))
	}
	var parts []string
	for _, f := range fields {
		field := f.([]any)
		parts = append(parts, "("+string(appendRepr(nil, field[0].(string)))+", "+jsonDescr(field[1])+")")
	}
	return "[" + strings.Join(parts, ", ") + "]"
}
