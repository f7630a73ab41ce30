package main

import (
	"encoding/json"
	"regexp"
	"testing"
	"time"

	"github.com/google/uuid"
)

const fingerprintKey = "bencher.dev/v0/testbed/fingerprint"

var fingerprintForm = regexp.MustCompile(`^[0-9a-z]{13}$`)

// settled checks what differs from call to call and takes it out of a body:
// key, times, the machine's fingerprint, how long a build took. Results that
// are JSON are compared by what they say: 33.0 is 33, null is absent.
func settled(t *testing.T, body map[string]any) map[string]any {
	t.Helper()
	if body == nil {
		return nil
	}
	if key, ok := body["idempotency_key"].(string); !ok || key != "<uuid>" && uuid.Validate(key) != nil {
		t.Errorf("idempotency key %v", body["idempotency_key"])
	}
	delete(body, "idempotency_key")
	for _, name := range []string{"start_time", "end_time"} {
		text, _ := body[name].(string)
		at, err := time.Parse(time.RFC3339, text)
		switch {
		case text != "<time>" && err != nil:
			t.Errorf("%s %v", name, body[name])
		case err == nil && name == "start_time" && time.Since(at) > 24*time.Hour: // backdated
			body[name] = at.Unix()
		default:
			delete(body, name)
		}
		if name == "end_time" {
			delete(body, name)
		}
	}
	if about, ok := body["context"].(map[string]any); ok {
		if machine, ok := about[fingerprintKey].(string); ok && machine != "<fingerprint>" && !fingerprintForm.MatchString(machine) {
			t.Errorf("fingerprint %q", machine)
		}
		if about[fingerprintKey] == nil && hasMachineID() {
			t.Error("no fingerprint of this machine")
		}
		delete(about, fingerprintKey)
	}
	results, ok := body["results"].([]any)
	if !ok {
		t.Errorf("results %v", body["results"])
	}
	for i := range results {
		text, _ := results[i].(string)
		var document map[string]any
		if json.Unmarshal([]byte(text), &document) == nil {
			results[i] = settledDocument(document)
		}
	}
	return body
}

// hasMachineID tells whether this machine can have a fingerprint.
func hasMachineID() bool {
	return isFile("/var/lib/dbus/machine-id") || isFile("/etc/machine-id")
}

func settledDocument(document map[string]any) map[string]any {
	for _, measures := range document {
		measures, ok := measures.(map[string]any)
		if !ok {
			continue
		}
		for name, metric := range measures {
			metric, ok := metric.(map[string]any)
			if !ok {
				continue
			}
			for field, value := range metric {
				if value == nil {
					delete(metric, field)
				}
			}
			if took, ok := metric["value"].(float64); ok && name == "build-time" && took >= 0 {
				metric["value"] = "seconds"
			}
		}
	}
	return document
}
