package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/export"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/zipseek"
)

func newExtractCommand(c *cli) *cobra.Command {
	x := extraction{cli: c}
	cmd := &cobra.Command{
		Use:   "extract FILE.npz [KEY...] [-C DIR]",
		Short: "Write members to files of their own",
		Long: "Extract writes members, all or those of the keys, to files below DIR: arrays are .npy files. What macOS\n" +
			"adds to archives (__MACOSX and ._NAME) is written if it is named. Their\n" +
			"checksums are verified, and each file appears whole or not at all. Files that exist are refused unless\n" +
			"--force is given, and so are names that lead out of DIR; nothing is written then. With -o one member\n" +
			"goes to a file of that name, or to standard output for -.",
		Example: "  lazynpy extract train.npz -C arrays\n" +
			"  lazynpy extract train.npz x y\n" +
			"  lazynpy extract train.npz x -o - | sha256sum",
		Args: takes(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return x.run(cmd.Context(), args[0], args[1:]) },
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return nil, cobra.ShellCompDirectiveDefault
			}
			return keysOf(args[0], args[1:]), cobra.ShellCompDirectiveNoFileComp
		},
	}
	x.register(cmd.Flags())
	return cmd
}

// extraction is an extract command line.
type extraction struct {
	cli    *cli
	dir    string
	output string
	force  bool

	mu   sync.Mutex
	bar  *bar
	done int64
	all  int64
}

func (x *extraction) register(set *pflag.FlagSet) {
	set.StringVarP(&x.dir, "directory", "C", ".", "write below this `directory`, which is made if it does not exist")
	set.StringVarP(&x.output, "output", "o", "", "write one member to this `file`; - is standard output")
	set.BoolVar(&x.force, "force", false, "replace files that exist")
}

// extractJSON is what extract prints with --json, a line for each file.
type extractJSON struct {
	Path   string `json:"path"`
	Member string `json:"member"`
	Output string `json:"output"`
	Size   int64  `json:"size"`
	CRC32  string `json:"crc32"`
}

func (x *extraction) run(ctx context.Context, arg string, keys []string) error {
	file, key, named := lazy.SplitPath(arg)
	if named {
		keys = append([]string{key}, keys...)
	}
	if x.output != "" && len(keys) != 1 {
		return usagef("extract: -o is for one member")
	}
	z, err := x.cli.openArchive(file)
	if err != nil {
		return err
	}
	defer z.Close()
	members, err := chosen(z, keys)
	if err != nil {
		return err
	}
	x.bar = x.cli.newBar("extract")
	defer x.bar.finish()
	for _, m := range members {
		x.all += m.Size
	}
	if x.output != "" {
		return x.single(ctx, file, members[0])
	}
	return x.files(ctx, file, members)
}

// chosen lists the members of the keys, or all that are read.
func chosen(z *lazy.Archive, keys []string) ([]*zipseek.Member, error) {
	var members []*zipseek.Member
	for _, key := range keys {
		m, err := z.Member(key)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(members, m) {
			members = append(members, m)
		}
	}
	if len(keys) > 0 {
		return members, nil
	}
	for _, m := range z.Zip().All() {
		if !shadowed(m) && !m.IsAppleDouble() {
			members = append(members, m)
		}
	}
	return members, nil
}

// single writes one member where -o says.
func (x *extraction) single(ctx context.Context, file string, m *zipseek.Member) error {
	write := func(w io.Writer) error { return x.write(ctx, w, m) }
	if strings.HasSuffix(m.Name, ".npy") {
		if err := named(x.output, export.NPY, ""); err != nil {
			return err
		}
	}
	var err error
	if regular(x.output) {
		err = inFile(x.output, atomicfile.Write(x.output, func(f *os.File) error { return write(f) }, x.rules()...))
	} else {
		err = x.cli.output(x.output, export.Raw, write)
	}
	if err != nil || x.output == "-" {
		return inFile(memberName(file, m), err)
	}
	return x.tell(file, m, x.output)
}

var errExists = errors.New("exists already (--force replaces it)")

// rules say what may be replaced: with --force anything but the archive.
func (x *extraction) rules() []atomicfile.Option {
	rules := []atomicfile.Option{atomicfile.Inputs(x.cli.inputs...)}
	if !x.force {
		rules = append(rules, atomicfile.Replacing(func(*os.File) error { return errExists }))
	}
	return rules
}

// A goal is a member and the file that it becomes.
type goal struct {
	member *zipseek.Member
	name   string // below the directory, with slashes
	output string
}

// files writes members below the directory.
func (x *extraction) files(ctx context.Context, file string, members []*zipseek.Member) error {
	goals := make([]goal, len(members))
	for i, m := range members {
		name, err := zipseek.LocalPath(m.Name)
		if err != nil {
			return fmt.Errorf("%s:%s: is not extracted: %w", file, m.Name, err)
		}
		goals[i] = goal{m, name, filepath.Join(x.dir, filepath.FromSlash(name))}
	}
	if err := atomicfile.MkdirAll(x.dir, 0o777); err != nil {
		return err
	}
	root, err := os.OpenRoot(x.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, g := range goals {
		if err := x.vacant(root, g); err != nil {
			return inFile(g.output, err)
		}
	}
	// Members whose names some file systems do not tell apart are written one after the other.
	groups := grouping(goals)
	errs := make([][]error, len(groups))
	err = x.cli.parallel(ctx, len(groups), func(ctx context.Context, i int) error {
		write := x.one(ctx, root, file)
		for _, g := range groups[i] {
			errs[i] = append(errs[i], write(g))
		}
		return ctx.Err()
	})
	if err != nil {
		return inFile(file, err)
	}
	return each(x.cli, slices.Concat(errs...), func(err error) error { return err })
}

// grouping puts goals together whose names differ in nothing but case.
func grouping(goals []goal) [][]goal {
	var groups [][]goal
	at := map[string]int{}
	for _, g := range goals {
		key := strings.ToLower(g.name)
		i, ok := at[key]
		if !ok {
			i = len(groups)
			at[key] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], g)
	}
	return groups
}

// one writes the members of a group. A file that one of them became is not replaced by another.
func (x *extraction) one(ctx context.Context, root *os.Root, file string) func(goal) error {
	var written []fs.FileInfo
	return func(g goal) error {
		err := x.vacant(root, g)
		if err == nil {
			if info, missing := root.Stat(g.name); missing == nil && slices.ContainsFunc(written, func(w fs.FileInfo) bool { return os.SameFile(w, info) }) {
				err = errors.New("is what another member of the archive became")
			}
		}
		if err == nil {
			err = atomicfile.MkdirAllIn(root, path.Dir(g.name), 0o777)
		}
		if err != nil {
			return inFile(memberName(file, g.member), inFile(g.output, err))
		}
		if g.member.IsDir() {
			return inFile(memberName(file, g.member), atomicfile.MkdirAllIn(root, g.name, 0o777))
		}
		if err := x.below(ctx, root, g); err != nil {
			return inFile(memberName(file, g.member), inFile(g.output, err))
		}
		if info, err := root.Stat(g.name); err == nil {
			written = append(written, info)
		}
		return x.tell(file, g.member, g.output)
	}
}

// below writes a member to its file, out of whose folder no link leads.
func (x *extraction) below(ctx context.Context, root *os.Root, g goal) error {
	f, err := atomicfile.CreateIn(root, g.name, g.output, x.rules()...)
	if err != nil {
		return err
	}
	defer f.Abort()
	if err := x.write(ctx, f, g.member); err != nil {
		return f.Named(err)
	}
	return f.Commit()
}

// vacant makes sure that nothing is in the way of a file, and that no link leads out of the
// directory.
func (x *extraction) vacant(root *os.Root, g goal) error {
	info, err := root.Stat(g.name)
	switch missing := errors.Is(err, fs.ErrNotExist); {
	case missing:
		if _, err := root.Lstat(g.name); err == nil {
			return errors.New("is a link that leads nowhere")
		}
		if _, err := root.Stat(path.Dir(g.name)); g.member.IsDir() || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	case err != nil:
		return err
	case g.member.IsDir() && info.IsDir():
		return nil
	case !info.Mode().IsRegular():
		return errors.New("is there, and no regular file")
	}
	f, err := atomicfile.CreateIn(root, g.name, g.output, x.rules()...)
	if err == nil {
		f.Abort()
	}
	if errors.Is(err, atomicfile.ErrInput) {
		return errors.New("is the archive that is read")
	}
	return err
}

// write writes the content of a member, and checks it.
func (x *extraction) write(ctx context.Context, w io.Writer, m *zipseek.Member) error {
	for b, err := range m.Content(ctx) {
		if err != nil {
			return err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		x.mu.Lock()
		x.done += int64(len(b))
		x.bar.set(x.done, x.all)
		x.mu.Unlock()
	}
	return nil
}

// tell says what was written.
func (x *extraction) tell(file string, m *zipseek.Member, output string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.cli.flags.json {
		return x.cli.printJSON(extractJSON{file, m.Name, output, m.Size, crcText(m.CRC32)})
	}
	x.cli.note("%s: %s", printable(output), chunk.FormatBytes(m.Size))
	return nil
}
