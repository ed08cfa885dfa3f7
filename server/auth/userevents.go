package auth

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/gestadb/gesta/store"
)

// UsersStream is the stream of what happened to users and tokens.
//
//	UserAdded     {"name":"ada","role":"append","on":["order-*"]}       on is left out for everything
//	UserChanged   {"name":"ada","role":"append","on":["order-*"]}       role and globs as they are from now on
//	UserRemoved   {"name":"ada"}                                        with password and tokens
//	PasswordSet   {"name":"ada","password":"$argon2id$v=19$…"}          a PHC string
//	TokenCreated  {"id":"…","name":"ada","hash":"…","label":"ci","role":"read","on":["order-1*"],"expiresAt":"…"}
//	TokenRevoked  {"id":"…","name":"ada"}
//
// The hash of a token is its SHA-256, in hexadecimal digits. Each event has the tag user:NAME, those about a token token:ID as well, and metadata.actor says who did it. Where the
// payload of an event was erased, what it gave is gone: a user, a password, a token. What it took away stays away, which the tags say.
const UsersStream = "$users"

// The types of events in UsersStream.
const (
	userAdded    = "UserAdded"
	userChanged  = "UserChanged"
	userRemoved  = "UserRemoved"
	passwordSet  = "PasswordSet"
	tokenCreated = "TokenCreated"
	tokenRevoked = "TokenRevoked"
)

const (
	userTag  = "user:"
	tokenTag = "token:"
)

// userEvent is the data of every event in UsersStream.
type userEvent struct {
	ID        string    `json:"id,omitempty"`
	Name      string    `json:"name,omitempty"`
	Role      string    `json:"role,omitempty"`
	On        []string  `json:"on,omitempty"`
	Password  string    `json:"password,omitempty"`
	Hash      string    `json:"hash,omitempty"`
	Label     string    `json:"label,omitempty"`
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
}

// String keeps hashes out of whatever is printed.
func (d *userEvent) String() string { return fmt.Sprintf("%s %s %s", d.ID, d.Name, d.Role) }

// newUserEvent makes an event to append.
func newUserEvent(kind, by string, d *userEvent) (store.Event, error) {
	data, err := json.Marshal(d)
	if err != nil {
		return store.Event{}, fmt.Errorf("encode %s: %w", kind, err)
	}
	e := store.Event{Stream: UsersStream, Type: kind, Tags: []string{userTag + d.Name}, Data: data}
	if d.ID != "" {
		e.Tags = append(e.Tags, tokenTag+d.ID)
	}
	e.Metadata, err = actorMetadata(by)
	return e, err
}

// actorMetadata says who did something: nothing for the empty name.
func actorMetadata(by string) ([]byte, error) {
	if by == "" {
		return nil, nil
	}
	metadata, err := json.Marshal(map[string]string{actorMember: by})
	if err != nil {
		return nil, fmt.Errorf("encode metadata: %w", err)
	}
	return metadata, nil
}

// readUserEvent returns the data of an event; of one that was erased, what its tags say.
func readUserEvent(e *store.Recorded) (userEvent, error) {
	var d userEvent
	if e.Erased == 0 {
		if err := json.Unmarshal(e.Data, &d); err != nil {
			return d, invalidf("its data is not what %s has", e.Type) // the error of json would repeat parts of it
		}
		return d, nil
	}
	for _, tag := range e.Tags {
		if name, ok := strings.CutPrefix(tag, userTag); ok {
			d.Name = name
		} else if id, ok := strings.CutPrefix(tag, tokenTag); ok {
			d.ID = id
		}
	}
	return d, nil
}

// rights reads role and globs of a user, or of a token that has less than its user, where role 0 stands for that of the user.
func (d *userEvent) rights() (Role, globs, error) {
	on, err := parseGlobs(d.On)
	if err != nil || d.Role == "" {
		return 0, on, err
	}
	role, err := ParseRole(d.Role)
	return role, on, err
}

func (d *userEvent) tokenHash() (tokenHash, error) {
	var h tokenHash
	if len(d.Hash) != hex.EncodedLen(len(h)) {
		return h, invalidf("the hash of a token has %d digits", len(d.Hash))
	}
	if _, err := hex.Decode(h[:], []byte(d.Hash)); err != nil {
		return h, invalidf("the hash of a token is not hexadecimal")
	}
	return h, nil
}
