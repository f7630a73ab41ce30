//go:build linux

package main

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// TestASessionBusThatDoesNotServeLeavesTheFile: none where one is named, and
// one that takes the call and never answers.
func TestASessionBusThatDoesNotServeLeavesTheFile(t *testing.T) {
	for name, listens := range map[string]bool{"dead": false, "silent": true} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			socket := filepath.Join(p.folder, "bus")
			if listens {
				bus, err := net.Listen("unix", socket)
				if err != nil {
					t.Fatal(err)
				}
				defer bus.Close()
			}
			p.env = append(p.env, "BURROW_KEYRING=", "DISPLAY=", "WAYLAND_DISPLAY=", "DBUS_SESSION_BUS_ADDRESS=unix:path="+socket)
			set := p.command("auth", "set", "--host", "https://bencher.example.com")
			set.Stdin = strings.NewReader(storedKey)
			out, err := set.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "keyring was not used") || !strings.Contains(string(out), "in the file") {
				t.Errorf("%v: %s", err, out)
			}
			if listed, _ := p.burrow(0, "auth", "list"); !strings.Contains(listed, "https://bencher.example.com") {
				t.Error(listed)
			}
		})
	}
}
