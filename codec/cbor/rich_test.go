package cbor_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// rich has what events are made of.
type rich struct {
	Text    string
	Renamed string `json:"other_name"`
	Yes     bool
	I8      int8
	I64     int64
	U64     uint64
	F32     float32
	F64     float64
	At      time.Time
	AtPtr   *time.Time
	For     time.Duration
	Number  json.Number
	Raw     json.RawMessage
	Bytes   []byte
	Named   namedBytes
	Digits  []digit
	Array   [4]byte
	Pair    [2]int16
	List    []string
	Nested  []line
	Ptr     *line
	PtrPtr  **int
	Map     map[string]int
	ByInt   map[int]string
	ByBool  map[bool]int
	ByAddr  map[netip.Addr]line
	Addr    netip.Addr
	Link    *url.URL
	Big     *big.Int
	Small   big.Int
	Ratio   *big.Rat
	State   state
	States  map[string]state
	Money   money
	Moneys  []money
	When    when

	embedded
	*Pointed
	Deeper `json:"deeper"`

	EmptyText string         `json:",omitempty"`
	EmptyInt  int            `json:",omitempty"`
	EmptyBool bool           `json:",omitempty"`
	EmptyList []int          `json:",omitempty"`
	EmptyMap  map[string]int `json:",omitempty"`
	EmptyPtr  *string        `json:",omitempty"`
	EmptyLine *line          `json:",omitempty"`
	ZeroTime  time.Time      `json:",omitzero"`
	ZeroLine  line           `json:",omitzero"`
	Nothing   struct{}
	Next      *rich  `json:",omitempty"`
	Left      func() `json:"-"`
}

type (
	line struct {
		SKU string `json:"sku"`
		Qty int
	}
	embedded   struct{ Within string }
	Pointed    struct{ Beyond []int }
	Deeper     struct{ Deep string }
	namedBytes []byte
	digit      uint8
	when       struct{ time.Time }
)

// state writes itself as text.
type state int

func (s state) MarshalText() ([]byte, error) { return []byte("state-" + strconv.Itoa(int(s))), nil }

func (s *state) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(strings.TrimPrefix(string(text), "state-"))
	*s = state(n)
	return err
}

// money writes itself as bytes, of fields that are not exported. Its methods have pointer receivers.
type money struct {
	cents    int64
	currency string
}

func (m *money) MarshalBinary() ([]byte, error) {
	return []byte(strconv.FormatInt(m.cents, 10) + " " + m.currency), nil
}

func (m *money) UnmarshalBinary(data []byte) error {
	cents, currency, ok := strings.Cut(string(data), " ")
	if !ok {
		return errors.New("money is an amount and a currency")
	}
	var err error
	m.cents, err = strconv.ParseInt(cents, 10, 64)
	m.currency = currency
	return err
}

// full returns a value in which everything is set.
func full() rich {
	seven, empty := 7, ""
	p := &seven
	at := time.Date(2026, 3, 4, 5, 6, 7, 891234567, time.FixedZone("", 5400))
	return rich{
		Text: "ü \x00 \u2028 🎉", Renamed: "r", Yes: true, I8: -128, I64: -1 << 63, U64: 1<<64 - 1, F32: 3.4e38, F64: 5e-324,
		At: at, AtPtr: &at, For: -time.Hour, Number: "12.340", Raw: json.RawMessage(`{"b":1,"b":2}`), Bytes: []byte{0, 255}, Named: namedBytes{1, 2}, Digits: []digit{1, 2, 3},
		Array: [4]byte{1, 2, 3, 255}, Pair: [2]int16{-1, 1}, List: []string{"a", ""}, Nested: []line{{"s", 1}, {}}, Ptr: &line{"p", 2}, PtrPtr: &p,
		Map: map[string]int{"b": 1, "aa": 2, "": 3, "é": 4}, ByInt: map[int]string{10: "x", -9: "y", 1000: "z"}, ByBool: map[bool]int{true: 1, false: 0},
		ByAddr: map[netip.Addr]line{netip.MustParseAddr("10.0.0.1"): {"a", 1}}, Addr: netip.MustParseAddr("::1"), Link: &url.URL{Scheme: "https", Host: "example.org", Path: "/a b"},
		Big: new(big.Int).Lsh(big.NewInt(-3), 100), Small: *big.NewInt(-5), Ratio: big.NewRat(-1, 3),
		State: 3, States: map[string]state{"a": 1}, Money: money{-5, "EUR"}, Moneys: []money{{1, "USD"}, {}}, When: when{at},
		embedded: embedded{"w"}, Pointed: &Pointed{[]int{1}}, Deeper: Deeper{"d"},
		EmptyText: "t", EmptyInt: 1, EmptyBool: true, EmptyList: []int{0}, EmptyMap: map[string]int{"": 0}, EmptyPtr: &empty, EmptyLine: &line{}, ZeroTime: at, ZeroLine: line{"z", 0},
		Next: &rich{Text: "next", Bytes: []byte{}, List: []string{}, Map: map[string]int{}, Money: money{1, "x"}},
	}
}
