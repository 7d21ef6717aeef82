package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// buildOther compiles our contenders of another checkout of the repository.
func (b *Bench) buildOther(ctx context.Context, checkout string) error {
	b.other = b.bin + "-other"
	if err := os.Mkdir(b.other, 0o700); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", b.other, "./peers/...")
	cmd.Dir = filepath.Join(checkout, "bench")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the contenders of %s: %w\n%s", checkout, err, text)
	}
	return nil
}

// others leaves us of each case alone with what the other checkout makes of it.
func (b *Bench) others(cases []Case) []Case {
	if b.other == "" {
		return cases
	}
	var out []Case
	for _, c := range cases {
		i := slices.IndexFunc(c.Contenders, func(p Contender) bool { return p.Name == ours && filepath.Dir(p.Command[0]) == b.bin })
		if i < 0 {
			continue
		}
		other := c.Contenders[i]
		other.Name = "the other checkout"
		other.Command = slices.Clone(other.Command)
		other.Command[0] = filepath.Join(b.other, filepath.Base(other.Command[0]))
		c.Contenders, c.Targets = []Contender{c.Contenders[i], other}, nil
		out = append(out, c)
	}
	return out
}
