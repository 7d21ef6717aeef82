package lazy

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// TestByteOrderOfEveryDType changes the byte order of what cannot be cast otherwise: values stay,
// and so do bytes when it is changed back.
func TestByteOrderOfEveryDType(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, name := range []string{
		"<M8[s]", ">m8[25us]", "<M8", "<U3", ">U2", "|S3", "<c8", "<f2",
		"[('a', '<i4'), ('b', '>f8')]",
		"[('a', '<u2', (2, 3)), ('b', [('x', '<u4'), ('y', '|S3')], (2,)), ('t', '<M8[D]'), ('u', '<U2'), ('v', '|V3')]",
		"{'names': ['a', 'b'], 'formats': ['<i4', '<c8'], 'offsets': [3, 8], 'itemsize': 20}",
		"[('c', ('<i8', (2,)), (3,)), ('none', '<f8', (0,))]",
	} {
		from := mustDType(t, name)
		data := make([]byte, 7*from.ItemSize())
		for i := range data {
			data[i] = byte(r.Uint32() % 2) // which are code points and numbers of any width
		}
		b := mmapnpy.Buffer{Data: data, DType: from, Shape: []int64{7}, Strides: []int64{from.ItemSize()}}
		a, err := FromBuffer(b)
		if err != nil {
			t.Fatal(err)
		}
		for _, order := range []byte{'<', '>'} {
			there, err := a.AsType(from.WithByteOrder(order))
			if err != nil {
				t.Errorf("%s to %c: %v", name, order, err)
				continue
			}
			got, err := there.Load(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			for i := range int64(7) {
				want, err := b.Value(i)
				have, err2 := got.Buffer().Value(i)
				if err != nil || err2 != nil || !reflect.DeepEqual(want, have) {
					t.Errorf("%s to %c: element %d is %v, and was %v: %v, %v", name, order, i, have, want, err, err2)
				}
			}
			again, err := there.AsType(from)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := again.Load(context.Background()); err != nil || !bytes.Equal(got.Buffer().Data, data) {
				t.Errorf("%s to %c and back: %v", name, order, err)
			}
		}
	}
}

// TestByteOrderLiteral has every byte of a record numbered.
func TestByteOrderLiteral(t *testing.T) {
	from := mustDType(t, "[('a', '<i4'), ('b', [('x', '>u2'), ('y', '|S1')], (2,)), ('u', '<U1')]")
	data := []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}
	a, err := FromBuffer(mmapnpy.Buffer{Data: data, DType: from, Shape: []int64{}, Strides: []int64{}})
	if err != nil {
		t.Fatal(err)
	}
	for order, want := range map[byte][]byte{
		'>': {3, 2, 1, 0, 4, 5, 6, 7, 8, 9, 13, 12, 11, 10},
		'<': {0, 1, 2, 3, 5, 4, 6, 8, 7, 9, 10, 11, 12, 13},
	} {
		to, err := a.AsType(from.WithByteOrder(order))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := to.Load(context.Background()); err != nil || !bytes.Equal(got.Buffer().Data, want) {
			t.Errorf("%c: %v, want %v: %v", order, got.Buffer().Data, want, err)
		}
	}
}

// TestByteOrderOfAnotherStruct refuses what has the same bytes and other fields.
func TestByteOrderOfAnotherStruct(t *testing.T) {
	from := mustDType(t, "[('a', '<u4'), ('b', '<u2')]")
	a, err := FromBuffer(mmapnpy.Buffer{Data: make([]byte, 12), DType: from, Shape: []int64{2}, Strides: []int64{6}})
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"[('a', '>u4'), ('c', '>u2')]", "[('a', '>u4')]", "[('b', '>u4'), ('a', '>u2')]", ">u4", "|V6"} {
		if _, err := a.AsType(mustDType(t, to)); !errors.Is(err, ErrDType) {
			t.Errorf("%s: got %v", to, err)
		}
	}
}
