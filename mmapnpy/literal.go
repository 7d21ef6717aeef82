package mmapnpy

import "strings"

// A header is a Python literal. It is parsed once, in linear time, into a tape of nodes that say
// where in the text each value stands; strings and numbers are decoded only when asked for. So
// the memory is known beforehand, and nothing a file says can multiply it.

// nodeKind is the type of a Python value. Those that no header can use are told apart only to be
// named in errors.
type nodeKind uint8

const (
	nodeNone nodeKind = iota
	nodeTrue
	nodeFalse
	nodeEllipsis
	nodeStr
	nodeBytes
	nodeInt
	nodeFloat
	nodeComplex
	nodeParen // redundant parentheses around one value
	nodeTuple
	nodeList
	nodeSet
	nodeDict
	nodeObject // the repr of a Python object, which has been skipped
)

var nodeNames = [...]string{
	nodeNone: "None", nodeTrue: "True", nodeFalse: "False", nodeEllipsis: "Ellipsis",
	nodeStr: "a string", nodeBytes: "a bytes literal", nodeInt: "an integer", nodeFloat: "a float",
	nodeComplex: "a complex number", nodeParen: "parentheses", nodeTuple: "a tuple", nodeList: "a list",
	nodeSet: "a set", nodeDict: "a dict", nodeObject: "a Python object",
}

func (k nodeKind) String() string { return nodeNames[k] }

// node is one value on the tape. Those inside it follow it directly, up to end.
type node struct {
	pos, end uint32
	kind     nodeKind
}

// nodeCost is the size of a node.
const nodeCost = 12

// dialect says which texts are literals.
type dialect struct {
	latin1  bool // one byte is one character (versions 1 and 2), else UTF-8
	longs   bool // Python 2's "3L" is an integer
	lenient bool // np.int64(3) and np.True_ are what they print, and other objects are skipped
}

// parser reads one text and holds its tape.
type parser struct {
	text   string
	pos    int
	depth  int
	budget int64 // bytes of memory that may still be taken
	nodes  []node

	dialect
	sawLong   bool // a number with an L was read
	sawNumPy  bool // a NumPy scalar was read
	sawIndent bool // the text ends with blanks that NumPy trips over
}

// newParser prepares to parse text of less than 4 GiB. Every value but the first stands behind one
// of the counted characters, and arithmetic needs room for one more, so that the tape never has
// to grow after this.
func newParser(text string, d dialect, budget int64) *parser {
	n := 2
	for i := range len(text) {
		switch text[i] {
		case ',', ':', '(', '[', '{':
			n++
		}
	}
	n = int(min(int64(n), budget/nodeCost))
	return &parser{text: text, dialect: d, budget: budget - int64(n)*nodeCost, nodes: make([]node, 0, n)}
}

// parse reads the whole text as one literal; its value is node 0. It stands for Python's
// ast.literal_eval.
func (p *parser) parse() error {
	if i := strings.IndexByte(p.text, 0); i >= 0 {
		return errorAt(i, "NUL character")
	}
	if err := p.indent(); err != nil {
		return err
	}
	if _, err := p.value(); err != nil {
		return err
	}
	for p.pos < len(p.text) {
		line := p.pos
		if err := p.blank(); err != nil {
			return err
		}
		if p.pos == len(p.text) {
			// Python takes blanks on a last line for an indent. NumPy's second try removes them,
			// but does not know lines that end in CR alone.
			if blanks := p.text[line:]; p.text[line-1] == '\r' && strings.TrimRight(blanks, " \t") != blanks && !strings.Contains(blanks, "#") {
				if !p.lenient {
					return errorAt(line, "blanks on a last line after a carriage return")
				}
				p.sawIndent = true
			}
			break
		}
		if c := p.text[p.pos]; c != '\n' && c != '\r' {
			return p.unexpected("after the end")
		}
		p.pos++
	}
	return nil
}

// charge takes n bytes from the memory budget.
func (p *parser) charge(n int64, pos int) error {
	if p.budget -= n; p.budget < 0 {
		return errTooComplex(pos)
	}
	return nil
}

//go:noinline
func errTooComplex(pos int) error {
	return errorAt(pos, "too many values: the parsed form would take too much memory")
}

func (p *parser) push(kind nodeKind, pos int) error {
	if len(p.nodes) == cap(p.nodes) {
		return errTooComplex(pos)
	}
	p.nodes = append(p.nodes, node{pos: uint32(pos), end: uint32(len(p.nodes) + 1), kind: kind})
	return nil
}

// peek is the character at the current position, 0 at the end.
func (p *parser) peek() byte { return p.at(p.pos) }

func (p *parser) at(i int) byte {
	if i < len(p.text) {
		return p.text[i]
	}
	return 0
}

// unexpected names the character at the current position.
//
//go:noinline
func (p *parser) unexpected(where string) error {
	if p.pos >= len(p.text) {
		return errorAt(p.pos, "text ends too early %s", where)
	}
	if p.latin1 {
		return errorAt(p.pos, "unexpected %q %s", rune(p.text[p.pos]), where)
	}
	r, _ := decodeRune(p.text[p.pos:])
	return errorAt(p.pos, "unexpected %q %s", r, where)
}

// newline returns the length of the line end at i: 0, 1, or 2 for CR LF.
func (p *parser) newline(i int) int {
	switch p.at(i) {
	case '\n':
		return 1
	case '\r':
		if p.at(i+1) == '\n' {
			return 2
		}
		return 1
	}
	return 0
}

func (p *parser) comment() {
	for p.pos < len(p.text) && p.newline(p.pos) == 0 {
		p.pos++
	}
}

// blank skips white space and comments, and line ends if they are inside brackets.
func (p *parser) blank() error {
	for p.pos < len(p.text) {
		switch p.text[p.pos] {
		case ' ', '\t', '\f':
			p.pos++
		case '\n', '\r':
			if p.depth == 0 {
				return nil
			}
			p.pos++
		case '#':
			p.comment()
		case '\\':
			n := p.newline(p.pos + 1)
			if n == 0 || p.pos+1+n == len(p.text) {
				return p.unexpected("between values")
			}
			p.pos += 1 + n
		default:
			return nil
		}
	}
	return nil
}

// indent skips to the first value. Blanks before it are dropped from the first line, and an
// error on any other, as in Python.
func (p *parser) indent() error {
	for p.peek() == ' ' || p.peek() == '\t' {
		p.pos++
	}
	column := 0
	for p.pos < len(p.text) {
		switch p.text[p.pos] {
		case ' ', '\t':
			column++
		case '\f':
			column = 0
		case '\n', '\r':
			column = 0
		case '#':
			p.comment()
			continue
		case '\\':
			n := p.newline(p.pos + 1)
			if n == 0 {
				return p.unexpected("before any value")
			}
			p.pos += n
		default:
			if column > 0 {
				return errorAt(p.pos, "unexpected indent")
			}
			return nil
		}
		p.pos++
	}
	return p.unexpected("before any value")
}

// outcome is what arithmetic needs to know of a value: Python allows a sign before a plain
// number only, and a sum only of a real and an imaginary one.
type outcome struct {
	kind  nodeKind
	plain bool // a number without sign
}

// value parses one value.
func (p *parser) value() (outcome, error) {
	if err := p.blank(); err != nil {
		return outcome{}, err
	}
	first := len(p.nodes)
	left, err := p.primary()
	if err != nil || (left.kind != nodeInt && left.kind != nodeFloat) {
		return left, err
	}
	if err := p.blank(); err != nil {
		return outcome{}, err
	}
	if c := p.peek(); c != '+' && c != '-' {
		return left, nil
	}
	sign := p.pos
	p.pos++
	if err := p.blank(); err != nil {
		return outcome{}, err
	}
	right, err := p.primary()
	if err != nil {
		return outcome{}, err
	}
	if right.kind != nodeComplex || !right.plain {
		return outcome{}, errorAt(sign, "arithmetic is not a literal")
	}
	p.nodes = p.nodes[:first+1]
	p.nodes[first].kind, p.nodes[first].end = nodeComplex, uint32(first+1)
	return outcome{kind: nodeComplex}, nil
}

func (p *parser) primary() (outcome, error) {
	start := p.pos
	switch c := p.peek(); {
	case c == '(' || c == '[' || c == '{':
		return p.container(c)
	case c == '+' || c == '-' || p.numberAt(p.pos):
		n, err := p.number()
		if err != nil {
			return outcome{}, err
		}
		return outcome{n.kind, n.plain}, p.push(n.kind, start)
	case c == '.' && strings.HasPrefix(p.text[p.pos:], "..."):
		p.pos += 3
		return outcome{kind: nodeEllipsis}, p.push(nodeEllipsis, start)
	case p.stringAt(p.pos):
		kind, err := p.scanString(nil)
		if err != nil {
			return outcome{}, err
		}
		return outcome{kind: kind}, p.push(kind, start)
	case isNameStart(c):
		return p.name()
	case c == '<' && p.lenient:
		return p.object(start)
	}
	return outcome{}, p.unexpected("where a value should be")
}

// name parses the words that are values.
func (p *parser) name() (outcome, error) {
	start := p.pos
	word := p.word()
	kind := nodeNone
	switch word {
	case "None":
	case "True":
		kind = nodeTrue
	case "False":
		kind = nodeFalse
	default:
		if p.lenient {
			return p.repr(start)
		}
		if c := p.peek(); c == '\'' || c == '"' {
			return outcome{}, errorAt(start, "string prefix %s is not one of a literal", quoted(word))
		}
		return outcome{}, errorAt(start, "name %s is not a literal", quoted(word))
	}
	return outcome{kind: kind}, p.push(kind, start)
}

// word skips a name.
func (p *parser) word() string {
	start := p.pos
	for isNameStart(p.peek()) || isDigit(p.peek()) {
		p.pos++
	}
	return p.text[start:p.pos]
}

// container parses a tuple, parentheses, a list, a set or a dict.
func (p *parser) container(open byte) (outcome, error) {
	if p.depth++; p.depth > maxNesting {
		return outcome{}, errorAt(p.pos, "nested deeper than %d", maxNesting)
	}
	self := len(p.nodes)
	kind, end := nodeTuple, byte(')')
	switch open {
	case '[':
		kind, end = nodeList, ']'
	case '{':
		kind, end = nodeDict, '}'
	}
	if err := p.push(kind, p.pos); err != nil {
		return outcome{}, err
	}
	p.pos++
	result, err := p.items(self, end)
	if err != nil {
		return outcome{}, err
	}
	p.depth--
	p.nodes[self].end = uint32(len(p.nodes))
	return result, nil
}

// items parses what is inside the container self, and its end.
func (p *parser) items(self int, end byte) (outcome, error) {
	var last outcome
	for count := 0; ; count++ {
		if err := p.blank(); err != nil {
			return outcome{}, err
		}
		if p.peek() == end && p.pos < len(p.text) {
			p.pos++
			return outcome{kind: p.nodes[self].kind}, nil
		}
		var err error
		if last, err = p.item(self, count == 0); err != nil {
			return outcome{}, err
		}
		if err := p.blank(); err != nil {
			return outcome{}, err
		}
		switch {
		case p.peek() == ',':
			p.pos++
		case p.peek() != end || p.pos == len(p.text):
			return outcome{}, p.unexpected("where ',' or '" + string(rune(end)) + "' should be")
		case count == 0 && p.nodes[self].kind == nodeTuple:
			p.nodes[self].kind = nodeParen
			p.pos++
			return last, nil
		}
	}
}

// item parses one item; in a dict, key and value. The first one tells a set from a dict.
func (p *parser) item(self int, first bool) (outcome, error) {
	v, err := p.value()
	if err != nil || (p.nodes[self].kind != nodeDict && p.nodes[self].kind != nodeSet) {
		return v, err
	}
	if err := p.blank(); err != nil {
		return outcome{}, err
	}
	pair := p.peek() == ':'
	if first && !pair {
		p.nodes[self].kind = nodeSet
	}
	if pair != (p.nodes[self].kind == nodeDict) {
		return outcome{}, p.unexpected("in a set or dict")
	}
	if !pair {
		return v, nil
	}
	p.pos++
	return p.value()
}

// decoder is a copy of p at node i, inside brackets.
func (p *parser) decoder(i int) parser {
	q := *p
	q.pos, q.depth = int(p.nodes[i].pos), 1
	return q
}

// resolve looks through parentheses.
func (p *parser) resolve(i int) int {
	for p.nodes[i].kind == nodeParen {
		i++
	}
	return i
}

// next is the node after i and all that is inside it.
func (p *parser) next(i int) int { return int(p.nodes[i].end) }

// count is the number of values directly inside node i; a dict counts keys and values.
func (p *parser) count(i int) int {
	n := 0
	for k, end := i+1, p.next(i); k < end; k = p.next(k) {
		n++
	}
	return n
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isNameStart is about ASCII; Python allows other letters, but no literal has one.
func isNameStart(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
}
