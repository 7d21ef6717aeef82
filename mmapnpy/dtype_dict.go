package mmapnpy

// fieldDict is where in the tape the entries of a dict of fields are; 0 for none.
type fieldDict struct{ names, formats, offsets, titles, itemsize int }

// readFieldDict reads what [DType.String] writes for a struct with padding: a dict of 'names',
// 'formats', 'offsets' and 'itemsize', and possibly 'titles'. Without offsets the fields follow one
// another, and without an itemsize nothing follows the last.
func (p *parser) readFieldDict(b *dtypeParser, i int) (DType, error) {
	pos := int(p.nodes[i].pos)
	at, err := p.dictEntries(i)
	if err != nil {
		return DType{}, err
	}
	if at.names == 0 || at.formats == 0 {
		return DType{}, errorAt(pos, "a dict of fields needs 'names' and 'formats'")
	}
	n := p.count(at.names)
	for _, k := range []int{at.formats, at.offsets, at.titles} {
		if k != 0 && p.count(k) != n {
			return DType{}, errorAt(int(p.nodes[k].pos), "%d entries for %d fields", p.count(k), n)
		}
	}
	if err := p.charge(compoundCost+int64(n)*fieldCost, pos); err != nil {
		return DType{}, err
	}
	c := &compound{record: true, fields: make([]Field, 0, n)}
	end := int64(0)
	name, format, offset, title := at.names+1, at.formats+1, at.offsets+1, at.titles+1
	for range n {
		var f Field
		if f.DType, err = p.readDType(b, format); err != nil {
			return DType{}, err
		}
		if at.titles != 0 {
			if err := p.readTitleInto(c, &f, p.resolve(title)); err != nil {
				return DType{}, err
			}
			title = p.next(title)
		}
		if k := p.resolve(name); p.nodes[k].kind != nodeStr {
			return DType{}, errorAt(int(p.nodes[k].pos), "%v is not a field name", p.nodes[k].kind)
		} else if f.Name, err = p.strValue(k); err != nil {
			return DType{}, err
		}
		f.Offset = end
		if at.offsets != 0 {
			if f.Offset, err = p.size(offset); err != nil {
				return DType{}, err
			}
			offset = p.next(offset)
		}
		if f.Offset < end {
			return DType{}, errorAt(int(p.nodes[format].pos), "field %s overlaps the one before", quoted(f.Name))
		}
		if end = f.Offset + f.DType.size; end > maxItemSize {
			return DType{}, errorAt(int(p.nodes[format].pos), "%v", errItemSize)
		}
		c.fields = append(c.fields, f)
		name, format = p.next(name), p.next(format)
	}
	size := end
	if at.itemsize != 0 {
		if size, err = p.size(at.itemsize); err != nil {
			return DType{}, err
		}
		if size < end {
			return DType{}, errorAt(int(p.nodes[at.itemsize].pos), "an itemsize of %d bytes for fields of %d", size, end)
		}
	}
	if bad, err := c.buildIndex(); err != nil {
		return DType{}, errorAt(pos, "field %s: %v", quoted(c.fields[bad].Name), err)
	}
	return DType{kind: KindVoid, size: size, order: '|', ext: c}, nil
}

// dictEntries finds the entries of a dict of fields.
func (p *parser) dictEntries(i int) (at fieldDict, err error) {
	for k := i + 1; k < p.next(i); {
		key := p.resolve(k)
		value := p.resolve(p.next(k))
		k = p.next(p.next(k))
		if p.nodes[key].kind != nodeStr {
			return at, errorAt(int(p.nodes[key].pos), "%v is no key of a dict of fields", p.nodes[key].kind)
		}
		name, err := p.strValue(key)
		if err != nil {
			return at, err
		}
		place, ok := map[string]*int{
			"names": &at.names, "formats": &at.formats, "offsets": &at.offsets, "titles": &at.titles, "itemsize": &at.itemsize,
		}[name]
		if !ok {
			return at, errorAt(int(p.nodes[key].pos), "%s is no key of a dict of fields", quoted(name))
		}
		if kind := p.nodes[value].kind; name != "itemsize" && kind != nodeList && kind != nodeTuple {
			return at, errorAt(int(p.nodes[value].pos), "%v is not a list", kind)
		}
		*place = value
	}
	return at, nil
}

// size reads an offset or an item size.
func (p *parser) size(i int) (int64, error) {
	i = p.resolve(i)
	pos := int(p.nodes[i].pos)
	if p.nodes[i].kind != nodeInt {
		return 0, errorAt(pos, "%v is not a number of bytes", p.nodes[i].kind)
	}
	v, ok := p.intValue(i)
	if !ok || v < 0 || v > maxItemSize {
		return 0, errorAt(pos, "%v", errItemSize)
	}
	return v, nil
}
