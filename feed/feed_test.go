//go:build unix

package feed

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lazynpy/lazynpy/dataset"
	"github.com/lazynpy/lazynpy/internal/feedclient"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// archive writes samples x of 3 int32 that hold 10*(first+i)+j, and y, an int64 that holds first+i.
func archive(t testing.TB, path string, first, n int64, opts ...lazy.ArchiveOption) {
	t.Helper()
	x, y := make([]int32, 3*n), make([]int64, n)
	for i := range n {
		y[i] = first + i
		for j := range int64(3) {
			x[3*i+j] = int32(10*(first+i) + j)
		}
	}
	xs, err := lazy.FromSlice(x, n, 3)
	if err != nil {
		t.Fatal(err)
	}
	ys, err := lazy.FromSlice(y, n)
	if err != nil {
		t.Fatal(err)
	}
	if err := lazy.SaveArchive(t.Context(), path, lazy.Entries(map[string]*lazy.Array{"x": xs, "y": ys}), opts...); err != nil {
		t.Fatal(err)
	}
}

// folder has archives of these lengths, numbered 0.npz on.
func folder(t testing.TB, lengths ...int64) string {
	t.Helper()
	dir, first := t.TempDir(), int64(0)
	for i, n := range lengths {
		archive(t, filepath.Join(dir, fmt.Sprintf("%d.npz", i)), first, n)
		first += n
	}
	return dir
}

func config(dir string) dataset.Config {
	return dataset.Config{Files: []string{dir}, Inputs: dataset.Columns("x"), Targets: dataset.Columns("y"), Batch: 4, Workers: 2, Order: dataset.Shuffle(), Seed: 5}
}

func opening(t testing.TB, c dataset.Config) *dataset.Dataset {
	t.Helper()
	d, err := dataset.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// serving serves a data set, and returns the path of the socket. It ends with the test, or when the
// function that it returns is called, and leaves no file.
func serving(t testing.TB, d *dataset.Dataset) (path string, end func()) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, d, l) }()
	end = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the socket file is there: %v", err)
		}
	})
	t.Cleanup(end)
	return path, end
}

func dial(t testing.TB, path string, open feedclient.Fields) *feedclient.Client {
	t.Helper()
	c, err := feedclient.Dial(path, open)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// same compares a batch of a client with that of the data set.
func same(t testing.TB, c *feedclient.Client, r feedclient.Reply, d *dataset.Dataset) {
	t.Helper()
	want, err := d.At(t.Context(), r.Step)
	if err != nil {
		t.Fatal(err)
	}
	if r.Epoch != want.Epoch || r.Rows != int64(want.Len()) {
		t.Errorf("batch %d: %d rows of epoch %d, want %d of %d", r.Step, r.Rows, r.Epoch, want.Len(), want.Epoch)
	}
	arrays := append(append([]mmapnpy.Buffer{}, want.Inputs...), want.Targets...)
	for i, a := range arrays {
		got := r.Arrays[i]
		if got.Offset%64 != 0 || got.DType != descr(a.DType) || fmt.Sprint(got.Shape) != fmt.Sprint(a.Shape) {
			t.Errorf("batch %d: %+v, want %s %v", r.Step, got, descr(a.DType), a.Shape)
		}
		if !bytes.Equal(c.Bytes(got, a.DType.ItemSize()), a.Data) {
			t.Errorf("batch %d: %s differs", r.Step, got.Name)
		}
	}
	rest := r.Arrays[len(arrays):]
	if rest[0].Role == "mask" {
		mask := bytes.Repeat([]byte{1}, want.Len())
		for i, real := range want.Mask {
			if !real {
				mask[i] = 0
			}
		}
		if got := c.Bytes(rest[0], 1); !bytes.Equal(got, mask) {
			t.Errorf("batch %d: mask is %v, want %v", r.Step, got, mask)
		}
		rest = rest[1:]
	}
	numbers := c.Bytes(rest[0], 8)
	for i, s := range want.Samples {
		if got := int64(binary.NativeEndian.Uint64(numbers[8*i:])); got != s {
			t.Errorf("batch %d: sample %d is %d, want %d", r.Step, i, got, s)
		}
	}
}

// TestBatches compares what clients get, in order and by jumps, with what the data set gives, for
// ranks that begin at a state or not.
func TestBatches(t *testing.T) {
	for _, last := range []dataset.Last{dataset.Short, dataset.Drop, dataset.Pad} {
		c := config(folder(t, 9, 1, 20, 7))
		c.Last, c.Epochs = last, 3
		c.Inputs[0].DType = "f8" // computed; y is as it is
		d := opening(t, c)
		path, _ := serving(t, d)
		state, err := d.State(5)
		if err != nil {
			t.Fatal(err)
		}
		for world := 1; world <= 2; world++ {
			for rank := range world {
				for _, resume := range []*dataset.State{nil, &state} {
					of, err := d.Share(rank, world, resume)
					if err != nil {
						t.Fatal(err)
					}
					open := feedclient.Fields{"rank": rank, "world": world, "state": resume}
					k := dial(t, path, open)
					o := k.Opened
					if o.First != of.First() || *o.End != of.End() || o.Steps != of.Steps() || *o.Epochs != 3 || o.Batch != 4 || o.Samples != 37 || o.Order != "shuffled" || o.Slots != 4 {
						t.Fatalf("%+v", o)
					}
					var held []int
					for step := o.First; step < *o.End; step++ {
						r, err := k.Get(step, held...)
						if err != nil {
							t.Fatal(err)
						}
						if step < o.NextEpoch != (r.Epoch == o.Epoch) {
							t.Errorf("batch %d is of epoch %d; the first epoch, %d, ends before %d", step, r.Epoch, o.Epoch, o.NextEpoch)
						}
						same(t, k, r, of)
						held = []int{r.Slot}
					}
					if _, err := k.Get(*o.End, held...); feedclient.Kind(err) != "end" {
						t.Errorf("batch behind the last one: %v", err)
					}
					held = nil
					random := rand.New(rand.NewPCG(1, uint64(world)))
					for range 40 {
						step := o.First + random.Int64N(*o.End-o.First)
						for range random.IntN(3) + 1 { // in order for a while
							if step == *o.End {
								break
							}
							r, err := k.Get(step, held...)
							if err != nil {
								t.Fatal(err)
							}
							same(t, k, r, of)
							if held = []int{r.Slot}; random.IntN(3) == 0 {
								held = nil
								if _, err := k.Ask(feedclient.Fields{"op": "release", "slots": []int{r.Slot}}); err != nil {
									t.Fatal(err)
								}
							}
							step++
						}
					}
					// Neighbours out of order, as threads ask for them.
					for _, k2 := range []int64{1, 0, 3, 2} {
						r, err := k.Get(o.First+k2, held...)
						if err != nil {
							t.Fatal(err)
						}
						same(t, k, r, of)
						held = []int{r.Slot}
					}
					if o.First > 0 {
						if _, err := k.Get(o.First - 1); feedclient.Kind(err) != "range" {
							t.Errorf("batch before the first one: %v", err)
						}
					}
				}
			}
		}
	}
}

// TestStates saves a state with a client and goes on with two.
func TestStates(t *testing.T) {
	c := config(folder(t, 30))
	c.Epochs = -1
	d := opening(t, c)
	path, _ := serving(t, d)
	k := dial(t, path, nil)
	if k.Opened.End != nil || k.Opened.Epochs != nil {
		t.Errorf("there is an end: %+v", k.Opened)
	}
	r, err := k.Ask(feedclient.Fields{"op": "state", "step": 3})
	if err != nil || len(r.State) > 300 {
		t.Fatalf("%v %s", err, r.State)
	}
	seen := map[int64]bool{}
	for rank := range 2 {
		k := dial(t, path, feedclient.Fields{"rank": rank, "world": 2, "state": r.State})
		for step := int64(3); step < k.Opened.NextEpoch; step++ {
			r, err := k.Get(step)
			if err != nil {
				t.Fatal(err)
			}
			for b := k.Bytes(r.Arrays[1], 8); len(b) > 0; b = b[8:] {
				seen[int64(binary.NativeEndian.Uint64(b))] = true
			}
			if _, err := k.Ask(feedclient.Fields{"op": "release", "slots": []int{r.Slot}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(seen) != 30-12 {
		t.Errorf("%d samples came behind 12 of 30", len(seen))
	}
	for _, open := range []feedclient.Fields{
		{"state": feedclient.Fields{"v": 1, "seed": 6}},
		{"state": feedclient.Fields{"v": 2}},
		{"state": "x"},
	} {
		if _, err := feedclient.Dial(path, open); feedclient.Kind(err) != "state" {
			t.Errorf("%v: %v", open, err)
		}
	}
}

// TestSlots holds all slots, and tells which are free.
func TestSlots(t *testing.T) {
	c := config(folder(t, 100))
	d := opening(t, c)
	path, _ := serving(t, d)
	k := dial(t, path, feedclient.Fields{"slots": 3})
	var slots []int
	for step := range int64(3) {
		r, err := k.Get(step)
		if err != nil {
			t.Fatal(err)
		}
		slots = append(slots, r.Slot)
		same(t, k, r, d)
	}
	before := bytes.Clone(k.Ring)
	for range 3 {
		if _, err := k.Get(3); feedclient.Kind(err) != "slots" {
			t.Fatalf("a fourth batch in three slots: %v", err)
		}
	}
	if !bytes.Equal(before, k.Ring) {
		t.Error("the feeder writes to slots that are held")
	}
	r, err := k.Get(20, slots[1])
	if err != nil || r.Slot != slots[1] {
		t.Fatalf("%+v %v", r, err)
	}
	same(t, k, r, d)
	// Two requests in one write have two replies.
	if err := errors.Join(k.Send(feedclient.Fields{"op": "release", "slots": []int{slots[0]}}), k.Send(feedclient.Fields{"op": "get", "step": 7})); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Receive(); err != nil {
		t.Fatal(err)
	}
	if r, err = k.Receive(); err != nil {
		t.Fatal(err)
	}
	same(t, k, r, d)
	if _, err := k.Get(8, slots[0], slots[0]); feedclient.Kind(err) != "protocol" {
		t.Errorf("a slot is released twice: %v", err)
	}
	if _, err := k.Receive(); err == nil {
		t.Error("the connection is open after a protocol error")
	}
}

// TestRandomRequests asks in ways that change all the time, with rings of any size, and holds
// batches while it does.
func TestRandomRequests(t *testing.T) {
	c := config(folder(t, 400))
	d := opening(t, c)
	c.Transform = func(b *dataset.Batch) (*dataset.Batch, error) {
		time.Sleep(100 * time.Microsecond) // so that batches are asked for before they are there
		return b, nil
	}
	path, _ := serving(t, opening(t, c))
	for slots := 1; slots <= 6; slots++ {
		k := dial(t, path, feedclient.Fields{"slots": min(slots, 4)})
		if err := k.Conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(2, uint64(slots)))
		var held []feedclient.Reply
		step := int64(0)
		for range 100 {
			switch random.IntN(12) {
			case 0:
				step = random.Int64N(100)
			case 1, 2, 3:
				step += random.Int64N(7) - 3
			case 4, 5:
				step += int64(slots)
			default:
				step++
			}
			step = (step + 100) % 100
			var free []int
			for len(held) > 0 && (len(held) == k.Opened.Slots || random.IntN(2) == 0) {
				i := random.IntN(len(held))
				same(t, k, held[i], d) // still
				free = append(free, held[i].Slot)
				held = append(held[:i], held[i+1:]...)
			}
			r, err := k.Get(step, free...)
			if err != nil {
				t.Fatal(err)
			}
			same(t, k, r, d)
			held = append(held, r)
		}
	}
}

// TestReadAhead looks which batches are read before anybody asks.
func TestReadAhead(t *testing.T) {
	var mu sync.Mutex
	read := map[int64]int{}
	c := config(folder(t, 4000))
	c.Transform = func(b *dataset.Batch) (*dataset.Batch, error) {
		mu.Lock()
		defer mu.Unlock()
		read[b.Step]++
		return b, nil
	}
	path, _ := serving(t, opening(t, c))
	wait := func(steps ...int64) {
		t.Helper()
		for began := time.Now(); len(steps) > 0; time.Sleep(time.Millisecond) {
			mu.Lock()
			if read[steps[0]] > 0 {
				steps = steps[1:]
			}
			mu.Unlock()
			if time.Since(began) > time.Minute {
				t.Fatalf("batches %v were not read: %v", steps, read)
			}
		}
	}
	k := dial(t, path, feedclient.Fields{"slots": 4})
	held := []int{}
	get := func(steps ...int64) {
		t.Helper()
		for _, step := range steps {
			r, err := k.Get(step, held...)
			if err != nil {
				t.Fatal(err)
			}
			held = []int{r.Slot}
		}
	}
	wait(0, 1, 2, 3) // from the beginning on
	get(0, 1)
	wait(4)
	get(2, 2) // again
	wait(5)
	get(5, 8) // as one of three who share the steps
	wait(11, 14, 17)
	get(11, 14)
	wait(20, 23)
	get(500, 100, 900, 300) // at random: nothing ahead
	get(301, 302, 303)
	wait(304, 305)
	get(305, 304, 306) // neighbours
	wait(307)
	mu.Lock()
	defer mu.Unlock()
	for step := range read {
		if step > 26 && (step < 300 || step > 320) && step != 500 && step != 100 && step != 900 {
			t.Errorf("batch %d was read", step)
		}
	}
	if read[305] != 1 || read[304] != 1 {
		t.Errorf("neighbours were read again: %v", read)
	}
}

// TestSlowClients has clients that stop at once, with a full ring and with none, beside one that
// does not, and one that has gone.
func TestSlowClients(t *testing.T) {
	c := config(folder(t, 400))
	d := opening(t, c)
	path, _ := serving(t, d)
	for range 5 {
		slow := dial(t, path, nil)
		if _, err := slow.Get(0); err != nil {
			t.Fatal(err)
		}
		for step := range int64(50) { // replies that nobody reads
			if err := slow.Send(feedclient.Fields{"op": "get", "step": step}); err != nil {
				t.Fatal(err)
			}
		}
	}
	gone := dial(t, path, nil)
	if err := errors.Join(gone.Send(feedclient.Fields{"op": "get", "step": 0}), gone.Conn.Close()); err != nil {
		t.Fatal(err)
	}
	k := dial(t, path, nil)
	var held []int
	for step := range int64(100) {
		r, err := k.Get(step, held...)
		if err != nil {
			t.Fatal(err)
		}
		same(t, k, r, d)
		held = []int{r.Slot}
	}
}

// TestMemory divides the memory among ranks, and finds it again when they have gone.
func TestMemory(t *testing.T) {
	c := config(folder(t, 1000))
	c.Batch, c.Memory = 100, 12*2048 // a slot has 1200 and 800 and 800 bytes
	d := opening(t, c)
	path, _ := serving(t, d)
	const slot = 1216 + 832 + 832
	room := int(Rings(d) / slot)
	// The memory of clients that have gone is free when the feeder has noticed.
	want := func(slots int, open feedclient.Fields) *feedclient.Client {
		for began := time.Now(); ; time.Sleep(time.Millisecond) {
			k, err := feedclient.Dial(path, open)
			if err == nil && k.Opened.Slots == slots && k.Opened.SlotBytes == slot {
				return k
			}
			if err == nil {
				k.Close()
			}
			if time.Since(began) > time.Minute {
				t.Fatalf("no client has %d slots of %d: %+v %v", slots, room, k, err)
			}
		}
	}
	for range 3 {
		first := want(room/2, feedclient.Fields{"world": 2, "slots": 100})
		second := want(room/2, feedclient.Fields{"world": 2, "rank": 1, "slots": 100})
		rest := []*feedclient.Client{first, second}
		if room%2 > 0 {
			rest = append(rest, want(1, feedclient.Fields{"slots": 100}))
		}
		if _, err := feedclient.Dial(path, nil); feedclient.Kind(err) != "memory" {
			t.Errorf("more than there is: %v", err)
		}
		for _, k := range rest {
			k.Close()
		}
		want(room, feedclient.Fields{"slots": 100}).Close()
	}
}

// TestBrokenFiles breaks files while they are served: each is one line of its kind, and other
// batches still come.
func TestBrokenFiles(t *testing.T) {
	for _, tt := range []struct {
		name  string
		opts  []lazy.ArchiveOption // deflated ones are closed after their headers were read
		spoil func(path string) error
	}{
		{"vanished", []lazy.ArchiveOption{lazy.Compressed(0)}, os.Remove},
		{"cut", nil, func(path string) error { return os.Truncate(path, 100) }},
		{"replaced", []lazy.ArchiveOption{lazy.Compressed(0)}, func(path string) error {
			b, err := os.ReadFile(path)
			return errors.Join(err, os.WriteFile(path+".new", append(b, 0), 0o600), os.Rename(path+".new", path))
		}},
	} {
		dir := t.TempDir()
		for i := range int64(3) {
			archive(t, filepath.Join(dir, fmt.Sprintf("%d.npz", i)), 8*i, 8, tt.opts...)
		}
		c := config(dir)
		c.Order, c.Epochs = dataset.Order{}, 2
		path, end := serving(t, opening(t, c))
		file := filepath.Join(dir, "1.npz")
		if err := tt.spoil(file); err != nil {
			t.Fatal(err)
		}
		k := dial(t, path, nil)
		for step := range int64(12) {
			r, err := k.Get(step)
			if bad := step%6 == 2 || step%6 == 3; bad {
				if r.Kind != "changed" || !strings.Contains(r.Error, file) || strings.Contains(r.Error, "\n") || r.File != file {
					t.Errorf("%s: batch %d: %v %+v", tt.name, step, err, r)
				}
				continue
			}
			if err != nil {
				t.Fatalf("%s: batch %d: %v", tt.name, step, err)
			}
			if _, err := k.Ask(feedclient.Fields{"op": "release", "slots": []int{r.Slot}}); err != nil {
				t.Fatal(err)
			}
		}
		end()
	}
}

// TestLabels has labels that are no classes: out of range, and no number.
func TestLabels(t *testing.T) {
	x, err := lazy.FromSlice([]float64{0, 1, 2, 7})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "y.npy")
	if err := x.Save(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	for _, skip := range []dataset.OnError{dataset.FailOnError, dataset.SkipErrors} {
		d := opening(t, dataset.Config{Files: []string{path}, Inputs: []dataset.Column{{Name: "y", Classes: 3}}, Batch: 2, OnError: skip})
		socket, _ := serving(t, d)
		k := dial(t, socket, nil)
		if r, err := k.Get(0); err != nil {
			t.Fatal(err)
		} else {
			same(t, k, r, d)
		}
		r, err := k.Get(1)
		if skip == dataset.FailOnError {
			if r.Kind != "data" || !strings.Contains(r.Error, "label 7") || r.File != path || *r.Index != 3 || *r.Sample != 3 {
				t.Errorf("%+v %v", r, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		same(t, k, r, d)
		if s, err := k.Ask(feedclient.Fields{"op": "skipped"}); err != nil || s.Count < 1 || len(s.Errors) != 1 || !strings.Contains(s.Errors[0], "label 7") {
			t.Errorf("%+v %v", s, err)
		}
	}
}

// TestTransforms has functions that change batches in place, exchange arrays, and fail.
func TestTransforms(t *testing.T) {
	c := config(folder(t, 40))
	c.Targets[0].DType = "i4"
	c.Inputs = append(c.Inputs, dataset.Column{Key: "y", Name: "z", DType: "i4"})
	c.Order = dataset.Order{}
	c.Transform = func(b *dataset.Batch) (*dataset.Batch, error) {
		switch b.Step {
		case 1:
			return nil, errors.New("no")
		case 2:
			panic("oh")
		case 3:
			b.Targets = nil
		case 4:
			b.Targets[0] = b.Inputs[0]
		case 5: // smaller, and of another dtype
			a, err := mmapnpy.BufferOf([]uint8{1, 2, 3, 4})
			b.Inputs[0] = a
			return b, err
		}
		b.Inputs[1], b.Targets[0] = b.Targets[0], b.Inputs[1]
		for i := range b.Inputs[0].Data {
			b.Inputs[0].Data[i]++
		}
		return b, nil
	}
	d := opening(t, c)
	path, _ := serving(t, d)
	k := dial(t, path, nil)
	for step := range int64(7) {
		r, err := k.Get(step)
		if 1 <= step && step <= 4 {
			if r.Kind != "transform" || !strings.Contains(r.Error, fmt.Sprintf("batch %d", step)) {
				t.Errorf("batch %d: %+v %v", step, r, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		same(t, k, r, d)
		if _, err := k.Ask(feedclient.Fields{"op": "release", "slots": []int{r.Slot}}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestHostileClients sends what no client should, and looks whether others are served.
func TestHostileClients(t *testing.T) {
	d := opening(t, config(folder(t, 40)))
	path, _ := serving(t, d)
	raw := func() *net.UnixConn {
		c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	const open = `{"op":"open","version":1}` + "\n"
	for _, tt := range []struct{ line, kind string }{
		{"\x00\xff\n", "protocol"},
		{"GET / HTTP/1.1\r\n\r\n", "protocol"},
		{"[]\n", "protocol"},
		{"null\n", "protocol"},
		{"{}\n", "protocol"},
		{`{"op":"open","version":1} {}` + "\n", "protocol"},
		{`{"op":"open"}` + "\n", "version"},
		{`{"op":"open","version":2}` + "\n", "version"},
		{`{"op":"open","version":1,"color":"red"}` + "\n", "protocol"},
		{`{"op":"open","version":1,"step":1}` + "\n", "protocol"},
		{`{"op":"open","version":1,"rank":1}` + "\n", "config"},
		{`{"op":"open","version":1,"rank":-1,"world":2}` + "\n", "config"},
		{`{"op":"open","version":1,"world":0}` + "\n", "config"},
		{`{"op":"open","version":1,"world":9223372036854775807}` + "\n", "config"},
		{`{"op":"open","version":1,"world":1e3}` + "\n", "protocol"},
		{`{"op":"open","version":1,"slots":0}` + "\n", "config"},
		{`{"op":"open","version":1,"slots":1025}` + "\n", "config"},
		{`{"op":"open","version":1,"slots":[1]}` + "\n", "config"},
		{`{"op":"get","step":0}` + "\n", "protocol"},
		{`{"op":"fly"}` + "\n", "protocol"},
		{strings.Repeat("x", 5000), "protocol"},
		{strings.Repeat("[", 4000) + "\n", "protocol"},
		{open + open, "protocol"},
		{open + `{"op":"get","step":-1}` + "\n", "protocol"},
		{open + `{"op":"get"}` + "\n", "protocol"},
		{open + `{"op":"get","step":9223372036854775807}` + "\n", "end"},
		{open + `{"op":"state","step":9223372036854775807}` + "\n", "end"},
		{open + `{"op":"get","step":9223372036854775808}` + "\n", "protocol"},
		{open + `{"op":"get","step":0,"release":[0]}` + "\n", "protocol"},
		{open + `{"op":"release","slots":[-1]}` + "\n", "protocol"},
		{open + `{"op":"release","slots":[9999999999999]}` + "\n", "protocol"},
		{open + `{"op":"release"}` + "\n", "protocol"},
		{open + `{"op":"state"}` + "\n", "protocol"},
	} {
		c := raw()
		if _, err := c.Write([]byte(tt.line)); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 1<<16)
		n := 0
		for !bytes.Contains(b[:n], []byte(`"ok":false`)) {
			m, err := c.Read(b[n:])
			if n += m; err != nil {
				break
			}
		}
		if !bytes.Contains(b[:n], fmt.Appendf(nil, `"kind":%q,"error":"`, tt.kind)) {
			t.Errorf("%.60q: %s", tt.line, b[:n])
		}
		if tt.kind == "protocol" || tt.kind == "version" {
			if _, err := io.ReadAll(c); err != nil && !errors.Is(err, unix.ECONNRESET) {
				t.Errorf("%.60q: %v", tt.line, err)
			}
		}
	}
	// Half a line, nothing at all, and more connections than are let in.
	half := raw()
	if _, err := half.Write([]byte(`{"op":`)); err != nil {
		t.Fatal(err)
	}
	refusedOnes := 0
	var many []*net.UnixConn
	for range mostClients + 50 {
		many = append(many, raw())
	}
	for _, c := range many[mostClients:] {
		if b, err := io.ReadAll(c); err != nil || bytes.Contains(b, []byte(`"kind":"memory"`)) {
			refusedOnes++
		}
	}
	if refusedOnes != 50 {
		t.Errorf("%d of 50 connections too many were refused", refusedOnes)
	}
	for _, c := range append(many, half) {
		c.Close()
	}
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		k, err := feedclient.Dial(path, nil)
		if err == nil {
			r, err := k.Get(0)
			if err != nil {
				t.Fatal(err)
			}
			same(t, k, r, d)
			k.Close()
			return
		}
		if time.Since(began) > time.Minute {
			t.Fatal(err)
		}
	}
}

// TestSilentClients has one that never opens, and one that takes long between a request and the
// next. Then the listener is closed under the feeder, which ends it.
func TestSilentClients(t *testing.T) {
	defer func(d time.Duration) { openWithin = d }(openWithin)
	openWithin = 20 * time.Millisecond
	d := opening(t, config(folder(t, 40)))
	l, err := Listen(filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- Serve(t.Context(), d, l) }()
	k := dial(t, l.path, nil)
	silent, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: l.path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	if _, err := silent.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("a client that does not open reads %v", err)
	}
	r, err := k.Get(0)
	if err != nil {
		t.Fatal(err)
	}
	same(t, k, r, d)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve: %v", err)
	}
	if _, err := k.Get(1); err == nil {
		t.Error("a client is served when Serve has returned")
	}
}

// TestRing changes the size of the memory, which a client cannot do where it is sealed.
func TestRing(t *testing.T) {
	d := opening(t, config(folder(t, 40)))
	r, file, err := newRing(newLayout(d), 3)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	defer r.unmap()
	if f, seal, err := newRingFile(1 << 20); err != nil {
		t.Fatal(err)
	} else if f.Close(); seal != nil {
		for _, size := range []int64{0, 1 << 30} {
			if err := file.Truncate(size); !errors.Is(err, unix.EPERM) {
				t.Errorf("the ring has %d bytes now: %v", size, err)
			}
		}
	}
	// Elsewhere it is an error, and not a signal.
	temp, err := newTempFile(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	defer temp.Close()
	if r.data, err = unix.Mmap(int(temp.Fd()), 0, 1<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		t.Fatal(err)
	}
	if err := temp.Truncate(0); err != nil {
		t.Fatal(err)
	}
	if err := r.guarded(func() error { r.data[5000] = 1; return nil }); kindOf(err) != kindProtocol {
		t.Errorf("memory that is gone: %v", err)
	}
}

// TestListen meets what may lie under a path.
func TestListen(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if _, err := Listen(path); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), path) {
		t.Errorf("a second feeder: %v", err)
	}
	if err := os.Remove(path); err != nil { // as no one should
		t.Fatal(err)
	}
	second, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the socket file of another feeder was removed: %v", err)
	}
	if err := second.UnixListener.Close(); err != nil { // as a feeder that was killed
		t.Fatal(err)
	}
	if second, err = Listen(path); err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{file, dir, filepath.Join(dir, "no", "s"), filepath.Join(dir, strings.Repeat("x", 100))} {
		if _, err := Listen(bad); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "precious" {
		t.Errorf("%q %v", b, err)
	}
	if rest, err := os.ReadDir(dir); err != nil || len(rest) != 1 {
		t.Errorf("%v %v", rest, err)
	}
	// Of many that begin at once over a dead one, one listens.
	if l, err = Listen(path); err != nil {
		t.Fatal(err)
	}
	l.UnixListener.Close()
	made := make(chan *Listener, 20)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if l, err := Listen(path); err == nil {
				made <- l
			} else if !errors.Is(err, ErrInUse) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(made) != 1 {
		t.Errorf("%d listen", len(made))
	}
	for range len(made) {
		(<-made).Close()
	}
}

// TestUsers refuses other users.
func TestUsers(t *testing.T) {
	if err := checkUser(uint32(os.Geteuid())); err != nil {
		t.Error(err)
	}
	if err := checkUser(uint32(os.Geteuid()) + 1); kindOf(err) != kindConfig {
		t.Errorf("%v", err)
	}
}

// TestWatch closes a connection that is watched, after something was sent over it.
func TestWatch(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	var ends [2]*net.UnixConn
	for i, fd := range fds {
		f := os.NewFile(uintptr(fd), "end")
		c, err := net.FileConn(f)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		ends[i] = c.(*net.UnixConn)
		t.Cleanup(func() { c.Close() })
	}
	ctx, stop := Watch(t.Context(), ends[0])
	if _, err := ends[1].Write([]byte("a")); err != nil {
		t.Fatal(err)
	}
	stop()
	if !errors.Is(ctx.Err(), context.Canceled) {
		t.Errorf("stopped: %v", ctx.Err())
	}
	b := make([]byte, 4)
	if n, err := ends[0].Read(b); n != 1 || err != nil {
		t.Errorf("read %d bytes: %v", n, err)
	}
	ctx, stop = Watch(t.Context(), ends[0])
	defer stop()
	if _, err := ends[1].Write([]byte("b")); err != nil {
		t.Fatal(err)
	}
	ends[1].Close()
	select {
	case <-ctx.Done():
	case <-time.After(time.Minute):
		t.Error("the other side has closed it, and nobody noticed")
	}
}

// FuzzParse parses requests: what is taken is one of the operations, with numbers in range.
func FuzzParse(f *testing.F) {
	for _, line := range []string{
		`{"op":"open","version":1,"rank":0,"world":2,"state":null,"slots":4}`, `{"op":"open","version":1,"state":{"v":1,"seed":18446744073709551615}}`,
		`{"op":"get","step":1,"release":[1,2]}`, `{"op":"release","slots":[0]}`, `{"op":"state","step":0}`, `{"op":"skipped"}`, `{"op":"close"}`,
		`{"OP":"get","Step":1}`, `{"op":"get","step":1,"step":-1}`, `{}`, `[1]`, "\xff",
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := parse(line)
		if err != nil {
			switch k := kindOf(err); k {
			case kindProtocol, kindVersion, kindConfig, kindState:
			default:
				t.Fatalf("%s: %v", k, err)
			}
			return
		}
		_, known := fields[r.Op]
		if !known || r.Op == "get" && *r.Step < 0 || r.slots < 0 || r.slots > mostSlots {
			t.Fatalf("%+v", r)
		}
	})
}
