package tui

import (
	"context"

	"burrow/outbox"

	tea "github.com/charmbracelet/bubbletea"
)

// askExport offers to write the marked runs, or what the list shows through its
// filter, to a file that other machines import.
func (p *outboxPage) askExport() tea.Cmd {
	if p.options.Export == nil {
		return p.say("nothing here exports: burrow export does", true)
	}
	if len(p.marks) > 0 || p.marking {
		return p.withChosen(func(runs []*outbox.Run) tea.Cmd {
			query := outbox.Query{}
			for _, r := range runs {
				query.IDs = append(query.IDs, r.ID)
			}
			return p.exportTo(query, counted(len(runs), "marked run", "marked runs")+p.hiddenWords(runs))
		})
	}
	query, narrowed := p.filter.query(p.base())
	what := "all runs"
	if narrowed || p.here {
		what = "the runs that the list shows"
	}
	return p.exportTo(query, what)
}

func (p *outboxPage) exportTo(query outbox.Query, what string) tea.Cmd {
	name := "burrow-" + p.now.UTC().Format("20060102T150405Z") + ".jsonl.gz"
	p.ask("Export "+what+" to "+name+" in this folder?", func() tea.Cmd {
		return p.work.do(func(ctx context.Context) tea.Msg {
			runs, damaged, err := p.options.Export(ctx, query, name)
			words := counted(runs, "run is", "runs are") + " in " + name
			if damaged > 0 {
				words += "; " + counted(damaged, "damaged run was", "damaged runs were") + " left out"
			}
			return acted{words: words, err: err}
		})
	})
	return nil
}
