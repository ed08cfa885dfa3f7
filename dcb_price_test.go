package gesta_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// dcbShop is the union of the fifth example: products whose price changes while people look at it.
type dcbShop interface{ dcbShop() }

type (
	dcbProductDefined struct {
		Product string `gesta:"tag=product"`
		Cents   int64
	}
	dcbPriceChanged struct {
		Product string `gesta:"tag=product"`
		Cents   int64
	}
	dcbOrdered struct {
		Products []string `gesta:"tag=product"`
		Cents    []int64  // of each
	}
)

func (dcbProductDefined) dcbShop() {}
func (dcbPriceChanged) dcbShop()   {}
func (dcbOrdered) dcbShop()        {}

var dcbShopTypes = gesta.Types[dcbShop]{"dcb.product-defined": dcbProductDefined{}, "dcb.price-changed": dcbPriceChanged{}, "dcb.products-ordered": dcbOrdered{}}

// dcbGrace is how long a price may still be paid that is no more.
const dcbGrace = 10 * time.Minute

var (
	errDCBNoProduct    = errors.New("there is no such product")
	errDCBProductThere = errors.New("the product is there")
	errDCBPrice        = errors.New("the price has changed")
	errDCBSamePrice    = errors.New("that is the price already")
)

// dcbPrices are those of a product, the current one last.
type dcbPrices []struct {
	Cents int64
	Until time.Time // when the next one took its place
}

func (p dcbPrices) current() int64 { return p[len(p)-1].Cents }

// valid says whether someone who was shown a price may pay it.
func (p dcbPrices) valid(cents int64, now time.Time) bool {
	for i, price := range p {
		if price.Cents == cents && (i == len(p)-1 || now.Sub(price.Until) <= dcbGrace) {
			return true
		}
	}
	return false
}

// next returns the prices with another one. It leaves p as it was: views are pure.
func (p dcbPrices) next(cents int64, at time.Time) dcbPrices {
	q := append(slices.Clone(p), dcbPrices{{Cents: cents}}...)
	if len(p) > 0 {
		q[len(p)-1].Until = at
	}
	return q
}

func dcbPricesOf(product string) *gesta.View[dcbPrices] {
	return gesta.NewView(dcbPrices(nil), gesta.Tagged(gesta.Tag("product", product)),
		gesta.WhenEvent(func(p dcbPrices, e gesta.Event[dcbProductDefined]) dcbPrices {
			return p.next(e.Body.Cents, e.Effective())
		}),
		gesta.WhenEvent(func(p dcbPrices, e gesta.Event[dcbPriceChanged]) dcbPrices {
			return p.next(e.Body.Cents, e.Effective())
		}))
}

func dcbDefineProduct(product string, cents int64, now time.Time) gesta.Decision[dcbShop] {
	prices := dcbPricesOf(product)
	return gesta.Decision[dcbShop]{
		Views:    []gesta.AnyView{prices},
		Envelope: dcbAt[dcbShop](now),
		Decide: func(f gesta.Facts) ([]dcbShop, error) {
			if len(prices.In(f)) > 0 {
				return nil, errDCBProductThere
			}
			return []dcbShop{dcbProductDefined{product, cents}}, nil
		},
	}
}

func dcbChangePrice(product string, cents int64, now time.Time) gesta.Decision[dcbShop] {
	prices := dcbPricesOf(product)
	return gesta.Decision[dcbShop]{
		Views:    []gesta.AnyView{prices},
		Envelope: dcbAt[dcbShop](now),
		Decide: func(f gesta.Facts) ([]dcbShop, error) {
			switch p := prices.In(f); {
			case len(p) == 0:
				return nil, errDCBNoProduct
			case p.current() == cents:
				return nil, errDCBSamePrice
			}
			return []dcbShop{dcbPriceChanged{product, cents}}, nil
		},
	}
}

// dcbShown is a product with the price that the customer was shown.
type dcbShown struct {
	Product string
	Cents   int64
}

// dcbOrder has a view for each product in the cart.
func dcbOrder(now time.Time, cart ...dcbShown) gesta.Decision[dcbShop] {
	d := gesta.Decision[dcbShop]{Envelope: dcbAt[dcbShop](now)}
	prices := make([]*gesta.View[dcbPrices], len(cart))
	for i, item := range cart {
		prices[i] = dcbPricesOf(item.Product)
		d.Views = append(d.Views, prices[i])
	}
	d.Decide = func(f gesta.Facts) ([]dcbShop, error) {
		var e dcbOrdered
		for i, item := range cart {
			switch p := prices[i].In(f); {
			case len(p) == 0:
				return nil, fmt.Errorf("%s: %w", item.Product, errDCBNoProduct)
			case !p.valid(item.Cents, now):
				return nil, fmt.Errorf("%s: %w", item.Product, errDCBPrice)
			}
			e.Products, e.Cents = append(e.Products, item.Product), append(e.Cents, item.Cents)
		}
		return []dcbShop{e}, nil
	}
	return d
}

func TestDCBPriceIsPaid(t *testing.T) { onEach(t, testDCBPriceIsPaid) }

func testDCBPriceIsPaid(t *testing.T, s store.Store) {
	t.Helper()
	db := newDB(t, s, dcbShopTypes)
	dcbRefuses(t, db, errDCBNoProduct, dcbOrder(dcbNoon, dcbShown{"p1", 100}))
	dcbAccepts(t, db, dcbDefineProduct("p1", 100, dcbNoon), dcbOrder(dcbNoon, dcbShown{"p1", 100}))
	dcbRefuses(t, db, errDCBPrice, dcbOrder(dcbNoon, dcbShown{"p1", 99}))
	dcbRace(t, db, errDCBProductThere, []gesta.Decision[dcbShop]{dcbDefineProduct("p2", 1, dcbNoon), dcbDefineProduct("p2", 2, dcbNoon)})
}

func TestDCBPriceChanges(t *testing.T) { onEach(t, testDCBPriceChanges) }

func testDCBPriceChanges(t *testing.T, s store.Store) {
	t.Helper()
	db := newDB(t, s, dcbShopTypes)
	changed := dcbNoon.Add(time.Hour)
	dcbRefuses(t, db, errDCBNoProduct, dcbChangePrice("p1", 100, dcbNoon))
	dcbAccepts(t, db, dcbDefineProduct("p1", 100, dcbNoon), dcbChangePrice("p1", 120, changed))
	dcbRefuses(t, db, errDCBSamePrice, dcbChangePrice("p1", 120, changed))
	dcbAccepts(t, db, dcbOrder(changed, dcbShown{"p1", 120}), dcbOrder(changed.Add(dcbGrace), dcbShown{"p1", 100}))
	dcbRefuses(t, db, errDCBPrice, dcbOrder(changed.Add(dcbGrace+time.Microsecond), dcbShown{"p1", 100}))

	again := changed.Add(dcbGrace / 2)
	dcbRace(t, db, errDCBSamePrice, []gesta.Decision[dcbShop]{dcbChangePrice("p1", 140, again), dcbChangePrice("p1", 140, again)})
	for _, cents := range []int64{100, 120, 140} {
		dcbAccepts(t, db, dcbOrder(again, dcbShown{"p1", cents}))
	}
	dcbRefuses(t, db, errDCBPrice, dcbOrder(changed.Add(dcbGrace+1), dcbShown{"p1", 100}))
	dcbAccepts(t, db, dcbOrder(again.Add(dcbGrace), dcbShown{"p1", 120}))
}

func TestDCBPricesOfACart(t *testing.T) { onEach(t, testDCBPricesOfACart) }

func testDCBPricesOfACart(t *testing.T, s store.Store) {
	t.Helper()
	db := newDB(t, s, dcbShopTypes)
	later := dcbNoon.Add(time.Hour)
	dcbAccepts(t, db, dcbDefineProduct("p1", 100, dcbNoon), dcbDefineProduct("p2", 200, dcbNoon), dcbDefineProduct("p3", 300, dcbNoon))
	dcbAccepts(t, db, dcbOrder(later, dcbShown{"p1", 100}, dcbShown{"p2", 200}))
	dcbRefuses(t, db, errDCBPrice, dcbOrder(later, dcbShown{"p1", 100}, dcbShown{"p2", 201}))
	dcbRefuses(t, db, errDCBNoProduct, dcbOrder(later, dcbShown{"p1", 100}, dcbShown{"p9", 1}))

	cart := func(now time.Time) gesta.Decision[dcbShop] {
		return dcbOrder(now, dcbShown{"p1", 100}, dcbShown{"p2", 200})
	}
	if err := dcbOvertaken(t, db, cart(later), dcbChangePrice("p3", 301, dcbNoon)); err != nil {
		t.Errorf("the price of another product stood in the way: %v", err)
	}
	if err := dcbOvertaken(t, db, cart(later), dcbChangePrice("p2", 201, later)); err != nil {
		t.Errorf("the old price was not paid within the time of grace: %v", err)
	}
	if err := dcbOvertaken(t, db, cart(later), dcbChangePrice("p1", 101, dcbNoon)); !errors.Is(err, errDCBPrice) {
		t.Errorf("a price was paid that was no more: %v", err)
	}
}
