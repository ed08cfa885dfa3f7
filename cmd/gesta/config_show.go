package main

import (
	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/store/eventjson"
)

const configHelp = `Show which settings hold and where each comes from: the store, the colours, the pager, and the aliases.

Settings stand in a file of your own, gesta/config in $XDG_CONFIG_HOME, or in ~/.config. It may have:

  # when there are colours: auto, always or never
  color = auto
  # what shows long output
  pager = less -FRX

  # short names for the beginnings of command lines
  [alias]
  recent = log --oneline -n 20
  paid = recent --type 'Paid,Paid in part'

A flag beats the environment, and --color beats NO_COLOR, as the file does; GESTA_PAGER beats the file, and the file beats PAGER.
An empty GESTA_PAGER or PAGER says that there is to be no pager.
Words of an alias are split as a shell splits them, with quotes and backslashes. What follows an alias on a command line follows its
words. An alias may name another one. A command of gesta's own comes before an alias of the same name. Whatever else stands in the file
is an error.`

const configExample = `  gesta config
  gesta config --json --jq '.items[] | select(.name == "store").value'`

// configItem is an item of the document of config.
type configItem struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	From  string `json:"from"`
}

var configMembers = []string{"name", "value", "from"}

func newConfigCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:     "config",
		Short:   "Show which settings hold, and where they come from",
		Long:    configHelp,
		Example: configExample,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := e.config()
			if err != nil {
				return err
			}
			return e.showConfig(cmd, e.settings(cmd, c))
		},
	}
}

// settings says what holds.
func (e *env) settings(cmd *cobra.Command, c *config) []configItem {
	items := []configItem{{"config", c.path, "not there"}, e.storeSetting(), e.colorSetting(cmd, c), e.pagerSetting(c)}
	if c.read {
		items[0].From = "read"
	}
	for _, a := range c.aliases {
		from := c.at(a.line)
		if isCommand(cmd.Root(), a.name) {
			from += ", without effect: a command has this name"
		}
		items = append(items, configItem{"alias." + a.name, a.text, from})
	}
	return items
}

func (e *env) storeSetting() configItem {
	from := "found upward from " + e.dir
	switch {
	case e.global.store != "":
		from = "--store"
	case e.getenv("GESTA_STORE") != "":
		from = "GESTA_STORE"
	}
	url, err := e.storeURL()
	if err != nil {
		return configItem{"store", "", describe(err).Message}
	}
	return configItem{"store", url, from}
}

func (e *env) colorSetting(cmd *cobra.Command, c *config) configItem {
	switch {
	case cmd.Flags().Changed("color"):
		return configItem{"color", e.global.color, "--color"}
	case c.color.line != 0:
		return configItem{"color", c.color.value, c.at(c.color.line)}
	case e.getenv("NO_COLOR") != "":
		return configItem{"color", "never", "NO_COLOR"}
	}
	return configItem{"color", "auto", "default"}
}

func (e *env) pagerSetting(c *config) configItem {
	if e.global.noPager {
		return configItem{"pager", "", "--no-pager"}
	}
	command, from := e.pagerChoice(c)
	return configItem{"pager", command, from}
}

func (e *env) showConfig(cmd *cobra.Command, all []configItem) error {
	if e.jsonMode() {
		return printItems(cmd.Context(), e, &eventjson.Basis{NoHead: true}, all, configMembers...)
	}
	p := e.painter(e.stdoutTerminal)
	t := &table{w: e.stdout, paint: map[int]func(string) string{0: p.bold, 2: p.dim}}
	for _, i := range all {
		if err := t.row(i.Name, visible(i.Value), visible(i.From)); err != nil {
			return err
		}
	}
	return t.flush()
}
