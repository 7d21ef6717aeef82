package chunk

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const goldenDir = "../testdata/golden/"

// daskCase is one recorded call. Chunk sizes are run-length encoded:
// [[size, count], …] per axis.
type daskCase struct {
	Chunks   json.RawMessage
	Shape    []int64
	ItemSize int64
	Limit    *int64
	Previous [][][2]int64
	Result   [][][2]int64
	Error    string
}

func (c daskCase) options() NormalizeOptions {
	o := NormalizeOptions{ItemSize: c.ItemSize, Previous: expandRuns(c.Previous)}
	if c.Limit != nil {
		o.Limit = *c.Limit
	}
	return o
}

func expandRuns(axes [][][2]int64) [][]int64 {
	var sizes [][]int64
	for _, runs := range axes {
		var s []int64
		for _, r := range runs {
			s = append(s, slices.Repeat([]int64{r[0]}, int(r[1]))...)
		}
		sizes = append(sizes, s)
	}
	return sizes
}

// runsOf is a grid as the recordings write it.
func runsOf(g Grid) [][][2]int64 {
	axes := make([][][2]int64, g.NDim())
	for d := range axes {
		for size := range g.Sizes(d) {
			if last := len(axes[d]) - 1; last >= 0 && axes[d][last][0] == size {
				axes[d][last][1]++
			} else {
				axes[d] = append(axes[d], [2]int64{size, 1})
			}
		}
	}
	return axes
}

// sizesOf is a grid as dask returns it.
func sizesOf(g Grid) [][]int64 {
	var sizes [][]int64
	for d := range g.NDim() {
		sizes = append(sizes, slices.Collect(g.Sizes(d)))
	}
	return sizes
}

// TestNormalizeGoldenRandom runs the recorded random cases of dask.
func TestNormalizeGoldenRandom(t *testing.T) {
	text, err := os.ReadFile(goldenDir + "dask_chunk_golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []daskCase
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) != 400 {
		t.Fatalf("%d cases, want 400", len(cases))
	}
	for i, c := range cases {
		c.check(t, fmt.Sprint("case ", i), string(c.Chunks))
	}
}

// TestNormalizeGoldenScripted runs those that testdata/golden/dask_normalize.py
// records. DASK_NORMALIZE names another recording, of any size.
func TestNormalizeGoldenScripted(t *testing.T) {
	f, err := os.Open(cmp.Or(os.Getenv("DASK_NORMALIZE"), goldenDir+"dask_normalize.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	n := 0
	for d := json.NewDecoder(f); d.More(); n++ {
		var c daskCase
		if err := d.Decode(&c); err != nil {
			t.Fatalf("line %d: %v", n+1, err)
		}
		var text string
		if err := json.Unmarshal(c.Chunks, &text); err != nil {
			t.Fatalf("line %d: %v", n+1, err)
		}
		c.check(t, fmt.Sprint("line ", n+1), text)
	}
	if n < 800 {
		t.Errorf("%d cases, want 800 or more", n)
	}
}

func (c daskCase) check(t *testing.T, name, text string) {
	t.Helper()
	// JSON's spelling into Python's. The quotes stay: "1e6" is a byte size.
	text = strings.NewReplacer(`"auto"`, `'auto'`, "null", "None").Replace(text)
	s, err := Parse(text)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	g, err := Normalize(s, c.Shape, c.options())
	if c.Error != "" {
		if specErr := (*SpecError)(nil); !errors.As(err, &specErr) {
			t.Errorf("%s: error %v, want a *SpecError for dask's %s", name, err, c.Error)
		}
		return
	}
	if err != nil {
		t.Errorf("%s: %s on %v: %v", name, text, c.Shape, err)
		return
	}
	if got := runsOf(g); !slices.EqualFunc(got, c.Result, slices.Equal) {
		t.Errorf("%s: %s on %v of %d bytes, limit %d, previous %v:\n got %v\nwant %v",
			name, text, c.Shape, c.ItemSize, c.options().Limit, c.Previous, got, c.Result)
	}
}

// goldenLine matches the lines of dask_golden.txt that have a result:
//
//	'auto' shape=(2, 3) itemsize=4 limit=None prev=['1x2', '3'] -> ['2', '3']
var goldenLine = regexp.MustCompile(`^(.*) shape=\(([^)]*)\) itemsize=(\d+) limit=(\w+)(?: prev=(\[.*\]))? -> (\[.*\])$`)

func TestNormalizeGoldenChosen(t *testing.T) {
	for n, line := range goldenLines(t) {
		if strings.HasPrefix(line, "ERRCASE") {
			continue // TestNormalizeGoldenErrors
		}
		m := goldenLine.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("line %d does not parse: %s", n, line)
		}
		o := NormalizeOptions{ItemSize: atoi(t, m[3]), Previous: parseRuns(t, m[5])}
		if m[4] != "None" {
			o.Limit = atoi(t, m[4])
		}
		s, err := Parse(m[1])
		if err != nil {
			t.Errorf("line %d: %v", n, err)
			continue
		}
		g, err := Normalize(s, parseInts(t, m[2]), o)
		if err != nil {
			t.Errorf("line %d: %s: %v", n, line, err)
			continue
		}
		if got, want := sizesOf(g), parseRuns(t, m[6]); !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("line %d: %s:\n got %v\nwant %v", n, line, got, want)
		}
	}
}

func TestNormalizeGoldenErrors(t *testing.T) {
	pattern := regexp.MustCompile(`^ERRCASE (.*) shape=\(([^)]*)\) -> (.*)$`)
	lines := 0
	for n, line := range goldenLines(t) {
		if !strings.HasPrefix(line, "ERRCASE") {
			continue
		}
		lines++
		m := pattern.FindStringSubmatch(line)
		s, err := Parse(m[1])
		var g Grid
		if err == nil {
			g, err = Normalize(s, parseInts(t, m[2]), NormalizeOptions{ItemSize: 4})
		}
		if strings.HasPrefix(m[3], "(") { // not an error after all
			if err != nil || pythonTuples(g) != m[3] {
				t.Errorf("line %d: %s: got %v, %v", n, line, g, err)
			}
			continue
		}
		var syntax *SyntaxError
		var spec *SpecError
		if !errors.As(err, &syntax) && !errors.As(err, &spec) {
			t.Errorf("line %d: %s: got %v, %v", n, line, g, err)
		}
	}
	if lines != 10 {
		t.Errorf("%d error cases, want 10", lines)
	}
}

// pythonTuples is repr() of a grid's sizes.
func pythonTuples(g Grid) string { return Explicit(sizesOf(g)).String() }

func goldenLines(t *testing.T) iter.Seq2[int, string] {
	f, err := os.Open(goldenDir + "dask_golden.txt")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return func(yield func(int, string) bool) {
		lines := bufio.NewScanner(f)
		for n := 1; lines.Scan(); n++ {
			if !yield(n, lines.Text()) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// parseRuns reads ['90x2 76', '128'] as sizes per axis.
func parseRuns(t *testing.T, s string) [][]int64 {
	t.Helper()
	var axes [][]int64
	for _, quoted := range regexp.MustCompile(`'[^']*'`).FindAllString(s, -1) {
		var sizes []int64
		for _, r := range strings.Fields(strings.Trim(quoted, "'")) {
			size, count, ok := strings.Cut(r, "x")
			if !ok {
				count = "1"
			}
			sizes = append(sizes, slices.Repeat([]int64{atoi(t, size)}, int(atoi(t, count)))...)
		}
		axes = append(axes, sizes)
	}
	return axes
}

func parseInts(t *testing.T, s string) []int64 {
	t.Helper()
	var ns []int64
	for _, n := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' }) {
		ns = append(ns, atoi(t, n))
	}
	return ns
}

func atoi(t *testing.T, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
