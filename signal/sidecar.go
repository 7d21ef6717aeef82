package signal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/strictjson"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// SidecarSuffix is what the name of a sidecar has behind that of its array or archive:
// "scan.npy.signal.json".
const SidecarSuffix = ".signal.json"

// maxSidecar is the most bytes of a sidecar.
const maxSidecar = 16 << 20

const (
	sidecarFormat  = "lazynpy-signal"
	sidecarVersion = 1
)

// SidecarPath is the path of the sidecar of the file at path: beside what a link leads to, so that
// the same data have one description, whatever they are called.
func SidecarPath(path string) string { return atomicfile.Target(path) + SidecarSuffix }

// sidecar is the content of such a file; docs/signals.md describes it. A .npy file has one
// description under the key "signal", an archive has those of its members under "signals".
type sidecar struct {
	archive bool
	signals map[string]*description // by key of the member; that of a .npy file is ""
	extra   map[string]any
}

// description is what a sidecar says about one array.
type description struct {
	axes                       []describedAxis
	metadata, originalMetadata map[string]any
	extra                      map[string]any
}

// describedAxis is an axis as a sidecar has it, with what the array knows.
type describedAxis struct {
	Axis
	size     int64
	navigate bool
}

func newSidecar(archive bool) *sidecar {
	return &sidecar{archive: archive, signals: map[string]*description{}}
}

// loadSidecar reads the sidecar at path; nil if there is none.
func loadSidecar(path string, archive bool) (*sidecar, error) {
	text, err := readSidecar(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := decodeSidecar(text, archive)
	return c, inSidecar(path, err)
}

// readSidecar reads the text. It opens files only, since opening a pipe waits for whoever may write
// to it.
func readSidecar(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", &mmapnpy.FormatError{Path: path, Offset: -1, Err: badSidecar("not a regular file")}
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSidecar+1))
	if err == nil && len(text) > maxSidecar {
		err = &mmapnpy.FormatError{Path: path, Offset: -1, Err: badSidecar(fmt.Sprintf("is longer than %d bytes", maxSidecar))}
	}
	return string(text), err
}

// inSidecar names the file in an error about its content.
func inSidecar(path string, err error) error {
	bad, ok := errors.AsType[*mmapnpy.FormatError](err)
	if !ok || bad.Path != "" {
		return err
	}
	in := *bad
	in.Path = path
	return &in
}

// decodeSidecar makes sense of the text of a sidecar. Errors are a *mmapnpy.FormatError without a
// path.
func decodeSidecar(text string, archive bool) (*sidecar, error) {
	v, err := strictjson.Read(text)
	if err != nil {
		return nil, badJSON(err)
	}
	d := &sidecarDecoder{}
	c := newSidecar(archive)
	top := d.fields(nil, v)
	if format := top.text("format"); format != sidecarFormat {
		d.fail(top.path.Key("format"), "is %q, and not %q as in every sidecar", format, sidecarFormat)
	}
	if version, _ := top.integer("version"); version != sidecarVersion {
		d.fail(top.path.Key("version"), "is %d, and only %d is known", version, sidecarVersion)
	}
	if archive {
		signals := top.object("signals")
		for _, key := range slices.Sorted(maps.Keys(signals)) {
			c.signals[key] = d.description(strictjson.Path(nil).Key("signals").Key(key), signals[key])
		}
	} else {
		c.signals[""] = d.description(strictjson.Path(nil).Key("signal"), top.take("signal"))
	}
	c.extra = top.m
	return c, d.err
}

// badJSON makes a *FormatError of an error about a text or a value.
func badJSON(err error) error {
	bad, ok := errors.AsType[*strictjson.Error](err)
	if !ok {
		return err
	}
	return &mmapnpy.FormatError{Offset: bad.Offset, Field: bad.Path.String(), Err: badSidecar(bad.Msg)}
}

// sidecarDecoder keeps the first error.
type sidecarDecoder struct{ err error }

func (d *sidecarDecoder) fail(path strictjson.Path, format string, args ...any) {
	if d.err == nil {
		d.err = &mmapnpy.FormatError{Offset: -1, Field: path.String(), Err: badSidecar(fmt.Sprintf(format, args...))}
	}
}

// sidecarFields are the members of an object. Those that are known are taken out; the others
// remain.
type sidecarFields struct {
	d    *sidecarDecoder
	path strictjson.Path
	m    map[string]any
}

func (d *sidecarDecoder) fields(path strictjson.Path, v any) sidecarFields {
	m, ok := v.(map[string]any)
	if !ok {
		d.fail(path, "is %s, and not an object", kindOf(v))
		m = map[string]any{}
	}
	return sidecarFields{d, path, m}
}

// kindOf names the kind of a value in an error.
func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "missing or null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case []any:
		return "an array"
	case map[string]any:
		return "an object"
	default:
		return fmt.Sprintf("the number %v", v)
	}
}

func (f sidecarFields) take(key string) any {
	v := f.m[key]
	delete(f.m, key)
	return v
}

// text takes a string; "" if it is missing or null, which is how Python writes that it is not
// known.
func (f sidecarFields) text(key string) string {
	v := f.take(key)
	s, ok := v.(string)
	if !ok && v != nil {
		f.d.fail(f.path.Key(key), "is %s, and not a string", kindOf(v))
	}
	return s
}

func (f sidecarFields) flag(key string) bool {
	v := f.take(key)
	b, ok := v.(bool)
	if !ok && v != nil {
		f.d.fail(f.path.Key(key), "is %s, and not a boolean", kindOf(v))
	}
	return b
}

// integer takes an integer, and reports whether it is there.
func (f sidecarFields) integer(key string) (n int64, ok bool) {
	v := f.take(key)
	n, ok = v.(int64)
	if !ok && v != nil {
		f.d.fail(f.path.Key(key), "is %s, and not an integer of 64 bits", kindOf(v))
	}
	return n, ok
}

// number takes a number, and reports whether it is there.
func (f sidecarFields) number(key string, otherwise float64) (x float64, ok bool) {
	v := f.take(key)
	if v == nil {
		return otherwise, false
	}
	x, ok = asFloat(v)
	if !ok {
		f.d.fail(f.path.Key(key), "is %s, and not a number of 64 bits", kindOf(v))
	}
	return x, ok
}

func asFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// object takes an object; an empty one if it is missing or null.
func (f sidecarFields) object(key string) map[string]any {
	v := f.take(key)
	if v == nil {
		return map[string]any{}
	}
	return f.d.fields(f.path.Key(key), v).m
}

func (d *sidecarDecoder) description(path strictjson.Path, v any) *description {
	f := d.fields(path, v)
	out := &description{metadata: f.object("metadata"), originalMetadata: f.object("original_metadata")}
	at := path.Key("axes")
	axes, ok := f.take("axes").([]any)
	if !ok {
		d.fail(at, "is no array")
	}
	for i, v := range axes {
		if d.err == nil {
			out.axes = append(out.axes, d.axis(at.Index(i), i, v))
		}
	}
	out.extra = f.m
	return out
}

func (d *sidecarDecoder) axis(path strictjson.Path, i int, v any) describedAxis {
	f := d.fields(path, v)
	ax := describedAxis{Axis: Axis{Name: f.text("name"), Units: f.text("units")}, navigate: f.flag("navigate")}
	if at, ok := f.integer("index_in_array"); ok && at != int64(i) {
		d.fail(path.Key("index_in_array"), "is %d: axes are listed in the order of the array", at)
	}
	scale, hasScale := f.number("scale", 1)
	offset, hasOffset := f.number("offset", 0)
	size, hasSize := f.integer("size")
	values := f.take("axis")
	switch {
	case values == nil:
		ax.Scale, ax.Offset, ax.size = scale, offset, size
		if !hasSize {
			d.fail(path.Key("size"), "is missing")
		}
	case hasScale || hasOffset:
		d.fail(path.Key("axis"), "excludes scale and offset")
	default:
		ax.Scale, ax.Values = 1, d.axisValues(path.Key("axis"), values)
		if ax.size = int64(len(ax.Values)); hasSize {
			ax.size = size
		}
	}
	if ax.size < 0 {
		d.fail(path.Key("size"), "is %d", ax.size)
	} else if field, msg := ax.flaw(ax.size); msg != "" {
		d.fail(path.Key(field), "%s", msg)
	}
	ax.extra = f.m
	return ax
}

// axisValues reads the values of a non-uniform axis, which is nil after an error only.
func (d *sidecarDecoder) axisValues(path strictjson.Path, v any) []float64 {
	list, ok := v.([]any)
	if !ok {
		d.fail(path, "is %s, and not an array", kindOf(v))
		return nil
	}
	out := make([]float64, len(list))
	for i, v := range list {
		if out[i], ok = asFloat(v); !ok {
			d.fail(path.Index(i), "is %s, and not a number of 64 bits", kindOf(v))
		}
	}
	return out
}

// encode writes a sidecar, and makes sure that what it wrote can be read.
func (c *sidecar) encode() ([]byte, error) {
	top := strictjson.Object{}.With("format", sidecarFormat).With("version", sidecarVersion)
	if c.archive {
		signals := strictjson.Object{}
		for _, key := range slices.Sorted(maps.Keys(c.signals)) {
			signals = signals.With(key, c.signals[key].object())
		}
		top = top.With("signals", signals)
	} else {
		top = top.With("signal", c.signals[""].object())
	}
	text, err := strictjson.Write(append(top, strictjson.Sorted(c.extra)...), maxSidecar)
	if err != nil {
		return nil, badJSON(err)
	}
	if len(text) > maxSidecar {
		return nil, &mmapnpy.FormatError{Offset: -1, Err: badSidecar(fmt.Sprintf("would be longer than %d bytes", maxSidecar))}
	}
	_, err = decodeSidecar(string(text), c.archive)
	return text, err
}

func (s *description) object() strictjson.Object {
	axes := make([]any, len(s.axes))
	for i := range s.axes {
		axes[i] = s.axes[i].object(i)
	}
	out := strictjson.Object{}.With("axes", axes).With("metadata", s.metadata).With("original_metadata", s.originalMetadata)
	return append(out, strictjson.Sorted(s.extra)...)
}

func (ax *describedAxis) object(i int) strictjson.Object {
	out := strictjson.Object{}.With("name", ax.Name).With("units", ax.Units).With("size", ax.size)
	if ax.Values != nil {
		out = out.With("axis", ax.Values)
	} else {
		out = out.With("scale", ax.Scale).With("offset", ax.Offset)
	}
	out = out.With("navigate", ax.navigate).With("index_in_array", i)
	return append(out, strictjson.Sorted(ax.extra)...)
}

// description is what a sidecar is to say about s, which is valid.
func (s *Signal) description() *description {
	out := &description{metadata: s.Metadata, originalMetadata: s.OriginalMetadata, extra: s.extra}
	for d, ax := range s.Data.Axes() {
		out.axes = append(out.axes, describedAxis{s.Axes[d], ax.Size, ax.Navigate})
	}
	return out
}

// describe takes over what a sidecar says about the data; which axes are navigation axes only if it
// is to say so.
func (s *Signal) describe(path string, c *sidecar, key string, navigation bool) error {
	d, ok := c.signals[key]
	if !ok {
		return nil
	}
	shape := s.Data.Shape()
	var sizes []int64
	var axes []Axis
	var navigate []int
	for i, ax := range d.axes {
		sizes, axes = append(sizes, ax.size), append(axes, ax.Axis)
		if ax.navigate {
			navigate = append(navigate, i)
		}
	}
	if !slices.Equal(sizes, shape) {
		at := strictjson.Path(nil).Key("signal")
		if c.archive {
			at = strictjson.Path(nil).Key("signals").Key(key)
		}
		return &mmapnpy.FormatError{Path: path, Offset: -1, Field: at.Key("axes").String(), Err: badSidecar(fmt.Sprintf(
			"the sizes %s do not fit %s, whose shape is %s", shapeString(sizes), s.Data.Name(), shapeString(shape)))}
	}
	s.Axes, s.Metadata, s.OriginalMetadata, s.extra, s.outside, s.sidecar = axes, d.metadata, d.originalMetadata, d.extra, c.extra, path
	if !navigation {
		return nil
	}
	data, err := s.Data.With(lazy.NavigationAxes(navigate...))
	if err == nil {
		s.Data = data
	}
	return err
}
