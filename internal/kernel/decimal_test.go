package kernel

import (
	"bufio"
	"encoding/hex"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestShortestLongDoubles compares the digits of long doubles with those that NumPy prints
// (testdata/longdouble_repr.tsv: the ten bytes and numpy.format_float_scientific).
func TestShortestLongDoubles(t *testing.T) {
	f, err := os.Open("testdata/longdouble_repr.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := 0
	for scan := bufio.NewScanner(f); scan.Scan(); lines++ {
		raw, want, _ := strings.Cut(scan.Text(), "\t")
		b, err := hex.DecodeString(raw)
		if err != nil {
			t.Fatal(err)
		}
		word := make([]byte, 16)
		copy(word, b)
		littleEndian(word)
		if got := string(NumberOf(word, X87).Append(nil, 'e', -1)); got != want {
			t.Errorf("%s prints as %s, and NumPy has %s", raw, got, want)
		}
	}
	if lines < 500 {
		t.Errorf("only %d values", lines)
	}
}

// TestShortestQuads checks that quads with the values of float64s of few digits print alike, and
// that what is printed is the nearest of the fewest digits that read back as the same number.
func TestShortestQuads(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for i := range 300 {
		var word [16]byte
		w := wide{hi: rng.Uint64(), lo: rng.Uint64(), class: finite, neg: i%2 == 0, exp: rng.IntN(600) - 300 - 127}
		if i%10 == 0 {
			w.hi, w.lo = 1<<63, 0 // a power of two
		}
		if i%7 == 0 {
			w.exp = -16494 + rng.IntN(100) - 127 // subnormal
		}
		w = w.normal()
		encodeWide(word[:], Quad, w)
		w = decodeWide(word[:], Quad)
		littleEndian(word[:])
		n := NumberOf(word[:], Quad)
		text := string(n.Append(nil, 'e', -1))
		if got := parseWide(t, text, Quad); got != w {
			t.Errorf("%s reads back as %+v, want %+v", text, got, w)
		}
		// The same many digits of the exact value, and one digit less.
		mantissa, _, _ := strings.Cut(strings.TrimPrefix(text, "-"), "e")
		places := max(len(mantissa)-2, 0)
		if places == 0 {
			continue
		}
		if exact := string(n.Append(nil, 'e', places)); exact != text && parseWide(t, exact, Quad) == w {
			t.Errorf("%s is nearer than %s", exact, text)
		}
		if fewer := string(n.Append(nil, 'e', places-1)); parseWide(t, fewer, Quad) == w {
			t.Errorf("%s is shorter than %s", fewer, text)
		}
	}
}

// parseWide is the number of a format that is nearest to a decimal.
func parseWide(t *testing.T, text string, e Elem) wide {
	t.Helper()
	f, _, err := big.ParseFloat(text, 10, 1000, big.ToNearestEven)
	if err != nil {
		t.Fatal(err)
	}
	var word [16]byte
	encodeWide(word[:], e, wideFromBig(f))
	return decodeWide(word[:], e)
}

func TestAppendNumber(t *testing.T) {
	f32 := func(v float32) Number { return NumberOf(Bytes([]float32{v}), Float32) }
	half := func(v float64) Number { return NumberOf(Bytes([]uint16{Float64ToHalf(v)}), Float16) }
	for _, c := range []struct {
		n         Number
		format    byte
		precision int
		want      string
	}{
		{f32(0.1), 'f', -1, "0.1"},
		{f32(-0.11078013479709625), 'f', -1, "-0.110780135"},
		{f32(-0.11078013479709625), 'f', 8, "-0.11078013"},
		{f32(float32(math.Inf(-1))), 'f', -1, "-Inf"},
		{half(0.1), 'f', -1, "0.1"},
		{half(0.1), 'f', 8, "0.09997559"},
		{half(65504), 'e', -1, "6.55e+04"},
		{NumberOf(Bytes([]uint16{0x3DCC}), BFloat16), 'f', -1, "0.0996"},
		{NumberOf(make([]byte, 16), X87), 'f', -1, "0"},
		{longOf(1.5), 'f', -1, "1.5"},
		{longOf(-1234567), 'f', -1, "-1234567"},
		{longOf(1e22), 'f', -1, "10000000000000000000000"},
		{longOf(0.0078125), 'f', -1, "0.0078125"},
		{longOf(2.5), 'f', 0, "2"},
		{longOf(math.NaN()), 'f', -1, "NaN"},
		{longOf(math.Copysign(0, -1)), 'e', -1, "-0e+00"},
	} {
		if got := string(c.n.Append(nil, c.format, c.precision)); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
	// What float64 can hold prints as strconv has it, digit for digit where it has no more than 17.
	rng := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		v := math.Float64frombits(rng.Uint64())
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		for _, precision := range []int{0, 3, 20} {
			if got, want := string(longOf(v).Append(nil, 'e', precision)), strconv.FormatFloat(v, 'e', precision, 64); got != want {
				t.Errorf("%v to %d places: %s, want %s", v, precision, got, want)
			}
		}
	}
}

// longOf is a float64 as long double.
func longOf(v float64) Number {
	b := make([]byte, 16)
	Convert(b, X87, Bytes([]float64{v}), Float64, false)
	return NumberOf(b, X87)
}

func TestNumberOrder(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	values := []float64{-inf, -2, -1, -0x1p-1074, 0, 0x1p-1074, 1, 1 + 0x1p-52, 2, 3, inf, nan}
	for _, x := range values {
		for _, y := range values {
			a, b := longOf(x), longOf(y)
			if a.Less(b) != (x < y) {
				t.Errorf("%v < %v is %v", x, y, a.Less(b))
			}
		}
	}
	if longOf(math.Copysign(0, -1)).Less(longOf(0)) {
		t.Error("-0 < 0")
	}
	if got := string(longOf(1).Over(longOf(3)).Append(nil, 'e', -1)); got != "3.3333333333333333334e-01" {
		t.Errorf("1/3 is %s", got)
	}
}
