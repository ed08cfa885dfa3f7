package json2

import (
	stdjson "encoding/json"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// writeNumber writes a json.Number as encoding/json does: as a number, 0 when it is empty.
func writeNumber(to *jsontext.Encoder, n stdjson.Number) error {
	if n == "" {
		n = "0"
	}
	v := jsontext.Value(n)
	if v.Kind() != '0' {
		return fmt.Errorf("%q is no number", string(n))
	}
	return to.WriteValue(v)
}

// readNumber reads what writeNumber or encoding/json wrote, digit by digit.
func readNumber(from *jsontext.Decoder, n *stdjson.Number) error {
	v, err := from.ReadValue()
	if err != nil {
		return err
	}
	switch v.Kind() {
	case 'n':
		*n = ""
	case '0':
		*n = stdjson.Number(v)
	default:
		return fmt.Errorf("%s is no number", v)
	}
	return nil
}
