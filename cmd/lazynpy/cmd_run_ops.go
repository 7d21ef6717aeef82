package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/ops"
)

// parseMaps reads --apply.
func (r *launch) parseMaps() ([]ops.Op, error) {
	list := []ops.Op{}
	for _, text := range r.maps {
		op, err := ops.Parse(text)
		if err != nil {
			return nil, asUsage(err)
		}
		if !slices.Contains(ops.MapNames(), op.Name) {
			return nil, usagef("run: --apply %s: it is a reducer, and for --op", op.Name)
		}
		list = append(list, op)
	}
	return list, nil
}

// parseReducers reads --op and --over.
func (r *launch) parseReducers() ([]ops.Op, error) {
	var list []ops.Op
	for _, text := range r.ops {
		for _, one := range splitOps(text) {
			op, err := parseReducer(one)
			if err != nil {
				return nil, err
			}
			list = append(list, op)
		}
	}
	return list, r.setOver(list)
}

func parseReducer(text string) (ops.Op, error) {
	op, err := ops.Parse(text)
	name, _, _ := strings.Cut(text, "=")
	name, _, _ = strings.Cut(name, "{")
	switch {
	case err != nil && strings.Contains(name, ","):
		return op, usagef("run: --op %s: operations with parameters need an --op each", text)
	case err != nil:
		return op, asUsage(err)
	case !slices.Contains(ops.ReducerNames(), op.Name):
		return op, usagef("run: --op %s: it gives an array, and is for --apply", op.Name)
	}
	return op, nil
}

// splitOps splits a list of names. Parameters may have commas in them: where there are some, there
// is one operation.
func splitOps(text string) []string {
	if strings.ContainsAny(text, "={") {
		return []string{text}
	}
	return strings.Split(text, ",")
}

// setOver gives --over to the reducers that remove axes, and do not say themselves which.
func (r *launch) setOver(list []ops.Op) error {
	if r.over == "" || len(list) == 0 {
		return nil
	}
	if _, err := lazy.ParseOver(r.over); err != nil {
		return asUsage(err)
	}
	some := false
	for i, op := range list {
		over, err := op.WithOver(r.over)
		if err != nil {
			continue // it works on whole frames
		}
		if some = true; !saysOver(op) {
			list[i] = over
		}
	}
	if !some {
		return usagef("run: --over is for reducers that remove axes, and %s does not", list[0].Name)
	}
	return nil
}

func saysOver(op ops.Op) bool {
	var p struct {
		Over string `json:"over"`
	}
	return len(op.Params) > 0 && json.Unmarshal(op.Params, &p) == nil && p.Over != ""
}

// options are those of the plan. It reads the positions.
func (r *launch) options(ctx context.Context, c *cli) (distributed.Options, error) {
	o := distributed.Options{
		DType: r.dtype.value, Offset: r.offset, Shape: r.shape, Order: r.order, Key: r.key, Scan: r.scan,
		Chunks: c.flags.chunks.text, BlockSizeLimit: r.limit.value, Navigation: c.flags.nav, Map: r.apply, Output: r.mapOutput, Write: r.write,
		Reduce: r.reduce, Tasks: r.tasks, PortionBytes: r.portion.value,
	}
	for i, name := range c.flags.fields {
		if i == 0 {
			o.Key = name
			continue
		}
		field, err := ops.New("field", ops.FieldParams{Name: name})
		if err != nil {
			return o, asUsage(err)
		}
		o.Map = slices.Insert(o.Map, i-1, field)
	}
	var err error
	if r.positions != "" {
		o.Positions, err = readPositions(ctx, r.positions)
	}
	return o, inFile(r.positions, err)
}

// readPositions reads a table of integers, a row for each measurement.
func readPositions(ctx context.Context, path string) ([][]int64, error) {
	a, err := lazy.Open(path)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	shape, kind := a.Shape(), a.DType().Kind()
	if len(shape) != 2 || kind != mmapnpy.KindInt && kind != mmapnpy.KindUint {
		return nil, fmt.Errorf("positions: want integers of shape (measurements, axes of the scan), not %s of %s", a.DType(), shapeText(shape))
	}
	little, err := a.AsType(mmapnpy.Int64.WithByteOrder('<'))
	if err != nil {
		return nil, err
	}
	table, err := little.Load(ctx)
	if err != nil {
		return nil, err
	}
	data, axes := table.Buffer().Data, int(shape[1])
	rows := make([][]int64, shape[0])
	for i := range rows {
		rows[i] = make([]int64, axes)
		for d := range rows[i] {
			rows[i][d] = int64(binary.LittleEndian.Uint64(data[8*(i*axes+d):]))
		}
	}
	return rows, nil
}

// opJSON is one line of run --op list --json.
type opJSON struct {
	Name    string          `json:"name"`
	Kind    string          `json:"kind"`
	Example string          `json:"example"`
	Params  json.RawMessage `json:"params"` // of the example; null for none
	Text    string          `json:"text"`
}

// listOps prints what operations there are.
func (c *cli) listOps() error {
	rows := [][]string{{"operation", "for", "example", "gives"}}
	for _, d := range ops.Describe() {
		flag := "--apply"
		if d.Kind == ops.ReducerKind {
			flag = "--op"
		}
		rows = append(rows, []string{d.Name, flag, d.Example, d.Text})
		if !c.flags.json {
			continue
		}
		v := opJSON{Name: d.Name, Kind: string(d.Kind), Example: d.Example, Text: d.Text}
		if d.Params != "" {
			v.Params = json.RawMessage(d.Params)
		}
		if err := c.printJSON(v); err != nil {
			return err
		}
	}
	if c.flags.json {
		return nil
	}
	return c.table(rows)
}
