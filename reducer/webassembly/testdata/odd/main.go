// Odd is a reducer that does what reducers must not, as the type of an event says.
package main

import (
	crand "crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"time"

	"github.com/gestadb/gesta/reducer/guest"
)

type state = map[string]any

func init() { guest.Fold(func() state { return state{} }, evolve) }

func main() {}

func evolve(s state, e guest.Event) (state, error) {
	switch e.Type {
	case "echo":
		s["event"] = e
	case "world":
		s["world"] = world()
	case "print":
		fmt.Println("this goes nowhere")
		fmt.Fprintln(os.Stderr, "nor does this")
	case "loop":
		for i := 0; ; i++ {
			if i < 0 {
				break
			}
		}
	case "sleep":
		time.Sleep(time.Hour)
	case "allocate":
		n := 4 << 30
		s["big"] = len(make([]byte, n))
	case "hoard":
		var all [][]byte
		for {
			all = append(all, make([]byte, 1<<20))
		}
	case "recurse":
		s["depth"] = recurse(1)
	case "panic":
		var none []int
		return s, fmt.Errorf("%d", none[len(s)])
	case "long":
		panic(strings.Repeat("ä", 1<<20))
	case "nil":
		var none *guest.Event
		none.Type = "x"
	case "fail":
		return s, errors.New("the fold says no")
	case "exit":
		os.Exit(3)
	case "deadlock":
		<-make(chan int)
	case "routine":
		go func() { panic("elsewhere") }()
		<-make(chan int)
	case "unwritable":
		s["f"] = func() {}
	case "large":
		s["text"] = strings.Repeat("x", 1<<20)
	case "invalid":
		s["raw"] = json.RawMessage("\"\xff\"")
	default:
		return s, guest.ErrSkip
	}
	return s, nil
}

func recurse(n int) int {
	if n == 0 {
		return 0
	}
	return recurse(n+1) + 1
}

// world is what the fold can see of it.
func world() state {
	w := state{"now": time.Now(), "random": rand.Uint64(), "args": os.Args, "home": os.Getenv("HOME")}
	secret := make([]byte, 8)
	_, _ = crand.Read(secret)
	w["secret"] = secret
	_, err := os.ReadFile("/etc/hostname")
	w["file"] = fmt.Sprint(err)
	w["write"] = fmt.Sprint(os.WriteFile("out", nil, 0o600))
	_, err = net.Dial("tcp", "127.0.0.1:1")
	w["net"] = fmt.Sprint(err)
	names := map[string]int{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}
	order := ""
	for name := range names {
		order += name
	}
	w["order"] = order
	return w
}
