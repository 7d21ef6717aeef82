package distributed

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/lazynpy/lazynpy/ops"
)

// TestPublishTogether has two drivers publish at the same time. Both have made a file of the
// result; the one that is there is not that of the driver whose done.json is.
func TestPublishTogether(t *testing.T) {
	dir := t.TempDir()
	in := planOfBytes(t, 16, 1).Source.Path
	p, err := MemmapDistributed(in, Options{Reduce: []Reduction{{Op: ops.Must("sum", ops.OverParams{Over: "all"}), Path: filepath.Join(dir, "sum.npy")}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Write(p.DefaultDir()); err != nil {
		t.Fatal(err)
	}
	if err := Prepare(t.Context(), RunOptions{Dir: p.DefaultDir()}); err != nil {
		t.Fatal(err)
	}
	if err := (Work{Dir: p.DefaultDir(), leave: true, Keep: true}).Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	first, second := publicationOf(t, p), publicationOf(t, p)
	for _, f := range first.results { // as far as the first one comes
		if err := f.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	if err := second.place(); err != nil {
		t.Fatal(err)
	}
	if err := first.done.Commit(); err != nil {
		t.Fatal(err)
	}
	if altered := first.d.altered(); len(altered) != 1 {
		t.Fatalf("altered before they agree: %q", altered)
	}
	first.d.agree(t.Context())
	if altered := first.d.altered(); len(altered) != 0 {
		t.Errorf("altered: %q", altered)
	}

	// What is another file is not agreed to.
	if err := os.Truncate(p.Reduce[0].Path, 10); err != nil {
		t.Fatal(err)
	}
	first.d.agree(t.Context())
	if altered := first.d.altered(); len(altered) != 1 {
		t.Errorf("altered after it was cut: %q", altered)
	}
}

// publicationOf is all that a driver writes before it gives anything its name.
func publicationOf(t *testing.T, p *Plan) *publication {
	t.Helper()
	d, err := newDriver(nil, RunOptions{Dir: p.DefaultDir()})
	if err != nil {
		t.Fatal(err)
	}
	b, err := d.bind()
	if err != nil {
		t.Fatal(err)
	}
	defer b.array.Close()
	if err := d.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	results, bad, err := d.merge(context.Background(), b.parts)
	if err != nil || len(bad) > 0 {
		t.Fatal(bad, err)
	}
	pub := &publication{d: d}
	t.Cleanup(pub.abort)
	if err := pub.prepare(results); err != nil {
		t.Fatal(err)
	}
	return pub
}
