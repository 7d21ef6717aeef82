package zipseek

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestWriterBytes compares every byte of a small archive.
func TestWriterBytes(t *testing.T) {
	path := create(t, []WriterOption{Align(16)}, given{name: "a.npy", data: []byte("abc")}, given{name: "é/", data: nil})
	want := strings.Join([]string{
		// Local header of a.npy.
		// needs 2.0, flags, stored, 1980-01-01
		"PK\x03\x04", "\x14\x00", "\x00\x00", "\x00\x00", "\x00\x00\x21\x00",
		// CRC, sizes, lengths
		"\xc2\x41\x24\x35", "\x03\x00\x00\x00", "\x03\x00\x00\x00", "\x05\x00", "\x0d\x00",
		"a.npy", "\x35\xd9\x09\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00", // up to 48
		"abc",
		// Local header of é/, at 51.
		"PK\x03\x04", "\x14\x00", "\x00\x08", "\x00\x00", "\x00\x00\x21\x00",
		"\x00\x00\x00\x00", "\x00\x00\x00\x00", "\x00\x00\x00\x00", "\x03\x00", "\x0c\x00",
		"é/", "\x35\xd9\x08\x00\x10\x00\x00\x00\x00\x00\x00\x00", // up to 96
		// Directory, at 96.
		// made on Unix
		"PK\x01\x02", "\x14\x03", "\x14\x00", "\x00\x00", "\x00\x00", "\x00\x00\x21\x00",
		"\xc2\x41\x24\x35", "\x03\x00\x00\x00", "\x03\x00\x00\x00", "\x05\x00", "\x00\x00", "\x00\x00",
		"\x00\x00", "\x00\x00", "\x00\x00\x80\x01", "\x00\x00\x00\x00", // disk, attributes, offset
		"a.npy",
		"PK\x01\x02", "\x14\x03", "\x14\x00", "\x00\x08", "\x00\x00", "\x00\x00\x21\x00",
		"\x00\x00\x00\x00", "\x00\x00\x00\x00", "\x00\x00\x00\x00", "\x03\x00", "\x00\x00", "\x00\x00",
		"\x00\x00", "\x00\x00", "\x00\x00\x80\x01", "\x33\x00\x00\x00",
		"é/",
		// End record.
		"PK\x05\x06", "\x00\x00", "\x00\x00", "\x02\x00", "\x02\x00", "\x64\x00\x00\x00", "\x60\x00\x00\x00", "\x00\x00",
	}, "")
	if got := mustRead(t, path); string(got) != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestWriterEmpty(t *testing.T) {
	if got := mustRead(t, create(t, nil)); string(got) != "PK\x05\x06"+strings.Repeat("\x00", 18) {
		t.Errorf("an archive without members is %q", got)
	}
}

// TestWriterAlign writes names of many lengths at every alignment.
func TestWriterAlign(t *testing.T) {
	for align := 1; align <= maxAlign; align *= 2 {
		var members []given
		for n := 1; n <= 70; n++ {
			members = append(members, given{name: strings.Repeat("x", n), data: make([]byte, n)})
		}
		archive := mustRead(t, create(t, []WriterOption{Align(align)}, members...))
		check(t, archive, members)
		for _, f := range unzip(t, archive).File {
			if off, err := f.DataOffset(); err != nil || off%int64(align) != 0 {
				t.Errorf("align %d: data of a name of %d bytes at %d: %v", align, len(f.Name), off, err)
			}
			if len(f.Extra) != 0 {
				t.Errorf("align %d: the directory has an extra field %x", align, f.Extra)
			}
		}
	}
}

// TestPadding checks the field itself, also behind the one of zip64.
func TestPadding(t *testing.T) {
	for align := 1; align <= maxAlign; align *= 2 {
		for header := range int64(300) {
			for _, zip64 := range []bool{false, true} {
				e := entry{name: "name", header: header, zip64: zip64, align: align}
				b := e.local()
				if (header+int64(len(b)))%int64(align) != 0 {
					t.Fatalf("align %d: header at %d has %d bytes", align, header, len(b))
				}
				ids := []uint16{}
				for id, field := range extraFields(b[localSize+4:]) {
					ids = append(ids, id)
					if id == extraAlign && (int(field[0])+int(field[1])<<8 != align || bytes.Trim(field[2:], "\x00") != nil) {
						t.Fatalf("align %d: field %x", align, field)
					}
				}
				if zip64 && ids[0] != extraZip64 {
					t.Fatalf("fields in the order %x", ids)
				}
			}
		}
	}
}

// TestWriterRoundTrip writes every level, kinds of content, sizes around the chunk, and cuts of
// pieces.
func TestWriterRoundTrip(t *testing.T) {
	const chunk = minChunkSize
	r := rand.New(rand.NewPCG(5, 6))
	path := filepath.Join(t.TempDir(), "a.zip")
	w, err := Create(path, ChunkSize(chunk), WriterWorkers(3))
	if err != nil {
		t.Fatal(err)
	}
	var members []given
	for level := -2; level <= 9; level++ {
		for _, size := range []int{0, 1, chunk - 1, chunk, chunk + 1, 3 * chunk, 3*chunk + 5, 200_000} {
			for kind, data := range contents(r, size) {
				m := given{name: fmt.Sprintf("%d/%s/%d", level, kind, size), data: data}
				members = append(members, m)
				if err := w.Add(t.Context(), m.name, int64(size), cut(r, data), Compressed(level)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	archive := mustRead(t, path)
	check(t, archive, members)
	for _, f := range unzip(t, archive).File {
		if deflated := f.Method == zip.Deflate; deflated != (f.UncompressedSize64 > 0) {
			t.Errorf("%s: method %d", f.Name, f.Method)
		}
		if strings.Contains(f.Name, "zeros/200000") && f.CompressedSize64 > f.UncompressedSize64/7 {
			t.Errorf("%s: %d bytes are compressed to %d", f.Name, f.UncompressedSize64, f.CompressedSize64)
		}
	}
}

// TestWriterOptions checks that options of a member override those of the writer, and only there.
func TestWriterOptions(t *testing.T) {
	data := make([]byte, 10_000)
	archive := mustRead(t, create(t, []WriterOption{Compressed(0), Align(4096)},
		given{name: "a", data: data},
		given{name: "b", data: data, opts: []WriterOption{Uncompressed(), Align(32)}},
		given{name: "c", data: data},
		given{name: "d", data: data, opts: []WriterOption{Uncompressed()}}))
	z := unzip(t, archive)
	for i, want := range []struct {
		method uint16
		align  int64
	}{{zip.Deflate, 1}, {zip.Store, 32}, {zip.Deflate, 1}, {zip.Store, 4096}} {
		f := z.File[i]
		if off, err := f.DataOffset(); err != nil || f.Method != want.method || off%want.align != 0 {
			t.Errorf("%s: method %d at %d: %v", f.Name, f.Method, off, err)
		}
	}
	for name, opt := range map[string]WriterOption{
		"level 10": Compressed(10), "level -3": Compressed(-3),
		"alignment 0": Align(0), "alignment 3": Align(3), "alignment 65536": Align(65536), "alignment -2": Align(-2),
		"chunk size 4095": ChunkSize(4095), "chunk size 67108865": ChunkSize(64<<20 + 1), "0 workers": WriterWorkers(0),
	} {
		dir := t.TempDir()
		if _, err := Create(filepath.Join(dir, "x.zip"), opt); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := Append(filepath.Join(dir, "x.zip"), opt); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		nothingLeft(t, dir)
	}
}

// TestWriterReproducible writes the same members with many numbers of workers, cuts of pieces, and
// compressors that have been used.
func TestWriterReproducible(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	kinds := contents(r, 60_000)
	var want []byte
	for round, workers := range []int{1, 2, 3, 16, 1} {
		m := newMemTarget()
		w := testWriter(t, m, ChunkSize(8<<10), WriterWorkers(workers))
		for level := -2; level <= 9; level++ {
			for _, kind := range []string{"floats", "zeros", "noise"} {
				data := kinds[kind]
				if err := w.Add(t.Context(), fmt.Sprint(kind, level), int64(len(data)), cut(r, data), Compressed(level)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, m.size)
		if _, err := m.ReadAt(got, 0); err != nil {
			t.Fatal(err)
		}
		if round == 0 {
			want = got
		} else if !bytes.Equal(got, want) {
			t.Errorf("%d workers write other bytes", workers)
		}
	}
}

// TestWriterPieces checks that the file is written in pieces that begin at multiples of 2 MiB.
func TestWriterPieces(t *testing.T) {
	m := newMemTarget()
	w := testWriter(t, m)
	add(t, w, given{name: "a", data: make([]byte, 5<<20)}, given{name: "b", data: make([]byte, 100)})
	r := rand.New(rand.NewPCG(9, 10))
	if err := w.Add(t.Context(), "c", 7<<20, cut(r, make([]byte, 7<<20))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if len(m.cuts) != 8 {
		t.Errorf("%d writes", len(m.cuts))
	}
	for _, off := range m.cuts[:7] { // the last one is the end record
		if off%writePiece != 0 {
			t.Errorf("a write begins at %d", off)
		}
	}
}

func TestWriterRefusesNames(t *testing.T) {
	long := strings.Repeat("n", 65535)
	for _, c := range []struct {
		name, want string
		size       int64
	}{
		{"", "empty", 1}, {long + "n", "65536 bytes", 1}, {"a\xff", "UTF-8", 1}, {"a\x00b", "NUL", 1},
		{"twice", "already", 1}, {"negative", "negative", -1}, {"folder/", "folder", 1},
	} {
		dir := t.TempDir()
		w, err := Create(filepath.Join(dir, "a.zip"))
		if err != nil {
			t.Fatal(err)
		}
		add(t, w, given{name: "twice"}, given{name: long, data: []byte("x"), opts: []WriterOption{Align(1)}}, given{name: "empty/"})
		err = w.Add(t.Context(), c.name, c.size, repeat([]byte{1}, c.size))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), w.path+":") || len(err.Error()) > 500 {
			t.Errorf("%.100q: %v", c.name, err)
		}
		if err := w.AddBytes(t.Context(), "after", nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("adding after an error: %v", err)
		}
		if err := w.Close(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Close: %v", err)
		}
		nothingLeft(t, dir)
	}
}

// TestWriterLongName writes the longest name, with an index that has no room for its own.
func TestWriterLongName(t *testing.T) {
	members := []given{
		{name: strings.Repeat("n", 65535), data: make([]byte, 3*minChunkSize)},
		{name: "b", data: []byte("b")},
	}
	archive := mustRead(t, create(t, []WriterOption{Compressed(1), ChunkSize(minChunkSize)}, members...))
	check(t, archive, members)
	if bytes.Contains(archive, []byte(".sozip.idx")) {
		t.Error("there is an index")
	}
}

// failures are ways of adding a member of 1 MiB that go wrong.
var failures = map[string]struct {
	pieces func(cancel context.CancelFunc) iter.Seq2[[]byte, error]
	want   string
}{
	"too short": {func(context.CancelFunc) iter.Seq2[[]byte, error] { return repeat(make([]byte, 1000), 1<<20-1) }, "1 short of"},
	"none":      {func(context.CancelFunc) iter.Seq2[[]byte, error] { return repeat(nil, 0) }, "short of"},
	"too long":  {func(context.CancelFunc) iter.Seq2[[]byte, error] { return repeat(make([]byte, 1000), 1<<20+1) }, "more bytes"},
	"an error": {func(context.CancelFunc) iter.Seq2[[]byte, error] {
		return func(yield func([]byte, error) bool) {
			if yield(make([]byte, 900_000), nil) {
				yield(nil, errTest)
			}
		}
	}, errTest.Error()},
	"cancelled": {func(cancel context.CancelFunc) iter.Seq2[[]byte, error] {
		return cancelAfter(20, cancel, repeat(make([]byte, 10_000), 1<<20))
	}, "canceled"},
	"cancelled at once": {func(cancel context.CancelFunc) iter.Seq2[[]byte, error] {
		cancel()
		return repeat(make([]byte, 10_000), 1<<20)
	}, "canceled"},
}

// TestWriterFails lets adding fail in the middle. Nothing is left: no file, no goroutine.
func TestWriterFails(t *testing.T) {
	before := runtime.NumGoroutine()
	for name, f := range failures {
		for _, opts := range [][]WriterOption{nil, {Compressed(1), ChunkSize(8 << 10)}, {Compressed(1), ChunkSize(4 << 20)}} {
			dir := t.TempDir()
			path := filepath.Join(dir, "a.zip")
			if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
				t.Fatal(err)
			}
			w, err := Create(path, opts...)
			if err != nil {
				t.Fatal(err)
			}
			add(t, w, given{name: "first", data: make([]byte, 100_000)})
			ctx, cancel := context.WithCancel(t.Context())
			err = w.Add(ctx, "second", 1<<20, f.pieces(cancel))
			cancel()
			if err == nil || !strings.Contains(err.Error(), f.want) {
				t.Errorf("%s: %v", name, err)
			}
			if closed := w.Close(); closed == nil || closed.Error() != err.Error() {
				t.Errorf("%s: Close: %v", name, closed)
			}
			if err := w.Abort(); err != nil {
				t.Errorf("%s: Abort after Close: %v", name, err)
			}
			nothingLeft(t, dir, "a.zip")
			if got := mustRead(t, path); string(got) != "before" {
				t.Errorf("%s: the file is now %q", name, got)
			}
		}
	}
	noGoroutines(t, before)
}

// TestWriterPanics lets pieces panic, and lets them use the writer, which must not deadlock.
func TestWriterPanics(t *testing.T) {
	before := runtime.NumGoroutine()
	m := newMemTarget()
	w := testWriter(t, m, Compressed(1), ChunkSize(8<<10))
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = w.Add(t.Context(), "a", 1<<20, func(yield func([]byte, error) bool) {
			yield(make([]byte, 500_000), nil)
			if err := w.AddBytes(t.Context(), "b", nil); !errors.Is(err, errInterrupted) {
				t.Errorf("adding while adding: %v", err)
			}
			panic("pieces")
		})
	}()
	noGoroutines(t, before)
	if err := w.Close(); !errors.Is(err, errInterrupted) || m.state != "aborted" {
		t.Errorf("Close: %v, %s", err, m.state)
	}
}

// TestWriterEnds checks the order of calls at the end.
func TestWriterEnds(t *testing.T) {
	path := create(t, nil, given{name: "a"})
	want := mustRead(t, path)
	w, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	add(t, w, given{name: "b"})
	if err := errors.Join(w.Abort(), w.Abort()); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{"Close": w.Close(), "Add": w.AddBytes(t.Context(), "c", nil)} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s after Abort: %v", name, err)
		}
	}
	if !bytes.Equal(mustRead(t, path), want) {
		t.Error("Abort changed the file")
	}
	if w, err = Create(path); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), w.Close(), w.Abort()); err != nil {
		t.Error(err)
	}
	if err := w.AddBytes(t.Context(), "c", nil); !errors.Is(err, ErrClosed) || !strings.Contains(err.Error(), path) {
		t.Errorf("adding after Close: %v", err)
	}
	if _, err := Create(filepath.Join(path, "x.zip")); err == nil {
		t.Error("created a file in a file")
	}
	if _, err := Create(filepath.Dir(path)); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("creating a folder: %v", err)
	}
}

// TestWriterFullDisk lets every write fail in turn.
func TestWriterFullDisk(t *testing.T) {
	before := runtime.NumGoroutine()
	data := contents(rand.New(rand.NewPCG(11, 12)), 200_000)
	write := func(m *memTarget) error {
		w := testWriter(t, m, ChunkSize(16<<10))
		w.out.piece = 4 << 10
		err := w.AddBytes(t.Context(), "stored", data["noise"][:30_000])
		if err == nil {
			err = w.AddBytes(t.Context(), "deflated", data["floats"], Compressed(1))
		}
		closed := w.Close()
		if err == nil {
			return closed
		}
		if !errors.Is(closed, err) {
			t.Errorf("Add: %v, Close: %v", err, closed)
		}
		return err
	}
	m := newMemTarget()
	if err := write(m); err != nil || m.state != "committed" {
		t.Fatalf("%s: %v", m.state, err)
	}
	if m.writes < 20 {
		t.Errorf("only %d writes", m.writes)
	}
	for n := 1; n <= m.writes; n++ {
		failing := newMemTarget()
		failing.fail = n
		if err := write(failing); !errors.Is(err, errTest) || failing.state != "aborted" {
			t.Errorf("write %d: %s: %v", n, failing.state, err)
		}
	}
	noGoroutines(t, before)
}

// TestWriterManyMembers needs the zip64 end record for their number.
func TestWriterManyMembers(t *testing.T) {
	for _, n := range []int{65534, 65535, 70_000} {
		var members []given
		for i := range n {
			members = append(members, given{name: fmt.Sprint(i)})
		}
		archive := mustRead(t, create(t, []WriterOption{Compressed(5)}, members...))
		check(t, archive, members)
		if wide := bytes.Contains(archive, []byte("PK\x06\x06")); wide != (n >= 65535) {
			t.Errorf("%d members, zip64: %v", n, wide)
		}
	}
}

// TestWriterLarge writes more than 4 GiB to a file that is not there: zip64 sizes in the local
// header, and zip64 sizes, offsets and end record in the directory, each only where it is needed.
func TestWriterLarge(t *testing.T) {
	const size = 4<<30 + 12345
	m := newMemTarget()
	w := testWriter(t, m, Align(4096))
	zeros := make([]byte, 16<<20)
	small := []byte("small")
	add(t, w, given{name: "before", data: small})
	if err := w.Add(t.Context(), "large", size, repeat(zeros, size)); err != nil {
		t.Fatal(err)
	}
	deflated := make([]byte, 3*minChunkSize)
	add(t, w, given{name: "after", data: small}, given{name: "deflated", data: deflated, opts: []WriterOption{Compressed(1), ChunkSize(minChunkSize)}})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(m, m.size)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		size   uint64
		crc    uint32
		extra  int
		needed uint16
		align  int64
	}{
		{5, crc32.ChecksumIEEE(small), 0, versionPlain, 4096},
		{size, sumZeros(size), 4 + 16, versionZip64, 4096},
		{5, crc32.ChecksumIEEE(small), 4 + 8, versionZip64, 4096},
		{uint64(len(deflated)), crc32.ChecksumIEEE(deflated), 4 + 8, versionZip64, 1},
	} {
		f := z.File[i]
		off, err := f.DataOffset()
		if err != nil || off%want.align != 0 {
			t.Errorf("%s lies at %d: %v", f.Name, off, err)
		}
		if f.UncompressedSize64 != want.size || f.CRC32 != want.crc || len(f.Extra) != want.extra || f.ReaderVersion != want.needed {
			t.Errorf("%s: %+v", f.Name, f.FileHeader)
		}
		if f.UncompressedSize64 < 1<<20 {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			b := new(bytes.Buffer)
			if _, err := b.ReadFrom(r); err != nil {
				t.Errorf("%s: %v", f.Name, err)
			}
		}
	}
	checkLarge(t, m, z.File[1], size)
}

// checkLarge looks at the local header of a member that needs zip64.
func checkLarge(t *testing.T, m *memTarget, f *zip.File, size int64) {
	t.Helper()
	off, err := f.DataOffset()
	if err != nil {
		t.Fatal(err)
	}
	e := entry{name: f.Name, size: size, packed: size, crc: f.CRC32, zip64: true, align: 4096, date: dosDate}
	for e.header = off - 4096 - 100; e.header < off; e.header++ {
		want := e.local()
		got := make([]byte, len(want))
		if _, err := m.ReadAt(got, e.header); err == nil && bytes.Equal(got, want) && e.header+int64(len(want)) == off {
			return
		}
	}
	t.Errorf("no local header with both sizes lies before %d", off)
}

// TestDirectoryZip64 checks which numbers go to the extra field of the directory, and in what
// order.
func TestDirectoryZip64(t *testing.T) {
	for _, c := range []struct {
		size, packed, header int64
		extra                string
	}{
		{escape32 - 1, escape32 - 1, escape32 - 1, ""},
		{escape32, 1, 1, "\x01\x00\x08\x00\xff\xff\xff\xff\x00\x00\x00\x00"},
		{1, 1, escape32 + 8, "\x01\x00\x08\x00\xff\xff\xff\xff\x00\x00\x00\x00"},
		{2<<32 + 7, 1, 3<<32 + 8, "\x01\x00\x10\x00\x07\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00"},
		{1<<33 + 1, 1 << 34, 1<<35 + 8, "\x01\x00\x18\x00\x01\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x08\x00\x00\x00"},
	} {
		e := entry{name: "n", size: c.size, packed: c.packed, header: c.header}
		b := e.appendDirectory(nil, 8)
		if c.header < escape32 {
			b = e.appendDirectory(nil, 0)
		}
		var m Member
		if _, err := m.parse(b, endRecord{}); err != nil || string(b[directorySize+1:]) != c.extra {
			t.Errorf("%+v: %x: %v", c, b[directorySize+1:], err)
		}
		if m.Size != c.size || m.CompressedSize != c.packed {
			t.Errorf("%+v: read as %d in %d", c, m.Size, m.CompressedSize)
		}
	}
}
