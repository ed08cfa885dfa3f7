package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gestadb/gesta/store"
)

const (
	demoOrders = 60
	demoWrong  = 17 // the order with the wrong value
)

// ordersHistory is the history of a small shop: always the same.
func ordersHistory() *demoHistory {
	random := rand.New(rand.NewPCG(4114, 1))
	begin := time.Date(2025, 3, 3, 8, 0, 0, 0, time.UTC)
	h := &demoHistory{
		intro: "A small shop: 60 orders of March 2025 with what became of them. They are made up, and always the same.",
		file:  "shop.ndjson", target: orderName(demoWrong), member: "due", wrong: "Nobody owes a negative sum.",
		repairs: "DueCorrected",
	}
	for n := range demoOrders {
		at := begin.Add(time.Duration(n)*5*time.Hour + time.Duration(random.IntN(3600))*time.Second)
		o := shopOrder{n: n + 1, at: at, random: random}
		o.live(h)
	}
	slices.SortStableFunc(h.commits, func(a, b demoCommit) int { return a.at.Compare(b.at) })
	return h
}

func orderName(n int) string { return fmt.Sprintf("order-%d", 1000+n) }

// shopOrder is an order on its way. It adds what happens to it to the history.
type shopOrder struct {
	n        int
	at       time.Time
	random   *rand.Rand
	customer string
	due      float64
	version  uint64
}

var (
	shopItems  = []string{"teapot", "kettle", "cup", "saucer", "tray", "whisk"}
	shopClerks = []string{"ada", "grace", "linus"}
	shopCities = []string{"Lyon", "Porto", "Ghent", "Turin"}
)

// live lets an order be placed, changed, discounted, paid and shipped.
func (o *shopOrder) live(h *demoHistory) {
	clerk := shopClerks[o.random.IntN(len(shopClerks))]
	o.customer = fmt.Sprintf("c-%d", 1+o.random.IntN(25))
	o.due = float64(1000+o.random.IntN(9000)) / 100
	o.add(h, 0, "OrderPlaced", clerk, map[string]any{
		"customer": o.customer, "city": shopCities[o.random.IntN(len(shopCities))],
		"item": shopItems[o.random.IntN(len(shopItems))], "due": o.due,
	}, "customer:"+o.customer)
	if o.n == demoWrong || o.random.IntN(3) == 0 {
		o.due += 12.5
		o.add(h, 2*time.Hour, "ItemAdded", clerk, map[string]any{"item": shopItems[o.random.IntN(len(shopItems))], "due": o.due})
	}
	if o.n == demoWrong {
		o.goWrong(h)
		o.add(h, 3*time.Hour, "AddressChanged", clerk, map[string]any{"city": "Turin"})
	}
	if o.random.IntN(4) == 0 {
		o.add(h, 4*time.Hour, "AddressChanged", clerk, map[string]any{"city": shopCities[o.random.IntN(len(shopCities))]})
	}
	if o.n == demoWrong {
		return
	}
	if o.random.IntN(8) == 0 {
		o.add(h, 20*time.Hour, "OrderCancelled", clerk, map[string]any{"due": 0})
		return
	}
	o.add(h, time.Duration(5+o.random.IntN(30))*time.Hour, "OrderPaid", "bank", map[string]any{"paid": o.due, "due": 0})
	o.add(h, time.Duration(3+o.random.IntN(20))*time.Hour, "OrderShipped", clerk, map[string]any{"carrier": "wms"})
}

// goWrong lets a job grant a discount and turn the sign of what is due, and others act upon it.
func (o *shopOrder) goWrong(h *demoHistory) {
	h.before = o.at.Add(30 * time.Minute).Format(time.RFC3339)
	h.repair = fmt.Sprintf(`{"due":%.2f}`, o.due-5)
	h.planted = o.version + 1
	name, tag := orderName(o.n), fmt.Sprintf("order:%d", 1000+o.n)
	o.at = o.at.Add(time.Hour)
	job := o.commit(h, -time.Minute, demoEvent("job-discounts", "JobStarted", "nightly-discounts", map[string]any{"minus": 5}))
	o.version++
	discount := map[string]any{"discount": 5, "due": -o.due}
	wrong := o.commit(h, 0, demoCaused(job, name, "DiscountGranted", "nightly-discounts", discount, tag))
	refund := map[string]any{"to": o.customer, "amount": o.due}
	planned := o.commit(h, 20*time.Minute, demoCaused(wrong, "refund-"+name[len("order-"):], "RefundPlanned", "billing", refund, tag))
	o.commit(h, 25*time.Minute, demoCaused(planned, "mail-"+name[len("order-"):], "MailSent", "mailer", map[string]any{"to": o.customer}, tag))
}

// add adds an event of the order, later than the last one.
func (o *shopOrder) add(h *demoHistory, later time.Duration, typ, actor string, data map[string]any, tags ...string) {
	o.at = o.at.Add(later)
	o.version++
	name := orderName(o.n)
	tags = append([]string{"order:" + name[len("order-"):]}, tags...)
	o.commit(h, 0, demoEvent(name, typ, actor, data, tags...))
}

// commit adds an event to the history, some time after where the order is, and returns its id.
func (o *shopOrder) commit(h *demoHistory, after time.Duration, event store.Event) string {
	key := event.Stream + "/1"
	if event.Stream == orderName(o.n) {
		key = fmt.Sprintf("%s/%d", event.Stream, o.version)
	}
	c := demoCommit{key: key, at: o.at.Add(after), events: []store.Event{event}}
	h.commits = append(h.commits, c)
	return c.id(0)
}
