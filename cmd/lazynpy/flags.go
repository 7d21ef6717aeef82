package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/zipseek"
)

// globalFlags are the flags that every verb accepts.
type globalFlags struct {
	ends    zipseek.Option // decoding, when the command does
	nav     []int
	chunks  parsed[chunk.Spec]
	workers uint16
	memory  parsed[int64]
	backend parsed[bytesrc.Backend]
	sums    parsed[zipseek.Check]
	fields  []string
	json    bool
	lenient bool
	large   bool
	partial bool
}

func (f *globalFlags) register(set *pflag.FlagSet) {
	f.chunks = parsed[chunk.Spec]{parse: chunk.Parse, kind: "spec"}
	f.memory = parsed[int64]{parse: chunk.ParseBytes, kind: "size"}
	f.backend = parsed[bytesrc.Backend]{parse: bytesrc.ParseBackend, kind: "name"}
	f.sums = parsed[zipseek.Check]{parse: zipseek.ParseCheck, kind: "when"}
	set.IntSliceVar(&f.nav, "nav", nil, "navigation `axes`, as 0,1; the others are signal axes")
	set.Var(&f.chunks, "chunks", `how to cut the array: auto, 64MiB, -1, 100, "(4, -1, auto)", "{0: 16}"`)
	set.Uint16Var(&f.workers, "workers", 0, "goroutines of a pass, up to 4096 (default one per processor)")
	set.Var(&f.memory, "memory", "budget of a pass, as 256MiB (default 64MiB, or 32MiB per worker if that is more, and at most half of what is free)")
	set.Var(&f.backend, "backend", "way of reading: auto, mmap, pread, direct or copy (default auto)")
	set.Var(&f.sums, "checksums", "compare checksums of members of archives: once, never or always (default once)")
	set.StringArrayVar(&f.fields, "field", nil, "`name` of the field of a structured array; again for a field inside it")
	set.BoolVar(&f.json, "json", false, "print JSON, one object per line")
	set.BoolVar(&f.large, "allow-large", false, "insist on results that do not fit into the memory that is free")
	set.BoolVar(&f.lenient, "lenient", false, "accept broken headers that are known to exist")
	set.BoolVar(&f.partial, "partial", false, "read the whole rows of arrays, and the whole members and the whole rows of the next of archives, that were cut off (recover writes them to a file)")
}

// partialVerbs read what is there of an array that was cut off.
var partialVerbs = []string{"info", "ls", "head", "get", "stats", "hist", "plan", "reduce", "checksum", "png", "convert", "extract"}

// check refuses a flag that the verb would not heed, and a path that is empty, as that of an unset
// variable of a shell is: repack -o "$out" would replace its input.
func (f *globalFlags) check(cmd *cobra.Command) (err error) {
	verb := cmd.Name()
	if f.partial && !slices.Contains(partialVerbs, verb) {
		return usagef("%s: --partial is for %s", verb, strings.Join(partialVerbs, ", "))
	}
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		kind, _ := pflag.UnquoteUsage(flag)
		if (kind == "file" || kind == "directory") && flag.Value.String() == "" {
			err = cmp.Or(err, usagef("%s: --%s names no %s", verb, flag.Name, kind))
		}
	})
	return err
}

// options are what the flags ask of [lazy.Open]. The chunk spec is not among
// them: it is for the array after slicing.
func (f *globalFlags) options() []lazy.Option {
	opts := []lazy.Option{
		lazy.Workers(int(f.workers)),
		lazy.Memory(f.memory.value),
		lazy.Backend(f.backend.text),
		lazy.Zip(zipseek.Checksums(f.sums.value), f.ends),
	}
	if f.nav != nil {
		opts = append(opts, lazy.NavigationAxes(f.nav...))
	}
	if f.large {
		opts = append(opts, lazy.AllowLarge())
	}
	if f.lenient {
		opts = append(opts, lazy.Lenient())
	}
	if f.partial {
		opts = append(opts, lazy.Partial())
	}
	return opts
}

// parsed is a flag whose text a library function reads, so that a mistake in it
// is one in the command line.
type parsed[T any] struct {
	text  string
	value T
	set   bool
	parse func(string) (T, error)
	kind  string
}

// Set implements [pflag.Value].
func (p *parsed[T]) Set(s string) (err error) {
	if p.value, err = p.parse(s); err != nil {
		return err
	}
	p.text, p.set = s, true
	return nil
}

// String implements [pflag.Value].
func (p *parsed[T]) String() string { return p.text }

// Type implements [pflag.Value].
func (p *parsed[T]) Type() string { return p.kind }
