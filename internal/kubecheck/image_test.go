package kubecheck

import (
	"debug/elf"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// The image is what the Dockerfile says: a program that needs no libraries, in a folder with all
// that is copied. It is built as the Dockerfile's comment has it.
func TestImage(t *testing.T) {
	const root = "../.."
	text, err := os.ReadFile(filepath.Join(root, "distributed/kubernetes/Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	const build = "CGO_ENABLED=0 go build -trimpath -o image/lazynpy ./cmd/lazynpy"
	if !strings.Contains(string(text), build) {
		t.Fatalf("the Dockerfile does not say %s", build)
	}
	folder := t.TempDir()
	cmd := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(folder, "lazynpy"), "./cmd/lazynpy")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var instructions, copied []string
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		instructions = append(instructions, words[0])
		switch words[0] {
		case "FROM":
			if words[1] != "scratch" {
				t.Errorf("the image is made from %s", words[1])
			}
		case "COPY":
			for _, source := range words[1 : len(words)-1] {
				if _, err := os.Stat(filepath.Join(folder, source)); err != nil {
					t.Error(err)
				}
			}
			copied = append(copied, words[len(words)-1])
		case "ENTRYPOINT":
			var entry []string
			if err := json.Unmarshal([]byte(strings.TrimPrefix(line, "ENTRYPOINT")), &entry); err != nil || len(entry) != 1 || !slices.Contains(copied, entry[0]) {
				t.Errorf("the entrypoint %q is not what is copied, %q (%v)", entry, copied, err)
			}
		}
	}
	if want := []string{"FROM", "COPY", "USER", "ENTRYPOINT"}; !slices.Equal(instructions, want) {
		t.Errorf("instructions %q, want %q", instructions, want)
	}
	program, err := elf.Open(filepath.Join(folder, "lazynpy"))
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	for _, part := range program.Progs {
		if part.Type == elf.PT_INTERP || part.Type == elf.PT_DYNAMIC {
			t.Errorf("the program is not static: it has a %v", part.Type)
		}
	}
	if runtime.GOOS == "linux" {
		if out, err := exec.Command(filepath.Join(folder, "lazynpy"), "version").CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	}
}
