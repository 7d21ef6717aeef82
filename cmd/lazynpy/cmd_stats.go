package main

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/lazynpy/lazynpy/internal/npytext"
	"github.com/lazynpy/lazynpy/lazy"
)

func newStatsCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "stats FILE [SLICE]",
		Short: "Count, min, max, sum, mean, std, NaN, Inf and zeros in one pass",
		Long: "Stats reads the array once. Its rules are NumPy's: with a NaN in the array, min, max, sum, mean and\n" +
			"std are NaN. What a dtype has no meaning for is left out.",
		Args: takes(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := c.openSlice(args)
			if err != nil {
				return err
			}
			defer a.Close()
			s, err := c.stats(cmd.Context(), a)
			if err != nil {
				return inFile(args[0], err)
			}
			if c.flags.json {
				return c.printJSON(s.json(a, sliceArg(args)))
			}
			return c.table(s.rows(a))
		},
	}
}

// statistics are the results of a pass by the names of their reducers.
type statistics map[string]*lazy.Result

// statReducers are what stats computes, as far as the dtype allows.
func statReducers() []lazy.Reducer {
	all := lazy.OverAll()
	return []lazy.Reducer{
		lazy.NewMin(all), lazy.NewMax(all), lazy.NewArgMin(all), lazy.NewArgMax(all),
		lazy.NewSum(all), lazy.NewMean(all), lazy.NewStd(all, 0),
		lazy.NewCountNaN(all), lazy.NewCountInf(all), lazy.NewCountZero(all),
	}
}

// stats reduces the whole array in one pass.
func (c *cli) stats(ctx context.Context, a *lazy.Array) (statistics, error) {
	var reducers []lazy.Reducer
	for _, r := range statReducers() {
		err := defined(ctx, a, r)
		if err == nil {
			reducers = append(reducers, r)
		} else if !errors.Is(err, lazy.ErrDType) && !errors.Is(err, lazy.ErrEmpty) {
			return nil, err
		}
	}
	if len(reducers) == 0 {
		return nil, notNumbers("statistics are", a.DType())
	}
	a, b, err := c.track(a, "stats")
	if err != nil {
		return nil, err
	}
	defer b.finish()
	results, err := lazy.Run(ctx, a, reducers...)
	if err != nil {
		return nil, err
	}
	s := statistics{}
	for i, r := range reducers {
		s[r.String()] = results[i]
	}
	return s, nil
}

// defined asks whether a reducer has a meaning for the array, without reading it: it
// runs it on no elements. An array that has elements has a minimum, whatever
// the empty one says.
func defined(ctx context.Context, a *lazy.Array, r lazy.Reducer) error {
	vector := a
	if a.NDim() == 0 {
		var err error
		if vector, err = a.Index(lazy.NewAxis()); err != nil {
			return err
		}
	}
	none, err := vector.Index(lazy.Range(0, 0))
	if err != nil {
		return err
	}
	_, err = lazy.Run(ctx, none, r)
	if errors.Is(err, lazy.ErrEmpty) && a.Len() > 0 {
		return nil
	}
	return err
}

// statsJSON is what stats prints with --json; null stands for what the dtype has no
// meaning for, and for NaN and infinities.
type statsJSON struct {
	Path   string          `json:"path"`
	Slice  string          `json:"slice"`
	Descr  string          `json:"descr"`
	Shape  []int64         `json:"shape"`
	Count  int64           `json:"count"`
	Min    json.RawMessage `json:"min"`
	Max    json.RawMessage `json:"max"`
	Sum    json.RawMessage `json:"sum"`
	Mean   json.RawMessage `json:"mean"`
	Std    json.RawMessage `json:"std"`
	NaN    json.RawMessage `json:"nan"`
	Inf    json.RawMessage `json:"inf"`
	Zero   json.RawMessage `json:"zero"`
	ArgMin []int64         `json:"argmin"`
	ArgMax []int64         `json:"argmax"`
}

func (s statistics) json(a *lazy.Array, slice string) statsJSON {
	value := func(name string) json.RawMessage {
		if r, ok := s[name]; ok {
			if text, err := scalarJSON(r.Buffer()); err == nil {
				return text
			}
		}
		return json.RawMessage("null")
	}
	return statsJSON{
		Path: arrayName(a), Slice: slice, Descr: descr(a.DType()), Shape: append([]int64{}, a.Shape()...), Count: a.Len(),
		Min: value("min"), Max: value("max"), Sum: value("sum"), Mean: value("mean"), Std: value("std"),
		NaN: value("count_nan"), Inf: value("count_inf"), Zero: value("count_zero"),
		ArgMin: s.position("argmin", a), ArgMax: s.position("argmax", a),
	}
}

// position is the index that an argmin or argmax found, or nil.
func (s statistics) position(name string, a *lazy.Array) []int64 {
	r, ok := s[name]
	if !ok {
		return nil
	}
	flat, err := lazy.Copy[int64](r)
	if err != nil {
		return nil
	}
	return npytext.Unravel(flat[0], a.Shape())
}

// rows is the table for people.
func (s statistics) rows(a *lazy.Array) [][]string {
	rows := [][]string{{"count", grouped(a.Len())}}
	add := func(label, name, arg string) {
		r, ok := s[name]
		if !ok {
			return
		}
		text, err := npytext.Scalar(r.Buffer())
		if err != nil {
			return
		}
		row := []string{label, text}
		if at := s.position(arg, a); len(at) > 0 {
			row = append(row, "at ["+joined(at)+"]")
		}
		rows = append(rows, row)
	}
	add("min", "min", "argmin")
	add("max", "max", "argmax")
	add("sum", "sum", "")
	add("mean", "mean", "")
	add("std", "std", "")
	counts := [][2]string{{"zeros", "count_zero"}}
	if k := a.DType().Kind(); k == 'f' || k == 'c' || k == 'V' || k == 'M' || k == 'm' {
		counts = append(counts, [2]string{"NaN", "count_nan"}, [2]string{"Inf", "count_inf"})
	}
	for _, c := range counts {
		r, ok := s[c[1]]
		if !ok {
			continue
		}
		if n, err := lazy.Copy[int64](r); err == nil {
			rows = append(rows, []string{c[0], grouped(n[0]), percent(n[0], a.Len())})
		}
	}
	return rows
}

// percent is a share of a whole, and nothing for none.
func percent(part, whole int64) string {
	if part == 0 {
		return ""
	}
	return strconv.FormatFloat(100*float64(part)/float64(whole), 'g', 3, 64) + " %"
}
