package mmapnpy

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/internal/kernel"
)

func TestAccessors(t *testing.T) {
	s, err := Strings(cBuffer(mustParse(t, "S3"), []byte("ab\x00a\x00b\x00\x00\x00"), 3))
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Collect(s.All()); !slices.Equal(got, []string{"ab", "a\x00b", ""}) {
		t.Errorf("byte strings: %q", got)
	}
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		var raw []byte
		for _, r := range []uint32{'h', 0x6574, 0, 0x1F600, 0xD800, 0x110000} {
			raw = order.AppendUint32(raw, r)
		}
		name := map[bool]string{true: "<U3", false: ">U3"}[order == binary.AppendByteOrder(binary.LittleEndian)]
		u, err := Strings(cBuffer(mustParse(t, name), raw, 2))
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Collect(u.All()); !slices.Equal(got, []string{"h整", "😀\uFFFD\uFFFD"}) {
			t.Errorf("%s: %q", name, got)
		}
	}
	half, err := Floats(cBuffer(Float16.WithByteOrder('>'), []byte{0x3C, 0, 0xC0, 0}, 2))
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Collect(half.All()); !slices.Equal(got, []float64{1, -2}) {
		t.Errorf("float16: %v", got)
	}
	brain, err := Floats(cBuffer(BFloat16, kernel.Bytes([]uint16{0x3F80, 0xC000}), 2))
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Collect(brain.All()); !slices.Equal(got, []float64{1, -2}) {
		t.Errorf("bfloat16: %v", got)
	}
	n, err := Numbers[int64](cBuffer(Float32, kernel.Bytes([]float32{-1.9, 7.5}), 2))
	if err != nil || n.At(0) != -1 || n.At(1) != 7 {
		t.Errorf("numbers: %v, %v, %v", n.At(0), n.At(1), err)
	}
	if _, err := Strings(cBuffer(Int8, []byte{1}, 1)); !errors.Is(err, ErrType) {
		t.Errorf("strings of int8: %v", err)
	}
}

func TestTimes(t *testing.T) {
	for _, c := range []struct {
		dtype string
		ticks int64
		want  string
	}{
		{"M8[Y]", -1, "1969-01-01T00:00:00Z"},
		{"M8[M]", 13, "1971-02-01T00:00:00Z"},
		{"M8[W]", 1, "1970-01-08T00:00:00Z"},
		{"M8[D]", -1, "1969-12-31T00:00:00Z"},
		{"M8[25us]", 3, "1970-01-01T00:00:00.000075Z"},
		{"M8[ns]", -1, "1969-12-31T23:59:59.999999999Z"},
		{"M8[ps]", -1, "1969-12-31T23:59:59.999999999Z"},
		{"M8[as]", 2e9, "1970-01-01T00:00:00.000000002Z"},
		{"M8[s]", 1 << 33, "2242-03-16T12:56:32Z"},
		{"M8[s]", math.MinInt64, ""},
		{"M8[Y]", math.MaxInt64, ""},
		{"M8", 5, ""},
	} {
		for _, order := range []byte{'<', '>'} {
			dt := mustParse(t, c.dtype).WithByteOrder(order)
			raw := make([]byte, 8)
			byteOrder(dt).PutUint64(raw, uint64(c.ticks))
			a, err := Times(cBuffer(dt, raw, 1))
			if err != nil {
				t.Fatal(err)
			}
			m := a.At(0)
			if got := m.Time.Format(time.RFC3339Nano); m.Valid != (c.want != "") || m.Valid && got != c.want || m.Ticks != c.ticks {
				t.Errorf("%s %d = %s, %v; want %q", c.dtype, c.ticks, got, m.Valid, c.want)
			}
			if m.IsNaT() != (c.ticks == math.MinInt64) {
				t.Errorf("%s %d: IsNaT is %v", c.dtype, c.ticks, m.IsNaT())
			}
		}
	}
	d, err := Durations(cBuffer(mustParse(t, "m8[25ms]"), kernel.Bytes([]int64{-3, notATime}), 2))
	if err != nil || d.At(0).Duration != -75*time.Millisecond || !d.At(0).Valid || d.At(1).Valid || !d.At(1).IsNaT() {
		t.Errorf("durations: %v, %v, %v", d.At(0), d.At(1), err)
	}
}

