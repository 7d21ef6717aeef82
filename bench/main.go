// Command bench is the one benchmark runner: it makes seeded files, lets our
// library and its peers do the same tasks on them as fresh, interleaved
// processes, checks that all of them computed the same numbers, and only then
// prints times, memory and ratios beside what the machine itself can do.
//
//	go run ./bench -suite quick
//
// See README.md for how to read the tables.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// Bench is one run of the runner.
type Bench struct {
	scale  float64
	cores  int
	only   *regexp.Regexp // titles of the cases to run
	dir    string         // where the files of the current step go
	cache  string         // where files stay that take long to make
	bin    string         // where the Go contenders were built
	source string         // the directory of this module
	python python
	torch  python // the interpreter that has PyTorch
	slurm  slurmCluster
	other  string // where the Go contenders of another checkout were built, or empty
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	names := strings.Join(slices.Sorted(maps.Keys(suites)), ", ")
	suite := flags.String("suite", "quick", "what to run: "+names)
	rounds := flags.Int("rounds", 5, "rounds per case, each a fresh process per contender")
	scale := flags.Float64("scale", 1, "size of the data relative to the suite's own, above 0")
	dir := flags.String("dir", os.TempDir(), "where the data files go; a temporary directory is made in it")
	cache := flags.String("cache", "", "where suite npz keeps its archives for the next run; default .cache/bench of the repository")
	only := flags.String("only", "", "run only cases whose title matches this regular expression; all files are made")
	interpreter := flags.String("python", defaultPython(), "Python with NumPy and dask, or empty for none; default $LAZYNPY_PYTHON, then python3")
	torch := flags.String("torch", os.Getenv("LAZYNPY_TORCH"), "suite batches: Python with PyTorch, or empty for none; default $LAZYNPY_TORCH")
	slurm := flags.String("slurm-conf", "", "suite distributed: the slurm.conf of a cluster to measure, whose nodes see -dir, or none; default one of this machine's namespaces, for root")
	against := flags.String("against", "", "compare our contenders with those of another checkout of the repository, and nobody else")
	output := flags.String("json", "", "also write every sample of every round to this file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	steps, ok := suites[*suite]
	wanted, err := regexp.Compile(*only)
	switch {
	case err != nil:
		return fmt.Errorf("-only: %w", err)
	case !ok:
		return fmt.Errorf("unknown suite %q; there are: %s", *suite, names)
	case *rounds < 1:
		return fmt.Errorf("-rounds %d is below 1", *rounds)
	case !(*scale > 0):
		return fmt.Errorf("-scale %g is not above 0", *scale)
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	work, err := os.MkdirTemp(*dir, "lazynpy-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	b := &Bench{scale: *scale, cores: runtime.GOMAXPROCS(0), only: wanted, bin: filepath.Join(work, "bin"), slurm: slurmCluster{conf: *slurm}}
	if err := b.build(ctx); err != nil {
		return err
	}
	if *against != "" {
		if err := b.buildOther(ctx, *against); err != nil {
			return err
		}
	}
	if b.cache = *cache; b.cache == "" {
		b.cache = filepath.Join(filepath.Dir(b.source), ".cache", "bench")
	}
	b.python = findPython(ctx, *interpreter, filepath.Join(b.source, "peers"), pythonPackages)
	b.torch = findPython(ctx, *torch, filepath.Join(b.source, "peers"), torchPackages)
	environment := b.environment(*suite, *rounds, *dir)
	environment.print(os.Stdout)
	measured, err := b.runSteps(ctx, steps, *rounds, work)
	if err := errors.Join(err, b.slurm.stop(b)); err != nil {
		return err
	}
	if *output != "" {
		return writeJSON(*output, environment, measured)
	}
	return nil
}

// runSteps runs the steps one after the other and prints each case when it is
// complete.
func (b *Bench) runSteps(ctx context.Context, steps []Step, rounds int, work string) ([]Measured, error) {
	var all []Measured
	for i, step := range steps {
		b.dir = filepath.Join(work, fmt.Sprintf("step%d", i))
		if err := os.Mkdir(b.dir, 0o700); err != nil {
			return nil, err
		}
		cases, err := step(b)
		if err != nil {
			return nil, fmt.Errorf("making files: %w", err)
		}
		cases = b.others(cases)
		for j := range cases {
			if !b.only.MatchString(cases[j].Title) {
				continue
			}
			m, err := measure(ctx, &cases[j], rounds, progress)
			progress("")
			if err != nil {
				return nil, err
			}
			m.print(os.Stdout)
			all = append(all, m)
		}
		if err := os.RemoveAll(b.dir); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// progress shows what runs now, on a terminal only.
func progress(text string) {
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprintf(os.Stderr, "\r\x1b[K%s", text)
	}
}

// scaled is a size in bytes at the chosen scale. It is a multiple of 1 MiB and at
// least 64 MiB, so that the data never fit the processor's caches.
func (b *Bench) scaled(size int64) int64 {
	return max(64<<20, int64(float64(size)*b.scale)>>20<<20)
}

func writeJSON(path string, environment Environment, measured []Measured) error {
	type contenderJSON struct {
		Name    string   `json:"name"`
		Limit   bool     `json:"limit,omitempty"`
		NotRun  string   `json:"not_run,omitempty"`
		Samples []Sample `json:"samples,omitempty"`
		Time    Spread   `json:"seconds"`
		Ratio   Spread   `json:"ours_is_times_faster"`
	}
	type caseJSON struct {
		Title      string          `json:"title"`
		Bytes      int64           `json:"bytes,omitempty"`
		Contenders []contenderJSON `json:"contenders"`
		Targets    []Verdict       `json:"targets,omitempty"`
		Others     *float64        `json:"cores_of_others,omitempty"`
	}
	out := struct {
		Environment Environment `json:"environment"`
		Cases       []caseJSON  `json:"cases"`
	}{Environment: environment}
	for _, m := range measured {
		c := caseJSON{Title: m.Case.Title, Bytes: m.Case.Bytes, Targets: m.verdicts()}
		if m.Watched {
			c.Others = &m.Others
		}
		for _, p := range m.Case.Contenders {
			c.Contenders = append(c.Contenders, contenderJSON{
				Name: p.Name, Limit: p.Limit, NotRun: p.NotRun, Samples: m.Samples[p.Name],
				Time:  spread(m.each(p.Name, seconds)),
				Ratio: pairedRatio(m.each(p.Name, seconds), m.each(ours, seconds)),
			})
		}
		out.Cases = append(out.Cases, c)
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o600)
}
