package batch

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
)

// Options is what a job script asks the scheduler for. The zero value leaves everything to the
// site's defaults.
type Options struct {
	Queue string // default: the site's
	// wall-clock limit of one worker, rounded up to minutes; default: the site's
	Time time.Duration
	// more directives, each as it would stand on the command line, as "-P project"
	Extra []string
}

// check says whether a script can be written.
func check(r distributed.Round, o Options) error {
	switch {
	case len(r.Command) == 0:
		return errors.New("batch: the round has no command")
	case r.Shares < 1:
		return fmt.Errorf("batch: %d workers: want 1 or more", r.Shares)
	case r.Name == "" || strings.Trim(r.Name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "":
		return fmt.Errorf("batch: %q is no name of a job: want letters, digits and hyphens", r.Name)
	case o.Time < 0:
		return fmt.Errorf("batch: time limit %v: want more than 0", o.Time)
	}
	for _, a := range r.Command {
		if strings.Contains(a, "\x00") {
			return fmt.Errorf("batch: argument %q cannot be passed to a program, since it has a NUL", a)
		}
	}
	for _, d := range append([]string{o.Queue}, o.Extra...) {
		if strings.ContainsAny(d, "\n\r\x00") {
			return fmt.Errorf("batch: directive %q has more than one line", d)
		}
	}
	return nil
}

// minutes is a time limit in whole minutes, rounded up.
func minutes(d time.Duration) int64 {
	m := int64(d / time.Minute)
	if d%time.Minute != 0 {
		m++
	}
	return m
}
