package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/lazynpy/lazynpy/internal/npytext"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/ops"
)

func newStatsCommand(c *cli) *cobra.Command {
	var o operations
	cmd := &cobra.Command{
		Use:   "stats [--apply OP...] FILE [SLICE]",
		Short: "Count, min, max, sum, mean, std, NaN, Inf and zeros in one pass",
		Long: "Stats reads the array once. Its rules are NumPy's: with a NaN in the array, min, max, sum, mean and\n" +
			"std are NaN. What a dtype has no meaning for is left out. --apply list lists operations that can be\n" +
			"applied first.",
		Args: o.takes(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.lists() {
				return c.listOps()
			}
			if err := o.check("stats"); err != nil {
				return err
			}
			a, name, err := c.openNamed(args, o.apply)
			if err != nil {
				return err
			}
			defer a.Close()
			s, err := c.stats(cmd.Context(), a)
			if err != nil {
				return inFile(args[0], err)
			}
			if c.flags.json {
				return c.printJSON(s.json(a, name, sliceArg(args)))
			}
			return c.table(s.rows(a))
		},
	}
	o.registerMaps(cmd.Flags())
	return cmd
}

// statistics are the results of a pass by the names of their reducers.
type statistics map[string]*lazy.Result

// statReducers are what stats computes, as far as the dtype allows.
func statReducers() (reducers []lazy.Reducer, err error) {
	for _, name := range []string{"min", "max", "argmin", "argmax", "sum", "mean", "std", "count_nan", "count_inf", "count_zero"} {
		r, failed := ops.Must(name, nil).Reducer()
		reducers, err = append(reducers, r), cmp.Or(err, failed)
	}
	return reducers, err
}

// stats reduces the whole array in one pass.
func (c *cli) stats(ctx context.Context, a *lazy.Array) (statistics, error) {
	all, err := statReducers()
	if err != nil {
		return nil, err
	}
	var reducers []lazy.Reducer
	for _, r := range all {
		err := r.Defined(a)
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

func (s statistics) json(a *lazy.Array, name, slice string) statsJSON {
	value := func(op string) json.RawMessage {
		if r, ok := s[op]; ok {
			if text, err := scalarJSON(r.Buffer()); err == nil {
				return text
			}
		}
		return json.RawMessage("null")
	}
	return statsJSON{
		Path: name, Slice: slice, Descr: descr(a.DType()), Shape: append([]int64{}, a.Shape()...), Count: a.Len(),
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
