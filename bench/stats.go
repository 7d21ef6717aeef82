package main

import "slices"

// Spread is the median and the range of one figure over the rounds.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// spread summarises values; none give the zero Spread.
func spread(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	s := slices.Sorted(slices.Values(values))
	return Spread{Median: medianOfSorted(s), Min: s[0], Max: s[len(s)-1]}
}

func medianOfSorted(s []float64) float64 {
	half := len(s) / 2
	if len(s)%2 == 1 {
		return s[half]
	}
	return (s[half-1] + s[half]) / 2
}

// pairedRatio is peer/ours round by round. Both ran within the same few
// seconds, so a machine that is slow for a while slows both and the ratio
// stands; a ratio of two medians would mix good and bad minutes.
func pairedRatio(peer, ours []float64) Spread {
	n := min(len(peer), len(ours))
	ratios := make([]float64, 0, n)
	for i := range n {
		if ours[i] > 0 {
			ratios = append(ratios, peer[i]/ours[i])
		}
	}
	return spread(ratios)
}
