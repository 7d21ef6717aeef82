package main

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/ops"
)

// reporting tells what came of a run.
type reporting struct {
	cli    *cli
	dir    string
	engine distributed.Descriptor
}

// runJSON is what run and resume print with --json.
type runJSON struct {
	Path       string               `json:"path"`
	Plan       string               `json:"plan"`
	RunDir     string               `json:"run_dir"`
	Engine     string               `json:"engine"`
	State      distributed.RunState `json:"state"` // done, ready or submitted
	Job        string               `json:"job"`   // what the engine calls what was submitted
	Verified   bool                 `json:"verified"`
	Attempts   int                  `json:"attempts"`
	Duplicates int64                `json:"duplicates"`
	Outputs    []runOutput          `json:"outputs"`
}

// submitted is the state of a run that was handed to an engine, and that nobody waits for.
const submitted distributed.RunState = "submitted"

// runOutput is a file of a run. What is not known before it is there is null.
type runOutput struct {
	Output string   `json:"output"`
	Ops    []ops.Op `json:"ops"`
	Descr  *string  `json:"descr"`
	Shape  []int64  `json:"shape"`

	label string
	dtype string
}

// done tells of the outputs that are there.
func (r reporting) done() error {
	p, done, err := r.read()
	if err != nil {
		return err
	}
	v := r.object(p)
	v.State, v.Verified, v.Attempts, v.Duplicates = distributed.Complete, done.Verified, done.Attempts, done.Duplicates
	for i := range v.Outputs {
		if err := v.Outputs[i].look(); err != nil {
			return err
		}
	}
	if r.cli.flags.json {
		return r.cli.printJSON(v)
	}
	for _, o := range v.Outputs {
		r.cli.note("%s: %s of %s, %s %s", shown(o.Output), o.label, shown(v.Path), shapeText(o.Shape), o.dtype)
	}
	return nil
}

func (r reporting) read() (*distributed.Plan, distributed.Done, error) {
	p, err := distributed.ReadPlan(r.dir)
	if err != nil {
		return nil, distributed.Done{}, err
	}
	done, err := distributed.ReadDone(r.dir)
	return p, done, inFile(r.dir, err)
}

// prepared tells of a run whose workers others start.
func (r reporting) prepared() error {
	p, err := distributed.ReadPlan(r.dir)
	if err != nil {
		return err
	}
	if r.cli.flags.json {
		v := r.object(p)
		v.State = distributed.Ready
		return r.cli.printJSON(v)
	}
	r.cli.note("%s: ready, %d portions; start workers anywhere: lazynpy work --plan %s", printable(r.dir), p.Portions(), quoted(r.dir))
	return nil
}

// submitted tells of a run that goes on by itself.
func (r reporting) submitted(job string) error {
	p, err := distributed.ReadPlan(r.dir)
	if err != nil {
		return err
	}
	if r.cli.flags.json {
		v := r.object(p)
		v.State, v.Job = submitted, job
		return r.cli.printJSON(v)
	}
	r.cli.note("%s: submitted %s job %s; see: lazynpy status %s", printable(r.dir), r.engine.Name, printable(job), quoted(r.dir))
	return nil
}

// object is what is known of a run from its plan.
func (r reporting) object(p *distributed.Plan) runJSON {
	v := runJSON{Path: p.Source.Path, Plan: p.Name(), RunDir: absolutePath(r.dir), Engine: r.engine.Name, Outputs: []runOutput{}}
	for _, reduction := range p.Reduce {
		list := slices.Concat(p.Map, []ops.Op{reduction.Op})
		v.Outputs = append(v.Outputs, runOutput{Output: reduction.Path, Ops: list, label: reduction.Op.Name})
	}
	if p.Output != nil {
		label := "copy"
		if len(p.Map) > 0 {
			names := make([]string, len(p.Map))
			for i, op := range p.Map {
				names[i] = op.Name
			}
			label = strings.Join(names, ", ")
		}
		v.Outputs = append(v.Outputs, runOutput{Output: p.Output.Path, Ops: append([]ops.Op{}, p.Map...), label: label})
	}
	return v
}

// look reads the header of an output.
func (o *runOutput) look() error {
	a, err := lazy.Open(o.Output)
	if err != nil {
		return inFile(o.Output, err)
	}
	defer a.Close()
	text := descr(a.DType())
	o.Descr, o.Shape, o.dtype = &text, append([]int64{}, a.Shape()...), a.DType().String()
	return nil
}

// shown is a path for people: relative where it is below the working directory.
func shown(path string) string {
	here, err := filepath.Abs(".")
	if err == nil {
		if rel, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(rel) {
			path = rel
		}
	}
	return printable(path)
}

// absolutePath is path made absolute, or as it is where that cannot be.
func absolutePath(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
