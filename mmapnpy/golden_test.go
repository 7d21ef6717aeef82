package mmapnpy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// parseDescr reads a descr as it stands in a header.
func parseDescr(text string) (DType, error) {
	c, _ := newConfig("", 0, nil)
	p := newParser(text, dialect{}, c.parseBudget(len(text)))
	if err := p.parse(); err != nil {
		return DType{}, err
	}
	return p.readDType(&dtypeParser{longDouble: c.longDouble}, 0)
}

// goldenShape reads a shape column; "64 dims1" stands for 64 ones. It returns the Python repr, and
// the dimensions unless they do not fit 64 bits.
func goldenShape(t *testing.T, s string) (repr string, shape []int64) {
	t.Helper()
	var n int64
	var count int
	if _, err := fmt.Sscanf(s, "%d dims%d", &count, &n); err == nil {
		shape = slices.Repeat([]int64{n}, count)
		return shapeString(shape), shape
	}
	p := newParser(s, dialect{}, 1<<20)
	if err := p.parse(); err != nil {
		t.Fatal(err)
	}
	shape, err := p.readDims(0, maxDims)
	if err != nil {
		return s, nil
	}
	return shapeString(shape), shape
}

func TestGoldenHeaders(t *testing.T) {
	rows := readTSV(t, filepath.Join(tortureDir, "GOLDEN_HEADERS.tsv"), 7)
	if len(rows) != 589 {
		t.Fatalf("%d golden headers", len(rows))
	}
	for i, row := range rows {
		d, err := parseDescr(row[0])
		if err != nil {
			t.Fatalf("row %d: %.100s: %v", i, row[0], err)
		}
		fortran := row[1] == "True"
		repr, shape := goldenShape(t, row[2])
		got, err := EncodeHeader(Header{DType: d, Shape: shape, FortranOrder: fortran})
		// NumPy's header functions take lengths that no array has.
		impossible := shape == nil || checkGeometry(shape, d.ItemSize()) != nil
		if impossible {
			text := headerText(d.Descr(), fortran, repr, len(strings.Trim(repr, "(,)")))
			got, err = encodeHeaderText(text, [2]uint8{})
		}
		if err != nil {
			t.Fatalf("row %d: %v", i, err)
		}
		sum := sha256.Sum256(got)
		if version := fmt.Sprintf("%d.%d", got[6], got[7]); version != row[3] || fmt.Sprint(len(got)) != row[4] ||
			hex.EncodeToString(sum[:]) != row[5] || (row[6] != "-" && hex.EncodeToString(got) != row[6]) {
			t.Errorf("row %d: %.100s %s %s: got version %s, %d bytes, want %s, %s:\n%.400q",
				i, row[0], row[1], row[2], version, len(got), row[3], row[4], got)
		}
		if impossible {
			continue
		}
		h, err := ReadHeader(bytes.NewReader(got), int64(len(got)), "golden.npy", AllowShort())
		if err != nil {
			t.Fatalf("row %d: reading it back: %v", i, err)
		}
		if !h.DType.Equal(d) || shapeString(h.Shape) != repr || h.FortranOrder != fortran ||
			h.DataOffset != int64(len(got)) {
			t.Errorf("row %d: read back as %v %v %v", i, h.DType, h.Shape, h.FortranOrder)
		}
	}
}
