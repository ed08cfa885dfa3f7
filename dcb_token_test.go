package gesta_test

import (
	"errors"
	"testing"
	"time"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// dcbSignUp is the union of the fourth example: a sign-up that is confirmed with a token, once, within an hour.
type dcbSignUp interface{ dcbSignUp() }

type (
	dcbSignUpInitiated struct {
		Email string `gesta:"tag=email,personal"`
		Token string `gesta:"tag=otp"`
		Name  string `gesta:"personal"`
	}
	dcbSignUpConfirmed struct {
		Email string `gesta:"tag=email,personal"`
		Token string `gesta:"tag=otp"`
		Name  string `gesta:"personal"`
	}
)

func (dcbSignUpInitiated) dcbSignUp() {}
func (dcbSignUpConfirmed) dcbSignUp() {}

var dcbSignUpTypes = gesta.Types[dcbSignUp]{"dcb.sign-up-initiated": dcbSignUpInitiated{}, "dcb.sign-up-confirmed": dcbSignUpConfirmed{}}

const dcbTokenLife = 60 * time.Minute

var (
	errDCBNoToken      = errors.New("no sign-up waits for this token")
	errDCBTokenUsed    = errors.New("the token was used")
	errDCBTokenExpired = errors.New("the token has expired")
	errDCBTokenThere   = errors.New("the token was given out before")
)

type dcbPending struct {
	Name  string
	Since time.Time // zero when there is none
	Used  bool
}

func dcbPendingSignUp(tags ...string) *gesta.View[dcbPending] {
	return gesta.NewView(dcbPending{}, gesta.Tagged(tags...),
		gesta.WhenEvent(func(_ dcbPending, e gesta.Event[dcbSignUpInitiated]) dcbPending {
			return dcbPending{Name: e.Body.Name, Since: e.Effective()}
		}),
		gesta.When(func(p dcbPending, _ dcbSignUpConfirmed) dcbPending {
			p.Used = true
			return p
		}))
}

func dcbAt[E any](now time.Time) func(E) gesta.Envelope {
	return func(E) gesta.Envelope { return gesta.Envelope{EffectiveAt: now} }
}

func dcbInitiate(email, token, name string, now time.Time) gesta.Decision[dcbSignUp] {
	pending := dcbPendingSignUp(gesta.Tag("otp", token))
	return gesta.Decision[dcbSignUp]{
		Views:    []gesta.AnyView{pending},
		Envelope: dcbAt[dcbSignUp](now),
		Decide: func(f gesta.Facts) ([]dcbSignUp, error) {
			if !pending.In(f).Since.IsZero() {
				return nil, errDCBTokenThere
			}
			return []dcbSignUp{dcbSignUpInitiated{email, token, name}}, nil
		},
	}
}

func dcbConfirm(email, token string, now time.Time) gesta.Decision[dcbSignUp] {
	pending := dcbPendingSignUp(gesta.Tag("email", email), gesta.Tag("otp", token))
	return gesta.Decision[dcbSignUp]{
		Views:    []gesta.AnyView{pending},
		Envelope: dcbAt[dcbSignUp](now),
		Decide: func(f gesta.Facts) ([]dcbSignUp, error) {
			switch p := pending.In(f); {
			case p.Since.IsZero():
				return nil, errDCBNoToken
			case p.Used:
				return nil, errDCBTokenUsed
			case now.Sub(p.Since) > dcbTokenLife:
				return nil, errDCBTokenExpired
			default:
				return []dcbSignUp{dcbSignUpConfirmed{email, token, p.Name}}, nil
			}
		},
	}
}

func TestDCBTokenIsUsedOnce(t *testing.T) { onEach(t, testDCBTokenIsUsedOnce) }

func testDCBTokenIsUsedOnce(t *testing.T, s store.Store) {
	t.Helper()
	db := newDB(t, s, dcbSignUpTypes)
	dcbRefuses(t, db, errDCBNoToken, dcbConfirm("a@x", "111", dcbNoon))
	dcbAccepts(t, db, dcbInitiate("a@x", "111", "Ada", dcbNoon), dcbInitiate("b@x", "222", "Bob", dcbNoon))
	dcbRefuses(t, db, errDCBTokenThere, dcbInitiate("c@x", "222", "Cid", dcbNoon))
	dcbRefuses(t, db, errDCBNoToken, dcbConfirm("a@x", "222", dcbNoon))
	dcbAccepts(t, db, dcbConfirm("a@x", "111", dcbNoon))
	dcbRefuses(t, db, errDCBTokenUsed, dcbConfirm("a@x", "111", dcbNoon))
	won := dcbRace(t, db, errDCBTokenUsed, []gesta.Decision[dcbSignUp]{dcbConfirm("b@x", "222", dcbNoon), dcbConfirm("b@x", "222", dcbNoon)})
	if e, ok := won.Body.(dcbSignUpConfirmed); !ok || e.Name != "Bob" {
		t.Errorf("%+v", won.Body)
	}
}

func TestDCBTokenExpires(t *testing.T) { onEach(t, testDCBTokenExpires) }

func testDCBTokenExpires(t *testing.T, s store.Store) {
	t.Helper()
	db := newDB(t, s, dcbSignUpTypes)
	dcbAccepts(t, db, dcbInitiate("a@x", "111", "Ada", dcbNoon), dcbInitiate("b@x", "222", "Bob", dcbNoon))
	dcbRefuses(t, db, errDCBTokenExpired, dcbConfirm("a@x", "111", dcbNoon.Add(dcbTokenLife+time.Microsecond)))
	dcbRace(t, db, errDCBTokenUsed, []gesta.Decision[dcbSignUp]{dcbConfirm("a@x", "111", dcbNoon.Add(dcbTokenLife)), dcbConfirm("a@x", "111", dcbNoon.Add(time.Minute))})
	late := dcbConfirm("b@x", "222", dcbNoon.Add(dcbTokenLife+time.Second))
	won := dcbRace(t, db, errDCBTokenExpired, []gesta.Decision[dcbSignUp]{late, dcbConfirm("b@x", "222", dcbNoon.Add(dcbTokenLife))})
	if got := won.Effective(); !got.Equal(dcbNoon.Add(dcbTokenLife)) {
		t.Errorf("confirmed at %v", got)
	}
}
