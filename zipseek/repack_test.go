package zipseek

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A foreign archive as others write it: deflated and stored members, a folder, a member with a
// date, two of one name, and a comment.
func foreign(t testing.TB) (path string, want []given) {
	t.Helper()
	all := samples(5 << 18)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	write := func(method uint16, name string, content []byte) {
		t.Helper()
		m, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	write(zip.Deflate, "twice", []byte("the first"))
	want = []given{
		{name: "deflated", data: all["rounded"]}, {name: "stored", data: all["counts"][:100_000]}, {name: "dir/"},
		{name: "dir/small", data: all["labels"][:1000]}, {name: "twice", data: []byte("the second")}, {name: "empty"},
		{name: "ünïcode", data: all["labels"]},
	}
	for _, g := range want {
		method := zip.Deflate
		if g.name == "stored" || g.name == "dir/" {
			method = zip.Store
		}
		write(method, g.name, g.data)
	}
	if err := w.SetComment("a comment"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return writeFile(t, b.Bytes()), want
}

func TestRepack(t *testing.T) {
	path, want := foreign(t)
	for _, tt := range []struct {
		name     string
		opts     RepackOptions
		stored   Seek // what the two large members become
		deflated Seek
		align    int64
		chunks   int64
	}{
		{"as they are", RepackOptions{}, SeekInPlace, SeekSOZip, 64, DefaultChunkSize},
		{"stored", RepackOptions{Recode: StoreAll, Align: 4096}, SeekInPlace, SeekInPlace, 4096, 0},
		{"deflated", RepackOptions{Recode: DeflateAll, Level: 1, ChunkSize: 4 << 10, Workers: 2}, SeekSOZip, SeekSOZip, 1, 4 << 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out.zip")
			last, total := int64(0), int64(0)
			tt.opts.Progress = func(done, all int64) {
				if done < last {
					t.Errorf("progress went from %d to %d", last, done)
				}
				last, total = done, all
			}
			if err := Repack(t.Context(), mustOpen(t, path), out, tt.opts); err != nil {
				t.Fatal(err)
			}
			if last != total || total == 0 {
				t.Errorf("progress ended at %d of %d", last, total)
			}
			nothingLeft(t, filepath.Dir(out), "out.zip")
			check(t, mustRead(t, out), want)
			a := mustOpen(t, out)
			if a.Comment() != "a comment" {
				t.Errorf("the comment is %q", a.Comment())
			}
			for name, how := range map[string]Seek{"stored": tt.stored, "deflated": tt.deflated} {
				m := mustLookup(t, a, name)
				if got, err := m.Seekable(); got != how || err != nil {
					t.Errorf("%s is read %s, want %s (%v)", name, got, how, err)
				}
				if at, err := m.DataOffset(); err != nil || m.Method == Stored && at%tt.align != 0 {
					t.Errorf("%s lies at %d (%v)", name, at, err)
				}
				if src, err := m.Source(); err != nil {
					t.Error(err)
				} else if s, ok := src.(*inflated); ok && s.Granule() != tt.chunks {
					t.Errorf("%s: chunks of %d bytes, want %d", name, s.Granule(), tt.chunks)
				}
			}
			for _, m := range a.All() {
				if got := m.Modified(); !got.Equal(time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)) {
					t.Errorf("%s: time stamp is %v", m.Name, got)
				}
			}
		})
	}
}

// TestRepackCopies checks that what is seekable already is not compressed again, except on demand.
func TestRepackCopies(t *testing.T) {
	path := byUs(t, map[string][]byte{"x": samples(1 << 19)["rounded"]}, Compressed(1), ChunkSize(32<<10))
	first := mustOpen(t, path).Member(0).CompressedSize
	for _, tt := range []struct {
		opts RepackOptions
		same bool
	}{
		{RepackOptions{}, true},
		{RepackOptions{Recode: DeflateAll}, true},
		{RepackOptions{Recode: DeflateAll, ChunkSize: 32 << 10}, true},
		{RepackOptions{ChunkSize: 64 << 10}, false},
		{RepackOptions{Recode: DeflateAll, Level: 9}, false},
	} {
		out := filepath.Join(t.TempDir(), "out.zip")
		if err := Repack(t.Context(), mustOpen(t, path), out, tt.opts); err != nil {
			t.Fatal(err)
		}
		if got := mustOpen(t, out).Member(0).CompressedSize; (got == first) != tt.same {
			t.Errorf("%+v: %d bytes of %d", tt.opts, got, first)
		}
		if tt.same && !bytes.Equal(mustRead(t, out), mustRead(t, path)) {
			t.Errorf("%+v: the archive is another", tt.opts)
		}
	}
}

// TestRepackInPlace replaces an archive through a link, twice, and what lay beside it.
func TestRepackInPlace(t *testing.T) {
	path, want := foreign(t)
	dir := filepath.Dir(path)
	link := filepath.Join(dir, "link")
	if err := errors.Join(os.Symlink(filepath.Base(path), link), os.Chmod(path, 0o640)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := mustOpen(t, link).WriteIndex(t.Context()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := sumTail(bytes.NewReader(mustRead(t, path)), info.Size())
	if err != nil {
		t.Fatal(err)
	}
	// A process that died before it had appended anything.
	if err := writeJournal(link, journal{size: info.Size(), sum: sum}); err != nil {
		t.Fatal(err)
	}
	for _, recode := range []Recoding{DeflateAll, StoreAll} {
		if err := Repack(t.Context(), mustOpen(t, link), link, RepackOptions{Recode: recode}); err != nil {
			t.Fatal(err)
		}
		check(t, mustRead(t, path), want)
		nothingLeft(t, dir, "hostile.zip", "link")
		if info, err := os.Stat(path); err != nil || info.Mode() != 0o640 {
			t.Errorf("permissions became %v (%v)", info.Mode(), err)
		}
		if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("the link is gone (%v)", err)
		}
	}
}

func TestRepackKeep(t *testing.T) {
	path, want := foreign(t)
	out := filepath.Join(t.TempDir(), "out.zip")
	keep := func(m *Member) bool { return m.Name == "twice" || m.Name == "stored" }
	if err := Repack(t.Context(), mustOpen(t, path), out, RepackOptions{Keep: keep}); err != nil {
		t.Fatal(err)
	}
	check(t, mustRead(t, out), []given{want[1], want[4]})
	if err := Repack(t.Context(), mustOpen(t, path), out, RepackOptions{Keep: func(*Member) bool { return false }}); err != nil {
		t.Fatal(err)
	}
	check(t, mustRead(t, out), nil)
}

// TestRepackFails checks that nothing changes, whatever goes wrong.
func TestRepackFails(t *testing.T) {
	content := samples(1 << 19)["rounded"]
	members := map[string][]byte{"x": content}
	raw := func(method uint16, flags uint16, name string, content []byte) []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		m, err := w.CreateRaw(&zip.FileHeader{Name: name, Method: method, Flags: flags, CRC32: crcOf(content),
			UncompressedSize64: uint64(len(content)), CompressedSize64: uint64(len(content))})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Write(content); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	folder := raw(zip.Store, 0, "x0", content)
	for _, at := range findAll(folder, "x0") {
		folder[at+1] = '/'
	}
	wrongSum := func(path string) []byte {
		b := mustRead(t, path)
		b[findAll(b, "PK\x01\x02")[0]+16] ^= 1
		return b
	}
	damaged := mustRead(t, byUs(t, members, Compressed(1)))
	damaged[len(damaged)/2] ^= 0x55
	for _, tt := range []struct {
		name    string
		archive []byte
		opts    RepackOptions
		want    error
	}{
		{"stored, copied", wrongSum(byUs(t, members)), RepackOptions{}, ErrChecksum},
		{"stored, deflated", wrongSum(byUs(t, members)), RepackOptions{Recode: DeflateAll}, ErrChecksum},
		{"seekable, copied", wrongSum(byUs(t, members, Compressed(1))), RepackOptions{}, ErrChecksum},
		{"seekable, stored", wrongSum(byUs(t, members, Compressed(1))), RepackOptions{Recode: StoreAll}, ErrChecksum},
		{"deflated", wrongSum(byZip(t, members)), RepackOptions{}, ErrChecksum},
		{"damaged", damaged, RepackOptions{}, nil},
		{"damaged, stored", damaged, RepackOptions{Recode: StoreAll}, nil},
		{"encrypted", raw(zip.Store, flagEncrypted, "x", content), RepackOptions{}, ErrEncrypted},
		{"deflate64", raw(9, 0, "x", content), RepackOptions{}, ErrMethod},
		{"folder with content", folder, RepackOptions{}, nil},
		{"level", raw(zip.Store, 0, "x", content), RepackOptions{Level: 10}, nil},
		{"alignment", raw(zip.Store, 0, "x", content), RepackOptions{Align: 48}, nil},
		{"chunk size", raw(zip.Store, 0, "x", content), RepackOptions{ChunkSize: 1}, nil},
	} {
		in := writeFile(t, tt.archive)
		out := filepath.Join(filepath.Dir(in), "out.zip")
		for _, to := range []string{out, in} {
			err := Repack(t.Context(), mustOpen(t, in), to, tt.opts)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("%s: %v", tt.name, err)
			}
			if bad, ok := errors.AsType[*FormatError](err); ok && bad.Path != in {
				t.Errorf("%s: the error is about %s", tt.name, bad.Path)
			}
			nothingLeft(t, filepath.Dir(in), filepath.Base(in))
			if !bytes.Equal(mustRead(t, in), tt.archive) {
				t.Errorf("%s: the archive has changed", tt.name)
			}
		}
	}
}

// TestRepackChanged writes to the archive while it is being repacked.
func TestRepackChanged(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"grown": func(path string) error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = io.WriteString(f, "x")
			return errors.Join(err, f.Close())
		},
		"replaced": func(path string) error {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return errors.Join(os.Remove(path), os.WriteFile(path, b, 0o600))
		},
	} {
		path := byUs(t, samples(100_000))
		var now []byte
		opts := RepackOptions{Progress: func(done, total int64) {
			if done == total {
				if err := change(path); err != nil {
					t.Error(err)
				}
				now = mustRead(t, path)
			}
		}}
		if err := Repack(t.Context(), mustOpen(t, path), path, opts); !errors.Is(err, ErrChanged) {
			t.Errorf("%s: %v", name, err)
		}
		if !bytes.Equal(mustRead(t, path), now) {
			t.Errorf("%s: the archive was replaced", name)
		}
		nothingLeft(t, filepath.Dir(path), "ours.zip")
	}
}

// TestRepackAfterAppend repacks an archive in place that got members between Open and Repack, as a
// copy that took its place and in place: they must not be lost.
func TestRepackAfterAppend(t *testing.T) {
	for name, opts := range map[string][]WriterOption{"in place": {inPlace}, "copy": nil} {
		path := byUs(t, map[string][]byte{"x": samples(1 << 16)["rounded"]})
		link := path + ".link"
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		a := mustOpen(t, path)
		w, err := Append(path, opts...)
		if err != nil {
			t.Fatal(err)
		}
		add(t, w, newMembers(0)...)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		before := mustRead(t, path)
		for _, to := range []string{path, link} {
			if err := Repack(t.Context(), a, to, RepackOptions{}); !errors.Is(err, ErrChanged) {
				t.Errorf("%s, to %s: %v, want ErrChanged", name, to, err)
			}
			if !bytes.Equal(mustRead(t, path), before) {
				t.Fatalf("%s, to %s: the archive was replaced", name, to)
			}
		}
		if err := Repack(t.Context(), a, path+".new", RepackOptions{}); err != nil {
			t.Errorf("%s, to a new file: %v", name, err)
		}
	}
}

// TestRepackWaitsForNobody checks that an archive is not replaced while somebody appends to it, and
// that a cancelled context ends everything.
func TestRepackWaitsForNobody(t *testing.T) {
	path := byUs(t, samples(100_000))
	before := mustRead(t, path)
	a := mustOpen(t, path)
	w, err := Append(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Repack(t.Context(), a, path, RepackOptions{Wait: -1}); !errors.Is(err, ErrLocked) {
		t.Errorf("while somebody appends: %v", err)
	}
	if err := w.Abort(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	opts := RepackOptions{Progress: func(done, total int64) {
		if done == total {
			cancel()
		}
	}}
	cancelled, stop := context.WithCancel(t.Context())
	stop()
	if err := Repack(cancelled, mustOpen(t, path), path, RepackOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if !bytes.Equal(mustRead(t, path), before) {
		t.Error("the archive has changed")
	}
	nothingLeft(t, filepath.Dir(path), "ours.zip")
	if err := Repack(ctx, mustOpen(t, path), path, opts); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled at the end: %v", err)
	}
	nothingLeft(t, filepath.Dir(path), "ours.zip")
}

// TestRepackBzip2 checks that methods which cannot be written are kept, or replaced on demand.
func TestRepackBzip2(t *testing.T) {
	// The bzip2 of no bytes, and then of "hello\n".
	hello := []byte("BZh91AY&SY\xc1\xc0\x80\xe2\x00\x00\x01\x41\x00\x00\x10\x02\x44\xa0\x00\x30\xcd\x00\xc3\x46\x29\x97\x17\x72\x45\x38\x50\x90\xc1\xc0\x80\xe2")
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	m, err := w.CreateRaw(&zip.FileHeader{Name: "x", Method: uint16(BZip2), CRC32: crcOf([]byte("hello\n")), UncompressedSize64: 6, CompressedSize64: uint64(len(hello))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Write(hello); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	in := writeFile(t, b.Bytes())
	for recode, method := range map[Recoding]Method{KeepMethods: BZip2, StoreAll: Stored, DeflateAll: Deflate} {
		out := filepath.Join(t.TempDir(), "out.zip")
		if err := Repack(t.Context(), mustOpen(t, in), out, RepackOptions{Recode: recode}); err != nil {
			t.Fatal(err)
		}
		m := mustLookup(t, mustOpen(t, out), "x")
		if got, err := m.Bytes(); string(got) != "hello\n" || err != nil || m.Method != method {
			t.Errorf("%v: %q by %v, want %v (%v)", recode, got, m.Method, method, err)
		}
	}
}

// TestRepackStreams reads a member that deflates well in pieces that no buffer holds at once.
func TestRepackStreams(t *testing.T) {
	const size = 40 << 20
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, 1) })
	m, err := w.Create("zeros")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(m, zeros{}, size); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out.zip")
	if err := Repack(t.Context(), mustOpen(t, writeFile(t, b.Bytes())), out, RepackOptions{Recode: StoreAll}); err != nil {
		t.Fatal(err)
	}
	if m := mustLookup(t, mustOpen(t, out), "zeros"); m.Size != size || m.CompressedSize != size || m.CRC32 != sumZeros(size) {
		t.Errorf("%d bytes in %d", m.Size, m.CompressedSize)
	}
}
