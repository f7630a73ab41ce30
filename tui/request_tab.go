package tui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// foldedLines is how many lines of a long value are shown while it is folded.
const foldedLines = 4

// requestLines draw the frozen body, indented and coloured; texts of many
// lines, as harness output is, stand as lines.
func requestLines(t theme, body []byte, folded bool, unfold string, width int) []string {
	if len(body) == 0 {
		return []string{t.dim.Render("   The frozen bytes were dropped after their time.")}
	}
	d := &jsonDrawing{theme: t, folded: folded, width: max(width-4, 8), decoder: json.NewDecoder(bytes.NewReader(body))}
	d.decoder.UseNumber()
	if err := d.value("", ""); err != nil {
		return stepped(wrapped("These bytes are no JSON: "+err.Error(), width-6))
	}
	if d.hidden > 0 {
		d.lines = append(d.lines, "", t.dim.Render(counted(d.hidden, "line is", "lines are")+" folded: "+unfold+" shows all"))
	}
	for i, line := range d.lines {
		d.lines[i] = "   " + line
	}
	return d.lines
}

// jsonDrawing goes through a document once, in its own order.
type jsonDrawing struct {
	theme   theme
	folded  bool
	width   int
	decoder *json.Decoder
	depth   int
	hidden  int // lines that are folded away
	lines   []string
}

func (d *jsonDrawing) add(line string) {
	d.lines = append(d.lines, cut(strings.Repeat("  ", d.depth)+line, d.width))
}

// value draws the next value after its label, with what follows it.
func (d *jsonDrawing) value(label, after string) error {
	token, err := d.decoder.Token()
	if err != nil {
		return err
	}
	switch v := token.(type) {
	case json.Delim:
		return d.group(label, after, v)
	case string:
		d.text(label, after, v)
	case json.Number:
		d.add(label + d.theme.known.Render(plain(v.String())) + after)
	default:
		word := "null"
		if v != nil {
			word = fmt.Sprint(v)
		}
		d.add(label + d.theme.waiting.Render(word) + after)
	}
	return nil
}

// group draws an object or an array with what it holds.
func (d *jsonDrawing) group(label, after string, open json.Delim) error {
	closing := map[json.Delim]string{'{': "}", '[': "]"}[open]
	if !d.decoder.More() {
		_, err := d.decoder.Token()
		d.add(label + open.String() + closing + after)
		return err
	}
	d.add(label + open.String())
	d.depth++
	for d.decoder.More() {
		name := ""
		if open == '{' {
			key, err := d.decoder.Token()
			if err != nil {
				return err
			}
			name = d.theme.accent.Render(plain(fmt.Sprint(key))) + ": "
		}
		if err := d.value(name, ""); err != nil {
			return err
		}
	}
	_, err := d.decoder.Token()
	d.depth--
	d.add(closing + after)
	return err
}

func (d *jsonDrawing) text(label, after, text string) {
	rows := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(rows) == 1 {
		d.add(label + d.theme.good.Render(`"`+plain(text)+`"`) + after)
		return
	}
	d.add(label + d.theme.dim.Render(fmt.Sprintf("text of %s, %s", counted(len(rows), "line", "lines"), size(len(text)))))
	if d.folded && len(rows) > foldedLines+1 {
		d.hidden += len(rows) - foldedLines
		rows = rows[:foldedLines]
	}
	for _, row := range rows {
		d.add(d.theme.dim.Render("│ ") + d.theme.good.Render(plain(strings.ReplaceAll(row, "\t", "  "))))
	}
}
