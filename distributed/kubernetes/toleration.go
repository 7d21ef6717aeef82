package kubernetes

import (
	"fmt"
	"slices"
	"strings"
)

// toleration is one of the core/v1 API.
type toleration struct {
	Key      string `json:"key"`
	Operator string `json:"operator"`
	Value    string `json:"value,omitempty"`
	Effect   string `json:"effect,omitempty"`
}

// parseToleration reads a taint that is tolerated, as `kubectl taint` writes it: KEY=VALUE:EFFECT.
// Without a value any is tolerated, without an effect all are.
func parseToleration(s string) (toleration, error) {
	taint, effect, effective := strings.Cut(s, ":")
	t := toleration{Operator: "Exists", Effect: effect}
	var valued bool
	if t.Key, t.Value, valued = strings.Cut(taint, "="); valued {
		t.Operator = "Equal"
	}
	if t.Key == "" || effective && !slices.Contains([]string{"NoSchedule", "PreferNoSchedule", "NoExecute"}, effect) {
		return t, fmt.Errorf("kubernetes: toleration %q: want KEY, KEY=VALUE or either with :NoSchedule, :PreferNoSchedule or :NoExecute behind it", s)
	}
	return t, nil
}
