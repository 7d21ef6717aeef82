package npytext

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// timeLayouts are NumPy's ISO 8601 forms of the units down to a nanosecond.
var timeLayouts = map[mmapnpy.TimeUnit]string{
	mmapnpy.Year:        "2006",
	mmapnpy.Month:       "2006-01",
	mmapnpy.Week:        "2006-01-02",
	mmapnpy.Day:         "2006-01-02",
	mmapnpy.Hour:        "2006-01-02T15",
	mmapnpy.Minute:      "2006-01-02T15:04",
	mmapnpy.Second:      "2006-01-02T15:04:05",
	mmapnpy.Millisecond: "2006-01-02T15:04:05.000",
	mmapnpy.Microsecond: "2006-01-02T15:04:05.000000",
	mmapnpy.Nanosecond:  "2006-01-02T15:04:05.000000000",
}

// notATime is how a missing time prints.
const notATime = "NaT"

// timeText writes a datetime64 as NumPy does, without quotes. A time that the
// calendar cannot hold is its number of ticks.
func timeText(m mmapnpy.Moment, unit mmapnpy.DatetimeUnit) string {
	if m.IsNaT() {
		return notATime
	}
	if !m.Valid {
		return strconv.FormatInt(m.Ticks, 10)
	}
	if layout, ok := timeLayouts[unit.Base]; ok {
		return m.Time.Format(layout)
	}
	// Finer than [time.Time]: the digits below a nanosecond come from the ticks.
	digits, scale := 3, int64(1e3)
	for u := mmapnpy.Picosecond; u < unit.Base; u++ {
		digits, scale = digits+3, scale*1e3
	}
	below := m.Ticks % scale * (int64(unit.Count) % scale) % scale
	if below < 0 {
		below += scale
	}
	return m.Time.Format(timeLayouts[mmapnpy.Nanosecond]) + fmt.Sprintf("%0*d", digits, below)
}

// numpyTimeText is timeText with negative years as NumPy prints them: four characters wide with
// their sign.
func numpyTimeText(m mmapnpy.Moment, unit mmapnpy.DatetimeUnit) string {
	text := timeText(m, unit)
	if m.IsNaT() || !m.Valid || m.Time.Year() >= 0 {
		return text
	}
	return fmt.Sprintf("%04d", m.Time.Year()) + strings.TrimPrefix(text, m.Time.Format("2006"))
}

// spanWords are the units as str has them for a single timedelta64.
var spanWords = [...]string{
	"generic time units", "years", "months", "weeks", "days", "hours", "minutes", "seconds",
	"milliseconds", "microseconds", "nanoseconds", "picoseconds", "femtoseconds", "attoseconds",
}

// spanText writes a timedelta64 as str does, such as "5 seconds".
func spanText(s mmapnpy.Span, unit mmapnpy.DatetimeUnit) string {
	if s.IsNaT() || int(unit.Base) >= len(spanWords) {
		return notATime
	}
	return fmt.Sprintf("%d %s", s.Ticks*int64(unit.Count), spanWords[unit.Base])
}
