package main

import (
	"fmt"
	"log/slog"
	"os"
)

// openLog starts the log file, if one is wanted. Credentials can't get into
// it: their type prints a fingerprint.
func (a *app) openLog() error {
	var level slog.Level
	name := firstOf(a.flags.logLevel, a.conf.LogLevel, "info")
	if err := level.UnmarshalText([]byte(name)); err != nil {
		return usage("--log-level %q: use debug, info, warn or error", name)
	}
	path := firstOf(a.flags.logFile, a.conf.LogFile)
	if path == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("log file: %w", err)
	}
	a.done = append(a.done, func() { _ = file.Close() })
	a.log = slog.New(slog.NewTextHandler(file, &slog.HandlerOptions{Level: level}))
	return nil
}
