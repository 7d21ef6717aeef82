package mmapnpy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
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
	for name, c := range map[string]struct {
		b    Buffer
		want []float64
	}{
		"bool":   {cBuffer(Bool, []byte{0, 1, 2}, 3), []float64{0, 1, 1}},
		"uint64": {cBuffer(Uint64, kernel.Bytes([]uint64{1 << 63, 3}), 2), []float64{1 << 63, 3}},
		">i2":    {cBuffer(Int16.WithByteOrder('>'), []byte{0xFF, 0xFE}, 1), []float64{-2}},
		"<f16":   {cBuffer(mustParse(t, "<f16"), append([]byte{0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0x40}, "garbag"...), 1), []float64{3}},
	} {
		a, err := Floats(c.b)
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Collect(a.All()); name != "<f16" || hostLongDouble() == X87 {
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
	}
	n, err := Numbers[int64](cBuffer(Float32, kernel.Bytes([]float32{-1.9, 7.5}), 2))
	if err != nil || n.At(0) != -1 || n.At(1) != 7 {
		t.Errorf("numbers: %v, %v, %v", n.At(0), n.At(1), err)
	}
	i8, i8s := cBuffer(Int8, []byte{1}, 1), "the elements are int8 (|i1)"
	for what, get := range map[string]func() error{
		"a string requested":    func() error { _, err := Strings(i8); return err },
		"a datetime requested":  func() error { _, err := Times(i8); return err },
		"a timedelta requested": func() error { _, err := Durations(i8); return err },
	} {
		if err := get(); !errors.Is(err, ErrType) || !strings.Contains(err.Error(), what+", "+i8s) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := Floats(cBuffer(Complex64, make([]byte, 8), 1)); !errors.Is(err, ErrType) {
		t.Errorf("real numbers of complex ones: %v", err)
	}
	if _, err := Numbers[int8](cBuffer(mustParse(t, "S1"), make([]byte, 1), 1)); !errors.Is(err, ErrType) {
		t.Errorf("numbers of strings: %v", err)
	}
	if _, err := Numbers[int8](Buffer{}); err == nil {
		t.Error("an accessor of nothing")
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

// TestAccessorsAgree compares At and All of strided buffers.
func TestAccessorsAgree(t *testing.T) {
	raw := make([]byte, 20000*2)
	for i := range raw {
		raw[i] = byte(i * 31 >> 2)
	}
	b := Buffer{Data: raw, Offset: 39998, DType: Float16, Shape: []int64{100, 99}, Strides: []int64{-4, -400}}
	a, err := Floats(b)
	if err != nil {
		t.Fatal(err)
	}
	i := int64(0)
	for v := range a.All() {
		if at := a.At(i/99, i%99); at != v && (at == at || v == v) { // NaN or the same
			t.Fatalf("element %d is %v by All and %v by At", i, v, at)
		}
		i++
	}
	if i != a.Len() {
		t.Errorf("All yields %d of %d elements", i, a.Len())
	}
	for range a.All() {
		break
	}
}

// TestSurrogates decodes what UTF-16 programs leave in UCS-4.
func TestSurrogates(t *testing.T) {
	for _, c := range []struct {
		raw  []uint32
		want string
	}{
		{[]uint32{0xD83D, 0xDE00, 'x'}, "😀x"},
		{[]uint32{0xDE00, 0xD83D, 'x'}, "\uFFFD\uFFFDx"},
		{[]uint32{'x', 0xD83D, 0}, "x\uFFFD"},
		{[]uint32{0xD83D, 0xD83D, 0xDE00}, "\uFFFD😀"},
		{[]uint32{0xFFFFFFFF, 0, 'a'}, "\uFFFD\x00a"},
		{[]uint32{0, 0, 0}, ""},
	} {
		a, err := Strings(cBuffer(mustParse(t, "=U3"), kernel.Bytes(c.raw)))
		if err != nil {
			t.Fatal(err)
		}
		if got := a.At(); got != c.want {
			t.Errorf("%x: %q, want %q", c.raw, got, c.want)
		}
	}
}

// TestValue decodes elements of every kind for printing.
func TestValue(t *testing.T) {
	dt := headerDType(t, "[('a','u1'),('s','S2'),('m','i1',(2,2)),('in',[('z','?')])]")
	v, err := cBuffer(dt, []byte{1, 'h', 0, 1, 2, 3, 0xFF, 5}).Value()
	want := Record{{"a", uint64(1)}, {"s", "h"}, {"m", []any{[]any{int64(1), int64(2)}, []any{int64(3), int64(-1)}}}, {"in", Record{{"z", true}}}}
	if err != nil || !reflect.DeepEqual(v, want) {
		t.Errorf("%v, %v; want %v", v, err, want)
	}
	for name, want := range map[string]any{
		"=c8": complex128(0), "=f2": float64(0), "V2": []byte{0, 0}, "=U1": "", "<V2": float64(0),
		"=M8[D]": Moment{Time: time.Unix(0, 0).UTC(), Valid: true}, "=m8[s]": Span{Valid: true},
	} {
		d := headerDType(t, name)
		if name == "<V2" {
			d = BFloat16
		}
		if v, err := cBuffer(d, make([]byte, d.size)).Value(); err != nil || !reflect.DeepEqual(v, want) {
			t.Errorf("%s: %#v, %v", name, v, err)
		}
	}
	for name, want := range map[string]string{"=f16": "0.33333333333333333334", "=c32": "(0.33333333333333333334+0i)"} {
		d := mustParse(t, name).withLong(X87)
		raw := make([]byte, d.size)
		copy(raw, "\xab\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xfd\x3f")
		v, err := cBuffer(d.WithByteOrder('<'), raw).Value()
		if got := fmt.Sprint(v); err != nil || got != want {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	if _, err := cBuffer(mustParse(t, "O"), make([]byte, 8)).Value(); !errors.Is(err, ErrObject) {
		t.Errorf("object: %v", err)
	}
}

// withLong is d with another format of its long doubles.
func (d DType) withLong(f LongDoubleFormat) DType {
	d.long = f
	return d
}
