package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadingPage runs the commands of docs/reading.md, and looks for the lines of its Go code
// among the examples of package lazy, which are run there.
func TestReadingPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "reading.md"))
	if err != nil {
		t.Fatal(err)
	}
	examples, err := os.ReadFile(filepath.Join("..", "..", "lazy", "example_reading_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	scan, err := os.ReadFile(array(t, []int64{4, 4, 8, 8}, count[uint16](1024)))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("scan.npy", scan, 0o600); err != nil {
		t.Fatal(err)
	}
	commands, lines, language := 0, 0, ""
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		switch lang, fence := strings.CutPrefix(line, "```"); {
		case fence:
			language = lang
		case language == "go" && line != "":
			lines++
			if !strings.Contains(string(examples), line) {
				t.Errorf("no example has the line %q", line)
			}
		case language == "console":
			args := strings.Fields(strings.TrimPrefix(line, "$ "))
			t.Setenv("LAZYNPY_BACKEND", "")
			if value, ok := strings.CutPrefix(args[0], "LAZYNPY_BACKEND="); ok {
				t.Setenv("LAZYNPY_BACKEND", value)
				args = args[1:]
			}
			if args[0] == "lazynpy" {
				commands++
				ok(t, args[1:]...)
			}
		}
	}
	if commands < 4 || lines < 3 {
		t.Errorf("found %d commands and %d lines of Go", commands, lines)
	}
}
