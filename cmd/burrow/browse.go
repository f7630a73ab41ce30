package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"burrow/client"

	"github.com/adrg/xdg"
	"github.com/spf13/pflag"
)

// browseFlags are those of the commands that read what a server holds.
type browseFlags struct{ project, key, token string }

func (f *browseFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.project, "project", "", "the project's `SLUG` or UUID (BENCHER_PROJECT)")
	flags.StringVar(&f.key, "key", "", "the API `KEY` (BENCHER_API_KEY)")
	flags.StringVar(&f.token, "token", "", "the API `TOKEN` (BENCHER_API_TOKEN)")
}

// browsing is one command's reading of a server.
type browsing struct {
	*client.Browser
	app    *app
	oldest client.Source // of what came from the cache
}

// browse reads the host of the connection, with its credential or none.
func (a *app) browse(f browseFlags) (*browsing, error) {
	if f.key != "" && f.token != "" {
		return nil, usage("--key and --token exclude each other")
	}
	c, err := a.connect(f.key, f.token, a.projectOf(f))
	if err != nil {
		return nil, err
	}
	hosts, err := a.hosts(c)
	if err != nil {
		return nil, err
	}
	return a.browseHost(hosts, c.host, hosts.CredentialOf(c.host))
}

func (a *app) browseHost(hosts *client.Hosts, host string, credential client.Credential) (*browsing, error) {
	cache := client.NewCache(filepath.Join(xdg.CacheHome, "burrow", "pages"), a.log)
	browser, err := hosts.Browse(host, credential, cache)
	if err != nil {
		return nil, err
	}
	return &browsing{Browser: browser, app: a}, nil
}

func (a *app) projectOf(f browseFlags) string {
	return firstOf(f.project, a.env("BENCHER_PROJECT"), a.conf.Project)
}

// project is the one that is named; on the built-in server, the only one there
// is will do.
func (b *browsing) project(ctx context.Context, f browseFlags) (string, error) {
	if named := b.app.projectOf(f); named != "" {
		return named, nil
	}
	if b.Host() != client.Local {
		return "", usage("name a project with --project or BENCHER_PROJECT")
	}
	page, err := b.Projects(ctx, client.NameFilter{}, client.Paging{Size: 20})
	if err != nil {
		return "", err
	}
	slugs := make([]string, len(page.Items))
	for i, p := range page.Items {
		slugs[i] = client.Plain(p.Slug, 64)
	}
	switch len(slugs) {
	case 0:
		return "", usage("the built-in server holds no project yet: burrow run makes one, and --host reads another server")
	case 1:
		return page.Items[0].Slug, nil
	}
	return "", usage("name a project with --project: there are %s", strings.Join(slugs, ", "))
}

// from notes where an answer came from.
func (b *browsing) from(s client.Source) {
	if s.Cached() && (!b.oldest.Cached() || s.Saved.Before(b.oldest.Saved)) {
		b.oldest = s
	}
}

// tellAge says, once, that what is shown comes from the cache, and why.
func (b *browsing) tellAge() {
	if b.oldest.Cached() {
		age := max(0, time.Since(b.oldest.Saved))
		b.app.warn("from the cache, %s old: %s", span(age), client.Plain(b.oldest.Why.Error(), 200))
	}
}

// version is a report's version for a person: its number and its hash, short.
func versionOf(v *client.Version) string {
	switch {
	case v == nil:
		return "-"
	case v.Hash == nil || *v.Hash == "":
		return fmt.Sprintf("#%d", v.Number)
	}
	hash := client.Plain(*v.Hash, 0)
	return fmt.Sprintf("#%d %s", v.Number, hash[:min(8, len(hash))])
}
