package distributed

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/distributed/internal/rundir"
	"github.com/lazynpy/lazynpy/internal/arith"
	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/ops"
)

// planFormat is the version of the plan's format that this package writes and reads.
const planFormat = 1

// maxPortions bounds the portions of a plan, since drivers and workers hold a little for each.
const maxPortions = 1 << 22

// Plan is everything that decides what a run computes. It is made by [MemmapDistributed], a pure
// function of the input and the options: neither the engine nor the number of workers, nor the
// machine, is part of it. Its fields are for reading; docs/distributed.md describes them as they
// are in plan.json.
type Plan struct {
	Format int     `json:"format"`
	Build  string  `json:"build"`  // of the program, see [BuildID]
	Inputs []Input `json:"inputs"` // files that are read, each with its fingerprint
	Source Source  `json:"source"` // the array

	Map    []ops.Op    `json:"map"`    // operations on the array, in their order
	Reduce []Reduction `json:"reduce"` // reductions of what they give
	Output *Output     `json:"output"` // where that is written, or null

	// What the operations give, and how it is cut: the sizes of the blocks along each axis, one
	// number where they are all equal but for the last. Memory is the budget that decides where
	// sums are cut, in bytes.
	DType  string    `json:"dtype"`
	Shape  []int64   `json:"shape"`
	Chunks [][]int64 `json:"chunks"`
	Memory int64     `json:"memory"`

	Blocks        int64 `json:"blocks"`         // in all
	PortionBlocks int64 `json:"portion_blocks"` // of a portion; the last may have fewer
	Tasks         int64 `json:"tasks"`          // how many workers a submission has at most

	// StateBytes is about how many bytes workers record in the run directory of what reductions
	// have found, all together. Of reducers that a user wrote it knows what their accumulators say
	// they take.
	StateBytes int64 `json:"state_bytes"`

	original *Plan // of which this one reads copies
}

// Source is an array in a file, in the words of memmap_distributed.
type Source struct {
	// absolute; with ":KEY" behind it for a member of an archive
	Path       string    `json:"path"`
	Raw        *RawData  `json:"raw,omitempty"` // how it lies in a file without a header
	Key        string    `json:"key,omitempty"` // the field of a structured array
	Positions  [][]int64 `json:"positions,omitempty"`
	Scan       []int64   `json:"scan,omitempty"`
	Navigation []int     `json:"navigation"` // axes
}

// RawData is how an array lies in a file that does not say so itself.
type RawData struct {
	DType  string  `json:"dtype"`
	Offset int64   `json:"offset"` // bytes
	Shape  []int64 `json:"shape"`
	Order  string  `json:"order"` // C or F
}

// Reduction is a reducer and the .npy file that its result goes to.
type Reduction struct {
	Op   ops.Op `json:"op"`
	Path string `json:"path"`
}

// Output is the .npy file that takes the elements.
type Output struct {
	Path       string `json:"path"`
	DType      string `json:"dtype"`
	Fortran    bool   `json:"fortran_order"`
	DataOffset int64  `json:"data_offset"` // bytes before the first element
	Size       int64  `json:"size"`        // of the file, in bytes
	Write      string `json:"write"`       // WriteCached, WriteDirect, WriteEdges or WriteSync
}

// The ways of writing an output. Where no two portions share a page of the file, they are written
// through the page cache of each machine and synced before they are recorded. What is written to a
// page that is shared waits for the disk (O_SYNC), since the cache of one machine could write a
// page back over what another has written to a part of it.
const (
	WriteAuto   = "auto"   // whichever is right
	WriteCached = "cached" // refused where portions share pages
	// Past the page cache, where the disk of a worker allows that, and else as WriteCached; refused
	// where that is.
	WriteDirect = "direct"
	// Through the cache but for pages that are shared; refused where portions do not lie together.
	WriteEdges = "edges"
	WriteSync  = "sync" // every write waits
)

var ways = []string{WriteCached, WriteDirect, WriteEdges, WriteSync}

// ID identifies the plan: the SHA-256 of its canonical JSON, without what tells on one machine
// which files the inputs are, and without Tasks, which decides nothing of what is computed.
func (p *Plan) ID() [32]byte {
	if p.original != nil {
		return p.original.ID()
	}
	q := *p
	q.Tasks = 0
	q.Inputs = slices.Clone(p.Inputs)
	for i := range q.Inputs {
		q.Inputs[i].FileSystem, q.Inputs[i].Inode = "", 0
	}
	b, err := q.canonical()
	if err != nil {
		panic("distributed: a plan that was checked cannot be written: " + err.Error())
	}
	return sha256.Sum256(b)
}

// Name is a short form of the ID for the names of jobs and files: "lazynpy-" and 12 hexadecimal
// digits.
func (p *Plan) Name() string { return "lazynpy-" + p.short() }

func (p *Plan) short() string {
	id := p.ID()
	return hex.EncodeToString(id[:6])
}

// canonical is the plan as JSON without blanks, fields in the order of the struct.
func (p *Plan) canonical() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(p); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Portions is the number of portions.
func (p *Plan) Portions() int64 { return arith.CeilDiv(p.Blocks, p.PortionBlocks) }

// Portion is the range of blocks of portion i.
func (p *Plan) Portion(i int64) (from, to int64) {
	return i * p.PortionBlocks, min((i+1)*p.PortionBlocks, p.Blocks)
}

// check returns an error if a plan that was read could not have been written.
func (p *Plan) check() error {
	switch {
	case p.Format != planFormat:
		return fmt.Errorf("format %d (this program reads %d)", p.Format, planFormat)
	case p.Source.Path == "" || len(p.Inputs) == 0:
		return errors.New("it names no input")
	case p.Blocks < 0 || p.PortionBlocks < 1 || p.PortionBlocks > max(p.Blocks, 1) || p.Tasks < 1 || p.Tasks > max(p.Portions(), 1):
		return fmt.Errorf("%d blocks, %d of a portion, %d tasks", p.Blocks, p.PortionBlocks, p.Tasks)
	case p.Portions() > maxPortions:
		return fmt.Errorf("%d portions, more than %d", p.Portions(), int64(maxPortions))
	case len(p.Reduce) == 0 && p.Output == nil:
		return errors.New("nothing is computed")
	case p.Output != nil && !slices.Contains(ways, p.Output.Write):
		return fmt.Errorf("write %q", p.Output.Write)
	case p.StateBytes < 0:
		return fmt.Errorf("states of %d bytes", p.StateBytes)
	case p.Memory < 16<<20:
		return fmt.Errorf("memory %d", p.Memory)
	}
	if err := p.checkPaths(); err != nil || p.Output == nil {
		return err
	}
	return p.checkOutput()
}

// checkPaths returns an error if a path depends on the directory of a process, cannot be written as
// JSON or would take two results, or if an input is of no possible size.
func (p *Plan) checkPaths() error {
	paths := []string{p.Source.Path}
	for _, in := range p.Inputs {
		if paths = append(paths, in.Path); in.Size < 0 || in.Header < 0 || in.Header > maxHeader {
			return fmt.Errorf("input %s: %d bytes, a header of %d", in.Path, in.Size, in.Header)
		}
	}
	results := p.results()
	for _, path := range results {
		if !strings.EqualFold(filepath.Ext(path), ".npy") {
			return fmt.Errorf("result %q is not a .npy file", path)
		}
		if slices.Contains(paths, path) {
			return fmt.Errorf("result %s is an input", path)
		}
	}
	slices.Sort(results)
	if len(slices.Compact(results)) < len(p.results()) {
		return errors.New("two results would be written to one file")
	}
	for _, path := range append(paths, p.results()...) {
		if !filepath.IsAbs(path) || !utf8.ValidString(path) {
			return fmt.Errorf("path %q is not an absolute path in UTF-8", path)
		}
	}
	return nil
}

// results are the paths of all outputs.
func (p *Plan) results() []string {
	var paths []string
	for _, r := range p.Reduce {
		paths = append(paths, r.Path)
	}
	if p.Output != nil {
		paths = append(paths, p.Output.Path)
	}
	return paths
}

// checkOutput returns an error if the output has not the size of its header and its elements.
func (p *Plan) checkOutput() error {
	head, err := p.header()
	if err != nil {
		return err
	}
	t, err := readDType(p.Output.DType)
	if err != nil {
		return err
	}
	layout := chunk.Layout{Shape: p.Shape, ItemSize: t.ItemSize()}
	if err := layout.Validate(); err != nil {
		return err
	}
	if off, size := p.Output.DataOffset, p.Output.Size; off != int64(len(head)) || size < off || size-off != layout.NBytes() {
		return fmt.Errorf("an output of %d bytes, elements from %d on, instead of %d and %d", size, off, layout.NBytes(), len(head))
	}
	return nil
}

// planName is the plan in the run directory.
const planName = "plan.json"

// Write writes the plan into a run directory, which it makes. A directory that has another plan is
// an error, one that has the same is fine. Of several that write at once the first one wins.
func (p *Plan) Write(dir string) error {
	if err := p.isIn(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := p.checkResults(); err != nil {
		return err
	}
	if err := makeDirs(dir); err != nil {
		return err
	}
	b, err := p.canonical()
	if err != nil {
		return err
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, b, "", " "); err != nil {
		return err
	}
	indented.WriteByte('\n')
	err = atomicfile.Write(filepath.Join(dir, planName), func(f *os.File) error {
		_, err := f.Write(indented.Bytes())
		return err
	}, atomicfile.New())
	if errors.Is(err, fs.ErrExist) {
		return p.isIn(dir)
	}
	return err
}

// isIn returns an error if the run directory has another plan, or none: [fs.ErrNotExist].
func (p *Plan) isIn(dir string) error {
	old, err := ReadPlan(dir)
	if err == nil && old.ID() != p.ID() {
		err = fmt.Errorf("%s has another plan: resume that, remove the directory if its run is of no use any more, or choose another one", dir)
	}
	return err
}

// checkResults returns an error if a result could not be written to its place: there is no folder
// for it, since one that is misspelt must not come into being with the run directory in it, or what
// is there must not be replaced.
func (p *Plan) checkResults() error {
	for _, path := range p.results() {
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			return fileerr.Errorf(path, "it cannot be written: %w", err)
		}
		if err := atomicfile.Check(path, p.rules()...); err != nil {
			return err
		}
	}
	return nil
}

// rules are those of the results: none is a file that is read, and none has more readers than those
// have.
func (p *Plan) rules() []atomicfile.Option {
	var inputs []fs.FileInfo
	for _, in := range p.Inputs {
		if info, err := os.Stat(in.Path); err == nil {
			inputs = append(inputs, info)
		}
	}
	return []atomicfile.Option{atomicfile.Inputs(inputs...)}
}

// Leftovers are files beside the output that runs of other plans to the same output have left, or
// are about to complete: each has the size of the whole output. Nobody but the user knows whether
// they are of use any more.
func (p *Plan) Leftovers() []string {
	if p.Output == nil {
		return nil
	}
	dir, name := filepath.Split(p.outputPlace())
	entries, err := os.ReadDir(filepath.Clean(dir))
	if err != nil {
		return nil
	}
	var left []string
	for _, e := range entries {
		id, ok := strings.CutPrefix(e.Name(), name+".")
		if id, part := strings.CutSuffix(id, ".part"); ok && part && len(id) == len(p.short()) && id != p.short() && e.Type().IsRegular() {
			left = append(left, filepath.Join(dir, e.Name()))
		}
	}
	return left
}

// makeDirs makes a run directory, which is the user's alone, and those in it, as far as they are
// not there.
func makeDirs(dir string) error {
	if err := atomicfile.MkdirAll(filepath.Dir(dir), 0o777); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	for _, name := range []string{journalDir, logDir, roundDir} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return atomicfile.SyncDir(dir)
}

// maxPlan bounds the size of plan.json, which has as many positions as a scan.
const maxPlan = 1 << 30

// ReadPlan reads the plan of a run directory; the path of its plan.json is as good.
func ReadPlan(dir string) (*Plan, error) {
	dir = RunDir(dir)
	path := filepath.Join(dir, planName)
	b, err := rundir.ReadFile(path, maxPlan)
	if err != nil {
		return nil, notRunDir(dir, err)
	}
	p, err := parsePlan(b)
	if err != nil {
		return nil, fileerr.Errorf(path, "not a plan: %w", err)
	}
	return p, nil
}

// runDirError says why something is no run directory.
type runDirError struct {
	dir, why string
	err      error
}

func (e *runDirError) Error() string { return e.dir + ": not a run directory: " + e.why }
func (e *runDirError) Unwrap() error { return e.err }

// FilePath is the path of the directory.
func (e *runDirError) FilePath() string { return e.dir }

// notRunDir says of the error of opening something in a run directory that it is none, if that is
// why.
func notRunDir(dir string, err error) error {
	info, failed := os.Stat(dir)
	switch {
	case errors.Is(failed, fs.ErrNotExist):
		return &runDirError{dir, "it does not exist", err}
	case failed == nil && !info.IsDir():
		return &runDirError{dir, "it is a file, and has no " + filepath.Base(dir) + ".run beside it", err}
	case errors.Is(err, fs.ErrNotExist):
		return &runDirError{dir, "it has no " + planName, err}
	}
	return err
}

func parsePlan(b []byte) (*Plan, error) {
	if len(b) > maxPlan {
		return nil, fmt.Errorf("more than %d bytes", maxPlan)
	}
	p := &Plan{}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(p); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is something behind it")
	}
	return p, p.check()
}

// What a run directory has besides its plan.
const (
	journalDir  = "journal"
	logDir      = "logs"
	roundDir    = "rounds"
	cancelName  = "cancelled"
	publishName = "publishing"
	doneName    = "done.json"
	engineName  = "engine.json" // of the command line
)

// RunDir is the run directory that a path means, which may be that of its plan, or of an output
// that it lies beside with ".run" behind the name ([Plan.DefaultDir]).
func RunDir(path string) string {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		if info, err := os.Stat(path + ".run"); err == nil && info.IsDir() {
			return path + ".run"
		}
	}
	if filepath.Base(path) == planName {
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			return filepath.Dir(path)
		}
	}
	return path
}

// itemSize is the size of an element of the array that is computed, 0 if its dtype is not known.
func (p *Plan) itemSize() int64 {
	t, err := readDType(p.DType)
	if err != nil {
		return 0
	}
	return t.ItemSize()
}
