package mmapnpy

import "strconv"

// A TimeUnit is the base unit of a datetime64 or timedelta64.
type TimeUnit uint8

// The units, from NumPy's unitless times to attoseconds.
const (
	Generic TimeUnit = iota
	Year
	Month
	Week
	Day
	Hour
	Minute
	Second
	Millisecond
	Microsecond
	Nanosecond
	Picosecond
	Femtosecond
	Attosecond
)

var timeUnits = [...]string{"generic", "Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"}

// String is NumPy's name of the unit, such as "ns".
func (u TimeUnit) String() string {
	if int(u) >= len(timeUnits) {
		return "invalid"
	}
	return timeUnits[u]
}

// A DatetimeUnit is what one tick of a datetime64 or timedelta64 is worth: Count times Base.
// Count is 1 for generic times and not negative; NumPy lets it be 0.
type DatetimeUnit struct {
	Base  TimeUnit
	Count int32
}

// String is what NumPy writes between the brackets, such as "25us".
func (u DatetimeUnit) String() string {
	if u.Count == 1 {
		return u.Base.String()
	}
	return strconv.FormatInt(int64(u.Count), 10) + u.Base.String()
}

// suffix is the unit in brackets, empty for generic times.
func (u DatetimeUnit) suffix() string {
	if u.Base == Generic {
		return ""
	}
	return "[" + u.String() + "]"
}
