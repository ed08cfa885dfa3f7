package source

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseTime(t *testing.T) {
	zone := time.FixedZone("there", -2*60*60)
	tests := []struct{ text, want string }{
		{"2011-10-01T00:38:44.546+02:00", "2011-09-30T22:38:44.546Z"},
		{"2011-10-11 13:45:40.276000+02:00", "2011-10-11T11:45:40.276Z"},
		{"2019-05-20 07:07:47.000Z", "2019-05-20T07:07:47Z"},
		{" 2019-05-20t07:07:47Z ", "2019-05-20T07:07:47Z"},
		{"2019-05-20 07:07:47.1234567 +0530", "2019-05-20T01:37:47.123456Z"},
		{"2019-05-20 07:07:47,5+05", "2019-05-20T02:07:47.5Z"},
		{"2019-05-20 07:07:47 UTC", "2019-05-20T07:07:47Z"},
		{"2019-05-20 07:07:47", "2019-05-20T09:07:47Z"},
		{"2019-05-20T07:07", "2019-05-20T09:07:00Z"},
		{"2019-05-20", "2019-05-20T02:00:00Z"},
		{"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
		{"9999-12-31T23:59:59-01:00", ""},
		{"0001-01-01T00:00:00Z", ""},
		{"2019-13-20", ""},
		{"20.05.2019", ""},
		{"", ""},
		{"1558336067", ""},
	}
	for _, tt := range tests {
		got, err := parseTime(tt.text, zone)
		if tt.want == "" {
			if err == nil {
				t.Errorf("parseTime(%q) = %s; want an error", tt.text, got)
			}
			continue
		}
		if err != nil || got.Format(time.RFC3339Nano) != tt.want {
			t.Errorf("parseTime(%q) = %s, %v; want %s", tt.text, got.Format(time.RFC3339Nano), err, tt.want)
		}
	}
}

func TestParseList(t *testing.T) {
	tests := []struct {
		text string
		want []string // nil is no list
	}{
		{`['880001','880004']`, []string{"880001", "880004"}},
		{` [ 'a' , "b" , ] `, []string{"a", "b"}},
		{`["a",1,2.50,true,null]`, []string{"a", "1", "2.50", "true"}},
		{`['a', 1, -2.5, True, None]`, []string{"a", "1", "-2.5", "True"}},
		{`['it\'s', 'a\\b', '\x41\u00e9\U0001F600', '\q', '\x4']`, []string{"it's", `a\b`, "Aé😀", `\q`, `\x4`}},
		{`[]`, []string{}},
		{`[[1],[2]]`, nil},
		{`[{"a":1}]`, nil},
		{`['a' 'b']`, nil},
		{`['a`, nil},
		{`['a]`, nil},
		{`[oops]`, nil},
		{`a,b`, nil},
		{``, nil},
	}
	for _, tt := range tests {
		got, ok := parseList(tt.text)
		if ok != (tt.want != nil) {
			t.Errorf("parseList(%q) = %q, %v", tt.text, got, ok)
			continue
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("parseList(%q): %s", tt.text, diff)
		}
	}
}

func TestIsNumber(t *testing.T) {
	for _, s := range []string{"0", "-0", "10", "1.50", "-1e5", "1E+05", "0.0", "123456789012345678901234567890"} {
		if !isNumber(s) {
			t.Errorf("%q is a number", s)
		}
	}
	for _, s := range []string{"", "-", "+1", "01", "1.", ".5", "1e", "1e+", "0x1", "NaN", "1 ", "1.5.2", "１"} {
		if isNumber(s) {
			t.Errorf("%q is no number", s)
		}
	}
}

// TestManyFields is quick also where names are many and repeat.
func TestManyFields(t *testing.T) {
	fields := make([]field, 200_000)
	for i := range fields {
		fields[i] = field{name: strings.Repeat("x", i%100), text: "1", kind: kindNumber}
	}
	got := string(appendObject(nil, fields))
	if want := `{"":[1,1,`; !strings.HasPrefix(got, want) || strings.Count(got, ":") != 100 {
		t.Errorf("object of many fields: %.40s", got)
	}
}

func FuzzParseList(f *testing.F) {
	f.Add(`['a', "b\x41", 1, None]`)
	f.Add(`["a",1]`)
	f.Fuzz(func(t *testing.T, text string) {
		members, ok := parseList(text)
		n := 0
		for _, m := range members {
			n += len(m)
		}
		if !ok && members != nil || n > 4*len(text) {
			t.Errorf("parseList(%q) = %q, %v", text, members, ok)
		}
	})
}

func FuzzParseTime(f *testing.F) {
	f.Add("2019-05-20 07:07:47.1234567 +0530")
	f.Fuzz(func(t *testing.T, text string) {
		at, err := parseTime(text, time.UTC)
		if err != nil {
			return
		}
		again, err := parseTime(at.Format("2006-01-02T15:04:05.999999Z07:00"), time.UTC)
		if err != nil || !again.Equal(at) {
			t.Errorf("%q is %s, and that is %s, %v", text, at, again, err)
		}
	})
}
