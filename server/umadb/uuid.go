package umadb

import "bytes"

const nilID = "00000000-0000-0000-0000-000000000000"

// canonical writes the UUID that text says to id, in lower-case canonical text. The text is 32 hexadecimal digits, or these in groups of 8,
// 4, 4, 4 and 12 with hyphens, which may stand in braces or after urn:uuid:. It returns false for any other text.
func canonical(id *[36]byte, text []byte) bool {
	switch len(text) {
	case 32:
		return simple(id, text)
	case 38:
		if text[0] != '{' || text[37] != '}' {
			return false
		}
		return hyphenated(id, text[1:37])
	case 45:
		rest, urn := bytes.CutPrefix(text, []byte("urn:uuid:"))
		return urn && hyphenated(id, rest)
	}
	return len(text) == 36 && hyphenated(id, text)
}

func hyphenated(id *[36]byte, text []byte) bool {
	for i, c := range text {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if c = lower[c]; c == 0 {
			return false
		}
		id[i] = c
	}
	return true
}

func simple(id *[36]byte, text []byte) bool {
	at := 0
	for _, c := range text {
		if at == 8 || at == 13 || at == 18 || at == 23 {
			id[at] = '-'
			at++
		}
		if c = lower[c]; c == 0 {
			return false
		}
		id[at] = c
		at++
	}
	return true
}

// lower has the lower-case form of each hexadecimal digit, 0 for any other byte.
var lower = func() (t [256]byte) {
	for i, c := range []byte("0123456789abcdef") {
		t[c] = c
		t["0123456789ABCDEF"[i]] = c
	}
	return t
}()
