// Account is a reducer by the decider of a service.
package main

import (
	"github.com/gestadb/gesta/reducer/guest"
	"github.com/gestadb/gesta/reducer/webassembly/testdata/account/bank"
)

func init() { guest.Decider(bank.Account, bank.Model) }

func main() {}
