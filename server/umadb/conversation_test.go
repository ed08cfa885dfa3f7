package umadb

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/gestadb/gesta/internal/script"
)

// TestConversations makes the calls that the files of testdata name, with a request in the JSON form of Protocol Buffers; a call without one has an empty
// request. The answer has a line for each message, and one for the error.
func TestConversations(t *testing.T) {
	script.Run(t, os.DirFS("testdata"), "*.txt", "testdata", func(t *testing.T) func(script.Cmd) string {
		r := newRig(t, nil)
		return func(cmd script.Cmd) string {
			if _, known := calls[cmd.Name]; !known {
				t.Fatalf("there is no call %s", cmd.Name)
			}
			request := cmd.Input
			if strings.TrimSpace(request) == "" {
				request = "{}"
			}
			a := r.call(cmd.Name, request)
			lines := a.Messages
			if a.Code != "" {
				var details struct {
					Message string `json:"message"`
					Type    string `json:"error_type"`
				}
				if err := json.Unmarshal([]byte(a.Details), &details); err != nil {
					t.Fatalf("%s: %v", a.Code, err)
				}
				lines = append(lines, a.Code+" "+details.Type, details.Message)
			}
			if len(lines) == 0 {
				return "no message"
			}
			return strings.Join(lines, "\n")
		}
	})
}
