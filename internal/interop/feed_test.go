//go:build interop && unix

package interop

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/lazynpy/lazynpy/dataset"
	"github.com/lazynpy/lazynpy/feed"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// TestFeed has the client that docs/feed.md prints read an epoch of a feeder.
func TestFeed(t *testing.T) {
	const n = 101
	values, labels := make([]float64, 5*n), make([]int32, n)
	for i := range values {
		values[i] = float64(i)
	}
	for i := range labels {
		labels[i] = int32(i)
	}
	x, err := lazy.FromSlice(values, n, 5)
	if err == nil {
		x, err = x.AsType(mmapnpy.Float64.WithByteOrder('>'))
	}
	if err != nil {
		t.Fatal(err)
	}
	y, err := lazy.FromSlice(labels)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "data.npz")
	if err := lazy.SaveArchive(t.Context(), path, []lazy.Entry{{Key: "x", Array: x}, {Key: "y", Array: y}}); err != nil {
		t.Fatal(err)
	}
	d, err := dataset.Open(t.Context(), dataset.Config{Files: []string{path}, Inputs: dataset.Columns("x"), Targets: dataset.Columns("y"), Order: dataset.Shuffle(), Batch: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	socket := filepath.Join(t.TempDir(), "s")
	l, err := feed.Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- feed.Serve(ctx, d, l) }()
	got := readLines[struct{ Seen, Steps int }](t, python(t, "feed_client.py", "../../docs/feed.md", socket, path))
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if len(got) != 1 || got[0].Seen != 50 || got[0].Steps != 13 {
		t.Errorf("%+v", got)
	}
}
