package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/distributed/kubernetes"
	"github.com/lazynpy/lazynpy/distributed/proc"
	"github.com/lazynpy/lazynpy/distributed/slurm"
)

// engines are the values of --engine. The first one is the default.
var engines = []distributed.Descriptor{distributed.PoolDescriptor, proc.Descriptor, slurm.Descriptor, kubernetes.Descriptor}

// abilities are the flags that say what is done with an engine, and whether one can do it.
var abilities = []struct {
	flag  string
	among func(distributed.Descriptor) bool
}{
	{"detach", func(d distributed.Descriptor) bool { return d.Detaches }},
	{"print", func(d distributed.Descriptor) bool { return d.Submits != "" }},
	{"persist", func(d distributed.Descriptor) bool { return d.Persists }},
}

// engineNames lists the engines that can do something.
func engineNames(among func(distributed.Descriptor) bool) string {
	var names []string
	for _, d := range engines {
		if among(d) {
			names = append(names, d.Name)
		}
	}
	return strings.Join(names, ", ")
}

func anyEngine(distributed.Descriptor) bool { return true }

// flagsOf are the flags of an engine.
func flagsOf(d distributed.Descriptor) (*flag.FlagSet, func() (distributed.Engine, error)) {
	set := flag.NewFlagSet(d.Name, flag.ContinueOnError)
	return set, d.Flags(set)
}

// enginesOf says which engines a flag is for; nil if it is not about engines.
func enginesOf(name string) func(distributed.Descriptor) bool {
	for _, a := range abilities {
		if a.flag == name {
			return a.among
		}
	}
	has := func(d distributed.Descriptor) bool {
		set, _ := flagsOf(d)
		return set.Lookup(name) != nil
	}
	if slices.ContainsFunc(engines, has) {
		return has
	}
	return nil
}

// engineFlags say where workers run. What is said of the engine itself is kept as it was given,
// since a flag can mean something else for another engine.
type engineFlags struct{ name string }

// register adds --engine, and the flags of all engines. Those are not shown but with the engine
// that they are for: see helpWithEngine.
func (f *engineFlags) register(set *pflag.FlagSet) {
	set.StringVar(&f.name, "engine", engines[0].Name, "where workers run: "+engineNames(anyEngine))
	common := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(globalFlags).register(common)
	for _, d := range engines {
		own, _ := flagsOf(d)
		own.VisitAll(func(o *flag.Flag) {
			if common.Lookup(o.Name) != nil || set.Lookup(o.Name) != nil {
				return // a flag of all verbs, or of an engine before
			}
			kind, _ := flag.UnquoteUsage(o)
			set.VarPF(&given{kind: kind}, o.Name, "", o.Usage).Hidden = true
		})
	}
}

// given is what a flag of an engine was given, each time.
type given struct {
	texts []string
	kind  string
}

// Set implements [pflag.Value].
func (g *given) Set(text string) error {
	g.texts = append(g.texts, text)
	return nil
}

// String implements [pflag.Value].
func (g *given) String() string { return strings.Join(g.texts, ",") }

// Type implements [pflag.Value].
func (g *given) Type() string { return g.kind }

// descriptor is that of the engine that is asked for.
func (f *engineFlags) descriptor() (distributed.Descriptor, error) {
	for _, d := range engines {
		if d.Name == f.name {
			return d, nil
		}
	}
	return distributed.Descriptor{}, usagef("--engine %q (want %s)", f.name, engineNames(anyEngine))
}

// check finds flags of other engines than the one that is asked for.
func (f *engineFlags) check(set *pflag.FlagSet) error {
	d, err := f.descriptor()
	if err != nil {
		return err
	}
	set.Visit(func(flag *pflag.Flag) {
		if among := enginesOf(flag.Name); among != nil && !among(d) && err == nil {
			err = usagef("--%s is for %s, and the engine is %s", flag.Name, engineNames(among), f.name)
		}
	})
	return err
}

// launcher is an engine, and what is known of its kind.
type launcher struct {
	distributed.Descriptor
	engine distributed.Engine
	flags  *flag.FlagSet // as they were given
}

// launcher makes the engine of the flags in a set. Its errors are mistakes in the command line.
func (f *engineFlags) launcher(set *pflag.FlagSet) (launcher, error) {
	l := launcher{}
	var err error
	if l.Descriptor, err = f.descriptor(); err != nil {
		return l, err
	}
	own, newEngine := flagsOf(l.Descriptor)
	l.flags = own
	own.VisitAll(func(o *flag.Flag) {
		p := set.Lookup(o.Name)
		if p == nil || !p.Changed {
			return
		}
		texts := []string{p.Value.String()}
		if g, ok := p.Value.(*given); ok {
			texts = g.texts
		}
		for _, text := range texts {
			if bad := own.Set(o.Name, text); bad != nil && err == nil {
				err = usagef("invalid argument %q for \"--%s\" flag: %w", text, o.Name, bad)
			}
		}
	})
	if err == nil {
		l.engine, err = newEngine()
	}
	return l, asUsage(err)
}

// script is what would be submitted for a round.
func (l launcher) script(r distributed.Round) (string, error) {
	s, ok := l.engine.(distributed.Scripter)
	if !ok {
		return "", fmt.Errorf("engine %s submits nothing", l.Name)
	}
	return s.Script(r)
}

// helpWithEngine makes the help of a verb show the flags of the engine that is asked for, and the
// list of engines if none is.
func helpWithEngine(cmd *cobra.Command, f *engineFlags) {
	usual := cmd.HelpFunc()
	cmd.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		set := cmd.Flags()
		d, err := f.descriptor()
		if err == nil && set.Changed("engine") {
			own, _ := flagsOf(d)
			own.VisitAll(func(o *flag.Flag) {
				if p := set.Lookup(o.Name); p != nil {
					p.Hidden, p.Usage = false, d.Name+": "+o.Usage
				}
			})
		}
		for _, a := range abilities {
			if p := set.Lookup(a.flag); err == nil && set.Changed("engine") && p != nil {
				p.Hidden = !a.among(d)
			}
		}
		cmd.Long += "\n\nEngines, each of which has flags of its own: " + cmd.Name() + " --engine NAME --help\n"
		for _, d := range engines {
			cmd.Long += fmt.Sprintf("  %-12s%s\n", d.Name, d.Text)
		}
		cmd.Long = strings.TrimSuffix(cmd.Long, "\n")
		usual(cmd, args)
	})
}
