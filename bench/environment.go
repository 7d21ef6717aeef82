package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/lazynpy/lazynpy/bench/internal/peer"
)

// Environment is what a reader must know of a run to judge its numbers.
type Environment struct {
	Suite     string            `json:"suite"`
	Rounds    int               `json:"rounds"`
	Scale     float64           `json:"scale"`
	Go        string            `json:"go"`
	Platform  string            `json:"platform"`
	Processor string            `json:"processor"`
	Cores     int               `json:"cores"`
	Memory    int64             `json:"memory_bytes"`
	Kernel    string            `json:"kernel"`
	HugePages string            `json:"transparent_hugepages"`
	Directory string            `json:"directory"`
	Python    map[string]string `json:"python_packages"`
}

func (b *Bench) environment(suite string, rounds int, dir string) Environment {
	return Environment{
		Suite:     suite,
		Rounds:    rounds,
		Scale:     b.scale,
		Go:        runtime.Version(),
		Platform:  runtime.GOOS + "/" + runtime.GOARCH,
		Processor: processor(),
		Cores:     b.cores,
		Memory:    peer.StatusBytes(systemText("/proc/meminfo"), "MemTotal"),
		Kernel:    systemText("/proc/sys/kernel/osrelease"),
		HugePages: systemText("/sys/kernel/mm/transparent_hugepage/enabled"),
		Directory: dir,
		Python:    versions(b.python, b.torch),
	}
}

// versions are those of the packages of a few interpreters.
func versions(interpreters ...python) map[string]string {
	all := map[string]string{}
	for _, p := range interpreters {
		maps.Copy(all, p.versions)
	}
	return all
}

// systemText is the text of a file of the system, empty where there is none.
func systemText(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func processor() string {
	for line := range strings.Lines(systemText("/proc/cpuinfo")) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func (e Environment) print(w io.Writer) {
	fmt.Fprintf(w, "suite %s, %d round(s), scale %g\n", e.Suite, e.Rounds, e.Scale)
	fmt.Fprintf(w, "%s %s, %s, %d core(s), %s of memory\n", e.Go, e.Platform, e.Processor, e.Cores, sizeText(e.Memory))
	fmt.Fprintf(w, "kernel %s, transparent huge pages %s, files in %s\n", e.Kernel, e.HugePages, e.Directory)
	for _, pkg := range slices.Concat(pythonPackages, torchPackages) {
		version := e.Python[pkg]
		if version == "" {
			version = "not here"
		}
		fmt.Fprintf(w, "%s %s\n", pkg, version)
	}
	if e.Scale < 1 {
		fmt.Fprintln(w, "The data are smaller than the suite's own: verdicts are indications.")
	}
}
