package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/internal/demo"
)

func TestDemo(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	dir := t.TempDir()
	got := ok(t, "demo", "--size", "8MiB", "--out", dir)
	for _, want := range []string{
		"16 x 16 positions", "write   8 MiB in ", "open    ", "(16, 16, 128, 128) uint16 C-order", "sum over signal", "sum over navigation",
		brightFieldPNG, sumPatternPNG, "min 0, max ", "GB/s", "lazynpy info", "reduce --nav 0,1",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	leftovers(t, dir, brightFieldPNG, sumPatternPNG)
	leftovers(t, os.Getenv("TMPDIR"))
	bright := decodePNG(t, read(t, filepath.Join(dir, brightFieldPNG)))
	if b := bright.Bounds(); b.Dx() != 16 || b.Dy() != 16 {
		t.Errorf("the bright-field image is %v", b)
	}
	pattern := decodePNG(t, read(t, filepath.Join(dir, sumPatternPNG)))
	if b := pattern.Bounds(); b.Dx() != demo.Detector || b.Dy() != demo.Detector {
		t.Errorf("the sum pattern is %v", b)
	}
	centre, corner := pattern.Pix[demo.Detector/2*demo.Detector+demo.Detector/2], pattern.Pix[0]
	if centre < 240 || corner > 100 {
		t.Errorf("the sum pattern is %d in its centre and %d in a corner", centre, corner)
	}
}

func TestDemoKeep(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	v := decode(t, ok(t, "demo", "--json", "--size", "2MiB", "--dir", dir, "--out", out, "--keep"))
	scan := filepath.Join(dir, "scan.npy")
	if v["path"] != scan || v["nbytes"] != num(2<<20) || len(v["passes"].([]any)) != 3 {
		t.Errorf("got %v", v)
	}
	leftovers(t, dir, "scan.npy")
	again := filepath.Join(t.TempDir(), "twice")
	if err := os.Mkdir(again, 0o777); err != nil {
		t.Fatal(err)
	}
	ok(t, "demo", "--size", "2MiB", "--dir", again, "--out", out, "--keep")
	if a, b := ok(t, "checksum", filepath.Join(again, "scan.npy")), ok(t, "checksum", scan); a[:64] != b[:64] {
		t.Error("two scans of one size differ")
	}
	fails(t, exitFailure, []string{scan, "already"}, "demo", "--size", "2MiB", "--dir", dir, "--out", out)
	leftovers(t, dir, "scan.npy")
}

func TestDemoFailsClean(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	fails(t, exitFailure, []string{"free"}, "demo", "--size", "4PiB")
	missing := filepath.Join(t.TempDir(), "missing")
	fails(t, exitFailure, []string{missing}, "demo", "--size", "1MiB", "--out", missing)
	fails(t, exitFailure, []string{missing}, "demo", "--size", "1MiB", "--dir", missing)
	leftovers(t, os.Getenv("TMPDIR"))
}
