package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/distributed/batch"
	"github.com/lazynpy/lazynpy/distributed/kubernetes"
	"github.com/lazynpy/lazynpy/distributed/proc"
	"github.com/lazynpy/lazynpy/distributed/slurm"
)

// scriptOnly are the values of --engine for schedulers that only get a script, and engineNames all
// values.
var (
	scriptOnly  = []string{"pbs", "lsf", "sge", "aws"}
	engineNames = append([]string{"pool", "proc", "slurm", "kubernetes"}, scriptOnly...)
)

// flagEngines says for which engines a flag is; with any other it is a mistake.
var flagEngines = map[string][]string{
	"workers":         {"pool"},
	"memory":          {"pool"},
	"processes":       {"proc"},
	"partition":       {"slurm", "pbs", "lsf", "sge", "aws"},
	"time":            {"slurm", "pbs", "lsf", "sge", "aws"},
	"cpus":            {"slurm", "kubernetes"},
	"mem":             {"slurm", "kubernetes"},
	"max-running":     {"slurm", "kubernetes"},
	"account":         {"slurm"},
	"qos":             {"slurm"},
	"sbatch-arg":      {"slurm"},
	"ranks":           {"slurm"},
	"max-array":       {"slurm"},
	"image":           {"kubernetes"},
	"entrypoint":      {"kubernetes"},
	"volume":          {"kubernetes"},
	"namespace":       {"kubernetes"},
	"context":         {"kubernetes"},
	"pull-policy":     {"kubernetes"},
	"user":            {"kubernetes"},
	"service-account": {"kubernetes"},
	"label":           {"kubernetes"},
	"node-selector":   {"kubernetes"},
	"toleration":      {"kubernetes"},
	"annotation":      {"kubernetes"},
	"patch":           {"kubernetes"},
	"directive":       {"pbs", "lsf", "sge"},
	"job-definition":  {"aws"},
	"persist":         {"slurm"},
	"detach":          {"slurm", "kubernetes"},
	"print":           {"slurm", "kubernetes", "pbs", "lsf", "sge", "aws"},
}

// engineFlags say where workers run.
type engineFlags struct {
	name                               string
	partition, account, qos            string
	time, cpus, mem                    string
	processes, ranks                   int
	maxArray, maxRunning               int
	sbatch, directives                 []string
	definition                         string
	image, namespace, context          string
	pull, user, serviceAccount         string
	entrypoint, volumes, labels, nodes []string
	tolerations, annotations           []string
	patch                              patchValue
}

func (f *engineFlags) register(set *pflag.FlagSet) {
	set.StringVar(&f.name, "engine", "pool", "where workers run: "+strings.Join(engineNames, ", "))
	set.IntVar(&f.processes, "processes", 0, "proc: workers at a time (default one per processor)")
	set.StringVar(&f.partition, "partition", "", "slurm: `partition`; pbs, lsf, sge, aws: queue")
	set.StringVar(&f.time, "time", "", "slurm, pbs, lsf, sge, aws: `limit` of one worker, as 30 (minutes), 2:00:00 or 1-12")
	set.StringVar(&f.cpus, "cpus", "", "slurm, kubernetes: `cores` of one worker (default: the site's; 1 of a pod)")
	set.StringVar(&f.mem, "mem", "", "slurm, kubernetes: memory of one worker, as the scheduler writes it: 4G, 8Gi (default: the site's; 2Gi of a pod)")
	set.IntVar(&f.maxRunning, "max-running", 0, "slurm, kubernetes: workers at a time (default: what the site allows; 1000 pods)")
	set.StringVar(&f.account, "account", "", "slurm: `account`")
	set.StringVar(&f.qos, "qos", "", "slurm: quality of service")
	set.StringArrayVar(&f.sbatch, "sbatch-arg", nil, "slurm: one more `option` of sbatch, as --sbatch-arg=--constraint=avx2; can be repeated")
	set.IntVar(&f.ranks, "ranks", 0, "slurm: one job of so many nodes instead of an array")
	set.IntVar(&f.maxArray, "max-array", 0, "slurm: tasks of an array at most (default 1000)")
	set.StringVar(&f.image, "image", "", "kubernetes: container `image` with this program")
	set.StringArrayVar(&f.entrypoint, "entrypoint", nil, "kubernetes: `word` of the command that starts the program; can be repeated (default: the image's)")
	set.StringArrayVar(&f.volumes, "volume", nil, "kubernetes: claim:NAME=/path, claim:NAME/folder=/path, host:/path or nfs:SERVER:/export=/path, with :ro behind it for inputs alone; can be repeated")
	set.StringVar(&f.namespace, "namespace", "", "kubernetes: `namespace` (default: the context's)")
	set.StringVar(&f.context, "context", "", "kubernetes: `context` of kubectl (default: the current one)")
	set.StringVar(&f.pull, "pull-policy", "", "kubernetes: Always, IfNotPresent or Never")
	set.StringVar(&f.user, "user", "", "kubernetes: `UID[:GID]` that workers run as, or image for the image's (default: yours, unless you are root)")
	set.StringVar(&f.serviceAccount, "service-account", "", "kubernetes: `name` of the service account")
	set.StringArrayVar(&f.labels, "label", nil, "kubernetes: `KEY=VALUE` of the job, as a queue's name; can be repeated")
	set.StringArrayVar(&f.nodes, "node-selector", nil, "kubernetes: `KEY=VALUE` that a node must have; can be repeated")
	set.StringArrayVar(&f.tolerations, "toleration", nil, "kubernetes: `KEY[=VALUE][:EFFECT]`, a taint of nodes that does not matter; can be repeated")
	set.StringArrayVar(&f.annotations, "annotation", nil, "kubernetes: `KEY=VALUE` of the job and its pods; can be repeated")
	set.Var(&f.patch, "patch", "kubernetes: `file` with JSON that is merged into the job, for all that has no flag")
	set.StringArrayVar(&f.directives, "directive", nil, "pbs, lsf, sge: one more `line` of options; can be repeated")
	set.StringVar(&f.definition, "job-definition", "", "aws: `name` of the job definition")
}

// check finds flags of other engines than the one that is asked for.
func (f *engineFlags) check(set *pflag.FlagSet) error {
	if !slices.Contains(engineNames, f.name) {
		return usagef("--engine %q (want %s)", f.name, strings.Join(engineNames, ", "))
	}
	var err error
	set.Visit(func(flag *pflag.Flag) {
		if engines, some := flagEngines[flag.Name]; some && !slices.Contains(engines, f.name) && err == nil {
			err = usagef("--%s is for %s, and the engine is %s", flag.Name, strings.Join(engines, ", "), f.name)
		}
	})
	return err
}

// launcher is an engine, or a writer of scripts, or both.
type launcher struct {
	name   string
	engine distributed.Engine                      // nil for schedulers that only get a script
	script func(distributed.Round) (string, error) // nil where there is nothing to submit
	shares func(tasks int64) int                   // of a round
	hint   string                                  // what to do with the script
}

// launcher makes the engine. Its errors are mistakes in the command line.
func (f *engineFlags) launcher(g *globalFlags) (launcher, error) {
	l := launcher{name: f.name}
	var err error
	switch f.name {
	case "pool":
		l.engine = distributed.Pool{Workers: int(g.workers), Memory: g.memory.value}
	case "proc":
		if f.processes < 0 {
			return l, usagef("--processes %d is negative", f.processes)
		}
		l.engine = proc.Engine{Processes: f.processes}
	case "slurm":
		err = f.slurm(&l)
	case "kubernetes":
		err = f.kubernetes(&l)
	default:
		err = f.batch(&l)
	}
	if l.engine != nil {
		l.shares = l.engine.Shares
	}
	return l, err
}

func (f *engineFlags) slurm(l *launcher) error {
	cpus := 0
	if f.cpus != "" {
		var err error
		if cpus, err = strconv.Atoi(f.cpus); err != nil || cpus < 1 {
			return usagef("--cpus %q: want a number of cores", f.cpus)
		}
	}
	e := slurm.Engine{Partition: f.partition, Account: f.account, QOS: f.qos, Time: f.time, CPUs: cpus, Memory: f.mem,
		Args: f.sbatch, MaxArray: f.maxArray, MaxRunning: f.maxRunning, Ranks: f.ranks}
	if err := e.Validate(); err != nil {
		return asUsage(err)
	}
	l.engine, l.hint = e, "sbatch FILE"
	l.script = e.Script
	return nil
}

func (f *engineFlags) kubernetes(l *launcher) error {
	e := kubernetes.Engine{Image: f.image, Command: f.entrypoint, Namespace: f.namespace, Context: f.context, PullPolicy: f.pull,
		Parallelism: f.maxRunning, CPU: f.cpus, Memory: f.mem, User: podUser(f.user), ServiceAccount: f.serviceAccount,
		Tolerations: f.tolerations, Patch: f.patch.text}
	if f.image == "" || len(f.volumes) == 0 {
		return usagef("--engine kubernetes needs an --image, and a --volume for the run directory, the inputs and the outputs")
	}
	if f.maxRunning < 0 || f.maxRunning > kubernetes.MaxParallelism {
		return usagef("--max-running %d (want 1 to %d)", f.maxRunning, kubernetes.MaxParallelism)
	}
	for _, text := range f.volumes {
		v, err := kubernetes.ParseVolume(text)
		if err != nil {
			return asUsage(err)
		}
		e.Volumes = append(e.Volumes, v)
	}
	var err error
	if e.Labels, err = keyValues("label", f.labels); err != nil {
		return err
	}
	if e.NodeSelector, err = keyValues("node-selector", f.nodes); err != nil {
		return err
	}
	if e.Annotations, err = keyValues("annotation", f.annotations); err != nil {
		return err
	}
	if err := e.Validate(); err != nil {
		return asUsage(err)
	}
	l.engine, l.hint = e, "kubectl create -f FILE"
	l.script = func(r distributed.Round) (string, error) {
		b, err := e.Manifest(r)
		return string(b), err
	}
	return nil
}

// podUser is who workers run as: the owner of the run directory, which nobody else may write to.
// Root of this machine is not root of a pod, which has no capabilities.
func podUser(flag string) string {
	switch uid := os.Geteuid(); {
	case flag == "image":
		return ""
	case flag != "" || uid <= 0: // there are no numbers on Windows
		return flag
	default:
		return fmt.Sprintf("%d:%d", uid, os.Getegid())
	}
}

// maxPatch bounds the file of a patch, which engine.json has room for.
const maxPatch = 64 << 10

// patchValue is the flag of a patch: a file, whose content is kept, or the content itself.
type patchValue struct{ text json.RawMessage }

// Set reads the file.
func (v *patchValue) Set(s string) error {
	text := []byte(s)
	if !strings.HasPrefix(strings.TrimSpace(s), "{") {
		f, err := os.Open(s)
		if err != nil {
			return err
		}
		defer f.Close()
		if text, err = io.ReadAll(io.LimitReader(f, maxPatch+1)); err != nil {
			return err
		}
		if len(text) > maxPatch {
			return fmt.Errorf("%s: more than %d bytes", s, maxPatch)
		}
	}
	var err error
	v.text, err = kubernetes.ParsePatch(text)
	return err
}

func (v *patchValue) String() string { return string(v.text) }

// Type is what help calls the value.
func (v *patchValue) Type() string { return "file" }

// keyValues reads KEY=VALUE pairs; nil if there are none.
func keyValues(flag string, pairs []string) (map[string]string, error) {
	var m map[string]string
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, usagef("--%s %q: want KEY=VALUE", flag, pair)
		}
		if m == nil {
			m = map[string]string{}
		}
		m[key] = value
	}
	return m, nil
}

// maxScriptArray is how many tasks an array of a script has at most, where the sites' own limits
// are not known: that of LSF and of Slurm by default, and less than those of PBS and Grid Engine.
// AWS Batch has a fixed one.
const (
	maxScriptArray = 1000
	maxAWSArray    = 10_000
)

// batch is for schedulers that only get a script.
func (f *engineFlags) batch(l *launcher) error {
	limit, err := timeLimit(f.time)
	if err != nil {
		return asUsage(err)
	}
	most := int64(maxScriptArray)
	o := batch.Options{Queue: f.partition, Time: limit, Extra: f.directives}
	switch f.name {
	case "pbs":
		l.script, l.hint = writer(batch.PBS, o), "qsub FILE"
	case "lsf":
		l.script, l.hint = writer(batch.LSF, o), "bsub < FILE"
	case "sge":
		l.script, l.hint = writer(batch.SGE, o), "qsub FILE"
	case "aws":
		if f.partition == "" || f.definition == "" {
			return usagef("--engine aws needs a --partition, which is the job queue, and a --job-definition")
		}
		most, l.hint = maxAWSArray, "aws batch submit-job --cli-input-json file://FILE"
		l.script = func(r distributed.Round) (string, error) {
			b, err := batch.AWSBatch(r, batch.AWSOptions{Queue: f.partition, Definition: f.definition, Time: limit})
			return string(b), err
		}
	}
	l.shares = func(tasks int64) int { return int(min(tasks, most)) }
	return nil
}

// writer is a writer of scripts with its options.
func writer(write func(distributed.Round, batch.Options) (string, error), o batch.Options) func(distributed.Round) (string, error) {
	return func(r distributed.Round) (string, error) { return write(r, o) }
}

// timeLimit reads a time as Slurm's --time: minutes, minutes:seconds, hours:minutes:seconds, and
// behind "days-" hours, hours:minutes or hours:minutes:seconds. "" is 0, no limit.
func timeLimit(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	units := [][]time.Duration{nil, {time.Minute}, {time.Minute, time.Second}, {time.Hour, time.Minute, time.Second}}
	rest, total := s, time.Duration(0)
	if days, behind, ok := strings.Cut(s, "-"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return 0, fmt.Errorf("--time %q: %q is no number of days up to 65535", s, days)
		}
		rest, total = behind, time.Duration(n)*24*time.Hour
		units = [][]time.Duration{nil, {time.Hour}, {time.Hour, time.Minute}, {time.Hour, time.Minute, time.Second}}
	}
	parts := strings.Split(rest, ":")
	if len(parts) >= len(units) {
		return 0, fmt.Errorf("--time %q: want 30 (minutes), 2:00:00 or 1-12", s)
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return 0, fmt.Errorf("--time %q: %q is no number up to 65535; want 30 (minutes), 2:00:00 or 1-12", s, part)
		}
		total += time.Duration(n) * units[len(parts)][i]
	}
	if total == 0 {
		return 0, fmt.Errorf("--time %q is no time", s)
	}
	return total, nil
}

// pollOf is how often a driver looks at the journals: at once in this process, and seldom on a
// filesystem that many machines share, whose journals are as many as workers.
func pollOf(engine string) time.Duration {
	switch engine {
	case "pool", "proc":
		return 50 * time.Millisecond
	}
	return 2 * time.Second
}
