package auth

import (
	"context"
	"log/slog"
	"time"

	"github.com/gestadb/gesta/store"
)

// Principal is whoever sent a request, with the rights of the moment in which that was found out. It does not change; nil has no right at all. Rights that are
// taken away end the follows of the principals that had them, and what [Principal.Watch] was asked for; other requests are short and finish.
type Principal struct {
	name  string
	token string
	role  Role
	on    []globs // of the user and of the token: each list must match; without lists everything does
	all   bool    // every list matches everything
	actor string  // the member of metadata that names it, as it is written

	revoked context.Context // done when the rights changed; nil for rights that never do. It is a signal, no request's context.
	expires time.Time       // the zero time is never
	clock   func() time.Time
}

// NewPrincipal returns a principal with rights that never change: globs as a user has them. An error is [store.ErrInvalid].
func NewPrincipal(name string, role Role, on ...string) (*Principal, error) {
	if err := validateUserName(name); err != nil {
		return nil, err
	}
	if role < Read || role > Admin {
		return nil, invalidf("%s is no role", role)
	}
	list, err := parseGlobs(on)
	if err != nil {
		return nil, err
	}
	return newPrincipal(name, role, list), nil
}

// newPrincipal leaves lists that are empty out: they limit nothing.
func newPrincipal(name string, role Role, on ...globs) *Principal {
	p := &Principal{name: name, role: role, all: true, actor: actorAs(name)}
	for _, list := range on {
		if len(list) > 0 {
			p.on = append(p.on, list)
			p.all = p.all && list.all()
		}
	}
	return p
}

// Name returns the name of the user, empty for nil.
func (p *Principal) Name() string {
	if p == nil {
		return ""
	}
	return p.name
}

// String returns the name.
func (p *Principal) String() string { return p.Name() }

// LogValue shows who it is, and with which token.
func (p *Principal) LogValue() slog.Value {
	return slog.GroupValue(slog.String("name", p.Name()), slog.String("role", p.Role().String()), slog.String("token", p.TokenID()))
}

// TokenID returns the id of the token that was used, empty where none was.
func (p *Principal) TokenID() string {
	if p == nil {
		return ""
	}
	return p.token
}

// Role returns the role, on whatever it may be.
func (p *Principal) Role() Role {
	if p == nil {
		return 0
	}
	return p.role
}

// May says whether the principal has a role on a stream; the empty name is that of events without one.
func (p *Principal) May(role Role, stream string) bool {
	if p.Role() < role || store.IsSystem(stream) && p.Role() < Admin {
		return false
	}
	if p.all {
		return true
	}
	if len(stream) > store.MaxNameBytes {
		return false // no such stream; and matching would take long
	}
	for _, list := range p.on {
		if !list.match(stream) {
			return false
		}
	}
	return true
}

// Everywhere says whether the principal has a role on everything. Below admin that is everything but system streams.
func (p *Principal) Everywhere(role Role) bool { return p.Role() >= role && p.all }

// category says whether the principal has a role on all streams of a category.
func (p *Principal) category(role Role, category string) bool {
	if p.Role() < role || store.IsSystem(category) && p.Role() < Admin {
		return false
	}
	for _, list := range p.on {
		if !list.category(category) {
			return false
		}
	}
	return true
}

// Require returns an error with the code denied unless the principal has a role, on whatever it may be. It is for what concerns no stream.
func (p *Principal) Require(role Role) error {
	if p.Role() < role {
		return deniedf("this needs the role %s", role)
	}
	return nil
}

// RequireEverywhere returns an error with the code denied unless the principal has a role on everything.
func (p *Principal) RequireEverywhere(role Role) error {
	if !p.Everywhere(role) {
		return deniedf("this needs the role %s on everything", role)
	}
	return nil
}

// MayRead returns nil where everything that matches a query may be read, system streams aside, and an error with the code denied that says what is missing otherwise.
// Each item is held against the rules of guards in the package doc.
func (p *Principal) MayRead(q store.Query) error {
	if len(q) == 0 && !p.Everywhere(Read) {
		return deniedf("a query of everything needs the role read on everything")
	}
	for i := range q {
		if err := p.mayReadItem(&q[i]); err != nil {
			return err
		}
	}
	return nil
}

func (p *Principal) mayReadItem(it *store.Item) error {
	switch {
	case it.Stream != "":
		return p.require(Read, it.Stream)
	case it.Category != "":
		if !p.category(Read, it.Category) {
			return deniedf("a query of a category needs the role read on all of %s", clip(it.Category)+"-*")
		}
	case !p.Everywhere(Read):
		return deniedf("a query by type or tag alone needs the role read on everything")
	}
	return nil
}

// sees says that nothing that matches q is hidden from the principal: other than MayRead it counts system streams.
func (p *Principal) sees(q store.Query) bool {
	if p.Everywhere(Admin) {
		return true
	}
	for i := range q {
		if q[i].Stream == "" && q[i].Category == "" {
			return false
		}
	}
	return len(q) > 0 && p.MayRead(q) == nil
}

// require returns an error with the code denied unless the principal has a role on a stream.
func (p *Principal) require(role Role, stream string) error {
	if p.May(role, stream) {
		return nil
	}
	switch {
	case stream == "":
		return deniedf("an event without a stream needs the role %s on those", role)
	case store.IsSystem(stream):
		return deniedf("a system stream needs the role %s", Admin)
	}
	e := deniedf("this needs the role %s on the stream %q", role, clip(stream))
	if len(stream) <= store.MaxNameBytes {
		e.Stream = stream
	}
	return e
}

// expired says whether the principal's token has come to its end.
func (p *Principal) expired() bool {
	return !p.expires.IsZero() && !p.clock().Before(p.expires)
}

// principalKey is the key of the principal in a context.
type principalKey struct{}

// WithPrincipal returns a context that carries who sent the request.
func WithPrincipal(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalOf returns who sent the request, nil where that is not known.
func PrincipalOf(ctx context.Context) *Principal {
	p, _ := ctx.Value(principalKey{}).(*Principal)
	return p
}
