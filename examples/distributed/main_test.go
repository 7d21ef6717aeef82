package main

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/lazy"
)

// TestCorrect runs the example on a small scan.
func TestCorrect(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	values := make([]uint16, 2*2*4*4)
	for i := range values {
		values[i] = uint16(i % 5)
	}
	a, err := lazy.FromSlice(values, 2, 2, 4, 4)
	if err != nil {
		t.Fatal(err)
	}
	scan := filepath.Join(dir, "scan.npy")
	if err := a.Save(ctx, scan); err != nil {
		t.Fatal(err)
	}
	corrected, bright := filepath.Join(dir, "corrected.npy"), filepath.Join(dir, "bright.npy")
	if err := correct(ctx, distributed.Pool{}, scan, corrected, bright); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]func() (*lazy.Result, error){
		corrected: func() (*lazy.Result, error) {
			out := make([]float32, len(values))
			for i, v := range values {
				out[i] = 0.5 * float32(max(v, 2)-2)
			}
			return lazy.NewResult(out, 2, 2, 4, 4)
		},
		bright: func() (*lazy.Result, error) {
			out := make([]float32, 4)
			for i, v := range values {
				out[i/16] += 0.5 * float32(max(v, 2)-2)
			}
			return lazy.NewResult(out, 2, 2)
		},
	} {
		b, err := lazy.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = b.Close() })
		got, err := b.Load(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if w, err := want(); err != nil || !got.Equal(w) {
			t.Errorf("%s: %v instead of %v, %v", path, got, w, err)
		}
	}
}
