package proc

import (
	"slices"
	"strconv"
	"strings"

	"github.com/lazynpy/lazynpy/distributed"
)

// environment is a worker's, without its index: this process's, without what tells it of an index
// of its own, and with a GOMAXPROCS if there is none.
func environment(all []string, procs int) []string {
	set := false
	env := slices.DeleteFunc(slices.Clone(all), func(v string) bool {
		name, value, _ := strings.Cut(v, "=")
		set = set || name == "GOMAXPROCS" && value != ""
		return distributed.IsIndexVariable(name)
	})
	if !set {
		env = append(env, "GOMAXPROCS="+strconv.Itoa(procs))
	}
	return env
}
