package mmapnpy

import "strconv"

// Descr is what NumPy writes as 'descr' into a header, repr(numpy.lib.format.dtype_to_descr(d)):
//
//	'<f8'
//	[('a', '<i4'), ('', '|V4'), (('title', 'b'), '<f8', (2, 3))]
//
// Gaps between fields are written as voids without name.
func (d DType) Descr() string { return string(d.appendDescr(nil)) }

func (d DType) appendDescr(b []byte) []byte {
	switch {
	case d.kind == 0:
		return append(b, "None"...)
	case d.ext == nil:
		return d.appendCode(append(b, '\''), true, '\'')
	case d.ext.record:
		return d.appendFields(b)
	}
	b = d.ext.base.appendDescr(append(b, '('))
	return append(appendShape(append(b, ", "...), d.ext.shape), ')')
}

func (d DType) appendFields(b []byte) []byte {
	b = append(b, '[')
	end := int64(0)
	start := len(b)
	for i, f := range d.ext.fields {
		b = appendPadding(b, f.Offset-end, start)
		if len(b) > start {
			b = append(b, ", "...)
		}
		b = append(d.ext.appendName(append(b, '('), i), ", "...)
		if sub := f.DType.ext; sub != nil && !sub.record {
			b = append(sub.base.appendDescr(b), ", "...)
			b = appendShape(b, sub.shape)
		} else {
			b = f.DType.appendDescr(b)
		}
		b = append(b, ')')
		end = f.Offset + f.DType.size
	}
	return append(appendPadding(b, d.size-end, start), ']')
}

func appendPadding(b []byte, n int64, start int) []byte {
	if n == 0 {
		return b
	}
	if len(b) > start {
		b = append(b, ", "...)
	}
	b = append(b, "('', '|V"...)
	return append(strconv.AppendInt(b, n, 10), "')"...)
}

// appendName writes the name of field i, or (title, name).
func (c *compound) appendName(b []byte, i int) []byte {
	f := c.fields[i]
	title, odd := c.titles[int32(i)]
	switch {
	case odd:
		b = append(append(b, '('), title...)
	case f.Title != "":
		b = appendRepr(append(b, '('), f.Title)
	default:
		return appendRepr(b, f.Name)
	}
	return append(appendRepr(append(b, ", "...), f.Name), ')')
}

// appendShape writes a tuple as Python does.
func appendShape(b []byte, shape []int64) []byte {
	b = append(b, '(')
	for i, n := range shape {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendInt(b, n, 10)
	}
	if len(shape) == 1 {
		b = append(b, ',')
	}
	return append(b, ')')
}

// appendCode writes the code of a plain dtype and then end, such as "<f8". long keeps the '|' of
// those without byte order and the sizes of those that have none.
func (d DType) appendCode(b []byte, long bool, end byte) []byte {
	if d.order != '|' || long {
		b = append(b, d.order)
	}
	b = append(b, byte(d.kind))
	switch d.kind {
	case KindObject:
	case KindDatetime, KindTimedelta:
		b = append(append(b, '8'), DatetimeUnit{d.unit, d.count}.suffix()...)
	case KindString:
		if d.size > 0 || long {
			b = strconv.AppendInt(b, d.size/4, 10)
		}
	case KindBytes, KindVoid:
		if d.size > 0 || long {
			b = strconv.AppendInt(b, d.size, 10)
		}
	default:
		b = strconv.AppendInt(b, d.size, 10)
	}
	return append(b, end)
}

// readDType is descr_to_dtype of numpy/lib/_format_impl.py, over a node.
func (p *parser) readDType(b *dtypeParser, i int) (DType, error) {
	i = p.resolve(i)
	n := p.nodes[i]
	switch n.kind {
	case nodeStr:
		return p.readCode(b, i)
	case nodeTuple:
		return p.readPair(b, i)
	case nodeList:
		return p.readFields(b, i)
	case nodeDict:
		if b.dicts {
			return p.readFieldDict(b, i)
		}
	}
	return DType{}, errorAt(int(n.pos), "%v is not a dtype", n.kind)
}

// readCode reads a dtype string.
func (p *parser) readCode(b *dtypeParser, i int) (DType, error) {
	s, err := p.strValue(i)
	if err != nil {
		return DType{}, err
	}
	b.budget = p.budget
	d, err := b.parse(s)
	p.budget = b.budget
	if err != nil {
		return DType{}, errorAt(int(p.nodes[i].pos), "dtype %s: %v", quoted(s), err)
	}
	return d, nil
}

// readPair reads a tuple of a dtype and a shape; NumPy ignores what comes after those.
func (p *parser) readPair(b *dtypeParser, i int) (DType, error) {
	if p.count(i) < 2 {
		return DType{}, errorAt(int(p.nodes[i].pos), "a tuple needs a dtype and a shape")
	}
	d, err := p.readDType(b, i+1)
	if err != nil {
		return DType{}, err
	}
	return p.readShaped(b, d, p.next(i+1))
}

// readShaped is np.dtype((d, shape)), where shape may be another dtype of the same size.
func (p *parser) readShaped(b *dtypeParser, d DType, i int) (DType, error) {
	i = p.resolve(i)
	n := p.nodes[i]
	var shape []int64
	switch n.kind {
	case nodeDict:
		if p.lenient {
			b.note("the dtype has metadata, which are left out")
			return d, nil
		}
		return DType{}, errorAt(int(n.pos), "%v is not a shape", n.kind)
	case nodeStr:
		return p.readUnion(b, d, i)
	case nodeInt:
		v, ok := p.intValue(i)
		if !ok {
			return DType{}, errorAt(int(n.pos), "dimension does not fit 64 bits")
		}
		shape = []int64{v}
	case nodeTuple, nodeList:
		if n.kind == nodeList && p.count(i) == 0 {
			return DType{}, errorAt(int(n.pos), "an empty list is not a shape")
		}
		var err error
		if shape, err = p.readDims(i, maxDims); err != nil {
			return DType{}, err
		}
	default:
		return DType{}, errorAt(int(n.pos), "%v is not a shape", n.kind)
	}
	if err := p.charge(compoundCost+16*int64(len(shape)), int(n.pos)); err != nil {
		return DType{}, err
	}
	d, err := withShape(d, shape, n.kind == nodeInt)
	if err != nil {
		return DType{}, &located{pos: int(n.pos), err: err}
	}
	return d, nil
}

// readUnion is NumPy's (old, new): the new dtype's size for one that has none, and otherwise a
// promise that both have the same size. NumPy would let an int also have fields; no file has that.
func (p *parser) readUnion(b *dtypeParser, d DType, i int) (DType, error) {
	other, err := p.readCode(b, i)
	if err != nil {
		return DType{}, err
	}
	pos := int(p.nodes[i].pos)
	switch {
	case other.ext != nil:
		return DType{}, errorAt(pos, "a dtype with two meanings is not supported")
	case d.HasObject() || other.HasObject():
		return DType{}, errorAt(pos, "a dtype with two meanings cannot hold objects")
	case d.unsized() && d.ext == nil:
		if d.size = other.size; d.kind == KindString {
			d.size -= d.size % 4
		}
		return d, nil
	case d.size != other.size:
		return DType{}, errorAt(pos, "the two dtypes have %d and %d bytes", d.size, other.size)
	}
	return d, nil
}

// dimension is the value of an integer or bool.
func (p *parser) dimension(i int) (int64, bool) {
	switch p.nodes[i].kind {
	case nodeTrue:
		p.sawNumPy = true
		return 1, true
	case nodeFalse:
		p.sawNumPy = true
		return 0, true
	}
	return p.intValue(i)
}

// readDims reads the integers of a tuple or list. Bools are integers for the lenient only.
func (p *parser) readDims(i, most int) ([]int64, error) {
	n := p.count(i)
	if n > most {
		return nil, errorAt(int(p.nodes[i].pos), "%d dimensions, more than %d", n, most)
	}
	dims := make([]int64, 0, n)
	for k := i + 1; k < p.next(i); k = p.next(k) {
		r := p.resolve(k)
		pos := int(p.nodes[r].pos)
		kind := p.nodes[r].kind
		if isBool := kind == nodeTrue || kind == nodeFalse; kind != nodeInt && !(isBool && p.lenient) {
			return nil, errorAt(pos, "%v is not a dimension", kind)
		}
		v, ok := p.dimension(r)
		if !ok {
			return nil, errorAt(pos, "dimension does not fit 64 bits")
		}
		if v < 0 {
			return nil, errorAt(pos, "negative dimension %d", v)
		}
		dims = append(dims, v)
	}
	return dims, nil
}

// readFields reads a list of fields. Offsets are implied: each field follows the one before.
// Voids without name are padding.
func (p *parser) readFields(b *dtypeParser, i int) (DType, error) {
	n := p.count(i)
	pos := int(p.nodes[i].pos)
	if err := p.charge(compoundCost+int64(n)*fieldCost, pos); err != nil {
		return DType{}, err
	}
	c := &compound{record: true, fields: make([]Field, 0, n)}
	size := int64(0)
	for k := i + 1; k < p.next(i); k = p.next(k) {
		f, err := p.readField(b, c, k)
		if err != nil {
			return DType{}, err
		}
		f.Offset = size
		if size += f.DType.size; size > maxItemSize {
			return DType{}, errorAt(int(p.nodes[k].pos), "%v", errItemSize)
		}
		_, titled := c.titles[int32(len(c.fields))]
		padding := f.Name == "" && f.Title == "" && !titled && f.DType.kind == KindVoid && !f.DType.IsStruct()
		if !padding {
			c.fields = append(c.fields, f)
		}
	}
	if bad, err := c.buildIndex(); err != nil {
		return DType{}, errorAt(pos, "field %s: %v", quoted(c.fields[bad].Name), err)
	}
	return DType{kind: KindVoid, size: size, order: '|', ext: c}, nil
}

// readField reads (name, dtype) or (name, dtype, shape), which NumPy lets be a list, too. It
// is to become the next field of c.
func (p *parser) readField(b *dtypeParser, c *compound, i int) (f Field, err error) {
	i = p.resolve(i)
	n := p.nodes[i]
	if n.kind != nodeTuple && n.kind != nodeList {
		return f, errorAt(int(n.pos), "%v is not a field", n.kind)
	}
	count := p.count(i)
	if count != 2 && count != 3 {
		return f, errorAt(int(n.pos), "a field of %d values (name, dtype and possibly shape are expected)", count)
	}
	name := p.resolve(i + 1)
	code := p.next(i + 1)
	if p.nodes[name].kind == nodeTuple {
		if name, err = p.readTitle(c, &f, name); err != nil {
			return f, err
		}
	}
	if k := p.nodes[name]; k.kind != nodeStr {
		return f, errorAt(int(k.pos), "%v is not a field name", k.kind)
	}
	if f.Name, err = p.strValue(name); err != nil {
		return f, err
	}
	if f.DType, err = p.readDType(b, code); err != nil || count == 2 {
		return f, err
	}
	f.DType, err = p.readShaped(b, f.DType, p.next(code))
	return f, err
}

// readTitle reads the title in (title, name) and returns the node of the name.
func (p *parser) readTitle(c *compound, f *Field, i int) (name int, err error) {
	if n := p.count(i); n != 2 {
		return 0, errorAt(int(p.nodes[i].pos), "a field name of %d values (title and name are expected)", n)
	}
	if err := p.readTitleInto(c, f, p.resolve(i+1)); err != nil {
		return 0, err
	}
	return p.resolve(p.next(i + 1)), nil
}

// readTitleInto reads the title of the next field of c.
func (p *parser) readTitleInto(c *compound, f *Field, title int) (err error) {
	n := p.nodes[title]
	repr := ""
	switch n.kind {
	case nodeNone:
	case nodeStr:
		if f.Title, err = p.strValue(title); err != nil {
			return err
		}
		if f.Title == "" {
			repr = emptyTitle
		}
	case nodeTrue, nodeFalse:
		repr = n.kind.String()
	case nodeInt:
		v, ok := p.intValue(title)
		if !ok {
			return errorAt(int(n.pos), "title does not fit 64 bits")
		}
		repr = strconv.FormatInt(v, 10)
	default:
		return errorAt(int(n.pos), "%v as a title is not supported", n.kind)
	}
	if repr != "" {
		if err := p.charge(oddTitleCost, int(n.pos)); err != nil {
			return err
		}
		if c.titles == nil {
			c.titles = map[int32]string{}
		}
		c.titles[int32(len(c.fields))] = repr
	}
	return nil
}
