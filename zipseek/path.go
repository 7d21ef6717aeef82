package zipseek

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unicode"
)

// Limits of names that are to become files.
const (
	maxPathLen   = 1024 // bytes of a name
	maxPathPart  = 255  // bytes between two slashes, as file systems have it
	maxPathDepth = 32   // folders in folders
)

// CheckPath returns an error for the name of a member that cannot become a file below a folder, on
// this system or another: absolute names, those with ".." or a backslash, and those of more than
// 1,024 bytes, 255 between slashes, or 32 folders.
func CheckPath(name string) error {
	parts := strings.Split(name, "/")
	drive := len(name) > 2 && unicode.IsLetter(rune(name[0])) && name[1] == ':' && name[2] == '/'
	switch {
	case strings.Contains(name, `\`):
		return errors.New(`the name contains a "\"`)
	case strings.HasPrefix(name, "/"), drive:
		return errors.New("the name is an absolute path")
	case slices.Contains(parts, ".."):
		return errors.New(`the name contains ".."`)
	case path.Clean(name) == ".":
		return errors.New("the name is that of no file")
	case len(name) > maxPathLen:
		return fmt.Errorf("the name has %d bytes, more than %d", len(name), maxPathLen)
	case len(parts) > maxPathDepth+1:
		return fmt.Errorf("the name has %d folders, more than %d", len(parts)-1, maxPathDepth)
	case slices.ContainsFunc(parts, func(part string) bool { return len(part) > maxPathPart }):
		return fmt.Errorf("the name has more than %d bytes between two slashes", maxPathPart)
	}
	return nil
}

// LocalPath is the name of a member as a path below a folder, with slashes, that leads nowhere else
// on this system or another. Names that [CheckPath] refuses, or that this system does, are errors.
func LocalPath(name string) (string, error) {
	if err := CheckPath(name); err != nil {
		return "", err
	}
	if runtime.GOOS == "windows" && strings.Contains(name, ":") {
		return "", errors.New(`the name contains a ":"`)
	}
	clean := path.Clean(name)
	if clean == "." || !filepath.IsLocal(filepath.FromSlash(clean)) {
		return "", errors.New("the name is that of no file")
	}
	return clean, nil
}
