package distributed

import (
	"fmt"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// dtypeText is a dtype as a plan has it: its name, and for records their fields as the header of a
// .npy file lists them.
func dtypeText(t mmapnpy.DType) string {
	if t.IsStruct() {
		return t.Descr()
	}
	s := t.String()
	if again, err := mmapnpy.ParseDType(s); err == nil && again.Equal(t) {
		return s
	}
	return t.Descr()
}

// readDType reads what dtypeText gives, and nothing else.
func readDType(s string) (mmapnpy.DType, error) {
	t, err := mmapnpy.ParseDType(s)
	if err != nil {
		return t, err
	}
	if again := dtypeText(t); again != s {
		return t, fmt.Errorf("dtype %q is written %q", s, again)
	}
	return t, nil
}
