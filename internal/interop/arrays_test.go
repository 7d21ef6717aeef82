//go:build interop

package interop

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// What NumPy says of one of its files.
type arrayCase struct {
	File     string
	Refused  bool // Python objects
	Version  uint8
	Descr    string
	DType    string
	ItemSize int64
	Shape    []int64
	Fortran  bool
	Offset   int64
	SHA256   string
	Values   []string // the first elements; empty for kinds without a simple text
	Slices   []struct {
		Index  string
		Shape  []int64
		SHA256 string
	}
}

// arrayCases is the number of random files; some that chance would not make come
// on top.
const arrayCases = 2000

// TestArraysAgainstNumPy reads what NumPy wrote and compares headers, elements
// and slices; then it writes the same arrays, which must be the same files byte
// for byte, and slices of them, and lets NumPy compare those.
func TestArraysAgainstNumPy(t *testing.T) {
	s, dir := seed(t), t.TempDir()
	python(t, "arrays.py", strconv.FormatInt(s, 10), strconv.Itoa(arrayCases), dir)
	cases := readLines[arrayCase](t, readFile(t, filepath.Join(dir, "manifest.jsonl")))
	if len(cases) < arrayCases {
		t.Fatalf("%d cases instead of %d and more", len(cases), arrayCases)
	}
	t.Logf("seed %d, %d files", s, len(cases))
	var written bytes.Buffer
	for i, c := range cases {
		t.Run(c.File, func(t *testing.T) {
			if c.Refused {
				c.checkRefused(t, dir)
				return
			}
			c.checkHeader(t, dir)
			c.checkElements(t, dir)
			c.checkSlices(t, dir)
			c.write(t, dir, i, &written)
			if t.Failed() {
				t.Logf("seed %d: %s, shape %v, Fortran order: %v", s, c.Descr, c.Shape, c.Fortran)
			}
		})
	}
	if err := os.WriteFile(filepath.Join(dir, "written.jsonl"), written.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(python(t, "verify.py", dir))), "\n")
	want := fmt.Sprintf("%d files checked", bytes.Count(written.Bytes(), []byte("\n")))
	if !slices.Equal(lines, []string{want}) {
		t.Errorf("NumPy, of what we wrote (expected %q):\n%s", want, strings.Join(lines, "\n"))
	}
}

// checkRefused opens a file of Python objects: its header can be seen, its
// elements cannot be had.
func (c arrayCase) checkRefused(t *testing.T, dir string) {
	path := filepath.Join(dir, c.File)
	if _, err := lazy.Open(path); !errors.Is(err, mmapnpy.ErrObject) {
		t.Errorf("lazy.Open: %v", err)
	}
	f, err := mmapnpy.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !f.Header().DType.HasObject() {
		t.Errorf("dtype %s has no objects", f.Header().DType)
	}
	if _, err := f.Buffer(); !errors.Is(err, mmapnpy.ErrObject) {
		t.Errorf("Buffer: %v", err)
	}
}

func (c arrayCase) checkHeader(t *testing.T, dir string) {
	f, err := mmapnpy.Open(filepath.Join(dir, c.File))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := f.Header()
	for _, field := range []struct {
		name      string
		got, want any
	}{
		{"version", h.Version, [2]uint8{c.Version, 0}},
		{"descr", h.DType.Descr(), c.Descr},
		{"dtype", h.DType.String(), c.DType},
		{"itemsize", h.DType.ItemSize(), c.ItemSize},
		{"Fortran order", h.FortranOrder, c.Fortran},
		{"data offset", h.DataOffset, c.Offset},
		{"shape", fmt.Sprint(h.Shape), fmt.Sprint(c.Shape)},
	} {
		if field.got != field.want {
			t.Errorf("%s is %v, NumPy says %v", field.name, field.got, field.want)
		}
	}
	b, err := f.Buffer()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Values) > 0 {
		c.checkValues(t, b)
	}
}

// checkValues compares decoded elements.
func (c arrayCase) checkValues(t *testing.T, b mmapnpy.Buffer) {
	got, err := texts(b)
	if err != nil {
		t.Error(err)
		return
	}
	if got = got[:min(len(got), len(c.Values))]; !slices.EqualFunc(got, c.Values, sameText) {
		t.Errorf("first elements are %q, NumPy says %q", got, c.Values)
	}
}

func (c arrayCase) checkElements(t *testing.T, dir string) {
	a, err := lazy.Open(filepath.Join(dir, c.File))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	r, err := a.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := digest(r.Buffer().Data); got != c.SHA256 {
		t.Errorf("elements have SHA-256 %s, NumPy says %s", got, c.SHA256)
	}
	if !r.DType().Equal(a.DType()) {
		t.Errorf("read as %s, not %s", r.DType(), a.DType())
	}
}

func (c arrayCase) checkSlices(t *testing.T, dir string) {
	a, err := lazy.Open(filepath.Join(dir, c.File))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for _, want := range c.Slices {
		part, err := a.Slice(want.Index)
		if err != nil {
			t.Errorf("[%s]: %v", want.Index, err)
			continue
		}
		r, err := part.Load(t.Context())
		if err != nil {
			t.Errorf("[%s]: %v", want.Index, err)
			continue
		}
		if !slices.Equal(r.Shape(), want.Shape) {
			t.Errorf("[%s] has shape %v, NumPy says %v", want.Index, r.Shape(), want.Shape)
		}
		if got := digest(r.Buffer().Data); got != want.SHA256 {
			t.Errorf("[%s] has SHA-256 %s, NumPy says %s", want.Index, got, want.SHA256)
		}
	}
}

// write writes the array again, which must give the same file, and one of its
// slices, and notes both for NumPy to judge.
func (c arrayCase) write(t *testing.T, dir string, i int, notes *bytes.Buffer) {
	type note struct {
		Original string  `json:"original"`
		Index    *string `json:"index"`
		Written  string  `json:"written"`
	}
	encoder := json.NewEncoder(notes)
	whole := note{Original: c.File, Written: "whole_" + c.File}
	save := c.save
	if i%4 == 0 {
		save = c.create
	}
	if err := save(filepath.Join(dir, c.File), filepath.Join(dir, whole.Written)); err != nil {
		t.Errorf("writing: %v", err)
		return
	}
	if !bytes.Equal(readFile(t, filepath.Join(dir, whole.Written)), readFile(t, filepath.Join(dir, c.File))) {
		t.Error("the file written again differs from NumPy's")
	}
	slice := c.Slices[0]
	part := note{Original: c.File, Index: &slice.Index, Written: "part_" + c.File}
	if err := c.savePart(t, filepath.Join(dir, c.File), slice.Index, filepath.Join(dir, part.Written)); err != nil {
		t.Errorf("writing [%s]: %v", slice.Index, err)
		return
	}
	for _, n := range []note{whole, part} {
		if err := encoder.Encode(n); err != nil {
			t.Fatal(err)
		}
	}
}

// create makes an empty file and fills it through its mapping.
func (c arrayCase) create(from, to string) (err error) {
	f, err := mmapnpy.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b, err := f.Buffer()
	if err != nil {
		return err
	}
	var options []mmapnpy.Option
	if f.Header().FortranOrder {
		options = append(options, mmapnpy.FortranOrder())
	}
	created, err := mmapnpy.Create(to, b.DType, b.Shape, options...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, created.Close()) }()
	w, err := created.Buffer()
	if err != nil {
		return err
	}
	copy(w.Data, b.Data)
	return created.Flush()
}

// save writes the array at once.
func (c arrayCase) save(from, to string) (err error) {
	f, err := mmapnpy.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b, err := f.Buffer()
	if err != nil {
		return err
	}
	return mmapnpy.Save(to, b)
}

// savePart writes a slice of the array.
func (c arrayCase) savePart(t *testing.T, from, index, to string) (err error) {
	a, err := lazy.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	part, err := a.Slice(index)
	if err != nil {
		return err
	}
	return part.Save(t.Context(), to)
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
