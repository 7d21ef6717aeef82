package distributed_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/ops"
)

// FuzzRunDir reads any text as a plan and any bytes as a journal and a snapshot beside it. What is
// a plan has numbers that fit each other, and the same ID when it is read again; what can be
// resumed ends, writes its outputs alone, and none that it does not name, and the same whatever the
// snapshot says. Folders are "@" in the texts, and fix says that build, inputs, and the checksums
// of frames and snapshots are made right.
func FuzzRunDir(f *testing.F) {
	scan := makeScan(f, 6, 8, 8)
	folder := filepath.Dir(scan)
	var own map[string]any
	type seed struct{ text, journal []byte }
	var seeds []seed
	// it says of 1 journal that portions 0 and 1 are done, and that portion 2 was revoked
	lie := slices.Concat([]byte("lnpysnp1"), make([]byte, 56), []byte{1}, make([]byte, 15), []byte{0, 2, 1, 0, 0, 1, 0, 1})
	plan := func(o distributed.Options) {
		p, err := distributed.MemmapDistributed(scan, o)
		if err != nil {
			f.Fatal(err)
		}
		text := must[[]byte](f)(distributed.PlanText(p))
		own, _ = decodePlan(text)
		dir := p.DefaultDir()
		var journal []byte
		if err := run(p, distributed.Pool{Workers: 1}, distributed.RunOptions{Keep: true}); err != nil {
			f.Fatal(err)
		}
		for _, name := range must[[]string](f)(filepath.Glob(filepath.Join(dir, "journal", "*.journal"))) {
			journal = append(journal, must[[]byte](f)(os.ReadFile(name))...)
		}
		if len(journal) == 0 {
			f.Fatal("no journals")
		}
		text = bytes.ReplaceAll(text, []byte(folder), []byte("@"))
		seeds = append(seeds, seed{text, journal})
		f.Add(text, journal, []byte{}, true)
		f.Add(text, journal[:len(journal)/2], lie, true)
		f.Add(text, []byte{}, lie, true)
		f.Add(text, journal, lie[:len(lie)-1], false)
	}
	at := func(name string) string { return filepath.Join(folder, name) }
	plan(distributed.Options{Reduce: []distributed.Reduction{{Op: ops.Must("sum", nil), Path: at("sum.npy")}}, PortionBytes: 1})
	plan(distributed.Options{Output: at("a.npy"), Navigation: []int{0}, Chunks: "(2, (3, 5), -1)", PortionBytes: 1, Tasks: 2})
	plan(distributed.Options{
		Output: at("b.npy"), Positions: [][]int64{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}}, Scan: []int64{2, 3},
		Map:    []ops.Op{ops.Must("clip", ops.ClipParams{Lo: ops.Operand{Value: 0.0}})},
		Reduce: []distributed.Reduction{{Op: ops.Must("var", nil), Path: at("var.npy")}},
	})
	// What nobody has changed is resumed: otherwise nothing behind the first check would be tried.
	for i, s := range seeds {
		dir := f.TempDir()
		text, ok := ownPlan(bytes.ReplaceAll(s.text, []byte("@"), []byte(dir)), own, scan, dir)
		p := must[*distributed.Plan](f)(distributed.ParsePlan(text))
		if !ok || p.Blocks >= mostBlocks || !within(dir, p) {
			f.Fatalf("seed %d would be left out: %s", i, text)
		}
		recorded, err := resumeAny(f, dir, text, repaired(s.journal, p.ID()), nil)
		if err != nil || recorded != p.Portions() {
			f.Fatalf("seed %d: %d of %d portions are recorded: %v", i, recorded, p.Portions(), err)
		}
	}
	f.Fuzz(func(t *testing.T, text, journal, snapshot []byte, fix bool) {
		if len(text) > 16<<10 || len(journal) > 64<<10 || len(snapshot) > 64<<10 {
			return
		}
		dir := t.TempDir()
		text = bytes.ReplaceAll(text, []byte("@"), []byte(dir))
		small := false
		if fix {
			text, small = ownPlan(text, own, scan, dir)
		}
		p, err := distributed.ParsePlan(text)
		if err != nil {
			return
		}
		again, err := distributed.ParsePlan(must[[]byte](t)(distributed.PlanText(p)))
		if err != nil || again.ID() != p.ID() || again.Name() != p.Name() {
			t.Fatalf("read again it is %v, %v", again, err)
		}
		checkCounts(t, p)
		if small && p.Blocks < mostBlocks && within(dir, p) {
			if fix {
				snapshot = repairedSnapshot(snapshot, p.ID())
			}
			// most end with an error
			_, _ = resumeAny(t, dir, text, repaired(journal, p.ID()), snapshot)
		}
	})
}

// mostBlocks bounds what is resumed.
const mostBlocks = 200

// hugeNumber finds numbers that would make a plan take much time or memory, as histograms of so
// many bins.
var hugeNumber = regexp.MustCompile(`[0-9]{9}|[0-9][eE]\+?[0-9]`)

// ownPlan is the text of a plan with the build and the inputs of this process, and whether there is
// a plan that asks for little: what its numbers ask for is granted. Those of inputs are times, and
// folders have digits, too.
func ownPlan(text []byte, own map[string]any, scan, dir string) ([]byte, bool) {
	tree, ok := decodePlan(text)
	if !ok {
		return text, false
	}
	delete(tree, "build")
	delete(tree, "inputs")
	source, _ := tree["source"].(map[string]any)
	delete(source, "path")
	rest, err := json.Marshal(tree)
	if err != nil {
		return text, false
	}
	tree["build"], tree["inputs"] = own["build"], own["inputs"]
	if source != nil {
		source["path"] = scan
	}
	b, err := json.Marshal(tree)
	if err != nil {
		return text, false
	}
	return b, !hugeNumber.Match(bytes.ReplaceAll(rest, []byte(dir), nil))
}

// decodePlan reads a plan as any JSON; times are no float64.
func decodePlan(text []byte) (tree map[string]any, ok bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err := d.Decode(&tree)
	return tree, err == nil && !d.More() && tree != nil
}

// within reports whether all results of a plan lie directly in a folder.
func within(dir string, p *distributed.Plan) bool {
	paths := []string{}
	for _, r := range p.Reduce {
		paths = append(paths, r.Path)
	}
	if p.Output != nil {
		paths = append(paths, p.Output.Path)
	}
	for _, path := range paths {
		if filepath.Dir(path) != dir {
			return false
		}
	}
	return true
}

// repaired makes a journal's frames those of a plan, with checksums that are right.
func repaired(journal []byte, plan [32]byte) []byte {
	out := bytes.Clone(journal)
	table := crc32.MakeTable(crc32.Castagnoli)
	for b := out; len(b) >= 64; {
		n := binary.LittleEndian.Uint64(b[48:])
		if n > uint64(len(b)-64) {
			n = uint64(len(b) - 64)
		}
		copy(b[16:32], plan[:16])
		binary.LittleEndian.PutUint32(b[44:], crc32.Checksum(b[64:64+n], table))
		binary.LittleEndian.PutUint32(b[60:], crc32.Checksum(b[:60], table))
		b = b[64+n:]
	}
	return out
}

// repairedSnapshot makes a snapshot one of a plan, with checksums that are right.
func repairedSnapshot(snapshot []byte, plan [32]byte) []byte {
	if len(snapshot) < 64 {
		return snapshot
	}
	out := bytes.Clone(snapshot)
	table := crc32.MakeTable(crc32.Castagnoli)
	copy(out[16:32], plan[:])
	binary.LittleEndian.PutUint64(out[32:], uint64(len(out)-64))
	binary.LittleEndian.PutUint32(out[40:], crc32.Checksum(out[64:], table))
	binary.LittleEndian.PutUint32(out[60:], crc32.Checksum(out[:60], table))
	return out
}

// resumeAny resumes a run of which somebody else has written plan, journal and snapshot, and
// returns how many portions were recorded before, and what Resume says.
func resumeAny(t testing.TB, dir string, text, journal, snapshot []byte) (recorded int64, err error) {
	t.Helper()
	runDir := filepath.Join(dir, "any.run")
	for name, content := range map[string][]byte{"plan.json": text, "journal/0.other.0123456789abcdef.journal": journal, "journal/snapshot": snapshot} {
		path := filepath.Join(runDir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		// so that nobody waits for what its worker has claimed, whose process may be that of the
		// fuzzer
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	const limit = 20 * time.Second
	hang := time.AfterFunc(2*limit, func() { panic("still at work") })
	defer hang.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	before, err := distributed.StatusOf(ctx, runDir)
	if err != nil {
		oneLine(t, err)
	}
	resumed := distributed.Resume(ctx, distributed.Pool{Workers: 1}, distributed.RunOptions{Dir: runDir, Poll: time.Millisecond, Rounds: 1})
	if resumed != nil {
		oneLine(t, resumed)
	}
	err = distributed.Verify(ctx, runDir)
	if err != nil {
		oneLine(t, err)
	}
	if after, failed := distributed.StatusOf(ctx, runDir); resumed == nil && failed == nil && err == nil && after.Done < after.Portions {
		t.Errorf("it is published, and %d of %d portions are recorded", after.Done, after.Portions)
	}
	if ctx.Err() != nil {
		t.Errorf("it takes more than %v", limit)
	}
	return before.Done, resumed
}

func oneLine(t testing.TB, err error) {
	t.Helper()
	if text := err.Error(); strings.ContainsAny(text, "\n\r") || len(text) > 32<<10 || strings.Contains(text, "runtime error") {
		t.Error(fmt.Errorf("%T: %q", err, text))
	}
}
