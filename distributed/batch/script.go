package batch

import (
	"fmt"
	"strings"

	"github.com/lazynpy/lazynpy/distributed"
)

// PBS is a script for `qsub` of OpenPBS and PBS Professional, which needs 2 workers for an array
// and gets a plain job for one. TORQUE has other options and is not served. Cores and memory are
// asked for with Extra: "-l select=1:ncpus=8:mem=16gb".
func PBS(r distributed.Round, o Options) (string, error) {
	s := script{prefix: "#PBS"}
	s.directive("-N %s", jobName(r))
	s.directive("-S /bin/bash")
	s.directive("-j oe")
	s.directive("-r y") // an array must be rerunnable
	if r.Shares > 1 {
		s.directive("-J 0-%d", r.Shares-1)
	}
	if o.Queue != "" {
		s.directive("-q %s", o.Queue)
	}
	if o.Time > 0 {
		m := minutes(o.Time)
		s.directive("-l walltime=%02d:%02d:00", m/60, m%60)
	}
	if r.Shares == 1 {
		s.before = "export PBS_ARRAY_INDEX=0"
	}
	return s.text(r, o)
}

// LSF is a script for `bsub < script`. Cores are asked for with Extra, "-n 8" and `-R
// "span[hosts=1]"`, and memory with "-M" in the unit that the site has chosen.
func LSF(r distributed.Round, o Options) (string, error) {
	s := script{prefix: "#BSUB"}
	s.directive(`-J "%s[1-%d]"`, jobName(r), r.Shares)
	s.directive("-r") // started again elsewhere when its host fails
	if o.Queue != "" {
		s.directive("-q %s", o.Queue)
	}
	if o.Time > 0 {
		m := minutes(o.Time)
		s.directive("-W %d:%02d", m/60, m%60)
	}
	return s.text(r, o)
}

// SGE is a script for `qsub` of Grid Engine and its descendants. Cores are asked for with Extra, by
// a parallel environment of the site: "-pe smp 8". Do not ask for h_vmem: it limits the address
// space, and a worker maps files far larger than what it keeps in memory.
func SGE(r distributed.Round, o Options) (string, error) {
	s := script{prefix: "#$"}
	s.directive("-N %s", jobName(r))
	s.directive("-S /bin/bash")
	s.directive("-j y")
	s.directive("-r y")
	s.directive("-t 1-%d", r.Shares)
	if o.Queue != "" {
		s.directive("-q %s", o.Queue)
	}
	if o.Time > 0 {
		m := minutes(o.Time)
		s.directive("-l h_rt=%02d:%02d:00", m/60, m%60)
	}
	return s.text(r, o)
}

// script is a job script that is being written.
type script struct {
	prefix     string // of a directive
	directives []string
	before     string // a command ahead of the worker
}

func (s *script) directive(format string, args ...any) {
	s.directives = append(s.directives, fmt.Sprintf(format, args...))
}

// text is the whole script. Directives come first: PBS reads none after the first command.
func (s *script) text(r distributed.Round, o Options) (string, error) {
	if err := check(r, o); err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("#!/bin/bash\n")
	for _, d := range append(s.directives, o.Extra...) {
		fmt.Fprintf(&b, "%s %s\n", s.prefix, d)
	}
	b.WriteString("\n")
	if s.before != "" {
		b.WriteString(s.before + "\n")
	}
	b.WriteString("exec")
	for _, a := range r.Command {
		b.WriteString(" " + quote(a))
	}
	b.WriteString("\n")
	return b.String(), nil
}

func jobName(r distributed.Round) string { return fmt.Sprintf("%s-%d", r.Name, r.Number) }

// quote writes an argument so that bash reads it as one word, on one line: Grid Engine and LSF look
// for directives in every line of a script, also inside quotes.
func quote(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,+@%"
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	if !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	var b strings.Builder
	b.WriteString("$'")
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\'' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteString("'")
	return b.String()
}
