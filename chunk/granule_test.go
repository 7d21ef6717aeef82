package chunk

import "testing"

// TestGranule checks that blocks that are cut are multiples of the granule where the array's axes
// allow it.
func TestGranule(t *testing.T) {
	const span = 1 << 20
	for _, tt := range []struct {
		name       string
		layout     Layout
		navigation []int
		aligned    bool
	}{
		{"frames of 32 KiB", Layout{Shape: []int64{8192, 128, 128}, ItemSize: 2}, []int{0}, true},
		{"frames of 96 KiB", Layout{Shape: []int64{5000, 192, 256}, ItemSize: 2}, []int{0}, true},
		{"a long axis", Layout{Shape: []int64{100_000_000}, ItemSize: 8}, nil, true},
		{"Fortran order", Layout{Shape: []int64{128, 128, 8192}, ItemSize: 2, Order: FOrder(3)}, []int{2}, true},
		{"odd rows, a multiple would be too large", Layout{Shape: []int64{100_000, 1001}, ItemSize: 8}, nil, false},
	} {
		lim := Limits{Granule: span, MinBlock: 4 * span, MinBlocks: 64}
		p, err := NewPlan(tt.layout, tt.navigation, Auto(), lim)
		if err != nil {
			t.Fatal(err)
		}
		lim.Granule = 0
		plain, err := NewPlan(tt.layout, tt.navigation, Auto(), lim)
		if err != nil {
			t.Fatal(err)
		}
		n := int64(1)
		for i := range p.NumBlocks() - 1 {
			n = p.Region(i).Len() * tt.layout.ItemSize
			if (n%span == 0) != tt.aligned {
				t.Fatalf("%s: block %d has %d bytes", tt.name, i, n)
			}
		}
		most := plain.Region(0).Len() * tt.layout.ItemSize
		if n > most || 2*n < most {
			t.Errorf("%s: blocks of %d bytes, and %d without a granule", tt.name, n, most)
		}
		covered := int64(0)
		for i := range p.NumBlocks() {
			covered += p.Region(i).Len()
		}
		if want := Whole(tt.layout.Shape).Len(); covered != want {
			t.Errorf("%s: blocks cover %d of %d elements", tt.name, covered, want)
		}
	}
	if _, err := NewPlan(Layout{Shape: []int64{10}, ItemSize: 1}, nil, Auto(), Limits{Granule: -1}); err == nil {
		t.Error("a negative granule")
	}
}
