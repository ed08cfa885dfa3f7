package gestatest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// Reader is what [History] needs of a store.
type Reader interface {
	Read(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error]
}

// History reads every event of a store, a copy of that in production, say, and decodes it as the application does: whatever type and version it was stored with, through all
// upcasters. It fails the test when there is one that cannot be read, and says in one table what breaks, how often, and where for the first time. It returns what it
// has counted. More are the further options of the application.
//
// Events of gesta itself, whose types or streams begin with $, are counted and left alone.
func History(t testing.TB, types gesta.Option, from Reader, more ...gesta.Option) *HistoryReport {
	t.Helper()
	db := newEncoder(t, append([]gesta.Option{types}, more...)).db
	report := &HistoryReport{}
	for r, err := range from.Read(t.Context(), nil, store.ReadOptions{}) {
		if err != nil {
			t.Fatalf("read the history: %v\n%v", err, report)
		}
		report.Events++
		if store.IsSystem(r.Type) || store.IsSystem(r.Stream) {
			report.System++
			continue
		}
		report.count(&r, decodeSafely(db, &r))
	}
	report.sort()
	if report.Broken() > 0 {
		t.Errorf("%v\n\n%s", report, historyAdvice)
	}
	return report
}

const historyAdvice = "Each of them stops whoever reads its stream. A type that has gone needs a gesta.Rename or a gesta.Upcast to what it is now; one that changed needs its old struct, and a " +
	"gesta.Upcast from that; what was erased needs a gesta.StandIn."

// decodeSafely decodes an event and returns what goes wrong. An upcaster that panics is one of many things that are to be reported, and no reason to stop.
func decodeSafely(db *gesta.DB, r *store.Recorded) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	_, err = db.Decode(r)
	return err
}

// reasonOf returns what is wrong with an event without its position, so that equal problems have equal reasons.
func reasonOf(err error) string {
	var unknown *gesta.UnknownTypeError
	var decode *gesta.DecodeError
	switch {
	case errors.As(err, &unknown) && unknown.Newest == 0:
		return "unknown type: it is in no Types, and nothing renames or upcasts it"
	case errors.As(err, &unknown):
		return fmt.Sprintf("unknown version: the newest known is %d", unknown.Newest)
	case errors.Is(err, gesta.ErrErased):
		return "erased, and its type has no StandIn"
	case errors.As(err, &decode):
		return decode.Err.Error()
	default:
		return err.Error()
	}
}
