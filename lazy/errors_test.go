package lazy

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// TestSentinels asks for every error that can be told apart. Each matches its sentinel through one
// more layer, and no other.
func TestSentinels(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mean")
	saveFrame(t, path, 0, mustDType(t, "i2"), false, 2, 3)
	archive := filepath.Join(t.TempDir(), "a.npz")
	if err := SaveArchive(t.Context(), archive, []Entry{{Key: "x", Array: mustSlice(t, []int16{1}, 1)}}); err != nil {
		t.Fatal(err)
	}
	a := mustOpen(t, path)
	numbers := mustSlice(t, []int64{2, 0, -1}, 3)
	words := must[*Array](t)(FromBuffer(mmapnpy.Buffer{Data: []byte("ab"), DType: mustDType(t, "S1"), Shape: []int64{2}, Strides: []int64{1}}))
	load := func(a *Array, err error) error {
		if err == nil {
			_, err = a.Load(t.Context())
		}
		return err
	}
	zero := 0.0
	table := []struct {
		name     string
		sentinel error
		err      func() error
	}{
		{"ErrClosed", ErrClosed, func() error {
			b, err := Open(path)
			if err != nil {
				return err
			}
			return load(b, b.Close())
		}},
		{"ErrNoKey", ErrNoKey, func() error { return load(Open(archive + ":y")) }},
		{"ErrIndex", ErrIndex, func() error { return load(a.Slice("2")) }},
		{"ErrShape", ErrShape, func() error { return load(a.Reshape(5)) }},
		{"ErrDType", ErrDType, func() error { _, err := Mean(t.Context(), words, OverAll()); return err }},
		{"ErrEmpty", ErrEmpty, func() error {
			none, err := a.Slice(":0")
			if err == nil {
				_, err = Max(t.Context(), none, OverAll())
			}
			return err
		}},
		{"ErrTooLarge", ErrTooLarge, func() error { return load(a.BroadcastTo(1<<40, 2, 3)) }},
		{"ErrNegativePower", ErrNegativePower, func() error { return load(Power(numbers, numbers)) }},
		{"ErrRange", ErrRange, func() error {
			_, err := Histogram(t.Context(), mustSlice(t, []float64{1, 1 / zero}, 2), OverAll(), 3)
			return err
		}},
	}
	for _, c := range table {
		t.Run(c.name, func(t *testing.T) {
			err := fmt.Errorf("a layer: %w", c.err())
			for _, other := range table {
				if errors.Is(err, other.sentinel) != (other.name == c.name) {
					t.Errorf("%v: matches %s is %t", err, other.name, other.name != c.name)
				}
			}
			if strings.Contains(err.Error(), "lazy: ") || strings.Contains(err.Error(), "%!") {
				t.Errorf("%v", err)
			}
		})
	}
	if err := load(Open(archive + ":y")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a key that is not there: %v", err)
	}
	var e *FileError
	if err := load(a.BroadcastTo(1<<40, 2, 3)); !errors.As(err, &e) || e.Path != path {
		t.Errorf("%v: the file is %+v", err, e)
	}
	if err := load(Open(archive + ":y")); !errors.As(err, &e) || e.Path != archive {
		t.Errorf("%v: the file is %+v", err, e)
	}
}
