//go:build interop

package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/distributed/proc"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/ops"
)

// TestMain makes the test binary the program that computes in the distributed runs of its tests.
func TestMain(m *testing.M) {
	if trouble := os.Getenv(troubleVariable); trouble != "" && len(os.Args) > 1 && os.Args[1] == "work" {
		makeTrouble(trouble)
	}
	distributed.WorkerMain()
	os.Exit(m.Run())
}

// nobody is an engine without workers. What is detached is for others to start.
type nobody struct{}

var errNobody = errors.New("something is missing, and nobody is there to compute it")

func (nobody) Name() string                         { return "nobody" }
func (nobody) RoundSize(int64) int                  { return 1 }
func (nobody) Cancel(context.Context, string) error { return nil }
func (nobody) Submit(_ context.Context, r distributed.Round) (distributed.Job, error) {
	if r.Detach {
		return nil, nil
	}
	return nil, errNobody
}

// engines are those that need no cluster.
func engines() map[string]distributed.Engine {
	return map[string]distributed.Engine{"pool": distributed.Pool{Workers: 3}, "proc": proc.Engine{Processes: 2}}
}

// runWith computes a plan, and looks at it again.
func runWith(t *testing.T, p *distributed.Plan, engine string) {
	t.Helper()
	if err := distributed.Run(t.Context(), p, engines()[engine], distributed.RunOptions{Poll: 2 * time.Millisecond}); err != nil {
		t.Fatalf("%s: %v", engine, err)
	}
	if err := distributed.Verify(t.Context(), p.DefaultDir()); err != nil {
		t.Errorf("%s: %v", engine, err)
	}
}

// distributedCase is what memmap_distributed was asked for, and what NumPy made of it.
type distributedCase struct {
	judged
	Raw       *distributed.RawData
	Key       string
	Positions [][]int64
	Scan      []int64
	Spec      string    // chunks
	Limit     int64     // block_size_limit
	Sizes     [][]int64 // the chunks that rosettasciio made of Spec; nil if it was not asked
	Map       []string
	Write     string
	Tasks     int64
	Portion   int64 // bytes
	Rsciio    bool  // rosettasciio was asked, and agreed
}

const distributedCases = 160

// TestDistributedAgainstRosettaSciIO plans with the arguments of rosettasciio's memmap_distributed,
// lets goroutines and processes write the array, as it is or after some operations, and lets NumPy
// load what they have written.
func TestDistributedAgainstRosettaSciIO(t *testing.T) {
	var dir string
	cases := judge(t, "judges_distributed.py", distributedCases, func(c *distributedCase, d string) { c.in(d); dir = d })
	asked, written := 0, 0
	lines, err := os.Create(filepath.Join(dir, "written.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer lines.Close()
	for i, c := range cases {
		if c.Rsciio {
			asked++
		}
		t.Run(c.Name, func(t *testing.T) {
			for _, engine := range c.engines(i) {
				name := c.Name + "_" + engine + ".npy"
				c.write(t, engine, name)
				c.equal(t, c.load(t, name), 0)
				if err := json.NewEncoder(lines).Encode(map[string]string{"written": name, "original": c.Expected}); err != nil {
					t.Fatal(err)
				}
				written++
			}
		})
	}
	if asked < distributedCases/3 {
		t.Errorf("rosettasciio was asked %d times only", asked)
	}
	if got, want := string(python(t, "distributed_check.py", dir)), fmt.Sprintf("%d files checked\n", written); got != want {
		t.Errorf("NumPy says\n%s", got)
	}
}

// engines are one of them, and every eighth time both.
func (c *distributedCase) engines(i int) []string {
	switch i % 8 {
	case 0:
		return []string{"pool", "proc"}
	case 1, 2, 3:
		return []string{"proc"}
	}
	return []string{"pool"}
}

func (c *distributedCase) write(t *testing.T, engine, name string) {
	t.Helper()
	o := distributed.Options{Key: c.Key, Positions: c.Positions, Scan: c.Scan, Chunks: c.Spec, BlockSizeLimit: c.Limit, Output: c.path(name),
		Write: c.Write, Tasks: c.Tasks, PortionBytes: c.Portion}
	if c.Raw != nil {
		dt, err := mmapnpy.ParseDType(c.Raw.DType)
		if strings.HasPrefix(c.Raw.DType, "[") {
			dt, err = structuredDType()
		}
		if err != nil {
			t.Fatal(err)
		}
		o.DType, o.Offset, o.Shape, o.Order = dt, c.Raw.Offset, c.Raw.Shape, c.Raw.Order
	}
	for _, text := range c.Map {
		op, err := ops.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		o.Map = append(o.Map, op)
	}
	if len(c.Map) > 0 {
		o.Chunks = "" // they are for the array that the operations give, which may have other axes
	}
	p, err := distributed.MemmapDistributed(c.path(c.Inputs[0]), o)
	if err != nil {
		t.Fatal(err)
	}
	if c.Sizes != nil && len(c.Map) == 0 {
		c.sameChunks(t, p)
	}
	runWith(t, p, engine)
}

// structuredDType is STRUCTURED of judges_distributed.py.
func structuredDType() (mmapnpy.DType, error) {
	pair, err := mmapnpy.SubarrayOf(mmapnpy.Uint16.WithByteOrder('<'), 4, 3)
	if err != nil {
		return mmapnpy.DType{}, err
	}
	return mmapnpy.StructOf(mmapnpy.Field{Name: "data", DType: pair}, mmapnpy.Field{Name: "sec", DType: mmapnpy.Uint32.WithByteOrder('>')},
		mmapnpy.Field{Name: "flag", DType: mmapnpy.Bool})
}

// sameChunks compares how a plan is cut with how rosettasciio cuts.
func (c *distributedCase) sameChunks(t *testing.T, p *distributed.Plan) {
	t.Helper()
	for d, want := range c.Sizes {
		got := p.Chunks[d]
		if len(got) == 1 {
			got = slices.Repeat(got, len(want)-1)
			got = append(got, p.Shape[d]-int64(len(got))*p.Chunks[d][0])
		}
		if !slices.Equal(got, want) {
			t.Errorf("chunks %v of %v instead of %v", p.Chunks, p.Shape, c.Sizes)
			return
		}
	}
}

const distributedReductions = 50

// TestDistributedReductionsAgainstNumPy holds the results of distributed runs to the rule of
// [TestReductionsAgainstNumPy], and to be the same with processes as with goroutines, byte for
// byte.
func TestDistributedReductionsAgainstNumPy(t *testing.T) {
	s, dir := seed(t)+1000, t.TempDir()
	python(t, "reductions.py", strconv.FormatInt(s, 10), strconv.Itoa(distributedReductions), dir)
	cases := readLines[reductionCase](t, readFile(t, filepath.Join(dir, "reductions.jsonl")))
	if len(cases) != distributedReductions {
		t.Fatalf("%d cases instead of %d", len(cases), distributedReductions)
	}
	for i, c := range cases {
		if len(c.Axes) == 0 {
			continue // to reduce nothing is not what a plan can say
		}
		t.Run(c.File, func(t *testing.T) {
			results := c.distributed(t, dir, "pool", int64(i))
			if i%3 == 0 {
				for name, want := range results {
					if got := c.distributed(t, dir, "proc", int64(i))[name]; !bytes.Equal(got, want) {
						t.Errorf("%s: processes have another result", name)
					}
				}
			}
			if t.Failed() {
				t.Logf("seed %d: %s, chunks %s, axes %v", s, c.DType, c.Chunks, c.Axes)
			}
		})
	}
}

// distributed computes all results of a case that NumPy has, compares them, and returns the files.
func (c reductionCase) distributed(t *testing.T, dir, engine string, i int64) map[string][]byte {
	t.Helper()
	out := t.TempDir()
	axes := make([]string, len(c.Axes))
	for k, d := range c.Axes {
		axes[k] = strconv.Itoa(d)
	}
	info, err := os.Stat(filepath.Join(dir, c.File))
	if err != nil {
		t.Fatal(err)
	}
	o := distributed.Options{Chunks: c.Chunks, Tasks: 1 + i%5, PortionBytes: info.Size() / 6}
	var want []reductionResult
	for k, r := range c.Results {
		if r.Refused {
			continue
		}
		op, err := ops.New(r.Op, r.params(strings.Join(axes, ",")))
		if err != nil {
			t.Fatal(err)
		}
		reduction := distributed.Reduction{Op: op, Path: filepath.Join(out, fmt.Sprintf("%d_%s.npy", k, r.Op))}
		if r.Op == "histogram" && strings.HasSuffix(c.DType, "f16") {
			alone := o
			alone.Reduce = []distributed.Reduction{reduction}
			if _, err := distributed.MemmapDistributed(filepath.Join(dir, c.File), alone); !errors.Is(err, lazy.ErrDType) {
				t.Errorf("histogram of long doubles: %v", err)
			}
			continue
		}
		o.Reduce = append(o.Reduce, reduction)
		want = append(want, r)
	}
	p, err := distributed.MemmapDistributed(filepath.Join(dir, c.File), o)
	if err != nil {
		t.Fatal(err)
	}
	runWith(t, p, engine)
	files := map[string][]byte{}
	for k, r := range want {
		a, err := lazy.Open(p.Reduce[k].Path)
		if err != nil {
			t.Fatal(err)
		}
		r.compare(t, native(t, a), new(distances))
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		files[r.Op] = readFile(t, p.Reduce[k].Path)
	}
	return files
}

// params are those of the operation.
func (r reductionResult) params(axes string) any {
	switch r.Op {
	case "std", "var":
		return ops.VarParams{Over: axes, DDof: r.DDof}
	case "histogram":
		return ops.HistogramParams{Over: axes, Bins: r.Bins, Lo: ops.Float(r.Lo), Hi: ops.Float(r.Hi)}
	}
	return ops.OverParams{Over: axes}
}

// troubleVariable is a directory. Workers that find it in their environment make trouble once each,
// and leave a mark there.
const troubleVariable = "INTEROP_TROUBLE"

// makeTrouble is what a worker does first: worker 0 is told to end when it has recorded a portion,
// worker 1 fails, worker 2 is killed.
func makeTrouble(dir string) {
	index := os.Getenv("LAZYNPY_INDEX")
	if err := os.Mkdir(filepath.Join(dir, index), 0o700); err != nil {
		return // not the first time
	}
	switch index {
	case "0":
		w := distributed.WorkFromEnv(os.Args[3], os.Getenv)
		told := make(chan struct{})
		close(told)
		w.Interrupt = told
		os.Exit(distributed.ExitStatus(w.Do(context.Background())))
	case "1":
		os.Exit(1)
	case "2":
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = self.Kill()
		}
		fmt.Fprintln(os.Stderr, err)
		select {} // until it arrives
	}
}

// runRecipe runs docs/dask-recipe.py on a cluster of dask's, with this binary as the program that
// works.
func runRecipe(t *testing.T, dir string) error {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir() // dask writes there
	cmd := exec.CommandContext(t.Context(), os.Getenv("LAZYNPY_PYTHON"), filepath.Join("testdata", "distributed_dask.py"),
		filepath.Join("..", "..", "docs", "dask-recipe.py"), exe, dir, "4")
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "HOME="+home, "TMPDIR="+home)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w\n%s", err, stderr.Bytes())
	}
	return nil
}

// TestDaskRecipe lets dask.distributed start the workers of a run, three of which end early, and
// compares with NumPy. A run whose input has changed must end at once.
func TestDaskRecipe(t *testing.T) {
	dir, trouble := t.TempDir(), t.TempDir()
	python(t, "distributed_recipe.py", dir)
	p, err := distributed.MemmapDistributed(filepath.Join(dir, "scan.npy"), distributed.Options{Navigation: []int{0, 1}, Chunks: "(1, 8, 16, 16)",
		PortionBytes: 1, Tasks: 4, Map: []ops.Op{ops.Must("sqrt", nil)}, Output: filepath.Join(dir, "roots.npy"),
		Reduce: []distributed.Reduction{{Op: ops.Must("max", ops.OverParams{Over: "signal"}), Path: filepath.Join(dir, "max.npy")}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := distributed.Run(t.Context(), p, nobody{}, distributed.RunOptions{Detach: true}); err != nil {
		t.Fatal(err)
	}
	t.Setenv(troubleVariable, trouble)
	if err := runRecipe(t, p.DefaultDir()); err != nil {
		t.Fatal(err)
	}
	if marks, err := os.ReadDir(trouble); err != nil || len(marks) != 4 {
		t.Errorf("%d workers have run, %v", len(marks), err)
	}
	status, err := distributed.StatusOf(t.Context(), p.DefaultDir())
	if err != nil || status.State != "done" || len(status.Attempts) == 0 || status.Failures != 0 {
		t.Errorf("%+v, %v", status, err)
	}
	lines := `{"written": "roots.npy", "original": "want_roots.npy"}` + "\n" + `{"written": "max.npy", "original": "want_max.npy", "result": true}` + "\n"
	if err := os.WriteFile(filepath.Join(dir, "written.jsonl"), []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := string(python(t, "distributed_check.py", dir)); got != "2 files checked\n" {
		t.Errorf("NumPy says\n%s", got)
	}
	refused(t, p)
}

// refused changes the input of a plan after it was made, and expects the recipe to say so.
func refused(t *testing.T, p *distributed.Plan) {
	t.Helper()
	again := *p
	again.Output = nil // another plan
	dir := t.TempDir()
	if err := distributed.Run(t.Context(), &again, nobody{}, distributed.RunOptions{Detach: true, Dir: dir}); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(p.Source.Path, time.Time{}, time.Unix(1e9, 0)); err != nil {
		t.Fatal(err)
	}
	if err := runRecipe(t, dir); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("an input that has changed: %v", err)
	}
}
