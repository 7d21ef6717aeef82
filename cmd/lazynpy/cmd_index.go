package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/zipseek"
)

func newIndexCommand(c *cli) *cobra.Command {
	o := indexOptions{span: parsed[int64]{parse: chunk.ParseBytes, kind: "size"}}
	cmd := &cobra.Command{
		Use:   "index FILE.npz...",
		Short: "Write an index that makes deflated members seekable",
		Long: "Index inflates the deflated members of an archive once, checks their checksums, and writes the places\n" +
			"where decoding can begin to FILE.npz" + zipseek.IndexSuffix + " beside it, which is used from then on. The archive is not\n" +
			"touched. Members that are stored, have an index in the archive, or are small need none.",
		Args: takes(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.span.set && (o.span.value < 64<<10 || o.span.value > 1<<30) {
				return usagef("index: --span %s is out of range (64KiB to 1GiB)", o.span.text)
			}
			return c.eachFile(args, func(path string) error { return c.index(cmd.Context(), path, o.span.value) })
		},
	}
	o.register(cmd.Flags())
	return cmd
}

// indexOptions is an index command line.
type indexOptions struct{ span parsed[int64] }

func (o *indexOptions) register(set *pflag.FlagSet) {
	set.Var(&o.span, "span", "distance of the places, as 256KiB (default 1MiB): smaller is faster to read and a larger index")
}

// indexJSON is what index prints with --json.
type indexJSON struct {
	Path           string  `json:"path"`
	Index          *string `json:"index"` // the file that was written, or null
	Size           int64   `json:"size"`
	Indexed        int64   `json:"indexed"`
	CompressedSize int64   `json:"compressed_size"` // of the members that were indexed
	// members that need none, by how they are read
	Others map[string]int `json:"others"`
}

func (c *cli) index(ctx context.Context, path string, span int64) error {
	opts := []zipseek.Option{zipseek.Workers(c.workers()), zipseek.WithBackend(c.flags.backend.text), c.flags.ends}
	if span != 0 {
		opts = append(opts, zipseek.Span(span), zipseek.WithoutSidecar())
	}
	z, err := zipseek.Open(path, opts...)
	if err != nil {
		return inFile(path, err)
	}
	defer z.Close()
	file, size, err := z.WriteIndex(ctx)
	if err != nil {
		return inFile(path, err)
	}
	v := indexJSON{Path: path, Size: size, Others: map[string]int{}}
	if size > 0 {
		v.Index = &file
	}
	for _, m := range z.All() {
		seek, err := m.Seekable()
		switch {
		case err != nil:
			v.Others["unreadable"]++
		case seek == zipseek.SeekMemory || seek == zipseek.SeekSidecar:
			v.Indexed++
			v.CompressedSize += m.CompressedSize
		default:
			v.Others[string(seek)]++
		}
	}
	if c.flags.json {
		return c.printJSON(v)
	}
	_, err = fmt.Fprintln(c.stdout, v.text())
	return err
}

// text is one line for people.
func (v indexJSON) text() string {
	if v.Index != nil {
		return fmt.Sprintf("%s  %s, %s of the %s that %s", *v.Index, chunk.FormatBytes(v.Size), share(v.Size, v.CompressedSize),
			chunk.FormatBytes(v.CompressedSize), counted(v.Indexed, "deflated member takes", "deflated members take"))
	}
	var why []string
	for _, kind := range []struct {
		seek zipseek.Seek
		text string
	}{
		{zipseek.SeekInPlace, "stored"}, {zipseek.SeekSOZip, "with an index in the archive"}, {zipseek.SeekSmall, "small"},
		{zipseek.SeekNone, "neither stored nor deflated"}, {"unreadable", "unreadable"},
	} {
		if n := v.Others[string(kind.seek)]; n > 0 {
			why = append(why, grouped(int64(n))+" "+kind.text)
		}
	}
	if why == nil {
		why = []string{"there are none"}
	}
	return v.Path + ": no member needs an index: " + strings.Join(why, ", ")
}

// counted is a number and a noun that fits it.
func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}
