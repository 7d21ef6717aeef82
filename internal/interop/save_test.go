//go:build interop

package interop

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// savedCase is one line for the judge.
type savedCase struct {
	Source string `json:"source"`
	Saved  string `json:"saved"`
	Axes   []int  `json:"axes"`
	DType  string `json:"dtype"`
	Order  string `json:"order"`
}

// TestSavedArrays lets NumPy compare saved arrays with what np.save writes, byte by byte.
func TestSavedArrays(t *testing.T) {
	dir := t.TempDir()
	values := make([]uint16, 40*30*70*20)
	for i := range values {
		values[i] = uint16(i * 7919)
	}
	source, err := lazy.FromSlice(values, 40, 30, 70, 20)
	if err != nil {
		t.Fatal(err)
	}
	if err := source.Save(t.Context(), filepath.Join(dir, "source.npy")); err != nil {
		t.Fatal(err)
	}
	a, err := lazy.Open(filepath.Join(dir, "source.npy"), lazy.Memory(16<<20), lazy.Workers(3))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	var cases []byte
	for _, axes := range [][]int{nil, {2, 3, 0, 1}, {3, 2, 1, 0}, {0, 1, 3, 2}} {
		for _, dtype := range []string{"", "<f4", ">f8"} {
			for _, order := range []string{"C", "F", "K"} {
				c := savedCase{"source.npy", fmt.Sprintf("%v%s%s.npy", axes, dtype[min(1, len(dtype)):], order), axes, dtype, order}
				if err := c.save(t, a, filepath.Join(dir, c.Saved)); err != nil {
					t.Fatal(err)
				}
				line, err := json.Marshal(c)
				if err != nil {
					t.Fatal(err)
				}
				cases = append(append(cases, line...), '\n')
			}
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "cases.json"), cases, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := python(t, "save.py", dir); len(out) > 0 {
		t.Errorf("NumPy finds:\n%s", out)
	}
}

func (c savedCase) save(t *testing.T, a *lazy.Array, path string) (err error) {
	if c.Axes != nil {
		if a, err = a.Transpose(c.Axes...); err != nil {
			return err
		}
	}
	if c.DType != "" {
		dt, err := mmapnpy.ParseDType(c.DType)
		if err != nil {
			return err
		}
		if a, err = a.AsType(dt); err != nil {
			return err
		}
	}
	return a.Save(t.Context(), path, lazy.Order(c.Order))
}
