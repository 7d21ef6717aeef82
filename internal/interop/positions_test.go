//go:build interop

package interop

import (
	"testing"
)

// positionCase is a file of frames and where in a scan they belong.
type positionCase struct {
	judged
	Positions [][]int64
	Scan      []int64
	Rsciio    bool // rosettasciio was asked, and agreed
}

const positionCases = 300

// TestPositionsAgainstRosettaSciIO puts frames at scan positions, as NumPy's assignment and, where
// it works, rosettasciio's memmap_distributed do.
func TestPositionsAgainstRosettaSciIO(t *testing.T) {
	cases := judge(t, "judges_positions.py", positionCases, func(c *positionCase, dir string) { c.in(dir) })
	asked := 0
	for _, c := range cases {
		if c.Rsciio {
			asked++
		}
		t.Run(c.Name, func(t *testing.T) {
			out, err := c.open(t, c.Inputs[0]).AtPositions(c.Positions, c.Scan...)
			switch {
			case c.Error != "" && err != nil:
				return
			case c.Error != "":
				t.Fatalf("no error; it must be refused: %s", c.Error)
			case err != nil:
				t.Fatal(err)
			}
			for d, axis := range out.Axes() {
				if axis.Navigate != (d < len(c.Scan)) {
					t.Errorf("axis %d is a navigation axis: %v", d, axis.Navigate)
				}
			}
			c.equal(t, c.loaded(t, out), 0)
		})
	}
	if asked < positionCases/10 {
		t.Errorf("rosettasciio was asked %d times only", asked)
	}
}
