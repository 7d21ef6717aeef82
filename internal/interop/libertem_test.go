//go:build interop

package interop

import (
	"fmt"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
)

// liberTEMCase is a scan, what is made of it, and what that is.
type liberTEMCase struct {
	judged
	Kind   string
	Arrays map[string]string // files of further inputs and results
	Slack  float64           // the relative error that is allowed
	Masks  []struct {
		Kind          string
		CY, CX, R, RI float64
	}
	Com struct {
		CY, CX, R, RI float64
		FlipY         bool    `json:"flip_y"`
		ScanRotation  float64 `json:"scan_rotation"`
		Regression    int
	}
	CY, CX float64
	Bins   int
}

const liberTEMCases = 420

// TestDetectorsAgainstLiberTEM compares virtual detectors, centers of mass, patterns, radial
// profiles and regions of interest with LiberTEM, by way of their definitions in NumPy, which
// LiberTEM's float32 agrees with, and corrections with LiberTEM itself.
func TestDetectorsAgainstLiberTEM(t *testing.T) {
	cases := judge(t, "judges_libertem.py", liberTEMCases, func(c *liberTEMCase, dir string) { c.in(dir) })
	for _, c := range cases {
		t.Run(c.Name+c.Kind, func(t *testing.T) {
			scan := c.open(t, c.Inputs[0], lazy.NavigationAxes(0, 1))
			check := map[string]func(*testing.T, *lazy.Array){
				"masks": c.checkMasks, "com": c.checkCenterOfMass, "sum": c.checkSum, "std": c.checkStd,
				"pick": c.checkPick, "correct": c.checkCorrect, "radial": c.checkRadial,
			}[c.Kind]
			if check == nil {
				t.Fatalf("unknown kind %q", c.Kind)
			}
			check(t, scan)
		})
	}
}

// reduced computes a reducer in every way and compares it with a file. Where the numbers are exact
// they are so in every chunking.
func (c *liberTEMCase) reduced(t *testing.T, a *lazy.Array, r lazy.Reducer, file string, slack float64) {
	t.Helper()
	got := c.everyWay(t, a, slack > 0, func(b *lazy.Array) (*lazy.Result, error) {
		results, err := lazy.Run(t.Context(), b, r)
		if err != nil {
			return nil, err
		}
		return results[0], nil
	})
	c.close(t, got, file, slack)
}

// inROI is the scan, or the frames of the region of interest if there is one.
func (c *liberTEMCase) inROI(t *testing.T, scan *lazy.Array) *lazy.Array {
	t.Helper()
	file := c.Arrays["roi"]
	if file == "" {
		return scan
	}
	a, err := scan.Select(c.load(t, file))
	if err != nil {
		t.Fatal(err)
	}
	// The chunks of the case are those of the scan.
	c.Chunks = []string{"(1, -1, -1)", fmt.Sprintf("(3, 1, %d)", a.Shape()[2])}
	return a
}

func (c *liberTEMCase) checkMasks(t *testing.T, scan *lazy.Array) {
	stack := c.open(t, c.Arrays["stack"])
	var masks []lazy.Mask
	for i, m := range c.Masks {
		switch m.Kind {
		case "disk":
			masks = append(masks, lazy.Disk(m.CY, m.CX, m.R))
		case "ring":
			masks = append(masks, lazy.Ring(m.CY, m.CX, m.RI, m.R))
		default:
			one, err := stack.Index(lazy.At(int64(i)))
			if err != nil {
				t.Fatal(err)
			}
			mask, err := lazy.MaskFrom(native(t, one))
			if err != nil {
				t.Fatal(err)
			}
			masks = append(masks, mask)
		}
	}
	c.reduced(t, c.inROI(t, scan), lazy.NewMasks(masks...), c.Expected, c.Slack)
}

// checkCenterOfMass compares the centers, and the field that LiberTEM makes of the shifts, where it
// does.
func (c *liberTEMCase) checkCenterOfMass(t *testing.T, scan *lazy.Array) {
	p := c.Com
	params := lazy.CenterOfMass{Center: []float64{p.CY, p.CX}, Radius: p.R, InnerRadius: p.RI}
	absolute := params
	absolute.Absolute = true
	c.reduced(t, scan, lazy.NewCenterOfMass(absolute), c.Expected, c.Slack)
	if c.Arrays["field"] == "" {
		return
	}
	params.ScanRotation, params.FlipY = p.ScanRotation, p.FlipY
	params.Regression = map[int]lazy.Regression{-1: lazy.NoRegression, 0: lazy.SubtractMean, 1: lazy.SubtractLinear}[p.Regression]
	const float32s = 1e-4 // of the shifts and what is computed from them
	c.reduced(t, scan, lazy.NewCenterOfMass(params), c.Arrays["field"], float32s)
}

func (c *liberTEMCase) checkSum(t *testing.T, scan *lazy.Array) {
	c.reduced(t, scan, lazy.NewSum(lazy.OverNavigation()), c.Expected, c.Slack)
}

func (c *liberTEMCase) checkStd(t *testing.T, scan *lazy.Array) {
	c.reduced(t, scan, lazy.NewStd(lazy.OverNavigation(), 0), c.Expected, c.Slack)
}

func (c *liberTEMCase) checkPick(t *testing.T, scan *lazy.Array) {
	c.equal(t, c.loaded(t, c.inROI(t, scan)), 0)
}

func (c *liberTEMCase) checkCorrect(t *testing.T, scan *lazy.Array) {
	var correction lazy.Correction
	if file := c.Arrays["dark"]; file != "" {
		correction.Dark = c.open(t, file)
	}
	if file := c.Arrays["gain"]; file != "" {
		correction.Gain = c.load(t, file)
	}
	if file := c.Arrays["dead"]; file != "" {
		dead := c.load(t, file)
		for i, v := range numbers(t, dead) {
			if width := dead.Shape()[1]; v != 0 {
				correction.DeadPixels = append(correction.DeadPixels, []int64{int64(i) / width, int64(i) % width})
			}
		}
	}
	if file := c.Arrays["counts"]; file != "" {
		scan = c.open(t, file, lazy.NavigationAxes(0, 1))
	}
	out, err := scan.Correct(correction)
	switch {
	case c.Error != "" && err != nil:
		return
	case c.Error != "":
		t.Fatalf("no error; it must be refused: %s", c.Error)
	case err != nil:
		t.Fatal(err)
	}
	c.equal(t, c.loaded(t, out), 0)
}

func (c *liberTEMCase) checkRadial(t *testing.T, scan *lazy.Array) {
	c.reduced(t, scan, lazy.NewRadialProfile(c.CY, c.CX, c.Bins), c.Expected, c.Slack)
	c.reduced(t, scan, lazy.NewRadialSum(c.CY, c.CX, c.Bins), c.Arrays["sums"], c.Slack)
}
