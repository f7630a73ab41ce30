package main

import (
	"fmt"

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

func (c uiConfig) check() error {
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
	return nil
}
