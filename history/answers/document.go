package answers

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/gestadb/gesta/store/eventjson"
)

// Members returns the members of v, a struct with json tags, as a JSON object.
func Members(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, fmt.Errorf("encode document: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// AppendDocument appends the document of a basis and an object with the other members.
func AppendDocument(dst []byte, basis *eventjson.Basis, members []byte) []byte {
	dst = eventjson.AppendBasis(append(dst, `{"basis":`...), basis)
	if len(members) == len("{}") {
		return append(dst, '}')
	}
	return append(append(dst, ','), members[1:]...)
}

// AppendListBegin begins the document of a list: a basis, members written with a comma at the end of each, and the bracket of the items.
func AppendListBegin(dst []byte, basis *eventjson.Basis, members []byte) []byte {
	dst = eventjson.AppendBasis(append(dst, `{"basis":`...), basis)
	return append(append(append(dst, ','), members...), `"items":[`...)
}
