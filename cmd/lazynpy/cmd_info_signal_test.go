package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/signal"
)

func TestInfoShowsCalibration(t *testing.T) {
	path := array(t, []int64{4, 5}, count[uint16](20))
	if got := ok(t, "info", path); strings.Contains(got, "sidecar") {
		t.Errorf("a sidecar where there is none:\n%s", got)
	}
	s, err := signal.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Axes[0].Name, s.Axes[0].Units, s.Axes[0].Scale = "y", "nm", 0.5
	if s.Data, err = s.Data.With(lazy.NavigationAxes(0)); err != nil {
		t.Fatal(err)
	}
	if err := signal.WriteSidecar(path, s); err != nil {
		t.Fatal(err)
	}
	got := ok(t, "info", path)
	for _, want := range []string{"  sidecar   " + signal.SidecarPath(path) + "\n", "  axis 0    y: 4 from 0 to 1.5 nm, navigation\n", "  axis 1    5 from 0 to 4, signal\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if err := os.WriteFile(signal.SidecarPath(path), []byte("{\"format\": 1\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if got := ok(t, "info", path); !strings.Contains(got, "offset 13") || !strings.Contains(got, "  shape     (4, 5)\n") {
		t.Errorf("of a malformed sidecar:\n%s", got)
	}
}

// TestOverNeedsAxes reduces over navigation and signal axes: those of --nav, those of the sidecar,
// and where nobody knows any, an error that says how to name them.
func TestOverNeedsAxes(t *testing.T) {
	path := array(t, []int64{2, 3, 4}, count[uint16](24))
	out := filepath.Join(t.TempDir(), "out.npy")
	for _, over := range []string{"signal", "navigation"} {
		for _, args := range [][]string{
			{"reduce", "--op", "sum", "--over", over, path, "-o", out},
			{"reduce", "--op", "mean,argmax,var,count_zero", "--over", over, path},
			{"run", "--op", "sum", "--over", over, path, "-o", out},
			{"run", "--apply", "multiply=2", "--op", "histogram=4,0,9", "--over", over, path, "-o", out},
		} {
			o := lazynpy(t, args...)
			if o.code == 0 || !strings.Contains(o.stderr, "no navigation axes") || !strings.Contains(o.stderr, "--nav") {
				t.Errorf("%v: exit %d, %q", args, o.code, o.stderr)
			}
			if _, err := os.Stat(out); err == nil {
				t.Fatalf("%v: there is an output", args)
			}
		}
	}
	if o := lazynpy(t, "reduce", "--nav", "0,1,2", "--op", "sum", "--over", "signal", path); o.code == 0 || !strings.Contains(o.stderr, "navigation axes only") {
		t.Errorf("no signal axes: %+v", o)
	}
	s, err := signal.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Data, err = s.Data.With(lazy.NavigationAxes(1)); err != nil {
		t.Fatal(err)
	}
	if err := signal.WriteSidecar(path, s); err != nil {
		t.Fatal(err)
	}
	if got := ok(t, "info", path); !strings.Contains(got, "navigation 1; signal 0, 2") || strings.Contains(got, "no navigation") {
		t.Errorf("info:\n%s", got)
	}
	want := ok(t, "reduce", "--op", "sum", "--over", "0,2", path)
	if got := ok(t, "reduce", "--op", "sum", "--over", "signal", path); got != want {
		t.Errorf("axes of the sidecar:\n%s instead of\n%s", got, want)
	}
	if got := ok(t, "reduce", "--nav", "0,2", "--op", "sum", "--over", "navigation", path); got != want {
		t.Errorf("--nav beside a sidecar:\n%s instead of\n%s", got, want)
	}
	ok(t, "run", "--op", "sum", "--over", "signal", path, "-o", out)
	if got := ok(t, "get", out); got != want {
		t.Errorf("run:\n%s instead of\n%s", got, want)
	}
	if err := os.WriteFile(signal.SidecarPath(path), []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	o := lazynpy(t, "reduce", "--op", "sum", "--over", "all", path)
	if o.code != 0 || strings.TrimSpace(o.stdout) != "276" || !strings.Contains(o.stderr, "its axes are not used") {
		t.Errorf("a malformed sidecar: %+v", o)
	}
	if o := lazynpy(t, "reduce", "--op", "sum", "--over", "signal", path); o.code == 0 {
		t.Errorf("axes of a malformed sidecar: %+v", o)
	}
}
