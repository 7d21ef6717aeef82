package zipseek

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// ambiguous is a line of testdata/zip/ambiguous.jsonl.
type ambiguous struct {
	Name     string `json:"name"`
	Archive  []byte `json:"archive"`
	Verdicts []struct {
		Versions []string       `json:"versions"`
		Verdict  zipfileVerdict `json:"verdict"`
	} `json:"verdicts"`
}

// zipfileVerdict is what Python's zipfile makes of an archive: an error, or names and contents.
type zipfileVerdict struct {
	Error   string       `json:"error"`
	Members [][2]*string `json:"members"` // name; content as Latin-1, or nil
}

func readAmbiguous(t testing.TB) []ambiguous {
	t.Helper()
	f, err := os.Open("../testdata/zip/ambiguous.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows []ambiguous
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var row ambiguous
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

// ourVerdict reads all members of an archive, and says why not what is not read.
func ourVerdict(t testing.TB, path string) (v zipfileVerdict, why []string) {
	t.Helper()
	a, err := Open(path)
	if err != nil {
		checkKind(t, err)
		return zipfileVerdict{Error: "refused"}, []string{err.Error()}
	}
	defer a.Close()
	for _, m := range a.All() {
		member := [2]*string{&m.Name}
		b, err := m.Bytes()
		if err == nil {
			content := latin1(b)
			member[1] = &content
		} else {
			checkKind(t, err)
			why = append(why, err.Error())
		}
		v.Members = append(v.Members, member)
	}
	return v, why
}

func latin1(b []byte) string {
	r := make([]rune, len(b))
	for i, c := range b {
		r[i] = rune(c)
	}
	return string(r)
}

// compareVerdicts says whether an archive is read as zipfile reads it: it is, or parts of it are
// refused, or more is read than zipfile reads. What both read must be the same.
func compareVerdicts(ours, theirs zipfileVerdict) (refused, more, other bool) {
	switch {
	case theirs.Error != "":
		return false, ours.Error == "", false
	case ours.Error != "":
		return true, false, false
	case len(ours.Members) != len(theirs.Members):
		return false, false, true
	}
	for i, m := range ours.Members {
		n := theirs.Members[i]
		switch {
		case *m[0] != *n[0], m[1] != nil && n[1] != nil && *m[1] != *n[1]:
			return false, false, true
		case m[1] == nil && n[1] != nil:
			refused = true
		case m[1] != nil && n[1] == nil:
			more = true
		}
	}
	return refused, more, other
}

// refusedHere are the archives of which zipfile reads more, with the reason.
var refusedHere = map[string]string{
	"disk_1_1":                          "one of several disks",
	"disk_1_0":                          "one of several disks",
	"disk_0_1":                          "one of several disks",
	"wide_other_size":                   "is 47 here and 94 in the zip64 end record",
	"wide_other_offset":                 "is 7 here and 90 in the zip64 end record",
	"wide_record_elsewhere":             "there are two zip64 end records",
	"unicode_path_of_utf8":              "both say that they are UTF-8",
	"stored_size_small":                 "stored data of 12 bytes are said to hold 10",
	"stored_size_large":                 "stored data of 12 bytes are said to hold 14",
	"deflated_size_small":               "goes on after the 5 bytes",
	"deflated_size_large":               "ends after 12 of 17 bytes",
	"deflated_two_streams_sum_of_first": "ends after 12 of 28 bytes",
	"local_method_differs":              "method is deflated here and stored in the directory",
	"directory_method_differs":          "method is stored here and deflated in the directory",
	"encrypted_locally":                 "encrypted",
	"bzip2_two_streams_sum_of_first":    "CRC-32",
	"bzip2_junk_behind":                 "bzip2 data invalid",
	"lzma_size_small":                   "goes on after the 5 bytes",
	"lzma_size_large":                   "after 12 of 17 bytes",
	"zip64_twice":                       "two zip64 extra fields",
	"zip64_twice_escaped":               "two zip64 extra fields",
	"zip64_negative":                    "out of range",
	"two_entries_of_one":                "overlap",
}

// readHere are the archives of which zipfile reads less, or did in one of its versions.
var readHere = setOf("signature_in_comment signature_ends_comment signature_behind false_end_behind wide_more_data " +
	"locator_in_entry_comment_far locator_in_name locator_signature_in_name gap_behind_directory digital_signature " +
	"version_99 name_utf8_flag_in_directory_only name_utf8_flag_locally_only name_not_utf8 name_surrogate " +
	"unicode_path_not_utf8 bad_sum bzip2_two_streams zip64_cut extra_cut two_entries_of_one local_header_in_comment offset_of_other")

func setOf(words string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		set[word] = true
	}
	return set
}

// TestAmbiguous reads what programs read in different ways, and compares it with Python's zipfile.
func TestAmbiguous(t *testing.T) {
	rows := readAmbiguous(t)
	if len(rows) < 170 {
		t.Fatalf("%d archives", len(rows))
	}
	refusedSeen, moreSeen := map[string]bool{}, map[string]bool{}
	for _, row := range rows {
		ours, why := ourVerdict(t, writeFile(t, row.Archive))
		agrees := false
		var refused, more bool
		for _, v := range row.Verdicts { // of which the last is that of the newest
			var other bool
			refused, more, other = compareVerdicts(ours, v.Verdict)
			agrees = agrees || !other
		}
		if !agrees {
			t.Errorf("%s: other data than zipfile: %s", row.Name, describe(ours))
		}
		if refused {
			refusedSeen[row.Name] = true
			if text := strings.Join(why, "; "); refusedHere[row.Name] == "" || !strings.Contains(text, refusedHere[row.Name]) {
				t.Errorf("%s is refused: %s", row.Name, text)
			}
		}
		if more {
			moreSeen[row.Name] = true
			if !readHere[row.Name] {
				t.Errorf("%s is read: %s", row.Name, describe(ours))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(refusedHere)) {
		if !refusedSeen[name] {
			t.Errorf("%s is not refused", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(readHere)) {
		if !moreSeen[name] {
			t.Errorf("%s is not read", name)
		}
	}
}

func describe(v zipfileVerdict) string {
	if v.Error != "" {
		return v.Error
	}
	var b strings.Builder
	for _, m := range v.Members {
		content := "refused"
		if m[1] != nil {
			content = fmt.Sprintf("%.20q", *m[1])
		}
		fmt.Fprintf(&b, "%q: %s  ", *m[0], content)
	}
	return b.String()
}

// withoutDoubt are the archives about which there is nothing to say: all programs read them alike,
// or nobody.
var withoutDoubt = setOf("plain empty empty_behind_something comment disk_65535_65535 wide wide_plain_numbers wide_behind_something " +
	"wide_behind_something_adjusted_locator wide_no_disks locator_in_entry_comment locator_in_extra something_before " +
	"something_before_adjusted name_437 name_utf8 name_437_locally name_437_in_directory name_empty unicode_path_other_crc " +
	"unicode_path_empty unicode_path_same_as_utf8 stored_both_small deflated_junk_behind deflated_two_streams deflated_empty " +
	"descriptor descriptor_without_signature descriptor_of_64_bits bzip2 bzip2_two_streams lzma lzma_marker_not_said " +
	"lzma_junk_behind lzma_empty zip64_sizes zip64_sizes_and_offset zip64_not_needed zip64_behind_another zip64_behind_zeros " +
	"zip64_longer extra_three_bytes extra_cut_locally gap_between")

// TestDoubts checks that what programs read differently is told, and that nothing is told of sound
// archives.
func TestDoubts(t *testing.T) {
	for _, row := range readAmbiguous(t) {
		told := doubtsOf(t, writeFile(t, row.Archive))
		if withoutDoubt[row.Name] != (len(told) == 0) {
			t.Errorf("%s: %q", row.Name, told)
		}
	}
}

// doubtsOf is all that is said about an archive: errors and doubts.
func doubtsOf(t testing.TB, path string) (told []string) {
	t.Helper()
	a, err := Open(path, Checksums(CheckAlways))
	if err != nil {
		return []string{err.Error()}
	}
	defer a.Close()
	doubts, err := a.Doubts()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range a.All() {
		if _, err := m.Bytes(); err != nil {
			told = append(told, err.Error())
			continue
		}
		more, err := m.Doubts()
		if err != nil {
			t.Fatal(err)
		}
		doubts = append(doubts, more...)
		if last, _ := a.Lookup(m.Name); last != m {
			told = append(told, "duplicate")
		}
	}
	for _, d := range doubts {
		if d.Err.Path != path {
			t.Errorf("a doubt about %q", d.Err.Path)
		}
		told = append(told, d.Err.Error())
	}
	return told
}
