package distributed

import (
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// TestDTypeText reads the dtypes that plans have, and what nobody has written.
func TestDTypeText(t *testing.T) {
	for _, s := range []string{"uint8", ">f4", "<M8[25us]", "<m8", "|S3", "<U5", "|V7", "bool", "complex64", "float16", "bfloat16", "[('a', '<i4'), ('b', '<f8', (2,))]",
		"[('p', [('x', '>i2'), ('y', '|u1')]), ('', '|V3'), ('s', '|S4')]", "[(('title', 'n'), '<i8')]"} {
		d, err := mmapnpy.ParseDType(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		text := dtypeText(d)
		if again, err := readDType(text); err != nil || !again.Equal(d) {
			t.Errorf("%s is written %s, which is read as %v: %v", s, text, again, err)
		}
	}
	for _, s := range []string{"", "f4", "< f4", "[('a', '<i4')", "[('a','<i4')]", "[('a', '<i4')] ", "'<f4', 'shape': (), 'descr': '<f8'", "notype"} {
		if d, err := readDType(s); err == nil {
			t.Errorf("%q was read as %s", s, d)
		}
	}
}
