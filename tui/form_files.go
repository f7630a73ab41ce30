package tui

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// Paths are the results files that a trial names, with the home folder in
// place of a leading ~/.
func (t Trial) Paths() []string {
	paths := strings.Fields(t.Files)
	for i, path := range paths {
		paths[i] = fromHome(path)
	}
	return paths
}

func fromHome(path string) string {
	rest, found := strings.CutPrefix(path, "~/")
	if home, err := os.UserHomeDir(); found && err == nil {
		return filepath.Join(home, rest)
	}
	return path
}

// trimmed is a trial without the white space around what was typed.
func (t Trial) trimmed() Trial {
	for _, field := range []*string{&t.Command, &t.Files, &t.Project, &t.Branch, &t.Testbed, &t.Adapter, &t.Hash, &t.Host} {
		*field = strings.TrimSpace(*field)
	}
	return t
}

// unreadable tells which results file can't be read.
func unreadable(paths []string) error {
	for _, path := range paths {
		switch info, err := os.Stat(path); {
		case err != nil:
			return &UnfitError{fmt.Errorf("%s can't be read: %w", path, err)}
		case info.IsDir():
			return &UnfitError{fmt.Errorf("%s is a folder: name the files in it", path)}
		}
	}
	return nil
}

// filesFound: the files that a name begun may mean.
type filesFound struct {
	generation  int
	text        string // of the field when they were asked for
	completions []string
}

// findFiles asks for completions where the field of results files changed.
func (a *app) findFiles() tea.Cmd {
	f := a.form
	text := f.trial.Files
	if f.fields.GetFocusedField() != f.fields.files || text == f.fields.asked {
		return nil
	}
	f.fields.asked = text
	f.fields.keep()
	generation := f.generation
	return a.work.do(func(context.Context) tea.Msg {
		return filesFound{generation, text, completions(text)}
	})
}

// keep keeps the completions that what is typed by now leaves.
func (f *fields) keep() {
	f.files.Suggestions(slices.DeleteFunc(slices.Clone(f.found), func(one string) bool { return !strings.HasPrefix(one, f.trial.Files) }))
}

// offer takes completions in, where they still are for what is typed.
func (f *fields) offer(m filesFound) {
	if m.text != f.asked {
		return
	}
	f.found = m.completions
	f.keep()
	f.take(nil)
}

// mostFiles bounds how many completions are offered.
const mostFiles = 200

// completions are what a text of file names can become by its last name. A
// name that could not be typed there, having white space in it, is none.
func completions(text string) (all []string) {
	begun := text[strings.LastIndexAny(text, " \t")+1:]
	if begun == "" {
		return nil
	}
	folder, start := filepath.Split(begun)
	place := fromHome(folder)
	if place == "" {
		place = "."
	}
	entries, err := os.ReadDir(place)
	if err != nil {
		return nil
	}
	before := strings.TrimSuffix(text, start)
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasPrefix(name, start) || start == "" && strings.HasPrefix(name, ".") || len(strings.Fields(name)) != 1 || plain(name) != name {
			continue
		}
		folder := entry.IsDir()
		if entry.Type()&os.ModeSymlink != 0 {
			info, err := os.Stat(filepath.Join(place, name))
			folder = err == nil && info.IsDir()
		}
		if folder {
			name += string(filepath.Separator)
		}
		if all = append(all, before+name); len(all) == mostFiles {
			break
		}
	}
	return all
}
