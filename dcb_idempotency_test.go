package gesta_test

import (
	"errors"
	"testing"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// dcbPlaced is the event of the sixth example: an order that is not placed twice, however often its form is sent.
type dcbPlaced struct {
	Order string `gesta:"tag=order"`
	Token string `gesta:"tag=idempotency"`
}

var dcbPlacedTypes = gesta.Types[any]{"dcb.order-placed": dcbPlaced{}}

var errDCBResubmitted = errors.New("the form was sent before")

func dcbPlace(order, token string) gesta.Decision[any] {
	sent := gesta.NewView(false, gesta.Tagged(gesta.Tag("idempotency", token)), gesta.When(func(bool, dcbPlaced) bool { return true }))
	return gesta.Decision[any]{
		Views: []gesta.AnyView{sent},
		Decide: func(f gesta.Facts) ([]any, error) {
			if sent.In(f) {
				return nil, errDCBResubmitted
			}
			return []any{dcbPlaced{order, token}}, nil
		},
	}
}

func TestDCBRecordIsNotDuplicated(t *testing.T) { onEach(t, testDCBRecordIsNotDuplicated) }

func testDCBRecordIsNotDuplicated(t *testing.T, s store.Store) {
	t.Helper()
	db := newDB(t, s, dcbPlacedTypes)
	dcbAccepts(t, db, dcbPlace("o1", "t1"), dcbPlace("o2", "t2"))
	dcbRefuses(t, db, errDCBResubmitted, dcbPlace("o3", "t1"))
	dcbRace(t, db, errDCBResubmitted, []gesta.Decision[any]{dcbPlace("o4", "t4"), dcbPlace("o5", "t4")})

	// A key does the same without a tag and a view, and tells whoever repeats what was recorded the first time.
	first, err := gesta.Decide(t.Context(), db, dcbPlace("o6", "t6"), gesta.Key("form-6"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := gesta.Decide(t.Context(), db, dcbPlace("o6", "t6"), gesta.Key("form-6"))
	if err != nil || !again.Duplicate || len(again.Events) != 1 || again.Events[0].Position != first.Position {
		t.Errorf("%+v, %v", again, err)
	}
}
