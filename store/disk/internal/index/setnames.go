package index

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gestadb/gesta/store"
)

const (
	extIndex  = ".idx"
	extPlaces = ".places"
	extTmp    = ".tmp"
)

// listed is a file in the directory, as its name describes it.
type listed struct {
	name        string
	first, last store.Position
}

func fileName(start, end End, ext string) string {
	return fmt.Sprintf("%016x-%016x%s", uint64(start.Position+1), uint64(end.Position), ext)
}

// parseName returns what a name says. It is false for a name that is not one of a file with this extension.
func parseName(name, ext string) (listed, bool) {
	base, ok := strings.CutSuffix(name, ext)
	if !ok || len(base) != 33 {
		return listed{}, false
	}
	first, err1 := strconv.ParseUint(base[:16], 16, 64)
	last, err2 := strconv.ParseUint(base[17:], 16, 64)
	if err1 != nil || err2 != nil || base != fmt.Sprintf("%016x-%016x", first, last) || first == 0 || first > last {
		return listed{}, false
	}
	return listed{name, store.Position(first), store.Position(last)}, true
}
