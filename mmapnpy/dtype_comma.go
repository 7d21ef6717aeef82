package mmapnpy

import (
	"strconv"
	"strings"
)

// isCommaString follows _check_for_commastring of descriptor.c: such a string lists fields, or
// has a repeat count.
func isCommaString(s string) bool {
	body := s
	if len(s) > 1 && strings.IndexByte("<>=|", s[0]) >= 0 {
		body = s[1:]
	}
	if isDigit(body[0]) || strings.HasPrefix(body, "()") {
		return true
	}
	depth := 0
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case ',':
			if depth == 0 {
				return true
			}
		case '[':
			depth++
		case ']':
			depth--
		}
	}
	return false
}

// commaString follows _commastring of numpy/_core/_internal.py.
func (b *dtypeParser) commaString(s string) (DType, error) {
	// Some of the commas may stand inside a repeat count, but never are there more fields.
	most := strings.Count(s, ",") + 1
	if err := b.charge(compoundCost + int64(most)*(fieldCost+8)); err != nil {
		return DType{}, err
	}
	fields := make([]Field, 0, most)
	size := int64(0)
	for rest := s; rest != ""; {
		var item commaItem
		item, rest = cutItem(rest)
		after, err := cutSeparator(rest)
		if err != nil {
			return DType{}, err
		}
		d, err := b.commaDType(item)
		if err != nil {
			return DType{}, err
		}
		// NumPy 1 took a single item for itself even before a comma. So does this, since the
		// bytes mean the same.
		if rest = after; rest == "" && len(fields) == 0 {
			return d, nil
		}
		fields = append(fields, Field{Name: "f" + strconv.Itoa(len(fields)), DType: d, Offset: size})
		if size += d.size; size > maxItemSize {
			return DType{}, errItemSize
		}
	}
	return structAt(size, fields)
}

// commaItem is one item of a comma string, such as "<(2,3)f8".
type commaItem struct{ order1, repeats, order2, dtype string }

// cutItem matches format_re of _internal.py. All its parts may be empty.
func cutItem(s string) (commaItem, string) {
	var it commaItem
	it.order1, s = cutOrder(s)
	n := spanOf(s, " ")
	if n < len(s) && s[n] == '(' {
		n++
	}
	n += spanOf(s[n:], " ,0123456789")
	if n < len(s) && s[n] == ')' {
		n++
	}
	n += spanOf(s[n:], " ")
	it.repeats, s = s[:n], s[n:]
	it.order2, s = cutOrder(s)
	n = spanOf(s, wordChars+".?")
	if n < len(s) && s[n] == '[' {
		inside := spanOf(s[n+1:], wordChars+",.")
		if end := n + 1 + inside; inside > 0 && end < len(s) && s[end] == ']' {
			n = end + 1
		}
	}
	it.dtype = s[:n]
	return it, s[n:]
}

const wordChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// spanOf is the length of the prefix of s that consists of chars.
func spanOf(s, chars string) int { return len(s) - len(strings.TrimLeft(s, chars)) }

func cutOrder(s string) (order, rest string) {
	if s != "" && strings.IndexByte("<>=|", s[0]) >= 0 {
		return s[:1], s[1:]
	}
	return "", s
}

// cutSeparator drops a comma and the blanks around it, or blanks up to the end.
func cutSeparator(s string) (string, error) {
	const blanks = " \t\n\r\f\v\x1c\x1d\x1e\x1f"
	t := strings.TrimLeft(s, blanks)
	if t == "" {
		return "", nil
	}
	if t[0] != ',' {
		return "", errNotDType
	}
	return strings.TrimLeft(t[1:], blanks), nil
}

func (b *dtypeParser) commaDType(it commaItem) (DType, error) {
	native := string(rune(nativeOrder))
	order1, order2 := it.order1, it.order2
	if order1 != "" && order2 != "" {
		order1 = strings.Replace(order1, "=", native, 1)
		order2 = strings.Replace(order2, "=", native, 1)
		if order1 != order2 {
			return DType{}, &badFormat{msg: "two byte orders that differ"}
		}
	}
	order := order1 + order2
	if order1 == order2 {
		order = order1
	}
	if order == "|" || order == "=" || (order == native && !strings.HasPrefix(it.dtype, "V")) {
		order = ""
	}
	d, err := b.parse(order + it.dtype)
	if err != nil || it.repeats == "" {
		return d, err
	}
	shape, single, err := parseRepeats(it.repeats)
	if err != nil {
		return DType{}, err
	}
	if err := b.charge(compoundCost + 8*int64(len(shape))); err != nil {
		return DType{}, err
	}
	return withShape(d, shape, single)
}

// parseRepeats reads the count before an item: Python's literals, of numbers, commas, blanks and
// one pair of parentheses. single says that it is a number and not a tuple.
func parseRepeats(s string) (shape []int64, single bool, err error) {
	bad := &badFormat{msg: "malformed repeat count " + quoted(s)}
	s = strings.Trim(s, " ")
	inner, open := strings.CutPrefix(s, "(")
	inner, closed := strings.CutSuffix(inner, ")")
	inner = strings.Trim(inner, " ")
	if open != closed || (inner == "" && !open) {
		return nil, false, bad
	}
	if inner == "" {
		return nil, false, nil
	}
	inner, comma := strings.CutSuffix(inner, ",")
	if strings.Count(inner, ",") >= maxDims {
		return nil, false, errTooManyDims
	}
	for part := range strings.SplitSeq(inner, ",") {
		part = strings.Trim(part, " ")
		n, rest, ok := strtol(part)
		if !ok || rest != "" || !isDigit(part[0]) || (part[0] == '0' && n != 0) {
			return nil, false, bad
		}
		shape = append(shape, n)
	}
	return shape, len(shape) == 1 && !comma, nil
}

var errTooManyDims = &badFormat{msg: "more than 64 dimensions"}

// withShape is np.dtype((d, shape)): a subarray, unless d has no size yet and takes the number
// as one.
func withShape(d DType, shape []int64, single bool) (DType, error) {
	switch {
	case d.unsized():
		if !single || d.ext != nil || shape[0] < 0 {
			return DType{}, &badFormat{msg: "an element without size needs one number as its size"}
		}
		n := shape[0]
		if d.kind == KindString {
			n = mulClamp(n, 4)
		}
		if n > maxItemSize {
			return DType{}, errItemSize
		}
		d.size = n
		return d, nil
	case len(shape) == 0:
		return d, nil
	case len(shape) > maxDims:
		return DType{}, errTooManyDims
	}
	return SubarrayOf(d, shape...)
}

// unsized reports whether NumPy takes d for an element whose size is still to be said. It
// takes empty subarrays for such, too.
func (d DType) unsized() bool { return d.size == 0 && !d.IsStruct() }

// mulClamp multiplies non-negative numbers; the product does not exceed 2^62.
func mulClamp(n, by int64) int64 { return min(n, 1<<62/by) * by }
