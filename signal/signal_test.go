package signal

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/internal/strictjson"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// ramp saves an array of int32 that counts its elements from start on.
func ramp(t testing.TB, path string, start int32, shape ...int64) string {
	t.Helper()
	n := int64(1)
	for _, size := range shape {
		n *= size
	}
	v := make([]int32, n)
	for i := range v {
		v[i] = start + int32(i)
	}
	b, err := mmapnpy.BufferOf(v, shape...)
	if err == nil {
		b.Shape = shape // of no dimension, too
		b.Strides = (&mmapnpy.Header{DType: b.DType, Shape: shape}).Strides()
		err = mmapnpy.Save(path, b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func mustSignal(t testing.TB, path string, opts ...Option) *Signal {
	t.Helper()
	s, err := Read(path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	data := s.Data // the test may change it
	t.Cleanup(func() { data.Close() })
	return s
}

// scan is a calibrated signal of shape (3, 4, 5).
func calibratedScan(t testing.TB, dir string) *Signal {
	t.Helper()
	s := mustSignal(t, ramp(t, filepath.Join(dir, "source.npy"), 0, 3, 4, 5), With(lazy.NavigationAxes(0, 1)))
	s.Axes[0].Name, s.Axes[0].Units, s.Axes[0].Scale, s.Axes[0].Offset = "y", "nm", 0.5, -1
	s.Axes[1].Name, s.Axes[1].Units, s.Axes[1].Scale, s.Axes[1].Offset = "x", "nm", 2, 10
	s.Axes[2].Name, s.Axes[2].Units, s.Axes[2].Values = "Energy", "eV", []float64{1, 2, 4, 8, 16}
	s.Metadata = map[string]any{"General": map[string]any{"title": "a < b", "n": int64(1) << 60, "x": 1.0, "none": nil}}
	s.OriginalMetadata = map[string]any{"list": []any{int64(1), 2.5, "µ", true}}
	return s
}

func elementsOf(t testing.TB, a *lazy.Array) []float64 {
	t.Helper()
	r, err := a.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n, err := mmapnpy.Numbers[float64](r.Buffer())
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(n.All())
}

func mustOpen(t testing.TB, path string) *lazy.Array {
	t.Helper()
	a, err := lazy.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// fortranFile writes an array in Fortran order.
func fortranFile(t testing.TB, path, dtype string, shape []int64, raw []byte) mmapnpy.DType {
	t.Helper()
	dt, err := mmapnpy.ParseDType(dtype)
	if err != nil {
		t.Fatal(err)
	}
	head, err := mmapnpy.EncodeHeader(mmapnpy.Header{DType: dt, Shape: shape, FortranOrder: true})
	if err == nil {
		err = os.WriteFile(path, append(head, raw[:24*dt.ItemSize()]...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dt
}

// TestReadSignalLikeRosettaSciIO goes through what RosettaSciIO 0.15's reader does with such files,
// and what is done here.
func TestReadSignalLikeRosettaSciIO(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		shape []int64
		opts  []Option
		sizes []int64
		nav   []bool
	}{
		"all signal by default":    {[]int64{2, 3}, nil, []int64{2, 3}, []bool{false, false}},
		"navigation":               {[]int64{2, 3, 4}, []Option{With(lazy.NavigationAxes(0, 1))}, []int64{2, 3, 4}, []bool{true, true, false}},
		"negative (it ignores it)": {[]int64{2, 3}, []Option{With(lazy.NavigationAxes(-1))}, []int64{2, 3}, []bool{false, true}},
		"0-d (it raises)":          {nil, nil, nil, nil},
		"0 x 5 (it loses an axis)": {[]int64{0, 5}, nil, []int64{0, 5}, []bool{false, false}},
		"length one stays":         {[]int64{1, 3, 1, 2}, []Option{With(lazy.NavigationAxes(1))}, []int64{1, 3, 1, 2}, []bool{false, true, false, false}},
		"squeezed":                 {[]int64{1, 3, 1, 2}, []Option{With(lazy.NavigationAxes(1)), Squeeze()}, []int64{3, 2}, []bool{true, false}},
		"squeezed to 0-d":          {[]int64{1, 1}, []Option{With(lazy.NavigationAxes(0)), Squeeze()}, nil, nil},
		"squeezed with 0":          {[]int64{1, 0, 5}, []Option{With(lazy.SignalAxes(2)), Squeeze()}, []int64{0, 5}, []bool{true, false}},
	} {
		s := mustSignal(t, ramp(t, filepath.Join(dir, "a.npy"), 0, c.shape...), c.opts...)
		var sizes []int64
		var nav []bool
		for _, ax := range s.Data.Axes() {
			sizes, nav = append(sizes, ax.Size), append(nav, ax.Navigate)
		}
		for d, ax := range s.Axes {
			if ax.Name != "" || ax.Units != "" || ax.Scale != 1 || ax.Offset != 0 {
				t.Errorf("%s: axis %d: %+v", name, d, ax)
			}
		}
		if !slices.Equal(sizes, c.sizes) || !slices.Equal(nav, c.nav) || len(s.Axes) != len(c.sizes) {
			t.Errorf("%s: sizes %v, navigation %v, %d axes", name, sizes, nav, len(s.Axes))
		}
		if s.Metadata == nil || s.OriginalMetadata == nil || s.Sidecar() != "" || s.Validate() != nil {
			t.Errorf("%s: %+v: %v", name, s, s.Validate())
		}
	}
}

func TestReadSignalFiles(t *testing.T) {
	dir := t.TempDir()
	for _, dt := range []string{"<f4", ">i2", "|b1", "|S5", "<U2"} {
		raw := make([]byte, 24*8)
		for i := range raw {
			raw[i] = byte(i % 2)
		}
		path := filepath.Join(dir, "f.npy")
		fortranFile(t, path, dt, []int64{4, 6}, raw) // which it reads wrongly
		a, sig := mustOpen(t, path), mustSignal(t, path, With(lazy.Chunks("(2, -1)")))
		want, err1 := a.Load(t.Context())
		got, err2 := sig.Data.Load(t.Context())
		if err := errors.Join(err1, err2); err != nil || !got.Equal(want) || sig.Data.Plan().NumBlocks() != 2 {
			t.Errorf("%s: %v, %v", dt, sig.Data, err)
		}
	}
	npz := filepath.Join(dir, "a.npz")
	entries := []lazy.Entry{{Key: "x", Array: mustOpen(t, ramp(t, filepath.Join(dir, "x.npy"), 0, 2, 3))}, {Key: "y", Array: mustOpen(t, ramp(t, filepath.Join(dir, "y.npy"), 0, 1, 3))}}
	if err := lazy.SaveArchive(t.Context(), npz, entries, lazy.Compressed(0)); err != nil {
		t.Fatal(err)
	}
	if s := mustSignal(t, npz+":y", Squeeze(), With(lazy.Chunks("(2,)"))); s.String() != "(|3) int32" || s.Data.Plan().NumBlocks() != 2 {
		t.Errorf("%v, %v", s, s.Data)
	}
	cut := ramp(t, filepath.Join(dir, "cut.npy"), 0, 100)
	if err := os.Truncate(cut, 300); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{npz: lazy.ErrNoKey, npz + ":z": lazy.ErrNoKey, cut: mmapnpy.ErrFormat, filepath.Join(dir, "none.npy"): fs.ErrNotExist} {
		if _, err := Read(path); !errors.Is(err, want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	x := filepath.Join(dir, "x.npy")
	for _, o := range []lazy.Option{lazy.NavigationAxes(2), lazy.NavigationAxes(-3), lazy.NavigationAxes(0, -2), lazy.Workers(-1), lazy.Chunks("(1, 2, 3)")} {
		if _, err := Read(x, With(o)); err == nil {
			t.Error("no error for a bad option")
		}
	}
}

// sameSignal compares descriptions and elements.
func sameSignal(t *testing.T, got, want *Signal) {
	t.Helper()
	if !reflect.DeepEqual(got.Axes, want.Axes) || !slices.Equal(got.Data.Axes(), want.Data.Axes()) {
		t.Errorf("axes\n%+v of %v, not\n%+v of %v", got.Axes, got.Data.Axes(), want.Axes, want.Data.Axes())
	}
	if !reflect.DeepEqual(got.Metadata, want.Metadata) || !reflect.DeepEqual(got.OriginalMetadata, want.OriginalMetadata) {
		t.Errorf("metadata %v and %v, not %v and %v", got.Metadata, got.OriginalMetadata, want.Metadata, want.OriginalMetadata)
	}
	if g, w := elementsOf(t, got.Data), elementsOf(t, want.Data); !slices.Equal(g, w) {
		t.Errorf("elements %v, not %v", g, w)
	}
}

func TestWriteSignalRoundTrips(t *testing.T) {
	dir := t.TempDir()
	s := calibratedScan(t, dir)
	for i := range s.Axes {
		s.Axes[i].extra = map[string]any{} // as in what is read
	}
	for _, name := range []string{"a.npy", "a.npz", "b.npz:k", "b.npz:l", "B.NPZ", "A.npy"} {
		path := filepath.Join(dir, name)
		if err := Write(t.Context(), path, s); err != nil {
			t.Fatal(err)
		}
		got := mustSignal(t, path)
		sameSignal(t, got, s)
		file, _, _ := lazy.SplitPath(path)
		text, err := os.ReadFile(SidecarPath(file))
		if err != nil || got.Sidecar() != SidecarPath(file) {
			t.Errorf("%q, %v", got.Sidecar(), err)
		}
		// Writing what was read gives the same bytes.
		if !strings.Contains(name, ":") {
			again := filepath.Join(dir, "again"+filepath.Ext(name))
			if err := Write(t.Context(), again, got); err != nil {
				t.Fatal(err)
			}
			if second, err := os.ReadFile(SidecarPath(again)); err != nil || string(second) != string(text) {
				t.Errorf("%s, then\n%s: %v", text, second, err)
			}
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	// Flags that are given count more than those of the sidecar.
	if got := mustSignal(t, filepath.Join(dir, "a.npy"), With(lazy.NavigationAxes())); got.String() != "(|5, 4, 3) int32" || got.Axes[0].Name != "y" {
		t.Errorf("%v", got)
	}
	if got := mustSignal(t, filepath.Join(dir, "a.npy"), IgnoreSidecar()); got.Axes[0].Name != "" || got.Sidecar() != "" {
		t.Errorf("%+v", got.Axes)
	}
}

func TestWriteSignalRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.npy")
	cyclic := map[string]any{}
	cyclic["self"] = cyclic
	for want, change := range map[string]func(s *Signal){
		"2 axes for data of shape (3, 4, 5)":        func(s *Signal) { s.Axes = s.Axes[:2] },
		"axis 0: scale is 0":                        func(s *Signal) { s.Axes[0].Scale = 0 },
		"axis 0: scale is NaN":                      func(s *Signal) { s.Axes[0].Scale = math.NaN() },
		"axis 1: offset is -Inf":                    func(s *Signal) { s.Axes[1].Offset = math.Inf(-1) },
		"axis 2: axis has 1 values, and size is 5":  func(s *Signal) { s.Axes[2].Values = []float64{1} },
		"axis 2: axis neither rises nor falls":      func(s *Signal) { s.Axes[2].Values = []float64{1, 2, 3, 3, 4} },
		"axis 2: axis has the value NaN":            func(s *Signal) { s.Axes[2].Values[4] = math.NaN() },
		"signal.metadata.a[1]: a chan int cannot":   func(s *Signal) { s.Metadata = map[string]any{"a": []any{1, make(chan int)}} },
		"is nested more than 64 deep":               func(s *Signal) { s.Metadata = cyclic },
		"signal.axes[0].name: is not UTF-8":         func(s *Signal) { s.Axes[0].Name = "\xff" },
		`signal.metadata["a b"]: is no number: "1,`: func(s *Signal) { s.Metadata = map[string]any{"a b": json.Number("1,2")} },
		"there are more than 1048576 values":        func(s *Signal) { s.Metadata = map[string]any{"a": make([]int8, strictjson.MaxValues)} },
		"there are no data":                         func(s *Signal) { s.Data = nil },
	} {
		s := calibratedScan(t, dir)
		change(s)
		err := Write(t.Context(), path, s)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "out.npy") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, not %q", err, want)
		}
		if !errors.Is(err, ErrAxes) && !errors.Is(err, ErrSidecar) {
			t.Errorf("%v matches nothing", err)
		}
	}
	s := calibratedScan(t, dir)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for path, ctx := range map[string]context.Context{
		s.Data.Path():                       t.Context(), // is being read
		filepath.Join(dir, "no", "out.npy"): t.Context(),
		dir:                                 t.Context(),
		filepath.Join(dir, "cancelled.npy"): cancelled,
	} {
		if err := Write(ctx, path, s); err == nil || strings.Contains(err.Error(), ".tmp") {
			t.Errorf("%s: %v", path, err)
		}
	}
	if names, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(names) != 1 {
		t.Errorf("left: %v, %v", names, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestWriteSignalMembers checks what becomes of the descriptions of other members.
func TestWriteSignalMembers(t *testing.T) {
	dir := t.TempDir()
	s, npz := calibratedScan(t, dir), filepath.Join(dir, "a.npz")
	s.Metadata["w"] = math.Inf(-1)
	for _, key := range []string{"k", "l"} {
		s.Axes[0].Name = key
		if err := Write(t.Context(), npz+":"+key, s, lazy.Compressed(1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Write(t.Context(), npz+":k", s); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second k: %v", err)
	}
	// a k that is not described, an m that is not there
	stale := strings.Replace(mustRead(t, SidecarPath(npz)), `"k"`, `"m"`, 1)
	if err := os.WriteFile(SidecarPath(npz), []byte(stale), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Write(t.Context(), npz+":m", mustSignal(t, s.Data.Path())); err != nil {
		t.Fatal(err)
	}
	for key, name := range map[string]string{"k": "", "l": "l", "m": ""} {
		if got := mustSignal(t, npz+":"+key); got.Axes[0].Name != name {
			t.Errorf("%s: %q", key, got.Axes[0].Name)
		}
	}
	if err := WriteSidecar(npz+":k", s); err != nil {
		t.Fatal(err)
	}
	for key, name := range map[string]string{"k": "l", "l": "l", "m": ""} {
		if got := mustSignal(t, npz+":"+key); got.Axes[0].Name != name {
			t.Errorf("%s: %q", key, got.Axes[0].Name)
		}
	}
	if got := mustSignal(t, npz+":k").Metadata["w"]; got != math.Inf(-1) {
		t.Errorf("minus infinity has become %v", got)
	}
	if err := os.WriteFile(SidecarPath(npz), []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Write(t.Context(), npz+":n", s); !errors.Is(err, ErrSidecar) {
		t.Errorf("over a malformed sidecar: %v", err)
	}
	if err := WriteSidecar(npz+":k", s); !errors.Is(err, ErrSidecar) {
		t.Errorf("over a malformed sidecar: %v", err)
	}
	other := ramp(t, filepath.Join(dir, "other.npy"), 0, 3, 4)
	if err := WriteSidecar(other, s); !errors.Is(err, ErrAxes) || !strings.Contains(err.Error(), "other.npy") {
		t.Errorf("for another shape: %v", err)
	}
}

func mustRead(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestReplacementCrashes stops after every step of replacing one calibrated array by another.
func TestReplacementCrashes(t *testing.T) {
	for stop := range 4 {
		dir := t.TempDir()
		path := filepath.Join(dir, "a.npy")
		old, fresh := calibratedScan(t, dir), mustSignal(t, ramp(t, filepath.Join(dir, "fresh.npy"), 100, 3, 4, 5))
		if err := Write(t.Context(), path, old); err != nil {
			t.Fatal(err)
		}
		fresh.Axes[0].Name = "fresh"
		text, err := fresh.sidecarText(path, "", false)
		if err != nil {
			t.Fatal(err)
		}
		r, err := newReplacement(path, text)
		if err != nil {
			t.Fatal(err)
		}
		stopped := errors.New("stopped")
		err = fresh.Data.Save(t.Context(), path, lazy.Placing(func(place func() error) error {
			for _, step := range r.steps(place)[:stop] {
				if err := step(); err != nil {
					t.Fatal(err)
				}
			}
			got, err := Read(path)
			if err != nil {
				t.Fatal(err)
			}
			have := []any{elementsOf(t, got.Data)[0], got.Axes[0].Name}
			want := [][]any{{0.0, "y"}, {0.0, ""}, {100.0, ""}, {100.0, "fresh"}}[stop]
			if err := got.Close(); err != nil || !reflect.DeepEqual(have, want) {
				t.Errorf("after %d steps: %v, not %v (%v)", stop, have, want, err)
			}
			return stopped
		}))
		if !errors.Is(err, stopped) {
			t.Error(err)
		}
		r.abort() // what an error does: the old pair stays until the data are in their place
		if s := mustSignal(t, path); stop < 2 && s.Axes[0].Name != "y" {
			t.Errorf("after %d steps and an error: %q", stop, s.Axes[0].Name)
		}
		if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
			t.Errorf("left: %v, %v", left, err)
		}
	}
}

// TestReplacementFails lets the data not take their place.
func TestReplacementFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.npy")
	s := calibratedScan(t, dir)
	if err := Write(t.Context(), path, s); err != nil {
		t.Fatal(err)
	}
	r, err := newReplacement(path, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	fresh := New(mustOpen(t, ramp(t, filepath.Join(dir, "fresh.npy"), 100, 3, 4, 5)))
	err = fresh.Data.Save(t.Context(), path, lazy.Placing(func(place func() error) error {
		if err := os.Chmod(path, 0o444); err != nil {
			t.Fatal(err)
		}
		return r.commit(place)
	}))
	r.abort()
	if !errors.Is(err, fs.ErrPermission) || strings.Contains(err.Error(), ".tmp") {
		t.Errorf("%v", err)
	}
	sameNames(t, mustSignal(t, path), "y", "x", "Energy")
}

func sameNames(t testing.TB, s *Signal, want ...string) {
	t.Helper()
	var names []string
	for _, ax := range s.Axes {
		names = append(names, ax.Name)
	}
	if !slices.Equal(names, want) {
		t.Errorf("axes %q, not %q", names, want)
	}
}

// TestWriteSignalLinks checks that data have one description, whatever they are called, and keep
// their permissions.
func TestWriteSignalLinks(t *testing.T) {
	dir := t.TempDir()
	s, path, link := calibratedScan(t, dir), filepath.Join(dir, "a.npy"), filepath.Join(dir, "link.npy")
	if err := os.Symlink("a.npy", link); err != nil {
		t.Fatal(err)
	}
	if err := Write(t.Context(), link, s); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Write(t.Context(), link, s); err != nil {
		t.Fatal(err)
	}
	sameNames(t, mustSignal(t, path), "y", "x", "Energy")
	sameNames(t, mustSignal(t, link), "y", "x", "Energy")
	if info, err := os.Stat(SidecarPath(path)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the sidecar: %v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// TestNilOptions passes an option that was left out.
func TestNilOptions(t *testing.T) {
	dir := t.TempDir()
	s := calibratedScan(t, dir)
	if err := Write(t.Context(), filepath.Join(dir, "s.npz"), s, nil); err != nil {
		t.Error(err)
	}
	got, err := Read(filepath.Join(dir, "s.npz"), nil, With(nil), With())
	if err != nil {
		t.Fatal(err)
	}
	if err := got.Close(); err != nil {
		t.Error(err)
	}
}
