package mmapnpy

import (
	"strings"
	"testing"
)

// TestParseDTypeLiterals reads dtypes as Python literals, as info prints them.
func TestParseDTypeLiterals(t *testing.T) {
	for _, c := range []struct {
		text, descr string
		size        int64
	}{
		{"[('a', '<i4'), ('b', '<f8', (2,))]", "[('a', '<i4'), ('b', '<f8', (2,))]", 20},
		{" [('a', '<i4')] ", "[('a', '<i4')]", 4},
		{"[('a', 'i1'), ('', '|V3'), ('b', '>i4')]", "[('a', '|i1'), ('', '|V3'), ('b', '>i4')]", 8},
		{"[(('t', 'a'), 'S3'), ('p', [('x', '?')])]", "[(('t', 'a'), '|S3'), ('p', [('x', '|b1')])]", 4},
		{"[]", "[]", 0},
		{"'<f8'", "'<f8'", 8},
		{"('<f8', (2, 3))", "('<f8', (2, 3))", 48},
		{"{'names': ['a', 'b'], 'formats': ['<i4', 'f8'], 'offsets': [0, 8], 'itemsize': 24}", "[('a', '<i4'), ('', '|V4'), ('b', '<f8'), ('', '|V8')]", 24},
		{"{'names': ('a', 'b'), 'formats': ('<i4', ('f4', (2,)))}", "[('a', '<i4'), ('b', '<f4', (2,))]", 12},
		{"{'names': ['a', 'b'], 'formats': ['i1', {'names': ['c'], 'formats': ['i1'], 'itemsize': 4}], 'titles': ['t', None]}",
			"[(('t', 'a'), '|i1'), ('b', [('c', '|i1'), ('', '|V3')])]", 5},
	} {
		d, err := ParseDType(c.text)
		if err != nil || d.Descr() != c.descr || d.ItemSize() != c.size {
			t.Errorf("%s: %s of %d bytes: %v", c.text, d.Descr(), d.ItemSize(), err)
			continue
		}
		for _, text := range []string{d.Descr(), d.String()} {
			if again, err := ParseDType(text); err != nil || !again.Equal(d) {
				t.Errorf("%s does not come back: %s, %v", text, again, err)
			}
		}
	}
	for _, c := range nestedDescrs {
		if d, err := ParseDType(c.descr); err != nil || d.Descr() != c.descr {
			t.Errorf("%s: %s, %v", c.descr, d.Descr(), err)
		}
	}
	for _, text := range []string{
		"[", "[('a',)]", "[('a', 'i4'), ('a', 'i4')]", "[1]", "{}", "{'a': ('i4', 0)}", "{'names': ['a'], 'formats': []}", "{'names': ['a']}",
		"{'names': ['a'], 'formats': ['i4'], 'offsets': [-1]}", "{'names': ['a'], 'formats': ['i4'], 'itemsize': 2}", "{'names': 'a', 'formats': ['i4']}",
		"{'names': ['a', 'b'], 'formats': ['i4', 'i4'], 'offsets': [0, 2]}", "{'names': [1], 'formats': ['i4']}", "{1: 2}",
		"{'names': ['a'], 'formats': ['i4'], 'offsets': [3000000000]}", "{'names': ['a'], 'formats': ['i4'], 'offsets': ['x']}",
		"[('a', 'i4')] trailing", "[('a', {'k': 1})]", "(1, 2)", "'\xff'", "[('a', ('|S3', {'k': 1}))]",
	} {
		if d, err := ParseDType(text); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %s, %v", text, d, err)
		}
	}
	// In a header a dict is no dtype, as in NumPy.
	if h, err := readText(dictText("{'names': ['a'], 'formats': ['i4']}", "False", "(2,)")); err == nil {
		t.Errorf("a dict as descr: %s", h.DType)
	}
}
