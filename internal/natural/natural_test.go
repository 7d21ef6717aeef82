package natural

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestNaturalOrder(t *testing.T) {
	names := []string{
		"", "0", "00", "1", "01", "001", "2", "10", "99999999999999999999998", "99999999999999999999999",
		"a/z1", "a/z2", "a/z10", "a-1/z", "a1b2", "a1b10", "a01b10", "a2b1", "img", "img1.npy", "img2.npy", "img02.npy", "img10.npy", "img10a.npy",
		"Ä1", "Ä2", "Ä10", "列2", "列１０", "列20",
	}
	for seed := range uint64(5) {
		got := slices.Clone(names)
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		slices.SortFunc(got, Compare)
		if !slices.Equal(got, names) {
			t.Fatalf("%q\nof %q", got, names)
		}
	}
	for _, a := range names {
		for _, b := range names {
			if c := Compare(a, b); c != -Compare(b, a) || (c == 0) != (a == b) {
				t.Errorf("%q and %q compare as %d and %d", a, b, c, Compare(b, a))
			}
		}
	}
	if digitOf('٣') != 3 || digitOf('𝟙') != 1 || digitOf('²') != -1 || digitOf('x') != -1 {
		t.Errorf("digits %d, %d, %d, %d", digitOf('٣'), digitOf('𝟙'), digitOf('²'), digitOf('x'))
	}
}
