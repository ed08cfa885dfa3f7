package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/gestadb/gesta/store/eventjson"
)

// A person's own file: settings, and short names for command lines. It has lines "name = value", comments that begin with # or ;,
// and a section [alias]. What is not understood is an error that names the line: a setting that was misspelt would not hold.

// maxConfigBytes is how large the file may be.
const maxConfigBytes = 256 << 10

// config is what the file says.
type config struct {
	path    string // of the file, also where there is none
	read    bool   // there is one
	color   setting
	pager   setting
	aliases []alias // in the order of the file
}

// setting is a value and the line where it stands; 0 is nowhere.
type setting struct {
	value string
	line  int
}

// alias is a short name for the beginning of a command line.
type alias struct {
	name  string
	text  string // as it is written
	words []string
	line  int
}

// alias returns the alias of a name.
func (c *config) alias(name string) (alias, bool) {
	for _, a := range c.aliases {
		if a.name == name {
			return a, true
		}
	}
	return alias{}, false
}

// at names a line of the file.
func (c *config) at(line int) string { return fmt.Sprintf("%s:%d", c.path, line) }

// configPath returns where the file is: gesta/config in $XDG_CONFIG_HOME, or in .config at home. It is empty for who has no home.
func (e *env) configPath() string {
	if dir := e.getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) { // a relative one counts as none
		return filepath.Join(dir, "gesta", "config")
	}
	if home := e.getenv("HOME"); home != "" {
		return filepath.Join(home, ".config", "gesta", "config")
	}
	return ""
}

// configured is the config once it was read.
type configured struct {
	*config
	err error
}

// config returns what the person's file says. Without a file it says nothing. The file is read when it is first asked for.
func (e *env) config() (*config, error) {
	if e.configured == nil {
		c, err := readConfig(e.configPath())
		e.configured = &configured{c, err}
	}
	return e.configured.config, e.configured.err
}

func readConfig(path string) (*config, error) {
	c := &config{path: path}
	if path == "" {
		return c, nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, pathFailed("read config", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxConfigBytes+1))
	if err != nil {
		return c, pathFailed("read config", err)
	}
	if len(text) > maxConfigBytes {
		return c, usagef("%s has more than %d bytes", path, maxConfigBytes)
	}
	c.read = true
	section := ""
	for i, line := range strings.Split(string(text), "\n") {
		if err := c.line(&section, strings.TrimSpace(line), i+1); err != nil {
			return c, &eventjson.Error{
				Code: eventjson.CodeUsage, Message: fmt.Sprintf("%s: %s", c.at(i+1), err), File: path, Line: int64(i + 1),
				Hint: "gesta help config says what the file may have",
			}
		}
	}
	return c, nil
}

var (
	sectionForm = regexp.MustCompile(`^\[\s*([^\[\]]*?)\s*\]$`)
	aliasForm   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)
)

// line takes one line.
func (c *config) line(section *string, text string, number int) error {
	if text == "" || text[0] == '#' || text[0] == ';' {
		return nil
	}
	if m := sectionForm.FindStringSubmatch(text); m != nil {
		if *section = m[1]; m[1] != "alias" {
			return fmt.Errorf("there is no section [%s], only [alias]", m[1])
		}
		return nil
	}
	name, value, ok := strings.Cut(text, "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	switch {
	case !ok || name == "":
		return fmt.Errorf("%q is not name = value", text)
	case value == "":
		return fmt.Errorf("%s has no value", name)
	case *section == "alias":
		return c.addAlias(name, value, number)
	}
	return c.set(name, value, number)
}

func (c *config) set(name, value string, line int) error {
	settings := map[string]*setting{"color": &c.color, "pager": &c.pager}
	s, ok := settings[name]
	if !ok {
		if near := nearest(name, []string{"color", "pager"}); near != "" {
			return fmt.Errorf("there is no setting %q: did you mean %s?", name, near)
		}
		return fmt.Errorf("there is no setting %q: there are color and pager, and the section [alias]", name)
	}
	if s.line != 0 {
		return fmt.Errorf("%s is set in line %d already", name, s.line)
	}
	if name == "color" {
		if err := checkColor("color", value); err != nil {
			return err
		}
	}
	*s = setting{value: value, line: line}
	return nil
}

// checkColor refuses what is no answer to when there are colours.
func checkColor(what, value string) error {
	switch value {
	case "auto", "always", "never":
		return nil
	}
	return usagef("%s is auto, always or never, not %q", what, value)
}

func (c *config) addAlias(name, value string, line int) error {
	if !aliasForm.MatchString(name) {
		return fmt.Errorf("an alias is letters, digits, - and _, not %q", name)
	}
	if old, ok := c.alias(name); ok {
		return fmt.Errorf("the alias %s stands in line %d already", name, old.line)
	}
	if strings.HasPrefix(value, "!") {
		return errors.New("an alias is a command line of gesta: none begins with an exclamation mark")
	}
	words, err := splitWords(value)
	if err != nil {
		return fmt.Errorf("alias %s: %w", name, err)
	}
	c.aliases = append(c.aliases, alias{name: name, text: value, words: words, line: line})
	return nil
}

// splitWords splits a text into words as a shell does, with single quotes, double quotes and backslashes, and nothing else that a
// shell knows.
func splitWords(text string) ([]string, error) {
	var (
		words []string
		word  strings.Builder
		begun bool // a word, which may be empty in quotes
		quote rune // that is open
	)
	runes := []rune(text)
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		switch {
		case r == '\\' && quote != '\'':
			if i++; i == len(runes) {
				return nil, errors.New("a backslash stands at the end")
			}
			if quote == '"' && !strings.ContainsRune("\"\\$`", runes[i]) {
				word.WriteByte('\\')
			}
			word.WriteRune(runes[i])
			begun = true
		case r == quote && quote != 0:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quote, begun = r, true
		case r == ' ' || r == '\t':
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a quote %c is not closed", quote)
	}
	if begun {
		words = append(words, word.String())
	}
	return words, nil
}
