package main

import (
	"fmt"
	"html"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// TestWriteStill takes the still of the README: the real UI in a real terminal,
// captured with its colours, as SVG. It writes tui/still.svg only when asked to:
//
//	BURROW_WRITE_STILL=1 go test ./cmd/burrow -run TestWriteStill
func TestWriteStill(t *testing.T) {
	if os.Getenv("BURROW_WRITE_STILL") == "" {
		t.Skip("BURROW_WRITE_STILL=1 takes the README's still anew")
	}
	p := newPlace(t)
	p.env = append(p.env, "COLORTERM=truecolor", "COLORFGBG=15;0")
	server := p.serve("--fault", "latency=1ms")
	away := freeAddress(t)
	run := func(host, branch string, factor float64, more ...string) {
		text := ""
		for i, name := range []string{"Insert", "Lookup/short", "Lookup/long", "Delete"} {
			text += fmt.Sprintf("Benchmark%s-8\t1000\t%.2f ns/op\n", name, float64(i*40+14)*factor)
		}
		p.file("radix.txt", text)
		p.burrow(0, append([]string{"run", "--host", host, "--project", "radix-tree", "--branch", branch, "--testbed", "ci-linux", "--adapter", "go_bench", "--file", "radix.txt"}, more...)...)
	}
	for i := range 6 {
		run(server.url, "main", 1+float64(i%3)/50, "--wait", "30s")
	}
	address := strings.TrimPrefix(server.url, "http://")
	server.stop()
	server = p.serveAt(address, "--fault", "lose-response=1")
	run(server.url, "feature/radix", 0.8, "--wait", "60s")
	run(server.url, "feature/radix", 0.79, "--wait", "30s")
	run("http://"+away, "fix/leak", 1, "--no-send")
	ui := p.openUI(120, 32, "burrow --host "+server.url)
	ui.shows(20*time.Second, "fix/leak", "deduplicated", "next in")
	ui.press("j", "j", "]")
	ui.shows(20*time.Second, "unknown", "replayed")
	captured, err := ui.tmux("capture-pane", "-p", "-e").Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.FromSlash("../../tui/still.svg"), []byte(svgOf(string(captured), 120, 32)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// svgOf draws a captured screen: each stretch of one colour a text of its own,
// stretched to its cells, so that no font moves the columns.
func svgOf(screen string, columns, rows int) string {
	const cell, line, edge = 8.4, 18, 14
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">`+"\n",
		float64(columns)*cell+2*edge, rows*line+2*edge)
	out.WriteString(`<rect width="100%" height="100%" rx="8" fill="#1e1e2e"/>` + "\n")
	for y, row := range strings.Split(strings.TrimRight(screen, "\n"), "\n") {
		style, x, begun := svgStyle{colour: "#d9d9d9"}, 0, 0
		var text strings.Builder
		flush := func() {
			if strings.TrimSpace(text.String()) != "" {
				fmt.Fprintf(&out, `<text x="%.1f" y="%d" textLength="%.1f" fill="%s"%s xml:space="preserve">%s</text>`+"\n",
					edge+float64(begun)*cell, edge+y*line+line-5, float64(x-begun)*cell, style.colour, style.attributes(), html.EscapeString(text.String()))
			}
			text.Reset()
			begun = x
		}
		var state byte
		for len(row) > 0 {
			glyph, width, n, next := ansi.DecodeSequence(row, state, nil)
			row, state = row[n:], next
			if width == 0 && strings.HasPrefix(glyph, "\x1b[") && strings.HasSuffix(glyph, "m") {
				flush()
				style = style.changed(strings.Split(strings.TrimSuffix(strings.TrimPrefix(glyph, "\x1b["), "m"), ";"))
				continue
			}
			text.WriteString(glyph)
			x += width
		}
		flush()
	}
	out.WriteString("</svg>\n")
	return out.String()
}

// svgStyle is how text stands on the screen.
type svgStyle struct {
	colour          string
	bold, underline bool
}

func (s svgStyle) attributes() string {
	words := ""
	if s.bold {
		words += ` font-weight="bold"`
	}
	if s.underline {
		words += ` text-decoration="underline"`
	}
	return words
}

// changed is the style after the parameters of a control sequence: those that
// burrow's UI uses, with 24-bit colours.
func (s svgStyle) changed(parameters []string) svgStyle {
	for i := 0; i < len(parameters); i++ {
		switch parameters[i] {
		case "", "0":
			s = svgStyle{colour: "#d9d9d9"}
		case "1":
			s.bold = true
		case "4":
			s.underline = true
		case "39":
			s.colour = "#d9d9d9"
		case "38":
			if i+4 < len(parameters) && parameters[i+1] == "2" {
				s.colour = "#"
				for _, part := range parameters[i+2 : i+5] {
					value, _ := strconv.Atoi(part)
					s.colour += fmt.Sprintf("%02x", value)
				}
				i += 4
			}
		}
	}
	return s
}
