package main

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/export"
	"github.com/lazynpy/lazynpy/internal/unpack"
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
	return x.report(file, m, x.output)
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

// files writes members below the directory.
func (x *extraction) files(ctx context.Context, file string, members []*zipseek.Member) error {
	files, err := unpack.Below(ctx, x.dir, members, unpack.Options{
		Workers: x.cli.workers(),
		Rules:   x.rules(),
		Write:   x.write,
		Written: func(f unpack.File) error { return x.report(file, f.Member, f.Output) },
	})
	if refused, ok := errors.AsType[*unpack.Refusal](err); ok {
		return inFile(refused.Output, refused.Err)
	}
	if err != nil {
		return err
	}
	return each(x.cli, files, func(f unpack.File) error {
		return inFile(memberName(file, f.Member), inFile(f.Output, f.Err))
	})
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

// report says what was written.
func (x *extraction) report(file string, m *zipseek.Member, output string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.cli.flags.json {
		return x.cli.printJSON(extractJSON{file, m.Name, output, m.Size, crcText(m.CRC32)})
	}
	x.cli.note("%s: %s", printable(output), chunk.FormatBytes(m.Size))
	return nil
}
