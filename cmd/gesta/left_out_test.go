package main

import (
	"strings"
	"testing"
)

// A path that no state has is told where nothing differs or changes there, and no more is said than was looked at.
func TestUnseenPaths(t *testing.T) {
	c := newCLI(t)
	c.orders()
	for line, want := range map[string]string{
		"diff order-42@1..3 --path duee":                                "no state of order-42 has /duee; nearest: /due",
		"diff order-42@2 order-42@1 --path duee":                        "no state of order-42 up to position 2 has /duee; nearest: /due",
		"diff order-42@1..2 --path zzz":                                 "no state of order-42 up to position 2 has /zzz",
		"diff order-42@1 order-42@2 --path city.zip --json":             "no state of order-42 up to position 2 has /city/zip",
		"diff order-42 order-7 --path zzz":                              "no state of order-7 has /zzz",
		"diff order-42 order-7 --path customer":                         "",
		"diff order-42@1..2 --path due":                                 "",
		"diff order-42@1..1":                                            "",
		"diff order-42@1..3 --path items[sku=1]":                        "",
		"diff order-42@1..3 --path duee --effective-at 2026-12-01":      "no state of order-42 with what takes effect by 2026-12-01T00:00:00Z has /duee; nearest: /due",
		"diff 0..5 --path duee":                                         "no state of the 2 streams looked at has /duee; nearest: /due",
		"diff 0..3 --path duee":                                         "no state of the 2 streams looked at up to position 3 has /duee; nearest: /due",
		"log -p order-42 --path duee":                                   "no state of order-42 has /duee; nearest: /due",
		"log -p order-42 --path duee --json":                            "no state of order-42 has /duee; nearest: /due",
		"log -p order-42@2 --path zzz":                                  "no state of order-42 up to position 2 has /zzz",
		"log -p order-42 --path zzz --known-at 2":                       "no state of order-42 up to position 2 has /zzz",
		"log -p order-42@2 -n 1 --path due":                             "",
		"log -p order-42 --path due":                                    "",
		"log -p order-42 --path zzz --type Never":                       "",
		"log -p --path duee":                                            "no state of the 2 streams looked at has /duee; nearest: /due",
		"log -p order-42@2 -n 1 --path due --oneline":                   "",
		"log -S duee order-42@2":                                        "no state of order-42 up to position 2 has /duee; nearest: /due",
		"log -S duee order-42":                                          "no state of order-42 has /duee; nearest: /due",
		"log -S duee order-42 --effective-at 2026-12-01 --known-at 2":   "no state of order-42 up to position 2 with what takes effect by 2026-12-01T00:00:00Z has /duee; nearest: /due",
		"bisect --expr state.duee==1 order-42@1..2":                     "no state of order-42 up to position 2 has /duee; nearest: /due",
		"bisect --expr state.duee==1 order-*":                           "no state of the 2 streams looked at has /duee; nearest: /due",
		"bisect --expr state.duee==1 --known-at 3":                      "no state of the 2 streams looked at up to position 3 has /duee; nearest: /due",
		"bisect --expr state.duee==1 order-* --effective-at 2026-12-01": "no state of the 2 streams looked at with what takes effect by 2026-12-01T00:00:00Z has /duee; nearest: /due",
	} {
		_, stderr, code := c.run(t.Context(), "", append(strings.Fields(line), "-q")...)
		if strings.HasSuffix(line, "--json") {
			want = `{"warning":{"message":"` + want + `"}}`
		} else if want != "" {
			want = "warning: " + want
		}
		if want != "" {
			want += "\n"
		}
		if code != exitOK || stderr != want {
			t.Errorf("gesta %s: exit code %d, stderr %q; want %q", line, code, stderr, want)
		}
	}
}
