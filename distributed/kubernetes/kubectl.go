package kubernetes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"time"
	"unicode"
)

// timeout bounds one kubectl command, so that a control plane that does not answer is noticed as
// such.
const timeout = time.Minute

// kubectl is how the program is called.
type kubectl struct {
	program string   // found in PATH
	flags   []string // before the verb
	timeout time.Duration
}

func (e Engine) kubectl() (kubectl, error) {
	name := e.Kubectl
	if name == "" {
		name = "kubectl"
	}
	program, err := exec.LookPath(name)
	if err != nil {
		return kubectl{}, fmt.Errorf("kubernetes: the engine needs kubectl: %w", err)
	}
	k := kubectl{program: program, timeout: timeout}
	if e.Context != "" {
		k.flags = append(k.flags, "--context="+e.Context)
	}
	if e.Namespace != "" {
		k.flags = append(k.flags, "--namespace="+e.Namespace)
	}
	return k, nil
}

// run runs one command and gives its standard output. The error has what the command said, in one
// line.
func (k kubectl) run(parent context.Context, stdin []byte, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(parent, k.timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, k.program, append(k.flags[:len(k.flags):len(k.flags)], args...)...)
	cmd.WaitDelay = time.Second // a credential helper that kubectl left behind may hold the pipes
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if stdin != nil {
		cmd.Stdin = bytes.NewReader(stdin)
	}
	err := cmd.Run()
	switch {
	case err == nil:
		return out.Bytes(), nil
	case parent.Err() != nil:
		return nil, parent.Err()
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, fmt.Errorf("kubernetes: kubectl %s: no answer in %v: %w", args[0], k.timeout, err)
	}
	if said := oneLine(complaint.String()); said != "" {
		return nil, fmt.Errorf("kubernetes: kubectl %s: %s: %w", args[0], said, err)
	}
	return nil, fmt.Errorf("kubernetes: kubectl %s: %w", args[0], err)
}

// logLine is how a line begins that kubectl's client library has logged, as "E1129
// 11:36:01.000000".
var logLine = regexp.MustCompile(`^[IWEF][0-9]{4} [0-9:.]+ `)

// oneLine joins what kubectl said, without what its library logged and what a terminal would obey,
// and bounds it.
func oneLine(s string) string {
	const most = 1000
	var lines []string
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		if line != "" && !logLine.MatchString(line) {
			lines = append(lines, line)
		}
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, strings.Join(lines, " "))
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}
