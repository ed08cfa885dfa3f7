package gesta_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// dcbAccount is the union of the second example: names that one account has at a time.
type dcbAccount interface{ dcbAccount() }

type (
	dcbRegistered struct {
		Name string `gesta:"personal"`
	}
	dcbAccountClosed struct {
		Name string `gesta:"personal"`
	}
	dcbNameChanged struct {
		From, To string `gesta:"personal"`
	}
)

func (dcbRegistered) dcbAccount()    {}
func (dcbAccountClosed) dcbAccount() {}
func (dcbNameChanged) dcbAccount()   {}

var dcbAccountTypes = gesta.Types[dcbAccount]{
	"dcb.account-registered": dcbRegistered{}, "dcb.account-closed": dcbAccountClosed{}, "dcb.username-changed": dcbNameChanged{},
}

// dcbRetention is how long a name stays taken when its account has let it go.
const dcbRetention = 3 * 24 * time.Hour

var (
	errDCBNameTaken = errors.New("the name is taken")
	errDCBNoAccount = errors.New("no account has this name")
)

// dcbNameTag is the tag of a name: however it is written, and without telling it.
func dcbNameTag(name string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.TrimSpace(name))))
	return gesta.Tag("username", hex.EncodeToString(sum[:16]))
}

// dcbAccountEnvelope puts the tags on events, and the time at which they happen.
func dcbAccountEnvelope(now time.Time) func(dcbAccount) gesta.Envelope {
	return func(e dcbAccount) gesta.Envelope {
		v := gesta.Envelope{EffectiveAt: now}
		switch e := e.(type) {
		case dcbRegistered:
			v.Tags = []string{dcbNameTag(e.Name)}
		case dcbAccountClosed:
			v.Tags = []string{dcbNameTag(e.Name)}
		case dcbNameChanged:
			v.Tags = []string{dcbNameTag(e.From), dcbNameTag(e.To)}
		}
		return v
	}
}

// dcbHolding is what is known of a name.
type dcbHolding struct {
	Held  bool      // an account has it
	Until time.Time // when the last account let it go
}

func (h dcbHolding) taken(now time.Time) bool {
	return h.Held || !h.Until.IsZero() && now.Before(h.Until.Add(dcbRetention))
}

func dcbNameHeld(name string) *gesta.View[dcbHolding] {
	tag := dcbNameTag(name)
	return gesta.NewView(dcbHolding{}, gesta.Tagged(tag),
		gesta.When(func(dcbHolding, dcbRegistered) dcbHolding { return dcbHolding{Held: true} }),
		gesta.WhenEvent(func(_ dcbHolding, e gesta.Event[dcbAccountClosed]) dcbHolding {
			return dcbHolding{Until: e.Effective()}
		}),
		gesta.WhenEvent(func(_ dcbHolding, e gesta.Event[dcbNameChanged]) dcbHolding {
			if dcbNameTag(e.Body.To) == tag {
				return dcbHolding{Held: true}
			}
			return dcbHolding{Until: e.Effective()}
		}))
}

func dcbRegister(name string, now time.Time) gesta.Decision[dcbAccount] {
	held := dcbNameHeld(name)
	return gesta.Decision[dcbAccount]{
		Views:    []gesta.AnyView{held},
		Envelope: dcbAccountEnvelope(now),
		Decide: func(f gesta.Facts) ([]dcbAccount, error) {
			if held.In(f).taken(now) {
				return nil, errDCBNameTaken
			}
			return []dcbAccount{dcbRegistered{name}}, nil
		},
	}
}

func dcbCloseAccount(name string, now time.Time) gesta.Decision[dcbAccount] {
	held := dcbNameHeld(name)
	return gesta.Decision[dcbAccount]{
		Views:    []gesta.AnyView{held},
		Envelope: dcbAccountEnvelope(now),
		Decide: func(f gesta.Facts) ([]dcbAccount, error) {
			if !held.In(f).Held {
				return nil, errDCBNoAccount
			}
			return []dcbAccount{dcbAccountClosed{name}}, nil
		},
	}
}

func dcbChangeName(from, to string, now time.Time) gesta.Decision[dcbAccount] {
	old, next := dcbNameHeld(from), dcbNameHeld(to)
	return gesta.Decision[dcbAccount]{
		Views:    []gesta.AnyView{old, next},
		Envelope: dcbAccountEnvelope(now),
		Decide: func(f gesta.Facts) ([]dcbAccount, error) {
			switch {
			case !old.In(f).Held:
				return nil, errDCBNoAccount
			case next.In(f).taken(now):
				return nil, errDCBNameTaken
			}
			return []dcbAccount{dcbNameChanged{from, to}}, nil
		},
	}
}

func TestDCBNameIsUnique(t *testing.T) { onEach(t, testDCBNameIsUnique) }

func testDCBNameIsUnique(t *testing.T, s store.Store) {
	t.Helper()
	db := newDB(t, s, dcbAccountTypes)
	dcbAccepts(t, db, dcbRegister("ada", dcbNoon), dcbRegister("bob", dcbNoon))
	dcbRefuses(t, db, errDCBNameTaken, dcbRegister("ada", dcbNoon))
	dcbRefuses(t, db, errDCBNameTaken, dcbRegister(" Ada ", dcbNoon.AddDate(1, 0, 0)))
	won := dcbRace(t, db, errDCBNameTaken, []gesta.Decision[dcbAccount]{dcbRegister("cid", dcbNoon), dcbRegister("CID", dcbNoon)})
	if len(won.Tags) != 1 || strings.Contains(strings.ToLower(won.Tags[0]), "cid") {
		t.Errorf("the tags tell the name: %v", won.Tags)
	}
}

func TestDCBNameIsFreedWhenAnAccountCloses(t *testing.T) {
	onEach(t, testDCBNameIsFreedWhenAnAccountCloses)
}

func testDCBNameIsFreedWhenAnAccountCloses(t *testing.T, s store.Store) {
	t.Helper()
	db := newDB(t, s, dcbAccountTypes)
	closed := dcbNoon.Add(time.Hour)
	dcbRefuses(t, db, errDCBNoAccount, dcbCloseAccount("ada", dcbNoon))
	dcbAccepts(t, db, dcbRegister("ada", dcbNoon), dcbCloseAccount("ada", closed))
	dcbRefuses(t, db, errDCBNameTaken, dcbRegister("ada", closed))
	dcbRefuses(t, db, errDCBNameTaken, dcbRegister("ada", closed.Add(dcbRetention-time.Microsecond)))
	free := closed.Add(dcbRetention)
	dcbRace(t, db, errDCBNameTaken, []gesta.Decision[dcbAccount]{dcbRegister("ada", free), dcbRegister("ada", free)})
	dcbRace(t, db, errDCBNoAccount, []gesta.Decision[dcbAccount]{dcbCloseAccount("ada", free), dcbCloseAccount("ada", free)})
}

func TestDCBNameChanges(t *testing.T) { onEach(t, testDCBNameChanges) }

func testDCBNameChanges(t *testing.T, s store.Store) {
	t.Helper()
	db := newDB(t, s, dcbAccountTypes)
	changed := dcbNoon.Add(time.Hour)
	dcbAccepts(t, db, dcbRegister("ada", dcbNoon), dcbRegister("bob", dcbNoon), dcbChangeName("ada", "cid", changed))
	dcbRefuses(t, db, errDCBNoAccount, dcbChangeName("ada", "dan", changed))
	dcbRefuses(t, db, errDCBNameTaken, dcbChangeName("cid", "bob", changed))
	dcbRefuses(t, db, errDCBNameTaken, dcbRegister("cid", changed.AddDate(1, 0, 0)))
	dcbRefuses(t, db, errDCBNameTaken, dcbRegister("ada", changed.Add(dcbRetention-time.Microsecond)))
	dcbAccepts(t, db, dcbRegister("ada", changed.Add(dcbRetention)))
	later := changed.AddDate(0, 1, 0)
	dcbRace(t, db, errDCBNameTaken, []gesta.Decision[dcbAccount]{dcbChangeName("bob", "eve", later), dcbChangeName("cid", "eve", later)})
	dcbRace(t, db, errDCBNameTaken, []gesta.Decision[dcbAccount]{dcbRegister("fay", later), dcbChangeName("ada", "fay", later)})
}
