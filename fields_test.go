package gesta

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

type (
	stateInner struct{ A []int }
	stateSkip  struct {
		N    int
		Skip int `json:"-"`
	}
	stateDeep struct{ By map[string][]stateSkip }
	stateOwn  struct{ Hidden int }
	stateFlag int
	stateTree struct {
		Kids []*stateTree
		By   map[int]stateInner
	}
	stateGood struct {
		N      int    `json:"n,omitempty"`
		Text   string `json:",omitzero"`
		Pair   [2]int `json:",omitzero"`
		Dash   int    `json:"-,"` //nolint:staticcheck // it is named "-"
		At     *time.Time
		Own    stateOwn
		Raw    json.RawMessage
		Tree   stateTree
		Number json.Number
		stateInner
		_ struct{} `json:"-"`
	}
	stateMap struct {
		M map[string]int `json:",omitempty"`
	}
	stateSlice struct {
		L []int `json:"l,omitzero"`
	}
	statePtr struct {
		P *int `json:",omitempty"`
	}
	stateTime struct {
		T time.Time `json:",omitzero"`
	}
	stateIn struct {
		In stateInner `json:",omitzero"`
	}
	stateZero struct {
		F stateFlag `json:",omitzero"`
	}
)

func (stateOwn) MarshalJSON() ([]byte, error) { return []byte("1"), nil }

func (*stateOwn) UnmarshalJSON([]byte) error { return nil }

func (f stateFlag) IsZero() bool { return f < 10 }

// TestCheckState takes states that come back as they were, and no others.
func TestCheckState(t *testing.T) {
	const asItWas = ": it would not come back as it was"
	for _, tt := range []struct {
		state any
		want  string // empty for none
	}{
		{0, ""},
		{stateGood{}, ""},
		{&stateGood{}, ""},
		{map[string]stateGood{}, ""},
		{stateSkip{}, "field Skip of gesta.stateSkip is left out of JSON: it would not come back"},
		{stateDeep{}, "field By of gesta.stateDeep: field Skip of gesta.stateSkip is left out of JSON"},
		{stateMap{}, "field M of gesta.stateMap may be left out of JSON by omitempty" + asItWas},
		{stateSlice{}, "field L of gesta.stateSlice may be left out of JSON by omitzero" + asItWas},
		{statePtr{}, "field P of gesta.statePtr may be left out of JSON by omitempty" + asItWas},
		{stateTime{}, "field T of gesta.stateTime may be left out of JSON by omitzero" + asItWas},
		{stateIn{}, "field In of gesta.stateIn may be left out of JSON by omitzero" + asItWas},
		{stateZero{}, "field F of gesta.stateZero may be left out of JSON by omitzero" + asItWas},
		{struct{ V any }{}, "field V of struct { V interface {} }: interface {} is an interface"},
		{map[string]any{}, "interface {} is an interface"},
		{struct{ P **int }{}, "**int may point at nil"},
		{struct{ P *[]int }{}, "*[]int may point at nil"},
		{struct{ a int }{}, "is not exported"},
		{struct{ Name, NAME string }{}, "fields Name and NAME"},
	} {
		t.Run(reflect.TypeOf(tt.state).String(), func(t *testing.T) {
			err := checkState(reflect.TypeOf(tt.state))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%v; want %q", err, tt.want)
			}
			if strings.Contains(tt.want, "left out") && CheckJSON(reflect.TypeOf(tt.state), true) != nil {
				t.Error("it is refused for events too")
			}
		})
	}
	if err := checkState(reflect.TypeFor[any]()); err == nil {
		t.Error("any is a state")
	}
}
