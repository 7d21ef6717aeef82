package ops

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/lazynpy/lazynpy/lazy"
)

// Kind says what an operation gives.
type Kind string

// The kinds of operations: a map makes an array of an array, a reducer makes results in a pass.
const (
	MapKind     Kind = "map"
	ReducerKind Kind = "reducer"
)

// Description is what is known of an operation.
type Description struct {
	Name    string
	Kind    Kind
	Example string // as [Parse] reads it, "multiply=0.5"
	Params  string // those of the example as JSON, `{"operand":0.5}`; empty for none
	Text    string // one line; empty for operations that a user registered
}

// RegisterMap makes a function from array to array known by a name, under which plans have it. It
// has to be called in every program that makes, runs or works on such a plan, best from an init
// function, and panics on a name that is empty or registered already, or that has other characters
// than letters, digits and "_-./".
//
// P is the type of the parameters, usually a struct with json tags; what JSON cannot write is no
// parameter. They are read strictly: unknown names are an error, and so is a missing field with the
// tag `lazynpy:"required"`. Files are named by [Path] or [Operand], so that [Op.Files] finds them.
//
// f must be deterministic, byte for byte, and must not depend on the machine, the time, or on how
// the array is cut. Where processors are mixed, functions of elements must not use math.Exp or what
// is made of it, as math.Tanh and math.Pow: on amd64 its last bits depend on the processor, and
// those of [lazy.Exp] do not. It builds an expression, reads nothing of the array, and must not
// close it. What it opens belongs to the result (see [lazy.Array.Close]), and is f's to close when
// it fails. f may be called from several goroutines.
func RegisterMap[P any](name string, f func(a *lazy.Array, p P) (*lazy.Array, error)) {
	if f == nil {
		panic("ops: RegisterMap of " + name + ": the function is nil")
	}
	registered.add("RegisterMap", mapEntry(name, f))
}

// RegisterReducer makes a reducer known by a name; see [RegisterMap] for names and parameters. A
// string field with the json name "over" is what [Op.WithOver] sets. The reducer must be
// deterministic, byte for byte, as [lazy.NewReducer] says.
func RegisterReducer[P any](name string, f func(p P) (lazy.Reducer, error)) {
	if f == nil {
		panic("ops: RegisterReducer of " + name + ": the function is nil")
	}
	registered.add("RegisterReducer", reducerEntry(name, f))
}

// MapNames lists the maps, sorted.
func MapNames() []string { return registered.names(MapKind) }

// ReducerNames lists the reducers, sorted.
func ReducerNames() []string { return registered.names(ReducerKind) }

// Describe lists all operations, maps first, sorted by name.
func Describe() []Description {
	var list []Description
	for _, name := range slices.Concat(MapNames(), ReducerNames()) {
		e, err := lookup(name)
		if err != nil {
			continue // not reached: names are never taken back
		}
		list = append(list, e.describe())
	}
	return list
}

// entry is an operation that is known.
type entry struct {
	Description
	newParams func() any // a pointer to zero parameters
	params    []param    // the fields of the parameters, if they are a struct
	isStruct  bool
	apply     func(a *lazy.Array, p any) (*lazy.Array, error) // of maps
	reducer   func(p any) (lazy.Reducer, error)               // of reducers
	// what stands behind "=" as what New takes; may be nil
	short func(s string) (any, error)
}

// param is a field of a struct of parameters.
type param struct {
	name     string
	required bool
}

func mapEntry[P any](name string, f func(a *lazy.Array, p P) (*lazy.Array, error)) *entry {
	e := newEntry[P](name, MapKind)
	e.apply = func(a *lazy.Array, p any) (*lazy.Array, error) { return f(a, *p.(*P)) }
	return e
}

func reducerEntry[P any](name string, f func(p P) (lazy.Reducer, error)) *entry {
	e := newEntry[P](name, ReducerKind)
	e.reducer = func(p any) (lazy.Reducer, error) { return f(*p.(*P)) }
	return e
}

func newEntry[P any](name string, kind Kind) *entry {
	e := &entry{Description: Description{Name: name, Kind: kind}, newParams: func() any { return new(P) }}
	e.params, e.isStruct = paramsOf(reflect.TypeFor[P]())
	return e
}

// is completes the entry of a function of this package.
func (e *entry) is(example, text string, short func(s string) (any, error)) *entry {
	e.Example, e.Text, e.short = example, text, short
	return e
}

func (e *entry) hasParam(name string) bool {
	return slices.ContainsFunc(e.params, func(p param) bool { return p.name == name })
}

// paramNames lists the parameters for an error.
func (e *entry) paramNames() string {
	if len(e.params) == 0 {
		return "it has none"
	}
	names := make([]string, len(e.params))
	for i, p := range e.params {
		names[i] = p.name
	}
	return "it has " + strings.Join(names, ", ")
}

func (e *entry) describe() Description {
	d := e.Description
	if d.Example != "" {
		if op, err := Parse(d.Example); err == nil {
			d.Params = string(op.Params)
		}
		return d
	}
	d.Example = d.Name
	if op, err := New(d.Name, e.newParams()); err == nil {
		d.Example, d.Params = op.String(), string(op.Params)
	}
	return d
}

// paramsOf lists the names that encoding/json has for the fields of a struct.
func paramsOf(t reflect.Type) (list []param, isStruct bool) {
	if t.Kind() != reflect.Struct || reflect.PointerTo(t).Implements(unmarshaler) {
		return nil, false
	}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case !f.IsExported() || f.Tag.Get("json") == "-", f.Anonymous && name == "":
			continue
		case name == "":
			name = f.Name
		}
		list = append(list, param{name, f.Tag.Get("lazynpy") == "required"})
	}
	return list, true
}

// registry is the operations by name. Maps and reducers have one space of names, so that [Parse]
// knows what a name means.
type registry struct {
	mu      sync.RWMutex
	entries map[string]*entry
}

// registered has the operations of this package from the beginning: before any init function can
// ask for one.
var registered = newRegistry()

func newRegistry() *registry {
	r := &registry{entries: make(map[string]*entry)}
	for _, e := range slices.Concat(unaryMaps(), binaryMaps(), otherMaps(), foldReducers(), frameReducers()) {
		r.add("newRegistry", e)
	}
	return r
}

// add panics as [RegisterMap] says.
func (r *registry) add(caller string, e *entry) {
	if err := checkName(e.Name); err != nil {
		panic("ops: " + caller + ": " + err.Error())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.entries[e.Name] != nil {
		panic("ops: " + caller + " called twice for operation " + e.Name)
	}
	r.entries[e.Name] = e
}

func (r *registry) names(kind Kind) []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var names []string
	for name, e := range r.entries {
		if e.Kind == kind {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// checkName keeps names apart from what follows them in the form that [Parse] reads.
func checkName(name string) error {
	if name == "" {
		return errors.New("an operation without a name")
	}
	for _, c := range name {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.ContainsRune("_-./", c):
		default:
			return fmt.Errorf("%q in the name of operation %q is not a letter, a digit or one of _-./", c, name)
		}
	}
	return nil
}

// lookup finds an operation. The error for an unknown one says which are close.
func lookup(name string) (*entry, error) {
	registered.mu.RLock()
	defer registered.mu.RUnlock()
	if e := registered.entries[name]; e != nil {
		return e, nil
	}
	known := slices.Sorted(maps.Keys(registered.entries))
	near := filter(known, func(k string) bool { return len(name) > 2 && strings.Contains(k, name) })
	if len(near) == 0 {
		near = filter(known, func(k string) bool { return distance(name, k) <= len(name)/3 })
	}
	if len(near) > 0 {
		return nil, fmt.Errorf("no operation %q; close to it: %s", name, strings.Join(near, ", "))
	}
	return nil, fmt.Errorf("no operation %q; there are: %s", name, strings.Join(known, ", "))
}

func filter(names []string, keep func(name string) bool) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !keep(name) })
}

// distance is Levenshtein's between two names, or more than 64 for long ones.
func distance(a, b string) int {
	if max(len(a), len(b)) > 64 {
		return 65
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0] // row[j-1] of the row above
		row[0] = i + 1
		for j := range len(b) {
			substituted := before
			if a[i] != b[j] {
				substituted++
			}
			before = row[j+1]
			row[j+1] = min(substituted, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
