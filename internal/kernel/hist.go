package kernel

import (
	"fmt"
	"math"
	"sort"
	"sync"
)

// MaxBins is the greatest number of bins that [NewBins] makes.
const MaxBins = 1 << 24

// Bins are bins of equal width, made and filled as np.histogram(x, n, (lo, hi))
// does it: a bin holds its lower edge, and the last one its upper edge too. The
// zero value is not valid. Bins may be copied, and used concurrently.
type Bins struct{ *bins }

type bins struct {
	edges       []float64
	wide, short binner    // for all elements but float32, and for these
	tables      [4]lookup // for uint8, int8, uint16, int16
	// of elements that are float32s made of float16s: the bin of each of these, by its bits
	half []int32
}

// NewBins divides the range from lo to hi into n bins, 1 <= n <= [MaxBins]. A
// range of width 0 is first widened by a half on either side. It is an error if
// the range is not finite, or the wrong way round, or has no room for n bins. A
// range wider than the largest float64, which NumPy refuses, is none.
func NewBins(lo, hi float64, n int) (Bins, error) {
	switch {
	case n < 1 || n > MaxBins:
		return Bins{}, fmt.Errorf("%d bins: want 1 to %d", n, MaxBins)
	case math.IsNaN(lo-lo) || math.IsNaN(hi-hi):
		return Bins{}, fmt.Errorf("bins from %v to %v: range is not finite", lo, hi)
	case lo > hi:
		return Bins{}, fmt.Errorf("bins from %v to %v: range is the wrong way round", lo, hi)
	case math.IsInf(hi-lo, 0):
		return wideBins(lo, hi, n), nil
	case lo == hi:
		lo, hi = lo-0.5, hi+0.5
	}
	edges := linspace(lo, hi, n)
	if !ascending(edges) {
		return Bins{}, fmt.Errorf("bins from %v to %v: no room for %d bins", lo, hi, n)
	}
	// NumPy compares float32 elements with edges rounded to float32, and refuses
	// to when edges coincide; here they are then compared with the edges as is.
	rounded := make([]float64, len(edges))
	for i, e := range edges {
		rounded[i] = float64(float32(e))
	}
	if !ascending(rounded) {
		rounded = edges
	}
	return Bins{&bins{
		edges: edges,
		wide:  newBinner(edges, hi-lo, 0x1p-52),
		short: newBinner(rounded, hi-lo, 0x1p-23),
	}}, nil
}

// wideBins are bins of a range whose width is beyond float64.
func wideBins(lo, hi float64, n int) Bins {
	edges := linspace(lo/2, hi/2, n)
	for i := range edges {
		edges[i] *= 2
	}
	edges[0], edges[n] = lo, hi
	b := newBinner(edges, math.Inf(1), 0x1p-52)
	b.crowded, b.search = true, true
	return Bins{&bins{edges: edges, wide: b, short: b}}
}

// NewHalfBins is [NewBins] for elements of float16, given as float32s. NumPy computes their edges
// and their bins in float16, and from more than some hundred bins on they are not all that they
// should be; these are NumPy's. found says that lo and hi are elements themselves, from which NumPy
// then computes the edges in float16, too. Where float16 has no room for the edges, the bins are
// those of float32.
func NewHalfBins(lo, hi float64, n int, found bool) (Bins, error) {
	b, err := NewBins(lo, hi, n)
	if err != nil {
		return b, err
	}
	if lo == hi {
		lo, hi = roundHalf(lo-0.5), roundHalf(hi+0.5)
	}
	edges := make([]float64, n+1)
	if found {
		edges = linspaceHalf(lo, hi, n)
	} else {
		for i, e := range b.edges {
			edges[i] = roundHalf(e)
		}
	}
	if !ascending(edges) {
		return b, nil
	}
	own := &bins{edges: edges, wide: b.wide, short: b.short, half: make([]int32, 1<<16)}
	width := roundHalf(hi - lo)
	lo, hi = roundHalf(lo), roundHalf(hi) // as numbers of Python are when they meet float16
	for bits := range own.half {
		own.half[bits] = int32(halfBin(float64(Half2Float32(uint16(bits))), lo, hi, width, edges))
	}
	return Bins{own}, nil
}

// roundHalf is v as float16. What is rounded so after one operation of float64 is what float16
// makes of it.
func roundHalf(v float64) float64 { return float64(Half2Float32(Float64ToHalf(v))) }

// linspaceHalf is np.linspace of float16.
func linspaceHalf(lo, hi float64, n int) []float64 {
	edges := make([]float64, n+1)
	width := roundHalf(hi - lo)
	count := roundHalf(float64(n))
	step := roundHalf(width / count)
	for i := range edges {
		y := roundHalf(float64(i))
		if step != 0 {
			y = roundHalf(y * step)
		} else {
			y = roundHalf(roundHalf(y/count) * width)
		}
		edges[i] = roundHalf(y + lo)
	}
	edges[n] = hi
	return edges
}

// halfBin is the bin of v as np.histogram finds it, every step in float16; the number of bins for
// none.
func halfBin(v, lo, hi, width float64, edges []float64) int {
	n := len(edges) - 1
	if !(v >= lo && v <= hi) {
		return n
	}
	at := roundHalf(roundHalf(roundHalf(v-lo)/width) * roundHalf(float64(n)))
	k := int(at)
	if !(at >= 0 && at <= float64(n)) { // NumPy would look beyond its edges
		k = n
	}
	if k == n {
		k--
	}
	if v < edges[k] {
		k = max(k-1, 0)
	}
	if k != n-1 && v >= edges[k+1] {
		k++
	}
	return k
}

// Len is the number of bins.
func (b Bins) Len() int { return len(b.edges) - 1 }

// Edges are the Len()+1 edges of the bins, np.linspace(lo, hi, n+1). They must
// not be changed.
func (b Bins) Edges() []float64 { return b.edges }

// linspace is np.linspace(lo, hi, n+1).
func linspace(lo, hi float64, n int) []float64 {
	edges := make([]float64, n+1)
	step := (hi - lo) / float64(n)
	for i := range edges {
		if step != 0 {
			edges[i] = float64(float64(i)*step) + lo
		} else {
			edges[i] = float64(float64(i)/float64(n)*(hi-lo)) + lo
		}
	}
	edges[n] = hi
	return edges
}

func ascending(edges []float64) bool {
	for i := range len(edges) - 1 {
		if !(edges[i] < edges[i+1]) { // NaN does not ascend either
			return false
		}
	}
	return true
}

// binner finds bins. It guesses, and then looks at the edges; a guess is off by
// one at most unless bins are hardly wider than the numbers there are.
type binner struct {
	lower, upper []float64 // edges of bins; the last bin has no upper edge
	hi           float64
	scale        float64 // bins per unit
	width        float64 // of the whole range, as asked for
	crowded      bool    // guess in NumPy's own way: it may be off by more
	single       bool    // elements are float32
	search       bool    // do not guess: the width overflows
}

// newBinner makes a binner for elements with the precision eps.
func newBinner(edges []float64, width, eps float64) binner {
	n := len(edges) - 1
	b := binner{lower: edges[:n], upper: append([]float64(nil), edges[1:]...), hi: edges[n], width: width}
	b.upper[n-1] = math.Inf(1)
	b.scale = float64(n) / width
	b.single = eps > 0x1p-52
	b.crowded = width/float64(n) < 16*eps*max(math.Abs(edges[0]), math.Abs(edges[n])) || math.IsInf(b.scale, 0)
	return b
}

// bin is the bin of v, or len(b.lower) if there is none.
func (b *binner) bin(v float64) int {
	n := len(b.lower)
	if !(v >= b.lower[0] && v <= b.hi) {
		return n
	}
	if b.search {
		return max(sort.Search(n, func(k int) bool { return b.lower[k] > v })-1, 0)
	}
	d := v - b.lower[0]
	if !b.crowded {
		d *= b.scale
	} else {
		if b.single {
			d = float64(float32(d))
		}
		d = d / b.width * float64(n)
	}
	k := min(int(d), n-1)
	if v < b.lower[k] {
		return k - 1
	}
	if v >= b.upper[k] {
		return k + 1
	}
	return k
}

// lookup is a table of bins of all integers of one type, by their bits. It is
// made when it is first needed.
type lookup struct {
	once sync.Once
	bin  []int32
}

func (l *lookup) table(b *binner, bits int, signed bool) []int32 {
	l.once.Do(func() {
		l.bin = make([]int32, 1<<bits)
		for i := range l.bin {
			v := i
			if signed && i >= len(l.bin)/2 {
				v -= len(l.bin)
			}
			l.bin[i] = int32(b.bin(float64(v)))
		}
	})
	return l.bin
}

const (
	// histBlock is how many bins are found before they are counted.
	histBlock = 512
	// fewBins is the number of bins below which long rows have several tables, and
	// longRow the length that makes up for clearing these.
	fewBins = 512
	longRow = 4096
)

// HistRows counts the m elements of row i of x in the bins
// counts[i*b.Len():(i+1)*b.Len()]. NaN and what is out of range are not counted.
func HistRows[T Real](counts []int64, x []T, m int, b Bins) {
	n := b.Len()
	switch {
	case m <= 0:
	case m >= longRow && sizeOf[T]() == 1:
		for ; len(x) > 0; x = x[m:] {
			histBytes(counts[:n], x[:m], b)
			counts = counts[n:]
		}
	case m >= longRow && n < fewBins:
		for ; len(x) > 0; x = x[m:] {
			histLongRow(counts[:n], x[:m], b)
			counts = counts[n:]
		}
	default:
		var found [histBlock]int32
		left := m // of the row
		for len(x) > 0 {
			f := found[:min(histBlock, len(x))]
			findBins(f, x, b)
			x = x[len(f):]
			for len(f) > 0 {
				part := f[:min(left, len(f))]
				for _, k := range part {
					if int(k) < n {
						counts[k]++
					}
				}
				f, left = f[len(part):], left-len(part)
				if left == 0 {
					counts, left = counts[n:], m
				}
			}
		}
	}
}

// HistCols counts the elements of column j of x, whose rows have m elements, in
// the bins counts[j*b.Len():(j+1)*b.Len()], as [HistRows].
func HistCols[T Real](counts []int64, x []T, m int, b Bins) {
	if m == 1 {
		HistRows(counts, x, len(x), b)
		return
	}
	if m <= 0 {
		return
	}
	n := b.Len()
	var found [histBlock]int32
	for j := 0; len(x) > 0; {
		f := found[:min(histBlock, len(x))]
		findBins(f, x, b)
		x = x[len(f):]
		for _, k := range f {
			if int(k) < n {
				counts[j*n+int(k)]++
			}
			if j++; j == m {
				j = 0
			}
		}
	}
}

// histLongRow counts in several tables, since neighbours are often in the same
// bin: in one table, one count would have to wait for the other. What has no bin
// is counted too, after the last bin.
func histLongRow[T Real](counts []int64, x []T, b Bins) {
	const mask = fewBins - 1 // for the compiler, which cannot know k < fewBins
	var tables [4][fewBins]int32
	var found [histBlock]int32
	for len(x) > 0 {
		part := x[:min(len(x), math.MaxInt32)]
		x = x[len(part):]
		for len(part) > 0 {
			f := found[:min(histBlock, len(part))]
			findBins(f, part, b)
			part = part[len(f):]
			for ; len(f) >= 4; f = f[4:] {
				tables[0][f[0]&mask]++
				tables[1][f[1]&mask]++
				tables[2][f[2]&mask]++
				tables[3][f[3]&mask]++
			}
			for _, k := range f {
				tables[0][k&mask]++
			}
		}
		for k := range counts {
			for t := range tables {
				counts[k] += int64(tables[t][k])
			}
		}
		clear(tables[:])
	}
}

// histBytes counts elements of one byte by their value first, and finds the bins
// of the values then; several tables as in histLongRow.
func histBytes[T Real](counts []int64, x []T, b Bins) {
	bins := byteBins[T](b)
	for len(x) > 0 {
		part := x[:min(len(x), math.MaxInt32)]
		x = x[len(part):]
		var tables [4][256]int32
		i := 0
		for ; i <= len(part)-4; i += 4 {
			p := (*[4]T)(part[i:])
			tables[0][uint8(p[0])]++
			tables[1][uint8(p[1])]++
			tables[2][uint8(p[2])]++
			tables[3][uint8(p[3])]++
		}
		for _, v := range part[i:] {
			tables[0][uint8(v)]++
		}
		for v, k := range bins {
			if int(k) < len(counts) {
				counts[k] += int64(tables[0][v]) + int64(tables[1][v]) + int64(tables[2][v]) + int64(tables[3][v])
			}
		}
	}
}

// byteBins has the bins of all elements of one byte.
func byteBins[T Real](b Bins) []int32 {
	signed := isSigned[T]()
	return b.tables[boolInt(signed)].table(&b.wide, 8, signed)[:1<<8]
}

// findBins stores the bins of the first elements of x in found; the number of
// bins stands for none.
func findBins[T Real](found []int32, x []T, b Bins) {
	x = x[:len(found)]
	switch signed := isSigned[T](); {
	case sizeOf[T]() == 1:
		table := byteBins[T](b)
		for i, v := range x {
			found[i] = table[uint8(v)]
		}
	case sizeOf[T]() == 2:
		table := b.tables[2+boolInt(signed)].table(&b.wide, 16, signed)[:1<<16]
		for i, v := range x {
			found[i] = table[uint16(v)]
		}
	case b.half != nil:
		for i, v := range x {
			found[i] = b.half[Float32ToHalf(float32(v))]
		}
	case sizeOf[T]() == 4 && isFloat[T]():
		findNumbers(found, x, &b.short)
	default:
		findNumbers(found, x, &b.wide)
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// findNumbers is findBins by computation; it is binner.bin for many.
func findNumbers[T Real](found []int32, x []T, b *binner) {
	if b.crowded {
		for i, v := range x {
			found[i] = int32(b.bin(float64(v)))
		}
		return
	}
	n := len(b.lower)
	lower, upper := b.lower, b.upper[:n]
	lo, hi, scale := lower[0], b.hi, b.scale
	for i, v := range x {
		v := float64(v)
		k := n
		if v >= lo && v <= hi {
			k = min(int((v-lo)*scale), n-1)
			if v < lower[k] {
				k--
			} else if v >= upper[k] {
				k++
			}
		}
		found[i] = int32(k)
	}
}
