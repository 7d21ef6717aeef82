package mmapnpy

import "testing"

// TestHeaderEnds compares what may follow the dict with what np.load takes there in formats 1 and
// 2; in format 3 it is stricter, by accident.
func TestHeaderEnds(t *testing.T) {
	dict := dictText("'<f8'", "False", "(2,)")
	for _, end := range []string{
		"", "\r", "\n", "\r\n", " \r", "\r \n", "\r\n ", "\n ", "\n \n", "\n\r", "\r\r", "\r\n\r\n",
		"\n\n ", "\r#c", "\r #c", "\n #c\n", "\n#c", "#c\r", "#c\n ", "\r\f", "\n\f", "\n \f", "\n\f ",
		"\f\n", "\r \r", "\r\n \r\n", "\n \r", "\n \r\n", "\\\r ", "\\\n ", "\\\n\n", "\r\n #", " \r\n",
		"\r  \r\n", "\r \r\n", "\r\n\f", "\r \f", "\r \t \n ", "\r #c ",
	} {
		if _, err := readText(dict + end); err != nil {
			t.Errorf("%q: %v", end, err)
		}
	}
	for _, end := range []string{
		"\r ", "\r\r ", "#c\r ", "\r\t", "\f\r ", "\\\n", "\\\r", "\r\n\r ", "\n\r ", "\r\f ", "\r \f ",
		"\r\n \r ", "\r #c\r ", " \r\f\t",
	} {
		if _, err := readText(dict + end); err == nil {
			t.Errorf("%q is accepted", end)
		}
	}
}
