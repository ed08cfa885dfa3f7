package httpapi

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// The media types that requests and answers come in.
const (
	jsonType   = "application/json"
	linesType  = "application/x-ndjson"
	streamType = "text/event-stream"
)

// accepted returns which of the offered media types the request prefers: the first offered where it does not say, and ""
// where it takes none of them.
func accepted(r *http.Request, offered ...string) string {
	values := r.Header.Values("Accept")
	best, bestQ := "", 0.0
	silent := len(values) == 0
	for _, value := range values {
		for entry := range strings.SplitSeq(value, ",") {
			t, q := acceptEntry(entry)
			if t == "" || q <= bestQ {
				continue
			}
			for _, o := range offered {
				if t == o || t == "*/*" && o == offered[0] || matchesRange(t, o) {
					best, bestQ = o, q
					break
				}
			}
		}
	}
	if silent && len(offered) > 1 {
		return offered[0]
	}
	return best
}

// takesFrames says whether the request names frames among what it takes.
func takesFrames(r *http.Request) bool {
	for _, value := range r.Header.Values("Accept") {
		for entry := range strings.SplitSeq(value, ",") {
			if t, q := acceptEntry(entry); t == FramesType && q > 0 {
				return true
			}
		}
	}
	return false
}

// matchesRange says whether a type lies in a range such as application/*.
func matchesRange(pattern, t string) bool {
	kind, ok := strings.CutSuffix(pattern, "/*")
	return ok && strings.HasPrefix(t, kind+"/")
}

// acceptEntry reads one entry of an Accept header; the type is empty for one that is malformed.
func acceptEntry(entry string) (t string, q float64) {
	t, rest, params := strings.Cut(strings.TrimSpace(entry), ";")
	t = strings.ToLower(strings.TrimSpace(t))
	if !params {
		return t, 1
	}
	for p := range strings.SplitSeq(rest, ";") {
		if v, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(p)), "q="); ok {
			q, err := strconv.ParseFloat(v, 64)
			if err != nil || q < 0 || q > 1 {
				return "", 0
			}
			return t, q
		}
	}
	return t, 1
}

// contentType returns the media type of the body of a request, in lower case and without parameters; what it says of a charset must be UTF-8. It must be said: a page in
// a browser can send what has no type, or that of a form, to any server that it reaches.
func contentType(r *http.Request) (string, error) {
	if n := len(r.Header.Values("Content-Type")); n > 1 {
		return "", usagef("the header Content-Type is there %d times", n)
	}
	t := r.Header.Get("Content-Type")
	if t == "" {
		return "", usagef("the request does not say the type of its body: set the header Content-Type")
	}
	media, params, err := mime.ParseMediaType(t)
	if err != nil {
		return "", usagef("the header Content-Type is %q, not a media type", clip(t))
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return "", usagef("the header Content-Type says charset=%s; bodies are UTF-8", clip(charset))
	}
	return media, nil
}

func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
