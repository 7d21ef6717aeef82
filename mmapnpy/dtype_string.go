package mmapnpy

import "strconv"

// String is str(dtype): "float64", ">f8", "|S5", "datetime64[ns]", "bfloat16", "[('a', '<i4')]".
func (d DType) String() string {
	switch {
	case d.kind == 0:
		return "invalid"
	case d.ext != nil:
		return string(d.appendRepr(nil))
	case d.IsBFloat16() && d.order == nativeOrder:
		return "bfloat16"
	case d.order != '|' && d.order != nativeOrder, d.kind == KindBytes, d.kind == KindString, d.kind == KindVoid:
		code := d.appendCode(nil, true, 0)
		return string(code[:len(code)-1])
	}
	unit := DatetimeUnit{d.unit, d.count}.suffix()
	bits := strconv.FormatInt(8*d.size, 10)
	switch d.kind {
	case KindBool:
		return "bool"
	case KindInt:
		return "int" + bits
	case KindUint:
		return "uint" + bits
	case KindFloat:
		return "float" + bits
	case KindComplex:
		return "complex" + bits
	case KindDatetime:
		return "datetime64" + unit
	case KindTimedelta:
		return "timedelta64" + unit
	}
	return "object"
}

// appendRepr writes d as it appears inside another dtype, following numpy/_core/_dtype.py.
func (d DType) appendRepr(b []byte) []byte {
	switch {
	case d.ext != nil && d.ext.record && d.packed():
		return d.appendList(b)
	case d.ext != nil && d.ext.record:
		return d.appendDict(b)
	case d.ext != nil:
		b = append(d.ext.base.appendRepr(append(b, '(')), ", "...)
		return append(appendShape(b, d.ext.shape), ')')
	case d.kind == KindBool:
		return append(b, "'?'"...)
	}
	return d.appendCode(append(b, '\''), false, '\'')
}

// packed reports whether there is no padding.
func (d DType) packed() bool {
	end := int64(0)
	for _, f := range d.ext.fields {
		if f.Offset != end {
			return false
		}
		end += f.DType.size
	}
	return end == d.size
}

func (d DType) appendList(b []byte) []byte {
	b = append(b, '[')
	for i, f := range d.ext.fields {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(d.ext.appendName(append(b, '('), i), ", "...)
		if sub := f.DType.ext; sub != nil && !sub.record {
			b = append(sub.base.appendRepr(b), ", "...)
			b = appendShape(b, sub.shape)
		} else {
			b = f.DType.appendRepr(b)
		}
		b = append(b, ')')
	}
	return append(b, ']')
}

// appendDict writes a struct with padding, since a list cannot say where fields are.
func (d DType) appendDict(b []byte) []byte {
	titled := len(d.ext.titles) > 0
	each := func(b []byte, what string, item func(b []byte, i int) []byte) []byte {
		b = append(append(b, what...), ": ["...)
		for i := range d.ext.fields {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = item(b, i)
		}
		return append(b, ']')
	}
	b = each(b, "{'names'", func(b []byte, i int) []byte {
		titled = titled || d.ext.fields[i].Title != ""
		return appendRepr(b, d.ext.fields[i].Name)
	})
	b = each(b, ", 'formats'", func(b []byte, i int) []byte { return d.ext.fields[i].DType.appendRepr(b) })
	b = each(b, ", 'offsets'", func(b []byte, i int) []byte { return strconv.AppendInt(b, d.ext.fields[i].Offset, 10) })
	if titled {
		b = each(b, ", 'titles'", d.ext.appendTitle)
	}
	return append(strconv.AppendInt(append(b, ", 'itemsize': "...), d.size, 10), '}')
}

// appendTitle writes the title of field i, or None.
func (c *compound) appendTitle(b []byte, i int) []byte {
	if repr, odd := c.titles[int32(i)]; odd {
		return append(b, repr...)
	}
	if c.fields[i].Title == "" {
		return append(b, "None"...)
	}
	return appendRepr(b, c.fields[i].Title)
}
