package main

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/ops"
)

// opPattern stands for the name of the operation in the output of several.
const opPattern = "{op}"

// operations are the flags that say what is computed, in the language of package ops: the same in
// every verb that has them.
type operations struct {
	ops, maps []string
	over      string
	apply     []ops.Op // what --apply says
	reducers  []ops.Op // what --op says, over the axes of --over
}

// registerMaps adds --apply.
func (o *operations) registerMaps(set *pflag.FlagSet) {
	set.StringArrayVar(&o.maps, "apply", nil, "`map` that is applied first, as sqrt or astype=f4; can be repeated, in this order; list lists all operations")
}

// registerReducers adds --op and --over.
func (o *operations) registerReducers(set *pflag.FlagSet) {
	set.StringArrayVar(&o.ops, "op", nil, "`reducers`, as sum or mean,std; those with parameters one each: --op histogram=256,0,1000; list lists all operations")
	set.StringVar(&o.over, "over", "", "`axes` that reducers remove: all, signal, navigation, or numbers (default all)")
}

// operationsHelp is what the help of verbs with both says of them.
func operationsHelp() string {
	return "Operations are names, with parameters behind \"=\" or as JSON: multiply=0.5, correct=dark.npy, clip=0,100,\n" +
		`histogram{"bins": 256, "lo": 0, "hi": 1000}. "--op list" says what each does. --over names the axes that` + "\n" +
		"reducers remove: all, signal, navigation, or numbers such as 0,-1. With several reducers, " + opPattern + " in -o stands for\n" +
		"the name of each. Maps compute in the dtype that NumPy would: unsigned integers wrap, and astype=float32 before a\n" +
		"subtraction keeps them from it; correct always computes in floating point.\n\n" +
		"Reducers, for --op:\n" + wrapped(ops.ReducerNames()) +
		"Maps, for --apply:\n" + strings.TrimSuffix(wrapped(ops.MapNames()), "\n")
}

// wrapped lists names in lines of at most 100 characters.
func wrapped(names []string) string {
	var b strings.Builder
	line := " "
	for i, name := range names {
		if i < len(names)-1 {
			name += ","
		}
		if len(line)+1+len(name) > 100 {
			b.WriteString(line + "\n")
			line = " "
		}
		line += " " + name
	}
	return b.String() + line + "\n"
}

// lists says that the operations are asked for.
func (o *operations) lists() bool {
	list := []string{"list"}
	return slices.Equal(o.ops, list) || slices.Equal(o.maps, list)
}

// takes checks the number of positional arguments, of which a list of the operations has none.
func (o *operations) takes(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if o.lists() {
			least, most = 0, 0
		}
		return takes(least, most)(cmd, args)
	}
}

// check reads the flags, before any file is touched.
func (o *operations) check(verb string) error {
	for _, text := range o.maps {
		op, err := ops.Parse(text)
		if err != nil {
			return asUsage(err)
		}
		if !slices.Contains(ops.MapNames(), op.Name) {
			return usagef("%s: --apply %s: it is a reducer, and for --op", verb, op.Name)
		}
		o.apply = append(o.apply, op)
	}
	for _, text := range o.ops {
		for _, one := range splitOps(text) {
			op, err := parseReducer(verb, one)
			if err != nil {
				return err
			}
			o.reducers = append(o.reducers, op)
		}
	}
	return o.setOver(verb)
}

func parseReducer(verb, text string) (ops.Op, error) {
	op, err := ops.Parse(text)
	name, _, _ := strings.Cut(text, "=")
	name, _, _ = strings.Cut(name, "{")
	switch {
	case err != nil && strings.Contains(name, ","):
		return op, usagef("%s: --op %s: operations with parameters need an --op each", verb, text)
	case err != nil:
		return op, asUsage(err)
	case !slices.Contains(ops.ReducerNames(), op.Name):
		return op, usagef("%s: --op %s: it gives an array, and is for --apply", verb, op.Name)
	}
	return op, nil
}

// splitOps splits a list of names. Parameters may have commas in them: where there are some, there
// is one operation.
func splitOps(text string) []string {
	if strings.ContainsAny(text, "={") {
		return []string{text}
	}
	return strings.Split(text, ",")
}

// setOver gives --over to the reducers that remove axes, and do not say themselves which.
func (o *operations) setOver(verb string) error {
	if o.over == "" || len(o.reducers) == 0 {
		return nil
	}
	if _, err := lazy.ParseOver(o.over); err != nil {
		return asUsage(err)
	}
	some := false
	for i, op := range o.reducers {
		over, err := op.WithOver(o.over)
		if err != nil {
			continue // it works on whole frames
		}
		if some = true; overOf(op) == "" {
			o.reducers[i] = over
		}
	}
	if !some {
		return usagef("%s: --over is for reducers that remove axes, and %s does not", verb, o.reducers[0].Name)
	}
	return nil
}

// overOf is the axes that the parameters of a reducer name.
func overOf(op ops.Op) string {
	var p struct {
		Over string `json:"over"`
	}
	if len(op.Params) == 0 || json.Unmarshal(op.Params, &p) != nil {
		return ""
	}
	return p.Over
}

// outputs are the files for the results of --op: one for each, whose name is that of -o.
func (o *operations) outputs(verb, output string) ([]string, error) {
	if len(o.reducers) > 1 && !strings.Contains(output, opPattern) {
		return nil, usagef("%s: the output of several operations needs %s in its name", verb, opPattern)
	}
	var paths []string
	for _, op := range o.reducers {
		path := strings.ReplaceAll(output, opPattern, op.Name)
		if slices.Contains(paths, path) {
			return nil, usagef("%s: %s: two results would be written to it", verb, path)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// applyMaps is what maps make of an array, and has the options of the command line. After an error
// it is the last array that there was.
func (c *cli) applyMaps(a *lazy.Array, maps []ops.Op) (*lazy.Array, error) {
	if err := c.readsOperands(maps); err != nil {
		return a, err
	}
	for _, op := range maps {
		next, err := op.Apply(a)
		if err != nil {
			return a, err
		}
		a = next
	}
	if len(maps) == 0 {
		return a, nil
	}
	options := []lazy.Option{lazy.Workers(int(c.flags.workers)), lazy.Memory(c.flags.memory.value)}
	if c.flags.large {
		options = append(options, lazy.AllowLarge())
	}
	b, err := a.With(options...) // an operand may have come with others
	if err != nil {
		return a, err
	}
	return b, nil
}

// makeReducers are those of --op. Files of masks are read.
func (c *cli) makeReducers(list []ops.Op) ([]lazy.Reducer, error) {
	if err := c.readsOperands(list); err != nil {
		return nil, err
	}
	var reducers []lazy.Reducer
	for _, op := range list {
		r, err := op.Reducer()
		if err != nil {
			return nil, err
		}
		reducers = append(reducers, r)
	}
	return reducers, nil
}

// readsOperands takes note of the files that operations read.
func (c *cli) readsOperands(list []ops.Op) error {
	for _, op := range list {
		files, err := op.Files()
		if err != nil {
			return err
		}
		for _, file := range files {
			if err := c.reads(file); err != nil {
				return err
			}
		}
	}
	return nil
}

// opJSON is one line of a list of operations as JSON.
type opJSON struct {
	Name    string          `json:"name"`
	Kind    string          `json:"kind"`
	Example string          `json:"example"`
	Params  json.RawMessage `json:"params"` // of the example; null for none
	Text    string          `json:"text"`
}

// listOps prints what operations there are.
func (c *cli) listOps() error {
	rows := [][]string{{"operation", "for", "example", "gives"}}
	for _, d := range ops.Describe() {
		flag := "--apply"
		if d.Kind == ops.ReducerKind {
			flag = "--op"
		}
		rows = append(rows, []string{d.Name, flag, d.Example, d.Text})
		if !c.flags.json {
			continue
		}
		v := opJSON{Name: d.Name, Kind: string(d.Kind), Example: d.Example, Text: d.Text}
		if d.Params != "" {
			v.Params = json.RawMessage(d.Params)
		}
		if err := c.printJSON(v); err != nil {
			return err
		}
	}
	if c.flags.json {
		return nil
	}
	return c.table(rows)
}
