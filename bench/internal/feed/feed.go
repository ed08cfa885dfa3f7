// Package feed makes the events that are measured: synthetic, each another, made from its number alone, and cheap, so
// that making them costs little beside storing them. The same number gives the same event in every subject.
package feed

import (
	"encoding/binary"
	"strconv"

	"github.com/gestadb/gesta/bench/rival"
)

// What an event has.
const (
	DataBytes = 256
	Types     = 20
	Tags      = 100_000
)

// head and tail of the payload; the members between are of fixed width.
const (
	dataHead     = `{"order":"0123456789abcdef","customer":"c-00000000","amount":10000000,"currency":"EUR","note":"`
	dataTail     = `"}`
	orderAt      = len(`{"order":"`)
	customerAt   = len(`{"order":"0123456789abcdef","customer":"c-`)
	amountAt     = len(`{"order":"0123456789abcdef","customer":"c-00000000","amount":`)
	noteAt       = len(dataHead)
	noteBytes    = DataBytes - len(dataHead) - len(dataTail)
	wordBytes    = 8
	words64      = 64
	wordsOfBlock = noteBytes / wordBytes
)

// vocabulary has 64 words, each with the spaces that make it eight bytes long.
const vocabulary = "standar express weekend fragile carrier pending urgent  partial " +
	"refund  invoice voucher loyalty restock supply  return  address " +
	"billing country region  morning evening holiday delayed arrival " +
	"planned review  decline resolve closed  ceramic leather textile " +
	"bamboo  organic vintage crimson emerald magenta saffron lavende " +
	"parcel  lockbox signing collect courier deposit receipt balance " +
	"account payment product quality request service storage transit " +
	"vehicle payload package regular monthly instant welcome archive "

var words = splitWords()

func splitWords() (w [words64]uint64) {
	for i := range w {
		w[i] = binary.LittleEndian.Uint64([]byte(vocabulary[i*wordBytes:]))
	}
	return w
}

// Mix spreads the bits of a number: equal numbers give equal ones, near ones give ones far apart.
func Mix(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// Fill makes the payload of event n in data, which has [DataBytes] bytes: a JSON object.
func Fill(data []byte, n uint64) {
	copy(data, dataHead)
	h := Mix(n)
	const hex = "0123456789abcdef"
	for i, v := 0, n^h<<32; i < 16; i, v = i+1, v>>4 {
		data[orderAt+i] = hex[v&15]
	}
	digits(data[customerAt:customerAt+8], h%Tags)
	digits(data[amountAt+1:amountAt+8], h>>20%10_000_000)
	note := data[noteAt : noteAt+noteBytes]
	bits := h
	for i := range wordsOfBlock {
		if i%10 == 0 {
			bits = Mix(bits)
		}
		binary.LittleEndian.PutUint64(note[i*wordBytes:], words[bits&(words64-1)])
		bits >>= 6
	}
	for i := wordsOfBlock * wordBytes; i < noteBytes; i++ {
		note[i] = '.'
	}
	copy(data[DataBytes-len(dataTail):], dataTail)
}

// digits writes v in decimal, with zeros in front.
func digits(b []byte, v uint64) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = byte('0' + v%10)
		v /= 10
	}
}

var (
	typeNames = names("Type", Types)
	tagNames  = names("customer:c-", Tags)
)

func names(prefix string, n int) []string {
	s := make([]string, n)
	for i := range s {
		s[i] = prefix + strconv.Itoa(i)
	}
	return s
}

// Type returns the type of event n.
func Type(n uint64) string { return typeNames[Mix(n)>>8%Types] }

// Tag returns the tag of event n.
func Tag(n uint64) string { return tagNames[Mix(n)%Tags] }

// TagName returns a tag by its number below [Tags].
func TagName(i int) string { return tagNames[i] }

// Set makes e event n, but for stream and version. Its data is kept and filled again if it has [DataBytes] bytes.
func Set(e *rival.Event, n uint64) {
	h := Mix(n ^ 0xa5a5a5a5)
	binary.LittleEndian.PutUint64(e.ID[:], h)
	binary.LittleEndian.PutUint64(e.ID[8:], Mix(h))
	e.Type, e.Tag = Type(n), Tag(n)
	if len(e.Data) != DataBytes {
		e.Data = make([]byte, DataBytes)
	}
	Fill(e.Data, n)
}
