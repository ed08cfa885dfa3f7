package authtest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// sent returns metadata as a JSON object. What is one is sent as it is, so that bytes that pass a server as they are get tested too.
func sent(metadata []byte) []byte {
	if len(metadata) == 0 || aboutAda.Match(metadata) || eventjson.Valid(metadata) && bytes.HasPrefix(metadata, []byte(`{"x`)) {
		return metadata
	}
	return []byte(`{"raw":"` + base64.StdEncoding.EncodeToString(metadata) + `"}`)
}

// How metadata looks, and the data of erasures, in which another actor than [User] was sent.
var (
	aboutAda = regexp.MustCompile(`^\{"actor":"[a-z]+"\}$`)
	moved    = regexp.MustCompile(`^\{"onBehalfOf":("[a-z]+"),"actor":"` + User + `"\}$`)
	inReason = regexp.MustCompile(`(?:,"reason":"on behalf of (\w+)"| \(on behalf of (\w+)\)")\}$`)
)

// received undoes sent. An event that was restored was never sent.
func received(e store.Recorded) store.Recorded {
	const alone, last = `{"actor":"` + User + `"}`, `,"actor":"` + User + `"}`
	switch m := string(e.Metadata); {
	case m == alone:
		e.Metadata = nil
	case moved.MatchString(m):
		e.Metadata = []byte(moved.ReplaceAllString(m, `{"actor":$1}`))
	case strings.HasSuffix(m, last):
		e.Metadata = []byte(strings.TrimSuffix(m, last) + "}")
		var form struct {
			Raw []byte `json:"raw"`
		}
		if json.Unmarshal(e.Metadata, &form) == nil && form.Raw != nil {
			e.Metadata = form.Raw
		}
	}
	if e.Stream != store.ErasureStream {
		return e
	}
	if found := inReason.FindStringSubmatch(string(e.Data)); found != nil {
		end := "}"
		if found[2] != "" {
			end = `"}`
		}
		e.Data = []byte(inReason.ReplaceAllString(string(e.Data), end))
		e.Metadata = fmt.Appendf(nil, `{"actor":%q}`, found[1]+found[2])
	}
	return e
}
