package tui

import "github.com/charmbracelet/bubbles/key"

// The keys that sentences name too.
const (
	keyRetry  = "r"
	keyCancel = "x"
)

// keyMap declares every key once: what acts on it, the footer and the help
// page all draw from here.
type keyMap struct {
	Up, Down, PageUp, PageDown, Top, Bottom     key.Binding
	Open, Filter, ClearFilter                   key.Binding
	Back                                        key.Binding
	Retry, Cancel, Refresh, Help, Quit, Abandon key.Binding
	Yes, No                                     key.Binding
	Apply, Drop                                 key.Binding
}

func bind(shown, does string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, does))
}

func newKeyMap() keyMap {
	return keyMap{
		Up:       bind("↑/k", "up", "up", "k"),
		Down:     bind("↓/j", "down", "down", "j"),
		PageUp:   bind("PgUp", "a page up", "pgup", "ctrl+b"),
		PageDown: bind("PgDn", "a page down", "pgdown", "ctrl+f", " "),
		Top:      bind("g", "to the top", "g", "home"),
		Bottom:   bind("G", "to the bottom", "G", "end"),

		Open:        bind("Enter", "details", "enter", "right", "l"),
		Filter:      bind("/", "filter", "/"),
		ClearFilter: bind("Esc", "clear the filter", "esc"),
		Back:        bind("Esc", "back to the list", "esc", "enter", "left", "h"),

		Retry:   bind(keyRetry, "retry (same bytes, same key)", keyRetry),
		Cancel:  bind(keyCancel, "cancel (don't send it)", keyCancel),
		Refresh: bind("R", "read all again", "R", "ctrl+l"),
		Help:    bind("?", "help", "?"),
		Quit:    bind("q", "quit", "q"),
		Abandon: bind("Ctrl-C", "quit from anywhere", "ctrl+c"),

		Yes: bind("y", "yes", "y", "Y"),
		No:  bind("n", "no", "n", "N", "esc"),

		Apply: bind("Enter", "keep the filter", "enter", "down"),
		Drop:  bind("Esc", "clear it", "esc"),
	}
}

// scope is a place where keys mean something, with the keys that do there.
type scope struct {
	name     string
	bindings []key.Binding
}

// scopes lists every binding by where it holds. The list and the details each
// take the moving keys and those that hold everywhere too.
func (k keyMap) scopes() []scope {
	return []scope{
		{"Everywhere", []key.Binding{k.Retry, k.Cancel, k.Refresh, k.Help, k.Quit, k.Abandon}},
		{"Moving", []key.Binding{k.Up, k.Down, k.PageUp, k.PageDown, k.Top, k.Bottom}},
		{"In the list", []key.Binding{k.Open, k.Filter, k.ClearFilter}},
		{"In the details", []key.Binding{k.Back}},
		{"Answering", []key.Binding{k.Yes, k.No}},
		{"While filtering", []key.Binding{k.Apply, k.Drop}},
	}
}

// hint is a key in the footer: few words.
type hint struct{ key, does string }

func hintOf(b key.Binding, does string) hint { return hint{b.Help().Key, does} }
