package mmapnpy

import "strings"

// cutTime recognises the string of a time and returns what follows its name.
func cutTime(code string) (unit string, kind Kind, ok bool) {
	for _, t := range [...]struct {
		prefix string
		kind   Kind
	}{
		{"M8", KindDatetime}, {"m8", KindTimedelta},
		{"datetime64", KindDatetime}, {"timedelta64", KindTimedelta},
	} {
		if unit, ok := strings.CutPrefix(code, t.prefix); ok {
			return unit, t.kind, true
		}
	}
	return "", 0, false
}

var errUnit = &badFormat{msg: "not a time unit that NumPy knows"}

// parseTime reads "[25us]", "[s/25]" or nothing.
func parseTime(kind Kind, unit string, order byte) (DType, error) {
	d := DType{kind: kind, size: 8, order: order, count: 1}
	if unit == "" {
		return d, nil
	}
	unit, open := strings.CutPrefix(unit, "[")
	unit, closed := strings.CutSuffix(unit, "]")
	if !open || !closed {
		return DType{}, errUnit
	}
	u, err := parseUnit(unit)
	if err != nil {
		return DType{}, err
	}
	d.unit, d.count = u.Base, u.Count
	return d, nil
}

func parseUnit(s string) (DatetimeUnit, error) {
	count := int64(1)
	if n, rest, ok := strtol(s); ok {
		count, s = n, rest
	}
	name, divisor, divided := strings.Cut(s, "/")
	base, ok := unitByName(name)
	switch {
	case !ok:
		return DatetimeUnit{}, errUnit
	case count < 0 || count > maxItemSize:
		return DatetimeUnit{}, &badFormat{msg: "count of the time unit does not fit 31 bits"}
	}
	if divided {
		den, rest, ok := strtol(divisor)
		if !ok || rest != "" {
			return DatetimeUnit{}, errUnit
		}
		return divideUnit(base, count, den)
	}
	return newUnit(base, count), nil
}

// newUnit drops the count of generic times, as NumPy does.
func newUnit(base TimeUnit, count int64) DatetimeUnit {
	if base == Generic {
		count = 1
	}
	return DatetimeUnit{base, int32(count)}
}

func unitByName(name string) (TimeUnit, bool) {
	if name == "μs" { // with the Greek letter; NumPy refuses the micro sign
		return Microsecond, true
	}
	for u, s := range timeUnits {
		if s == name {
			return TimeUnit(u), true
		}
	}
	return 0, false
}

// divisors says how many of which smaller units make one; of several that divide, the first is
// taken. It is _multiples_table of NumPy's datetime.c; the table is NumPy's, so a month is 4
// weeks, 30 days or 720 hours.
func divisors(base TimeUnit) []DatetimeUnit {
	switch base {
	case Generic, Attosecond:
		return nil
	case Year:
		return []DatetimeUnit{{Month, 12}, {Week, 52}, {Day, 365}}
	case Month:
		return []DatetimeUnit{{Week, 4}, {Day, 30}, {Hour, 720}}
	case Week:
		return []DatetimeUnit{{Day, 7}, {Hour, 168}, {Minute, 10080}}
	case Day:
		return []DatetimeUnit{{Hour, 24}, {Minute, 1440}, {Second, 86400}}
	case Hour:
		return []DatetimeUnit{{Minute, 60}, {Second, 3600}}
	case Minute:
		return []DatetimeUnit{{Second, 60}, {Millisecond, 60000}}
	case Femtosecond:
		return []DatetimeUnit{{Attosecond, 1000}}
	}
	return []DatetimeUnit{{base + 1, 1000}, {base + 2, 1000000}}
}

// divideUnit turns count*base/den into a multiple of a smaller unit.
func divideUnit(base TimeUnit, count, den int64) (DatetimeUnit, error) {
	switch {
	case den == 1:
		return newUnit(base, count), nil
	case base == Generic:
		return DatetimeUnit{}, &badFormat{msg: "generic times have no divisor"}
	case den <= 0:
		return DatetimeUnit{}, &badFormat{msg: "divisor of the time unit is not positive"}
	}
	for _, d := range divisors(base) {
		if int64(d.Count)%den != 0 {
			continue
		}
		n := count * (int64(d.Count) / den)
		if n > maxItemSize {
			return DatetimeUnit{}, &badFormat{msg: "count of the time unit does not fit 31 bits"}
		}
		return DatetimeUnit{d.Base, int32(n)}, nil
	}
	return DatetimeUnit{}, &badFormat{msg: "divisor of the time unit is not a multiple of a lower unit"}
}
