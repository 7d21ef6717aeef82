package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// module is the path of this module.
const module = "github.com/lazynpy/lazynpy/bench"

// build compiles the Go contenders, so that no compiler runs during a round.
func (b *Bench) build(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return fmt.Errorf("run me from the repository's root or from bench: go list: %w", err)
	}
	b.source = strings.TrimSpace(string(out))
	if err := os.Mkdir(b.bin, 0o700); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", b.bin, "./peers/...")
	cmd.Dir = b.source
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the contenders: %w\n%s", err, text)
	}
	return nil
}

// goPeer is a contender under peers/ written in Go.
func (b *Bench) goPeer(name, program string, args ...string) Contender {
	return Contender{Name: name, Command: append([]string{filepath.Join(b.bin, program)}, args...)}
}

// pyPeer is a contender under peers/ written in Python for a package.
func (b *Bench) pyPeer(name, pkg string, args ...string) Contender {
	return b.pyPeerIn(b.python, name, pkg, args...)
}

// pyPeerIn is pyPeer with an interpreter of its own.
func (b *Bench) pyPeerIn(p python, name, pkg string, args ...string) Contender {
	return Contender{
		Name:    name,
		Command: append([]string{p.path, filepath.Join(b.source, "peers", peerFolder(pkg), "main.py")}, args...),
		Env:     p.env,
		NotRun:  p.missing(pkg),
	}
}

// feedPeer is our Python package, which asks the program that buildFeeder has built.
func (b *Bench) feedPeer(name string, args ...string) Contender {
	c := b.pyPeer(name, "numpy", args...)
	peers := filepath.Join(b.source, "peers")
	if c.NotRun == "" && runtime.GOOS == "windows" {
		c.NotRun = "no feeder on Windows"
	}
	c.Command[1] = filepath.Join(peers, "feed", "main.py")
	sources := filepath.Join(filepath.Dir(b.source), "python", "src")
	c.Env = slices.Concat(c.Env, []string{"PYTHONPATH=" + peers + string(os.PathListSeparator) + sources, "LAZYNPY_BINARY=" + b.feeder()})
	return c
}

// feeder is where the program lies that our Python package starts.
func (b *Bench) feeder() string { return filepath.Join(b.bin, "feeder", "lazynpy") }

// buildFeeder builds the program as build_wheel.py does, if it is not there yet.
func (b *Bench) buildFeeder() error {
	if _, err := os.Stat(b.feeder()); err == nil {
		return nil
	}
	cmd := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", b.feeder(), "./cmd/lazynpy")
	cmd.Dir = filepath.Dir(b.source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the feeder: %w\n%s", err, text)
	}
	return nil
}

// peerFolder is where the contender for a package is: under the name that it is imported by.
func peerFolder(pkg string) string {
	switch pkg {
	case "rosettasciio":
		return "rsciio"
	case "torch":
		return "pytorch" // as torch it would be what LiberTEM finds when it looks for PyTorch
	case "spdl-io":
		return "spdl"
	}
	return pkg
}

// limit marks a contender that shows a limit of the machine, or ourselves at
// another size, and whose result is not compared.
func (c Contender) limit() Contender {
	c.Limit = true
	return c
}

// python is the interpreter for the Python contenders.
type python struct {
	path     string
	env      []string
	versions map[string]string // of the packages it has
	trouble  string            // why there is no interpreter
}

// pythonPackages are what the Python contenders import, by the names that the indexes of packages
// have for them.
var pythonPackages = []string{"numpy", "dask", "distributed", "rosettasciio", "libertem", "spdl-io"}

// torchPackages are what the contenders import that stand on PyTorch, which have an interpreter of
// their own: that of .ci/run is Debian's, with an older NumPy.
var torchPackages = []string{"torch"}

func defaultPython() string {
	if path := os.Getenv("LAZYNPY_PYTHON"); path != "" {
		return path
	}
	return "python3"
}

// findPython asks the interpreter which of the packages it has.
func findPython(ctx context.Context, path, peers string, packages []string) python {
	p := python{
		path:     path,
		env:      []string{"PYTHONPATH=" + peers, "PYTHONDONTWRITEBYTECODE=1"},
		versions: map[string]string{},
	}
	if path == "" {
		p.trouble = "no python"
		return p
	}
	if _, err := exec.LookPath(path); err != nil {
		p.trouble = "no python"
		return p
	}
	for _, pkg := range packages {
		// Importing LiberTEM takes seconds, so its metadata must do.
		code := fmt.Sprintf("from importlib.metadata import version; print(version(%q))", pkg)
		if pkg == "dask" {
			// dask without NumPy is there, and useless
			code = "import dask.array, dask; print(dask.__version__)"
		}
		if out, err := exec.CommandContext(ctx, path, "-c", code).Output(); err == nil {
			p.versions[pkg] = strings.TrimSpace(string(out))
		}
	}
	return p
}

// missing says why contenders for a package cannot run, or nothing.
func (p python) missing(pkg string) string {
	switch {
	case p.trouble != "":
		return p.trouble
	case p.versions[pkg] == "":
		return "no " + pkg + " in " + p.path
	}
	return ""
}
