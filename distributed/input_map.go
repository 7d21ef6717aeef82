package distributed

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lazynpy/lazynpy/ops"
)

// InputMap says where workers find copies of inputs, on disks of their own machines for example:
// for a file or folder, the one that stands for it and for what is in it. The longest that fits a
// path decides. $NAME and ${NAME} are variables in the environment of the worker, as in
// "$TMPDIR/scan.npy".
//
// A copy has the size and the checksums that the plan has of its original, or the worker refuses
// it; its times and its inode are its own.
type InputMap map[string]string

// ParseInputMap reads pairs as they are given on a command line, "FROM=TO" each, where FROM may
// have "=" in it: TO begins at the first one that an absolute path or a variable follows. What is
// mapped is made absolute.
func ParseInputMap(pairs []string) (InputMap, error) {
	if len(pairs) == 0 {
		return nil, nil
	}
	m := InputMap{}
	for _, pair := range pairs {
		from, to, ok := cutPair(pair)
		if !ok || from == "" || to == "" {
			return nil, fmt.Errorf("input map %q (want FROM=TO)", pair)
		}
		from, err := absolute(from)
		if err != nil {
			return nil, err
		}
		if other, twice := m[from]; twice && other != to {
			return nil, fmt.Errorf("input map: %s stands for %s and for %s", from, other, to)
		}
		m[from] = to
	}
	return m, nil
}

// cutPair cuts "FROM=TO". If no "=" is followed by what a worker takes, the first one it is.
func cutPair(pair string) (from, to string, ok bool) {
	for i := range len(pair) {
		if to := pair[i+1:]; pair[i] == '=' && (filepath.IsAbs(to) || strings.HasPrefix(to, "$")) {
			return pair[:i], to, true
		}
	}
	return strings.Cut(pair, "=")
}

// pairs are what ParseInputMap reads.
func (m InputMap) pairs() []string {
	var pairs []string
	for _, from := range slices.Sorted(maps.Keys(m)) {
		pairs = append(pairs, from+"="+m[from])
	}
	return pairs
}

// place is where the file at path is, which may have ":KEY" of a member behind it.
func (m InputMap) place(path string) (string, error) {
	longest := ""
	for from := range m {
		rest, fits := strings.CutPrefix(path, from)
		fits = fits && (rest == "" || rest[0] == ':' || os.IsPathSeparator(rest[0]) || os.IsPathSeparator(from[len(from)-1]))
		if fits && len(from) > len(longest) {
			longest = from
		}
	}
	if longest == "" {
		return path, nil
	}
	var missing error
	to := os.Expand(m[longest], func(name string) string {
		value, ok := os.LookupEnv(name)
		if !ok && missing == nil {
			missing = fmt.Errorf("input map: %s for %s: $%s is not set", m[longest], longest, name)
		}
		return value
	})
	if missing == nil && !filepath.IsAbs(to) {
		missing = fmt.Errorf("input map: %s for %s is no absolute path", to, longest)
	}
	return to + path[len(longest):], missing
}

// at is the same plan with copies in the places of its inputs.
func (p *Plan) at(m InputMap) (*Plan, error) {
	if len(m) == 0 {
		return p, nil
	}
	q := *p
	q.original = p
	used := false
	place := func(path string) (string, error) {
		now, err := m.place(path)
		used = used || now != path
		return now, err
	}
	var err error
	if q.Source.Path, err = place(p.Source.Path); err != nil {
		return nil, err
	}
	q.Inputs = slices.Clone(p.Inputs)
	for i, in := range p.Inputs {
		if q.Inputs[i].Path, err = place(in.Path); err != nil {
			return nil, err
		}
		if q.Inputs[i].Path != in.Path {
			q.Inputs[i].copyOf = in.Path
		}
	}
	move := func(op *ops.Op) (err error) {
		*op, err = op.MapFiles(place)
		return err
	}
	q.Map, q.Reduce = slices.Clone(p.Map), slices.Clone(p.Reduce)
	for i := range q.Map {
		if err := move(&q.Map[i]); err != nil {
			return nil, err
		}
	}
	for i := range q.Reduce {
		if err := move(&q.Reduce[i].Op); err != nil {
			return nil, err
		}
	}
	if !used {
		return nil, fmt.Errorf("input map: no input is in %s", strings.Join(slices.Sorted(maps.Keys(m)), " or "))
	}
	return &q, nil
}
