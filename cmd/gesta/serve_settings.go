package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gestadb/gesta/server"
	"github.com/gestadb/gesta/store/eventjson"
)

// unsettable are flags of serve that make sense on the command line alone.
var unsettable = []string{"config", "print-config", "help"}

// serveSettings brings the environment and the file into the flags that were not given, and returns all of them with where they come from.
func (e *env) serveSettings(cmd *cobra.Command, f *serveFlags) ([]configItem, error) {
	if f.config == "" {
		f.config = e.getenv("GESTA_CONFIG")
	}
	file := &serveFile{path: f.config, values: map[string]fileValue{}}
	if f.config != "" {
		if err := file.read(e.abs(f.config), cmd.LocalNonPersistentFlags()); err != nil {
			return nil, err
		}
		var err error
		if f.listeners, err = file.listeners(e); err != nil {
			return nil, err
		}
	}
	var items []configItem
	var err error
	cmd.LocalNonPersistentFlags().VisitAll(func(flag *pflag.Flag) {
		if err != nil || slices.Contains(unsettable, flag.Name) {
			return
		}
		var item configItem
		if item, err = e.serveSetting(flag, file); err == nil {
			items = append(items, item)
		}
	})
	if err != nil {
		return nil, err
	}
	return items, f.check(items)
}

// serveSetting brings one setting into its flag.
func (e *env) serveSetting(flag *pflag.Flag, file *serveFile) (configItem, error) {
	variable := "GESTA_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
	item := configItem{Name: flag.Name, From: "the default"}
	value, inEnvironment := e.lookup(variable)
	inFile, written := file.values[flag.Name]
	switch {
	case flag.Changed:
		item.From = "--" + flag.Name
	case inEnvironment && value != "":
		item.From = variable
		if err := setFlag(flag, value); err != nil {
			return item, usagef("%s: %s", variable, err)
		}
	case written:
		item.From = fmt.Sprintf("%s:%d", file.path, inFile.line)
		if err := setFlag(flag, inFile.value); err != nil {
			return item, &eventjson.Error{Code: eventjson.CodeUsage, Message: item.From + ": " + err.Error(), File: file.path, Line: int64(inFile.line)}
		}
	}
	item.Value = flag.Value.String()
	if list, ok := flag.Value.(pflag.SliceValue); ok {
		item.Value = strings.Join(list.GetSlice(), ",")
	}
	return item, nil
}

func setFlag(flag *pflag.Flag, value string) error {
	err := flag.Value.Set(value)
	switch {
	case err == nil:
		return nil
	case flag.Value.Type() == "int":
		return fmt.Errorf("%s is a number, not %q", flag.Name, value)
	case flag.Value.Type() == "bool":
		return fmt.Errorf("%s is true or false, not %q", flag.Name, value)
	}
	return fmt.Errorf("%s is not %q: %w", flag.Name, value, err)
}

// serveFile is what the file of --config says.
type serveFile struct {
	path     string
	values   map[string]fileValue
	sections []fileSection
}

type fileValue struct {
	value string
	line  int
}

// fileSection is an address with settings of its own.
type fileSection struct {
	address string
	values  map[string]fileValue
}

// inSections are the settings that an address may have of its own.
var inSections = []string{"tls-cert", "tls-key", "client-ca", "insecure"}

var listenSection = regexp.MustCompile(`^\[\s*listen\s+(\S+)\s*\]$`)

// read reads the file; flags are those that it may set.
func (s *serveFile) read(path string, flags *pflag.FlagSet) error {
	text, err := readSmall(path, maxConfigBytes)
	if err != nil {
		return pathFailed("read config", err)
	}
	into := s.values
	var names []string
	flags.VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(unsettable, f.Name) {
			names = append(names, f.Name)
		}
	})
	known := names
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if m := listenSection.FindStringSubmatch(line); m != nil {
			into, known = map[string]fileValue{}, inSections
			s.sections = append(s.sections, fileSection{m[1], into})
			continue
		}
		if err := setLine(into, known, line, i+1); err != nil {
			return &eventjson.Error{
				Code: eventjson.CodeUsage, Message: fmt.Sprintf("%s:%d: %s", s.path, i+1, err), File: s.path, Line: int64(i + 1),
				Hint: "gesta help serve says what the file may have",
			}
		}
	}
	return nil
}

// setLine takes a line "name = value".
func setLine(into map[string]fileValue, known []string, line string, number int) error {
	name, value, ok := strings.Cut(line, "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	before, twice := into[name]
	switch {
	case !ok || name == "":
		return fmt.Errorf("%q is neither name = value nor [listen ADDRESS]", line)
	case !slices.Contains(known, name):
		if near := nearest(name, known); near != "" {
			return fmt.Errorf("there is no setting %q here: did you mean %s?", name, near)
		}
		return fmt.Errorf("there is no setting %q here: there are %s", name, strings.Join(known, ", "))
	case twice && name != "listen" && name != "cors-origin":
		return fmt.Errorf("%s is set in line %d already", name, before.line)
	case twice:
		value = before.value + "," + value
	}
	into[name] = fileValue{value, number}
	return nil
}

// listeners returns the addresses of the sections.
func (s *serveFile) listeners(e *env) ([]server.Listener, error) {
	var out []server.Listener
	for _, section := range s.sections {
		l := server.Listener{
			Address: section.address, Cert: e.given(section.values["tls-cert"].value), Key: e.given(section.values["tls-key"].value),
			ClientCA: e.given(section.values["client-ca"].value),
		}
		if v, ok := section.values["insecure"]; ok {
			insecure, err := strconv.ParseBool(v.value)
			if err != nil {
				return nil, &eventjson.Error{Code: eventjson.CodeUsage, Message: fmt.Sprintf("%s:%d: insecure is true or false, not %q", s.path, v.line, v.value), File: s.path, Line: int64(v.line)}
			}
			l.Insecure = insecure
		}
		out = append(out, l)
	}
	return out, nil
}

// readSmall reads a file that has no more than limit bytes.
func readSmall(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = usagef("%s has more than %d bytes", path, limit)
	}
	return text, err
}

// printServeConfig shows the settings, in the form of the file.
func (e *env) printServeConfig(ctx context.Context, items []configItem, f *serveFlags) error {
	if e.jsonMode() {
		for i := range f.listeners {
			for _, s := range sectionOf(&f.listeners[i]) {
				items = append(items, configItem{Name: "listen " + f.listeners[i].Address + " " + s[0], Value: s[1], From: f.config})
			}
		}
		return e.printDocument(ctx, &eventjson.Basis{NoHead: true}, struct {
			Items []configItem `json:"items"`
		}{items})
	}
	var b strings.Builder
	for _, item := range items {
		line := strings.TrimSpace(item.Name + " = " + item.Value)
		if item.Value == "" {
			line = "# " + line // the file takes no empty value
		}
		fmt.Fprintf(&b, "# %s\n%s\n", item.From, line)
	}
	for i := range f.listeners {
		fmt.Fprintf(&b, "\n[listen %s]\n", f.listeners[i].Address)
		for _, s := range sectionOf(&f.listeners[i]) {
			fmt.Fprintf(&b, "%s = %s\n", s[0], s[1])
		}
	}
	_, err := io.WriteString(e.dataWriter(), b.String())
	return err
}

// sectionOf returns the settings of an address of the file, by name.
func sectionOf(l *server.Listener) (out [][2]string) {
	for _, s := range [][2]string{{"tls-cert", l.Cert}, {"tls-key", l.Key}, {"client-ca", l.ClientCA}} {
		if s[1] != "" {
			out = append(out, s)
		}
	}
	return append(out, [2]string{"insecure", strconv.FormatBool(l.Insecure)})
}
