package mmapnpy

// What repr makes of values that are no literals. Writers with a bug, or with metadata in their
// dtypes, put these into headers; they are read with [Lenient] alone.

// repr parses what begins with a name: a scalar or a 0-d array of NumPy, such as np.int64(3),
// np.True_ or array(3), which stands for its value, or any other object, which is skipped.
func (p *parser) repr(start int) (outcome, error) {
	p.pos = start
	word := p.word()
	if (word == "np" || word == "numpy") && p.peek() == '.' {
		p.pos++
		word = p.word()
	}
	switch word {
	case "True_", "False_":
		p.sawNumPy = true
		kind := nodeTrue
		if word == "False_" {
			kind = nodeFalse
		}
		return outcome{kind: kind}, p.push(kind, start)
	case "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "intp", "uintp",
		"longlong", "ulonglong", "int_", "uint", "bool", "bool_", "array":
		if p.peek() == '(' {
			p.sawNumPy = true
			return p.called(start, word)
		}
	}
	p.pos = start
	return p.object(start)
}

// called parses the only argument of a scalar's repr. That of an array may also name its dtype.
func (p *parser) called(start int, word string) (outcome, error) {
	p.pos++
	at := p.pos
	var kind nodeKind
	switch {
	case word != "bool" && word != "bool_" && p.numberAt(at):
		n, err := p.number()
		if err != nil {
			return outcome{}, err
		}
		kind = n.kind
	case isNameStart(p.peek()):
		switch p.word() {
		case "True":
			kind = nodeTrue
		case "False":
			kind = nodeFalse
		default:
			return outcome{}, errorAt(start, "NumPy scalar is not a plain number")
		}
	default:
		return outcome{}, errorAt(start, "NumPy scalar is not a plain number")
	}
	if word == "array" && p.peek() == ',' {
		for p.pos < len(p.text) && p.peek() != ')' {
			p.pos++
		}
	}
	if p.peek() != ')' || kind != nodeInt && kind != nodeTrue && kind != nodeFalse {
		return outcome{}, errorAt(start, "NumPy scalar is not an integer")
	}
	p.pos++
	return outcome{kind: kind}, p.push(kind, at)
}

// object skips the repr of an object that means nothing here: <class 'bytes'>, dtype('float64'),
// datetime.date(2020, 1, 1), nan.
func (p *parser) object(start int) (outcome, error) {
	if p.peek() == '<' {
		return outcome{kind: nodeObject}, p.skipBrackets(start)
	}
	for isNameStart(p.peek()) || isDigit(p.peek()) || p.peek() == '.' {
		p.pos++
	}
	if p.peek() == '(' {
		return outcome{kind: nodeObject}, p.skipBrackets(start)
	}
	return outcome{kind: nodeObject}, p.push(nodeObject, start)
}

// skipBrackets skips from a bracket to the one that closes it. Strings inside may hold any.
func (p *parser) skipBrackets(start int) error {
	var open []byte // the closing brackets that are due
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		switch c {
		case '(', '[', '{', '<':
			if len(open) == maxNesting {
				return errorAt(p.pos, "nested deeper than %d", maxNesting)
			}
			open = append(open, closing[c])
		case ')', ']', '}', '>':
			if n := len(open) - 1; open[n] == c {
				open = open[:n]
			} else if c != '>' { // which is also a sign
				return p.unexpected("in the text of an object")
			}
			if len(open) == 0 {
				p.pos++
				return p.push(nodeObject, start)
			}
		case '\'', '"':
			if _, err := p.scanString(nil); err != nil {
				return err
			}
			continue
		}
		p.pos++
	}
	return errorAt(start, "the text of an object has no end")
}

var closing = map[byte]byte{'(': ')', '[': ']', '{': '}', '<': '>'}
