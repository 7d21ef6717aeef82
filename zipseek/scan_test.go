package zipseek

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// byWriters are archives of the same contents whose local headers differ: with sizes, and with data
// descriptors.
func byWriters(t testing.TB, contents map[string][]byte) map[string][]byte {
	t.Helper()
	stored := func() []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for _, name := range slices.Sorted(maps.Keys(contents)) {
			out, err := w.CreateHeader(&zip.FileHeader{Name: name})
			if err == nil {
				_, err = out.Write(contents[name])
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	return map[string][]byte{
		"stored by us": mustRead(t, byUs(t, contents)), "in chunks by us": mustRead(t, byUs(t, contents, Compressed(1), ChunkSize(4<<10))),
		"deflated with descriptors": mustRead(t, byZip(t, contents)), "stored with descriptors": stored(),
	}
}

// TestScanEveryCut cuts archives at every byte. The members that are whole are read, and no others,
// without a directory.
func TestScanEveryCut(t *testing.T) {
	contents := map[string][]byte{
		"a.npy": bytes.Repeat([]byte("first "), 60), "b.npy": []byte("PK\x07\x08 and PK\x03\x04 in the second"), "c.npy": bytes.Repeat([]byte("three"), 3000),
	}
	for by, whole := range byWriters(t, contents) {
		members := findAll(whole, "PK\x01\x02")[0] // where the last member ends
		most, near := 0, map[int]bool{}
		for _, mark := range []string{"PK\x03\x04", "PK\x07\x08", "PK\x01\x02"} {
			for _, at := range findAll(whole, mark) {
				for n := at - 2; n < at+5; n++ {
					near[n] = true
				}
			}
		}
		for n := range whole {
			if !near[n] && n%(len(whole)/25) != 0 && os.Getenv("LAZYNPY_LONG") == "" {
				continue
			}
			a, err := Open(writeFile(t, whole[:n]), Partial())
			if err != nil {
				if n >= 30 || !errors.Is(err, ErrFormat) {
					t.Fatalf("%s, cut at %d: %v", by, n, err)
				}
				continue
			}
			if cut := a.Cut(); !errors.Is(cut, io.ErrUnexpectedEOF) || !strings.Contains(cut.Error(), "no directory") {
				t.Errorf("%s, cut at %d: %v", by, n, cut)
			}
			if a.Len() < most || n >= members && a.Len() != len(contents) {
				t.Errorf("%s, cut at %d: %d members", by, n, a.Len())
			}
			most = a.Len()
			for _, m := range a.All() {
				if got, err := m.Bytes(); contents[m.Name] == nil || err != nil || !bytes.Equal(got, contents[m.Name]) {
					t.Fatalf("%s, cut at %d: %q: %v", by, n, m.Name, err)
				}
				if doubts, err := m.Doubts(); err != nil || doubts != nil {
					t.Errorf("%s: %v, %v", by, doubts, err)
				}
			}
			if err := a.Close(); err != nil {
				t.Error(err)
			}
			if n > 30 {
				if _, err := Open(writeFile(t, whole[:n])); !errors.Is(err, ErrFormat) {
					t.Fatalf("%s, cut at %d, without Partial: %v", by, n, err)
				}
			}
		}
		if most != len(contents) {
			t.Errorf("%s: %d members", by, most)
		}
	}
}

// TestScanRest reads the member that an archive was cut off in, as far as it goes, by every writer
// and method.
func TestScanRest(t *testing.T) {
	content := samples(1 << 20)["rounded"]
	archives := byWriters(t, map[string][]byte{"b": content})
	archives["zstd"] = mustRead(t, byZstd(t, content, int64(len(content))))
	unfinished := archives["stored by us"]
	unfinished = bytes.Clone(unfinished)
	clear(unfinished[14:26]) // the checksum and both sizes, which are filled in later
	archives["unfinished"] = unfinished
	for by, whole := range archives {
		longest := int64(0)
		for _, tenths := range []int{0, 1, 5, 9} {
			a := mustOpen(t, writeFile(t, whole[:200+(len(whole)-200)*tenths/10]), Partial())
			m := a.Rest()
			if m == nil {
				if tenths > 1 || tenths == 1 && by != "zstd" { // whose first block may be longer
					t.Errorf("%s, %d tenths: nothing", by, tenths)
				}
				continue
			}
			got, err := m.Bytes()
			if err != nil || !bytes.HasPrefix(content, got) || int64(len(got)) != m.Size || m.Size < longest || tenths == 9 && len(got) < len(content)/2 {
				t.Errorf("%s, %d tenths: %d bytes, %v", by, tenths, len(got), err)
			}
			longest = m.Size
			if err := m.Verify(t.Context()); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s: Verify: %v", by, err)
			}
			for _, err = range m.Content(t.Context()) {
			}
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s: Content: %v", by, err)
			}
			if found, ok := a.Lookup(m.Name); !ok || found != m {
				t.Errorf("%s: %q is not found", by, m.Name)
			}
			if _, err := m.Seekable(); err != nil {
				t.Errorf("%s: %v", by, err)
			}
		}
		if a := mustOpen(t, writeFile(t, whole), Partial()); by != "unfinished" && a.Rest() != nil {
			t.Errorf("%s: whole, and has a rest", by)
		}
	}
}

// TestScanUnfinished reads what a writer leaves that fills in the sizes later, and junk.
func TestScanUnfinished(t *testing.T) {
	whole, _, locals := plain(t)
	at := locals[1]
	unfinished := bytes.Clone(whole[:at+500])
	clear(unfinished[at+14 : at+26]) // the checksum and both sizes
	junk := append(bytes.Clone(whole[:at]), "PK what is this"...)
	for name, b := range map[string][]byte{`"b" was never finished`: unfinished, "the next member is cut off": junk[:at+6], "what follows is no member": append(junk, make([]byte, 100)...)} {
		a := mustOpen(t, writeFile(t, b), Partial())
		if a.Len() != 1 || a.Member(0).Name != "a" || !strings.Contains(fmt.Sprint(a.Cut()), name) {
			t.Errorf("%s: %d members, %v", name, a.Len(), a.Cut())
		}
	}
	if _, err := Open(writeFile(t, []byte("not an archive at all, however long")), Partial()); !errors.Is(err, ErrFormat) {
		t.Error(err)
	}
	// An archive that has its directory is what it is without the option.
	if a := mustOpen(t, writeFile(t, whole), Partial()); a.Len() != 2 || a.Cut() != nil {
		t.Errorf("%d members, %v", a.Len(), a.Cut())
	}
}
