package mmapnpy

import (
	"math"
	"strconv"
	"time"
)

// notATime is NaT.
const notATime = math.MinInt64

// A Moment is a datetime64: a time in UTC, or NaT. Times finer than a nanosecond are
// truncated toward the past. A datetime without unit, or too far away for [time.Time], is not
// a time that can be told either: its Valid is false, and Ticks has the number as stored.
type Moment struct {
	Time  time.Time
	Valid bool
	Ticks int64
}

// IsNaT reports whether the element is NumPy's NaT.
func (m Moment) IsNaT() bool { return m.Ticks == notATime }

// String is NaT, the moment in the notation of ISO 8601, or, of one that is not Valid, its ticks.
func (m Moment) String() string {
	switch {
	case m.IsNaT():
		return "NaT"
	case m.Valid:
		return m.Time.Format("2006-01-02T15:04:05.999999999")
	}
	return strconv.FormatInt(m.Ticks, 10) + " ticks"
}

// Times decodes datetime64 of any unit and byte order.
func Times(b Buffer) (Accessor[Moment], error) {
	if b.DType.Kind() != KindDatetime {
		return Accessor[Moment]{}, wrongType(b, "a datetime")
	}
	unit, _ := b.DType.Unit()
	order := byteOrder(b.DType)
	return newAccessor(b, eachElement(8, func(e []byte) Moment {
		ticks := int64(order.Uint64(e))
		t, ok := unit.time(ticks)
		return Moment{Time: t, Valid: ok, Ticks: ticks}
	}))
}

// time is the moment that lies ticks units after the epoch.
func (u DatetimeUnit) time(ticks int64) (time.Time, bool) {
	n, ok := mulInt64(ticks, int64(u.Count))
	if ticks == notATime || !ok || u.Base == Generic {
		return time.Time{}, false
	}
	switch u.Base {
	case Year, Month:
		if u.Base == Year {
			if n, ok = mulInt64(n, 12); !ok {
				return time.Time{}, false
			}
		}
		year, month := floorDiv(n, 12)
		if year < -farYears || year > farYears {
			return time.Time{}, false
		}
		return time.Date(int(1970+year), time.Month(1+month), 1, 0, 0, 0, 0, time.UTC), true
	}
	if coarse := u.Base.seconds(); coarse > 0 {
		s, ok := mulInt64(n, coarse)
		if !ok || s < -farYears*yearSeconds || s > farYears*yearSeconds {
			return time.Time{}, false
		}
		return time.Unix(s, 0).UTC(), true
	}
	perSecond := u.Base.perSecond()
	s, rest := floorDiv(n, perSecond)
	return time.Unix(s, nanoseconds(rest, perSecond)).UTC(), true
}

// farYears bounds the years from 1970 that count as a time: time.Time and its methods are
// right for ten times as many, but years have to fit an int on 32-bit systems too.
const (
	farYears    = 1e9
	yearSeconds = 366 * 86400
)

// floorDiv divides, rounding toward minus infinity.
func floorDiv(a, b int64) (q, r int64) {
	q, r = a/b, a%b
	if r < 0 {
		q, r = q-1, r+b
	}
	return q, r
}

// nanoseconds converts a part of a second, counted in perSecond-ths, rounding down.
func nanoseconds(n, perSecond int64) int64 {
	if perSecond <= 1e9 {
		return n * (1e9 / perSecond)
	}
	return n / (perSecond / 1e9)
}

// seconds is the length of a unit of at least a second that has a fixed length, else 0.
func (u TimeUnit) seconds() int64 {
	switch u {
	case Week:
		return 7 * 86400
	case Day:
		return 86400
	case Hour:
		return 3600
	case Minute:
		return 60
	case Second:
		return 1
	}
	return 0
}

// perSecond is how many of a unit below a second make one.
func (u TimeUnit) perSecond() int64 {
	n := int64(1)
	for range int(u) - int(Second) {
		n *= 1000
	}
	return n
}

// A Span is a timedelta64. Duration is valid if Valid, else 0: the unit has a fixed length, and the
// span fits 292 years. Spans finer than a nanosecond are truncated toward zero. Ticks has the
// number as stored.
type Span struct {
	Duration time.Duration
	Valid    bool
	Ticks    int64
}

// IsNaT reports whether the element is NumPy's NaT.
func (s Span) IsNaT() bool { return s.Ticks == notATime }

// String is NaT, the duration, or, of one that is not Valid, its ticks.
func (s Span) String() string {
	switch {
	case s.IsNaT():
		return "NaT"
	case s.Valid:
		return s.Duration.String()
	}
	return strconv.FormatInt(s.Ticks, 10) + " ticks"
}

// Durations decodes timedelta64 of any unit and byte order.
func Durations(b Buffer) (Accessor[Span], error) {
	if b.DType.Kind() != KindTimedelta {
		return Accessor[Span]{}, wrongType(b, "a timedelta")
	}
	unit, _ := b.DType.Unit()
	order := byteOrder(b.DType)
	return newAccessor(b, eachElement(8, func(e []byte) Span {
		ticks := int64(order.Uint64(e))
		d, ok := unit.duration(ticks)
		if !ok {
			d = 0 // not what is left of a number that is too large
		}
		return Span{Duration: d, Valid: ok, Ticks: ticks}
	}))
}

func (u DatetimeUnit) duration(ticks int64) (time.Duration, bool) {
	n, ok := mulInt64(ticks, int64(u.Count))
	if ticks == notATime || !ok || u.Base <= Month {
		return 0, false
	}
	if coarse := u.Base.seconds(); coarse > 0 {
		n, ok = mulInt64(n, coarse)
		if ok {
			n, ok = mulInt64(n, 1e9)
		}
		return time.Duration(n), ok
	}
	per := u.Base.perSecond()
	if per > 1e9 {
		return time.Duration(n / (per / 1e9)), true
	}
	n, ok = mulInt64(n, 1e9/per)
	return time.Duration(n), ok
}
