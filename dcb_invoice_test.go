package gesta_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// dcbInvoiced is the event of the third example: invoices with numbers that have no gaps.
type dcbInvoiced struct {
	Number int
	Cents  int64
}

var dcbInvoiceTypes = gesta.Types[any]{"dcb.invoice-created": dcbInvoiced{}}

// dcbNextNumber looks at the last invoice alone, however many there are.
func dcbNextNumber() *gesta.View[int] {
	return gesta.NewView(1, gesta.Scope{}, gesta.When(func(_ int, e dcbInvoiced) int { return e.Number + 1 })).Last()
}

func dcbInvoice(cents int64) gesta.Decision[any] {
	number := dcbNextNumber()
	return gesta.Decision[any]{
		Views:  []gesta.AnyView{number},
		Decide: func(f gesta.Facts) ([]any, error) { return []any{dcbInvoiced{number.In(f), cents}}, nil },
	}
}

func TestDCBInvoiceNumbers(t *testing.T) { onEach(t, testDCBInvoiceNumbers) }

func testDCBInvoiceNumbers(t *testing.T, s store.Store) {
	t.Helper()
	db := newDB(t, s, dcbInvoiceTypes)
	dcbAccepts(t, db, dcbInvoice(1), dcbInvoice(2))
	dcbRace(t, db, store.ErrConflict, []gesta.Decision[any]{dcbInvoice(3), dcbInvoice(4)}, gesta.Retries(0))
	if err := dcbOvertaken(t, db, dcbInvoice(5), dcbInvoice(6)); err != nil { // it takes the next number
		t.Fatal(err)
	}
	var numbers []int
	for e, err := range gesta.Read[dcbInvoiced](t.Context(), db, nil, gesta.ReadOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, e.Body.Number)
	}
	if diff := cmp.Diff([]int{1, 2, 3, 4, 5}, numbers); diff != "" {
		t.Error(diff)
	}
}

// TestDCBInvoiceLooksAtTheLast has an older invoice that nobody can read: the next number does not rest on it.
func TestDCBInvoiceLooksAtTheLast(t *testing.T) { onEach(t, testDCBInvoiceLooksAtTheLast) }

func testDCBInvoiceLooksAtTheLast(t *testing.T, s store.Store) {
	t.Helper()
	db := newDB(t, s, dcbInvoiceTypes)
	damaged := store.Event{Type: "dcb.invoice-created", Data: []byte("{")}
	if _, err := db.Store().Append(t.Context(), store.Commit{Events: []store.Event{damaged}}); err != nil {
		t.Fatal(err)
	}
	var problem *gesta.DecodeError
	if _, err := gesta.Decide(t.Context(), db, dcbInvoice(1)); !errors.As(err, &problem) || problem.Position != 1 {
		t.Fatalf("a number was given after one that nobody knows: %v", err)
	}
	last := store.Event{Type: "dcb.invoice-created", Data: []byte(`{"Number":41}`)}
	if _, err := db.Store().Append(t.Context(), store.Commit{Events: []store.Event{last}}); err != nil {
		t.Fatal(err)
	}
	res, err := gesta.Decide(t.Context(), db, dcbInvoice(1))
	if err != nil || res.Events[0].Body != any(dcbInvoiced{42, 1}) {
		t.Errorf("%+v, %v", res.Events, err)
	}
}
