package lazy

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// numpyIndex is a row of numpy_index.tsv: an index, and what NumPy makes of it.
type numpyIndex struct {
	shape          []int64
	text, got      string
	syntax, python bool // Python cannot read the text; it may hold more than basic indexing
}

func numpyIndexes(t testing.TB) (rows []numpyIndex) {
	t.Helper()
	b, err := os.ReadFile("../testdata/golden/numpy_index.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		r := numpyIndex{got: cells[2], syntax: cells[2] == "syntax", python: cells[3] == "python"}
		if err := errors.Join(json.Unmarshal([]byte(cells[0]), &r.shape), json.Unmarshal([]byte(cells[1]), &r.text)); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		rows = append(rows, r)
	}
	return rows
}

// TestIndexAgainstNumPy compares the index grammar with NumPy's answers: the same elements in the
// same shape, or an error from both. Of what is more than basic indexing some is refused, and none
// is another thing than in Python.
func TestIndexAgainstNumPy(t *testing.T) {
	results, errs, refused := 0, 0, 0
	for _, row := range numpyIndexes(t) {
		elements := make([]int64, product(row.shape))
		for i := range elements {
			elements[i] = int64(i)
		}
		result := newResult(mmapnpy.Int64, row.shape)
		copy(result.data, kernel.Bytes(elements))
		a, err := FromResult(result)
		if err != nil {
			t.Fatal(err)
		}
		part, err := a.Slice(row.text)
		if err != nil {
			if !errors.Is(err, ErrIndex) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v[%q]: %T %v", row.shape, row.text, err, err)
			}
			switch {
			case row.syntax || row.got == "error":
				errs++
			case row.python:
				refused++
			default:
				t.Errorf("%v[%q]: %v, where NumPy has %s", row.shape, row.text, err, row.got)
			}
			continue
		}
		loaded, err := part.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got, err := View[int64](loaded)
		if err != nil {
			t.Fatal(err)
		}
		crc := crc32.NewIEEE()
		for v := range got.All() {
			crc.Write(binary.LittleEndian.AppendUint64(nil, uint64(v)))
		}
		text := fmt.Sprintf("%s %08x", strings.ReplaceAll(fmt.Sprint(part.Shape()), " ", ", "), crc.Sum32())
		if text != row.got {
			t.Errorf("%v[%q]: %s, where NumPy has %s", row.shape, row.text, text, row.got)
		}
		results++
	}
	if results < 2000 || errs < 300 || refused > 60 {
		t.Errorf("%d results, %d errors, %d refused where NumPy has a result", results, errs, refused)
	}
}
