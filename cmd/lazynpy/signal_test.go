package main

import (
	"os"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
)

func TestInfoShowsCalibration(t *testing.T) {
	path := array(t, []int64{4, 5}, count[uint16](20))
	if got := ok(t, "info", path); strings.Contains(got, "sidecar") {
		t.Errorf("a sidecar where there is none:\n%s", got)
	}
	s, err := lazy.ReadSignal(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Axes[0].Name, s.Axes[0].Units, s.Axes[0].Scale, s.Axes[0].Navigate = "y", "nm", 0.5, true
	if err := lazy.WriteSidecar(path, s); err != nil {
		t.Fatal(err)
	}
	got := ok(t, "info", path)
	for _, want := range []string{"  sidecar   " + lazy.SidecarPath(path) + "\n", "  axis 0    y: 4 from 0 to 1.5 nm, navigation\n", "  axis 1    5 from 0 to 4, signal\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if err := os.WriteFile(lazy.SidecarPath(path), []byte("{\"format\": 1\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if got := ok(t, "info", path); !strings.Contains(got, "offset 13") || !strings.Contains(got, "  shape     (4, 5)\n") {
		t.Errorf("of a malformed sidecar:\n%s", got)
	}
}
