package zipseek

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"testing"
	"time"
)

// whole collects what Content yields.
func whole(ctx context.Context, m *Member) ([]byte, error) {
	var all []byte
	for b, err := range m.Content(ctx) {
		if err != nil {
			return all, err
		}
		all = append(all, b...)
	}
	return all, nil
}

func TestContent(t *testing.T) {
	all := samples(5 << 18)
	long := bytes.Repeat(all["labels"], 7) // more than is borrowed at once
	contents := map[string][]byte{"rounded": all["rounded"], "long": long, "empty": nil, "one": {1}}
	indexed := byZip(t, contents)
	if _, _, err := mustOpen(t, indexed).WriteIndex(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"foreign": byZip(t, contents), "sidecar": indexed, "sozip": byUs(t, contents, Compressed(1)), "stored": byUs(t, contents),
	} {
		for _, backend := range []string{"mmap", "pread"} {
			a := mustOpen(t, path, Workers(2), WithBackend(backend), Checksums(CheckNever))
			for key, content := range contents {
				m := mustLookup(t, a, key)
				before := origin(t, m)
				if got, err := whole(t.Context(), m); err != nil || !bytes.Equal(got, content) {
					t.Errorf("%s, %s: %s: %d bytes, %v", name, backend, key, len(got), err)
				}
				if s, ok := m.Seekable(); ok != nil || s == SeekMemory || origin(t, m) != before {
					t.Errorf("%s: %s: the index is %s afterwards, and was %s", name, key, s, before)
				}
				for range m.Content(t.Context()) {
					break // which must leave nothing that Close would wait for
				}
			}
		}
	}
}

func TestContentFails(t *testing.T) {
	content := samples(5 << 18)["rounded"]
	for name, path := range map[string]string{
		"foreign": byZip(t, map[string][]byte{"x": content}),
		"sozip":   byUs(t, map[string][]byte{"x": content}, Compressed(1)),
		"stored":  byUs(t, map[string][]byte{"x": content}),
	} {
		archive := mustRead(t, path)
		entry := findAll(archive, "PK\x01\x02")[0]
		archive[entry+16] ^= 1 // the checksum
		a := mustOpen(t, writeFile(t, archive))
		if got, err := whole(t.Context(), mustLookup(t, a, "x")); !errors.Is(err, ErrChecksum) || !bytes.HasPrefix(content, got) {
			t.Errorf("%s: wrong checksum: %d bytes, %v", name, len(got), err)
		}
		archive[entry+16] ^= 1
		archive[len(archive)/2] ^= 0x55
		if got, err := whole(t.Context(), mustLookup(t, mustOpen(t, writeFile(t, archive)), "x")); err == nil || bytes.Equal(got, content) {
			t.Errorf("%s: damaged: %d bytes and no error", name, len(got))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := whole(ctx, mustLookup(t, a, "x")); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: cancelled: %v", name, err)
		}
	}
}

func TestSeekable(t *testing.T) {
	contents := map[string][]byte{"large": samples(5 << 18)["rounded"], "small": []byte("content"), "empty": nil}
	indexed := byZip(t, contents)
	if _, _, err := mustOpen(t, indexed).WriteIndex(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path         string
		large, small Seek
	}{
		{byZip(t, contents), SeekNone, SeekSmall},
		{indexed, SeekSidecar, SeekSmall},
		{byUs(t, contents, Compressed(1)), SeekSOZip, SeekSmall},
		{byUs(t, contents), SeekInPlace, SeekInPlace},
	} {
		a := mustOpen(t, tt.path)
		large, err1 := mustLookup(t, a, "large").Seekable()
		small, err2 := mustLookup(t, a, "small").Seekable()
		if large != tt.large || small != tt.small || err1 != nil || err2 != nil {
			t.Errorf("large %s (%v), small %s (%v); want %s, %s", large, err1, small, err2, tt.large, tt.small)
		}
	}
	a := mustOpen(t, byZip(t, contents))
	m := mustLookup(t, a, "large")
	if err := m.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s, err := m.Seekable(); s != SeekMemory || err != nil {
		t.Errorf("after Verify: %s, %v", s, err)
	}
}

func TestCheckSidecar(t *testing.T) {
	path, _ := withSidecar(t)
	if err := mustOpen(t, path).CheckSidecar(); err != nil {
		t.Errorf("a good index file: %v", err)
	}
	file := path + IndexSuffix
	good := mustRead(t, file)
	spoil := func(name string, b []byte) {
		t.Helper()
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		err := mustOpen(t, path).CheckSidecar()
		if bad, ok := errors.AsType[*FormatError](err); !ok || bad.Path != file || !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
		if err := mustOpen(t, path, WithoutSidecar()).CheckSidecar(); err != nil {
			t.Errorf("%s: WithoutSidecar: %v", name, err)
		}
	}
	spoil("empty", nil)
	spoil("cut", good[:sidecarHead+10])
	for _, at := range []int{0, 16, 24, sidecarHead, len(good) - 1} {
		b := bytes.Clone(good)
		b[at] ^= 1
		spoil("changed at "+itoa(int64(at)), b)
	}
	later := time.Now().Add(time.Hour)
	if err := errors.Join(os.WriteFile(file, good, 0o600), os.Chtimes(path, later, later)); err != nil {
		t.Fatal(err)
	}
	if err := mustOpen(t, path).CheckSidecar(); !errors.Is(err, ErrFormat) {
		t.Errorf("an index file of an archive that has changed: %v", err)
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if err := mustOpen(t, path).CheckSidecar(); err != nil {
		t.Errorf("no index file: %v", err)
	}
}

// TestIdleMembers checks that members of which a little was read, and nobody reads on, share the
// memory of the cache.
func TestIdleMembers(t *testing.T) {
	contents := map[string][]byte{}
	for i := range 100 {
		contents[itoa(int64(i))] = bytes.Repeat([]byte{byte(i)}, 5000)
	}
	a := mustOpen(t, byZip(t, contents), CacheSize(10*cursorBytes))
	for range 2 {
		for name, content := range contents {
			m := mustLookup(t, a, name)
			if b := make([]byte, 100); !checkRead(t, m, b, content) {
				continue
			}
			if s := m.content.Load(); s == nil {
				t.Errorf("%s was not read", name)
			} else if _, err := s.open(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if n := len(a.idle.idle); n != 10 {
		t.Errorf("%d decoders are kept", n)
	}
}

// checkRead reads the start of a member.
func checkRead(t *testing.T, m *Member, b, content []byte) bool {
	t.Helper()
	n, err := m.ReadAt(b, 0)
	if err != nil || !bytes.Equal(b[:n], content[:n]) {
		t.Errorf("%s: %d bytes, %v", m.Name, n, err)
	}
	return err == nil
}
