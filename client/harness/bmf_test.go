package harness

import (
	"encoding/json"
	"reflect"
	"testing"
)

// FuzzDecodersAgree: what the fast decoder takes, the standard one reads alike.
func FuzzDecodersAgree(f *testing.F) {
	for _, text := range []string{
		`{"a":{"latency":{"value":1}}}`, `{"a":{"x":{"value":1}},"a":{"y":{"value":2}}}`, `{"a":{"x":{"value":1,"value":2}}}`,
		`{"a":{"x":{"value":1e999}}}`, `{"a":{"x":{"value":1}}} trailing`, `{"a":{"x":null}}`, `{"a":null}`, `null`, `[]`, `{"a":{"x":{"Value":1}}}`,
		`{"\u0061\ud800":{"x":{"value":-0.0}}}`, `{"a":{"x":{"value":01}}}`, `{"a":{"x":{"value":1,"more":[{"deep":1}]}}}`, "{\"a\tb\":{}}", `{"a":{"x":{"value":"1"}}}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, gotErr := decodeBMF([]byte(text))
		var want document
		wantErr := json.Unmarshal([]byte(text), &want)
		if (gotErr == nil) != (wantErr == nil) || gotErr == nil && !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v (%v), want %v (%v)", text, got, gotErr, want, wantErr)
		}
	})
}
