package slurm

import (
	"strings"

	"github.com/lazynpy/lazynpy/distributed"
)

// processors makes Go use as many CPUs as Slurm has given, on sites that do not confine tasks to
// them.
const processors = `export GOMAXPROCS="${GOMAXPROCS:-${SLURM_CPUS_PER_TASK:-$SLURM_CPUS_ON_NODE}}"`

// Script is the batch script that Submit submits for the workers of a round, with its options as
// directives, for people who submit it themselves: sbatch FILE. The directory for its output, logs
// in the run directory, must exist.
func (e Engine) Script(r distributed.Round) (string, error) {
	if err := checkRound(r); err != nil {
		return "", err
	}
	return script(e.options(r), e.command(r)), nil
}

// command is what the batch script becomes.
func (e Engine) command(r distributed.Round) []string {
	if e.Ranks > 0 {
		return e.srun(r)
	}
	return r.Command
}

// script is a batch script that becomes a command by exec, so that Slurm's signals reach it.
func script(options, command []string) string {
	var b strings.Builder
	b.WriteString("#!/bin/sh\n")
	for _, o := range options {
		b.WriteString("#SBATCH " + directive(o) + "\n")
	}
	b.WriteString(processors + "\nexec")
	for _, c := range command {
		b.WriteString(" " + shell(c))
	}
	b.WriteString("\n")
	return b.String()
}

// shell quotes a word for sh.
func shell(s string) string {
	if plain(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// directive quotes a word for an #SBATCH line, where quotes and backslashes mean about what they do
// in sh. A line break, which Validate and Submit refuse, must not begin a line of the script.
func directive(s string) string {
	if plain(s) {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ", "\r", " ").Replace(s) + `"`
}

// plain says that no reader of a script sees anything special in a word.
func plain(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-"
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool { return !strings.ContainsRune(letters, c) })
}
