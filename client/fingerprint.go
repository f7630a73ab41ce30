package client

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"math/big"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/google/uuid"
)

// machineFingerprint is Bencher's fingerprint of this machine's ID, or "" where
// it can't be had: on Windows, whose ID is in its firmware, always.
func machineFingerprint(ctx context.Context) string {
	if runtime.GOOS == "darwin" {
		listing, err := exec.CommandContext(ctx, "ioreg", "-d2", "-c", "IOPlatformExpertDevice").Output()
		if err != nil {
			return ""
		}
		return platformFingerprint(string(listing))
	}
	for _, file := range []string{"/var/lib/dbus/machine-id", "/etc/machine-id"} {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		id, err := hex.DecodeString(strings.TrimSpace(string(text)))
		if err != nil || len(id) != 16 {
			continue
		}
		return fingerprint([16]byte(id))
	}
	return ""
}

// platformFingerprint is the fingerprint of the UUID that macOS lists for the
// machine, or "".
func platformFingerprint(listing string) string {
	_, rest, found := strings.Cut(listing, `"IOPlatformUUID" = "`)
	text, _, closed := strings.Cut(rest, `"`)
	id, err := uuid.Parse(text)
	if !found || !closed || err != nil {
		return ""
	}
	return fingerprint(id)
}

// fingerprint mixes an ID's two halves and writes the sum in base 36, least
// significant digit first, 13 characters (bencher-api.md, section 4.6).
func fingerprint(id [16]byte) string {
	const digits = 13
	left, right := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	mixed := left ^ (right + 0x9e3779b97f4a7c15 + (left << 12) + (left >> 4))
	text := []byte(new(big.Int).SetUint64(mixed).Text(36))
	for i, j := 0, len(text)-1; i < j; i, j = i+1, j-1 {
		text[i], text[j] = text[j], text[i]
	}
	return string(text) + strings.Repeat("0", max(0, digits-len(text)))
}
