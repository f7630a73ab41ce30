package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"burrow/tui"
)

// uiConfig is the configuration's table [ui].
type uiConfig struct {
	Mouse    *bool               `toml:"mouse" json:"mouse,omitempty"` // default true
	Bell     bool                `toml:"bell" json:"bell,omitempty"`
	Keys     map[string][]string `toml:"keys" json:"keys,omitempty"`
	Colors   map[string]string   `toml:"colors" json:"colors,omitempty"`
	Commands []uiCommand         `toml:"commands" json:"commands,omitempty"`
}

// uiCommand is a person's own command, bound to a key.
type uiCommand struct {
	Key  string `toml:"key" json:"key"`
	Name string `toml:"name" json:"name,omitempty"`
	Run  string `toml:"run" json:"run"`
}

// commands are those of a person, as the UI takes them.
func (c uiConfig) commands() []tui.Command {
	var all []tui.Command
	for _, one := range c.Commands {
		all = append(all, tui.Command{Key: one.Key, Name: firstOf(one.Name, one.Run), Run: one.Run})
	}
	return all
}

func (c uiConfig) check() error {
	var known []string
	for _, one := range tui.Actions(nil) {
		known = append(known, one.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Keys)) {
		if !slices.Contains(known, name) {
			return fmt.Errorf("keys: no action is called %q%s: burrow config show lists them with their keys", name, suggestion(name, known))
		}
	}
	if err := tui.CheckKeys(c.Keys); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	if err := tui.CheckColours(c.Colors); err != nil {
		return fmt.Errorf("colors: %w", err)
	}
	for i, one := range c.Commands {
		if one.Key == "" || one.Run == "" {
			return fmt.Errorf("commands: number %d needs a key and what it runs (run)", i+1)
		}
	}
	if err := tui.CheckCommands(c.commands(), c.Keys); err != nil {
		return fmt.Errorf("commands: %w", err)
	}
	return nil
}

// settings are the table's, every action's keys among them.
func (c uiConfig) settings(path string) []setting {
	from := func(given bool) string {
		if given {
			return path
		}
		return "default"
	}
	list := []setting{
		{"ui.mouse", fmt.Sprint(c.Mouse == nil || *c.Mouse), from(c.Mouse != nil)},
		{"ui.bell", fmt.Sprint(c.Bell), from(c.Bell)},
	}
	for _, one := range tui.Actions(c.Keys) {
		keys := make([]string, len(one.Keys))
		for i, k := range one.Keys {
			keys[i] = strconv.Quote(k)
		}
		list = append(list, setting{"ui.keys." + one.Name, strings.Join(keys, " ") + "  " + one.Does, from(len(c.Keys[one.Name]) > 0)})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Colors)) {
		list = append(list, setting{"ui.colors." + name, c.Colors[name], from(true)})
	}
	for _, one := range c.Commands {
		list = append(list, setting{"ui.commands." + one.Key, firstOf(one.Name, one.Run), from(true)})
	}
	return list
}
