package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/fileerr"
)

// engineFile is engine.json in the run directory: how the run was started last, for who resumes or
// cancels it.
type engineFile struct {
	Engine string `json:"engine"`
	// those that were given, by name; one value, or those of each repetition
	Flags map[string][]string `json:"flags"`
}

const engineName = "engine.json"

// maxEngine bounds the size of engine.json.
const maxEngine = 1 << 20

// storable says whether a flag is kept: those of engines that say nothing about one call only, and
// --verify.
func storable(name string) bool {
	return enginesOf(name) != nil && name != "detach" && name != "print" || name == "verify" || name == "input-map"
}

// saveEngine keeps the engine and the flags that were given, those of the engine as it has read
// them.
func saveEngine(dir string, l launcher, set *pflag.FlagSet) error {
	v := engineFile{Engine: l.Name, Flags: map[string][]string{}}
	set.Visit(func(f *pflag.Flag) {
		if !storable(f.Name) {
			return
		}
		v.Flags[f.Name] = []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			v.Flags[f.Name] = list.GetSlice()
		}
	})
	l.flags.Visit(func(f *flag.Flag) {
		if list, ok := f.Value.(*distributed.Strings); ok {
			v.Flags[f.Name] = *list
		} else if _, ok := set.Lookup(f.Name).Value.(*given); ok {
			v.Flags[f.Name] = []string{f.Value.String()}
		}
	})
	return atomicfile.Write(filepath.Join(dir, engineName), func(f *os.File) error { return encodeJSON(f, v) })
}

// loadEngine reads the engine and its flags; the default if nothing was kept.
func loadEngine(dir string) (engineFile, error) {
	path := filepath.Join(dir, engineName)
	v := engineFile{Engine: engines[0].Name}
	b, err := distributed.ReadRunFile(dir, engineName, maxEngine)
	if errors.Is(err, fs.ErrNotExist) {
		return v, nil
	}
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		err = d.Decode(&v)
	}
	return v, inFile(path, err)
}

// recall sets the flags that were kept, unless they are set already. If another engine is asked
// for, only the flags that are for none in particular are taken.
func (v engineFile) recall(dir string, set *pflag.FlagSet) error {
	same := true
	if engine := set.Lookup("engine"); engine.Changed {
		same = engine.Value.String() == v.Engine
	} else if err := set.Set("engine", v.Engine); err != nil {
		return inFile(filepath.Join(dir, engineName), err)
	}
	own := flag.NewFlagSet("", flag.ContinueOnError)
	if d, err := (&engineFlags{name: v.Engine}).descriptor(); err == nil {
		own, _ = flagsOf(d)
	}
	for name, values := range v.Flags {
		f := set.Lookup(name)
		if f == nil || !storable(name) {
			return fileerr.Errorf(filepath.Join(dir, engineName), "flags: there is no flag %q", name)
		}
		if f.Changed || !same && enginesOf(name) != nil {
			continue
		}
		for _, value := range values {
			err := set.Set(name, value)
			if err == nil && own.Lookup(name) != nil { // whose texts are only read later
				err = own.Set(name, value)
			}
			if err != nil {
				return fileerr.Errorf(filepath.Join(dir, engineName), "flags: --%s %q: %w", name, value, err)
			}
		}
	}
	return nil
}
