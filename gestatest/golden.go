package gestatest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// updateSwitch is the variable of the environment that lets tests rewrite their golden files.
const updateSwitch = "GESTA_UPDATE"

// updating says whether golden files are to be rewritten.
func updating() bool {
	return os.Getenv(updateSwitch) == "1"
}

// readGolden returns the lines of a golden file, without comments and empty lines, and none where there is no file.
func readGolden(file string) ([]string, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the golden file: %w", err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// writeGolden writes a golden file, and the directory that it is in.
func writeGolden(file, text string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("write the golden file: %w", err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write the golden file: %w", err)
	}
	return nil
}
