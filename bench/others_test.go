package main

import "testing"

func TestBusySeconds(t *testing.T) {
	for _, c := range []struct {
		stat string
		want float64
		ok   bool
	}{
		{"cpu  100 20 30 100000 5000 1 2 47 0 0\ncpu0 1 2 3", 2, true},
		{"cpu  100 20 30 100000", 0, false},
		{"cpu  1 2 x 4 5 6 7 8", 0, false},
		{"", 0, false},
	} {
		if got, ok := busySeconds(c.stat); got != c.want || ok != c.ok {
			t.Errorf("busySeconds(%q) = %v, %v", c.stat, got, ok)
		}
	}
}
