package chunk

import "testing"

func TestGridRegular(t *testing.T) {
	for _, test := range []struct {
		sizes []int64
		want  bool
	}{
		{[]int64{5}, true}, {[]int64{4, 4}, true}, {[]int64{4, 4, 1}, true}, {[]int64{4, 5}, false},
		{[]int64{4, 3, 4}, false}, {[]int64{4, 4, 3, 3}, false}, {[]int64{4, 3, 5, 4}, false}, {[]int64{3, 4, 2}, false},
	} {
		total := int64(0)
		for _, n := range test.sizes {
			total += n
		}
		plan, err := NewPlan(Layout{Shape: []int64{total}, ItemSize: 1}, nil, PerAxis(AxisSizes(test.sizes...)), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if got := plan.Grid().Regular(0); got != test.want {
			t.Errorf("%v: %v", test.sizes, got)
		}
	}
}
