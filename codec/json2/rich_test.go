package json2_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// rich has what events are made of.
type rich struct {
	Text    string
	Renamed string `json:"other_name"`
	HTML    string `json:"html"`
	Odd     string `json:"$ü-x"`
	Yes     bool
	I8      int8
	I64     int64
	U64     uint64
	F32     float32
	F64     float64
	At      time.Time
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
	ByAddr  map[netip.Addr]line
	ByTime  map[time.Time]bool
	Addr    netip.Addr
	Big     *big.Int
	State   state
	Money   money
	Moneys  []money

	embedded
	*Pointed
	Deeper `json:"deeper"`

	QuotedInt   int64   `json:",string"`
	QuotedText  string  `json:",string"`
	QuotedBool  *bool   `json:",string"`
	QuotedFloat float64 `json:"qf,omitempty,string"`

	EmptyText string         `json:",omitempty"`
	EmptyInt  int            `json:",omitempty"`
	EmptyBool bool           `json:",omitempty"`
	EmptyList []int          `json:",omitempty"`
	EmptyMap  map[string]int `json:",omitempty"`
	EmptyPtr  *string        `json:",omitempty"`
	EmptyLine line           `json:",omitempty"` //nolint:modernize // it has no effect, in both libraries
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
)

// state writes itself as text.
type state int

func (s state) MarshalText() ([]byte, error) { return []byte("state-" + strconv.Itoa(int(s))), nil }

func (s *state) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(strings.TrimPrefix(string(text), "state-"))
	*s = state(n)
	return err
}

// money makes its own JSON, of fields that are not exported.
type money struct {
	cents    int64
	currency string
}

func (m money) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{strconv.FormatInt(m.cents, 10), m.currency})
}

func (m *money) UnmarshalJSON(data []byte) error {
	var parts []string
	if err := json.Unmarshal(data, &parts); err != nil {
		return err
	}
	if len(parts) != 2 {
		return errors.New("money is an amount and a currency")
	}
	var err error
	m.cents, err = strconv.ParseInt(parts[0], 10, 64)
	m.currency = parts[1]
	return err
}

// Equal is for cmp.
func (m money) Equal(o money) bool { return m == o }

// full returns a value in which everything is set.
func full() rich {
	seven, yes, empty := 7, true, ""
	p := &seven
	at := time.Date(2026, 3, 4, 5, 6, 7, 891234567, time.FixedZone("", 5400))
	return rich{
		Text: "ü \x00 \u2028 \"q\" 🎉 </script>", Renamed: "r", HTML: "<a href='x'>&</a>", Odd: "o", Yes: true, I8: -128, I64: -1 << 63, U64: 1<<64 - 1, F32: 3.4e38, F64: 5e-324,
		At: at, For: -time.Hour, Number: "12.340", Raw: json.RawMessage(`{"b":1,"a":[1.50,"é"]}`), Bytes: []byte{0, 255}, Named: namedBytes{1, 2}, Digits: []digit{1, 2, 3},
		Array: [4]byte{1, 2, 3, 255}, Pair: [2]int16{-1, 1}, List: []string{"a", ""}, Nested: []line{{"s", 1}, {}}, Ptr: &line{"p", 2}, PtrPtr: &p,
		Map: map[string]int{"b": 1, "a": 2, "": 3, "é": 4, "\U0001F600": 5, "\uffee": 6}, ByInt: map[int]string{10: "x", 9: "y", -1: "z"},
		ByAddr: map[netip.Addr]line{netip.MustParseAddr("10.0.0.1"): {"a", 1}}, ByTime: map[time.Time]bool{at.UTC(): true},
		Addr: netip.MustParseAddr("::1"), Big: big.NewInt(-1 << 62),
		State: 3, Money: money{-5, "EUR"}, Moneys: []money{{1, "USD"}, {}},
		embedded: embedded{"w"}, Pointed: &Pointed{[]int{1}}, Deeper: Deeper{"d"},
		QuotedInt: 1 << 60, QuotedText: `"q"`, QuotedBool: &yes, QuotedFloat: 1e21,
		EmptyText: "t", EmptyInt: 1, EmptyBool: true, EmptyList: []int{0}, EmptyMap: map[string]int{"": 0}, EmptyPtr: &empty, EmptyLine: line{"l", 1}, ZeroTime: at, ZeroLine: line{"z", 0},
		Next: &rich{Text: "next", Number: "0", Raw: json.RawMessage("null"), Bytes: []byte{}, List: []string{}, Map: map[string]int{}, Money: money{1, "x"}},
	}
}
