package kubernetes

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/ops"
)

// place is a folder with scans and a run directory that has a plan, whose files are all over the
// place.
type place struct {
	root  string
	round distributed.Round
}

// newPlace makes the plan of in/scan.npy minus cal/dark.npy and its map and sum, in out, with its
// run directory in runs.
func newPlace(t *testing.T) place {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("pods have paths with slashes")
	}
	p := place{root: t.TempDir(), round: round()}
	for _, name := range []string{"in", "cal", "out", "sums", "far"} {
		if err := os.Mkdir(p.at(name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p.save(t, "in/scan.npy", []float32{1, 2, 3, 4}, 2, 2)
	p.save(t, "cal/dark.npy", []float32{1, 2}, 2)
	p.plan(t)
	return p
}

func (p place) at(name string) string { return filepath.Join(p.root, filepath.FromSlash(name)) }

func (p place) save(t *testing.T, name string, data []float32, shape ...int64) {
	t.Helper()
	a, err := lazy.FromSlice(data, shape...)
	if err == nil {
		err = a.Save(t.Context(), p.at(name))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// plan writes the plan anew.
func (p *place) plan(t *testing.T) {
	t.Helper()
	p.round.Dir = p.at("runs/sum.run")
	dark, err := ops.Parse("subtract=" + p.at("cal/dark.npy"))
	if err != nil {
		t.Fatal(err)
	}
	sum, err := ops.New("sum", map[string]any{"over": "0"})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := distributed.MemmapDistributed(p.at("in/scan.npy"), distributed.Options{
		Map: []ops.Op{dark}, Output: p.at("out/map.npy"), Reduce: []distributed.Reduction{{Op: sum, Path: p.at("sums/sum.npy")}}})
	if err == nil {
		err = plan.Write(p.round.Dir)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// refused checks that the engine refuses volumes in one line with certain words, also when it
// submits; none of them: it does not.
func (p place) refused(t *testing.T, volumes []Volume, words ...string) {
	t.Helper()
	e := engines()["minimal"]
	e.Volumes = volumes
	f := newFake(t, &e)
	f.set("create", answer{})
	_, printed := e.Manifest(p.round)
	_, submitted := e.Submit(t.Context(), p.round)
	for _, err := range []error{printed, submitted} {
		if len(words) == 0 && err != nil || len(words) > 0 && (err == nil || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%+v: error %v, want one line with %q", volumes, err, words)
			continue
		}
		for _, word := range words {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%+v: error %v, want %q", volumes, err, word)
			}
		}
	}
	if n := len(f.calls()); (n > 0) != (len(words) == 0) {
		t.Errorf("%+v: kubectl was called %d times", volumes, n)
	}
}

// All files of a plan must be in volumes, and those that are written in volumes that can be.
func TestFilesInNoVolume(t *testing.T) {
	p := newPlace(t)
	all := []string{"runs", "in", "cal", "out", "sums"}
	files := map[string]string{"runs": "run directory", "in": "input", "cal": "input", "out": "output", "sums": "output"}
	for _, gone := range append([]string{""}, all...) {
		var without, readOnly []Volume
		for _, name := range all {
			v := Volume{Host: p.at(name), ReadOnly: name == "in" || name == "cal"}
			if name != gone {
				without = append(without, v)
			}
			v.ReadOnly = v.ReadOnly || name == gone
			readOnly = append(readOnly, v)
		}
		if gone == "" {
			p.refused(t, without)
			continue
		}
		p.refused(t, without, "kubernetes: "+files[gone]+" "+p.at(gone)+"/", "is in no volume", "--volume host:")
		if files[gone] == "input" {
			p.refused(t, readOnly)
			continue
		}
		p.refused(t, readOnly, files[gone]+" "+p.at(gone)+"/", "read-only volume, at "+p.at(gone), ":ro")
	}
}

// A link is of use to a pod if it leads to a volume.
func TestLinkedFiles(t *testing.T) {
	p := newPlace(t)
	scan := p.at("in/scan.npy")
	if err := os.Rename(scan, p.at("far/scan.npy")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../far/scan.npy", scan); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(p.round.Dir); err != nil {
		t.Fatal(err)
	}
	p.plan(t)
	// Volumes under the paths of links: where those lead is this machine's.
	if err := os.Symlink(p.root, p.at("here")); err != nil {
		t.Fatal(err)
	}
	volumes := []Volume{{Host: p.at("runs")}, {Host: p.at("in")}, {Host: p.at("cal")}, {Host: p.at("out")}, {Host: p.at("sums")}}
	p.refused(t, volumes, "input "+scan+" leads to "+p.at("far/scan.npy")+", which is in no volume", "--volume host:"+p.at("far")+":ro")
	p.refused(t, append(volumes, Volume{Host: p.at("far"), ReadOnly: true}))
	p.refused(t, []Volume{{Host: p.root}})

	round := p.round
	p.round.Dir = p.at("here/runs/sum.run")
	p.refused(t, append(volumes, Volume{Host: p.at("here/runs"), Mount: p.at("here/runs")}, Volume{Host: p.at("far"), ReadOnly: true}))
	p.round = round

	// An output goes where its link leads.
	if err := os.Symlink(p.at("far/map.npy"), p.at("out/map.npy")); err != nil {
		t.Fatal(err)
	}
	p.refused(t, append(volumes, Volume{Host: p.at("far"), ReadOnly: true}), "output "+p.at("out/map.npy"), "read-only volume, at "+p.at("far"))
	if err := os.Remove(p.at("out/map.npy")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("map.npy", p.at("out/map.npy")); err != nil {
		t.Fatal(err)
	}
	p.refused(t, []Volume{{Host: p.root}}, "more than 40 links")
}

// Volumes that a patch adds count, unless they are of the pods alone.
func TestFilesInPatchedVolumes(t *testing.T) {
	p := newPlace(t)
	for source, want := range map[string]string{`"csi": {"driver": "d"}`: "", `"emptyDir": {}`: "is in no volume"} {
		e := engines()["minimal"]
		e.Volumes = []Volume{{Host: p.at("runs")}}
		e.Patch = []byte(`{"spec": {"template": {"spec": {"volumes": [{"name": "x", ` + source + `}],
			"containers": [{"name": "worker", "volumeMounts": [{"name": "x", "mountPath": "` + p.root + `"}]}]}}}}`)
		if _, err := e.Manifest(p.round); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", source, err, want)
		}
	}
}

// A plan that cannot be read is not passed over.
func TestFilesOfBrokenPlan(t *testing.T) {
	p := newPlace(t)
	if err := os.WriteFile(filepath.Join(p.round.Dir, "plan.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	p.refused(t, []Volume{{Host: p.root}}, "plan.json")
}
