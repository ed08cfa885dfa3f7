package main

import (
	"testing"

	"github.com/gestadb/gesta/gestatest"
)

func TestOpen(t *testing.T) {
	fresh := gestatest.For(t, Account, Types)
	fresh.When(Open("1", "ada")).Then(Opened{"1", "ada"}).ThenState(State{Open: true, Owner: "ada"})
	fresh.Given(Opened{"1", "ada"}).When(Open("1", "eve")).ThenError(ErrTaken)
}

func TestMoney(t *testing.T) {
	rich := gestatest.For(t, Account, Types).Given(Opened{"1", "ada"}, Deposited{"1", 500, ""})
	rich.When(Withdraw("1", 500, "")).Then(Withdrawn{"1", 500, ""}).ThenState(State{Open: true, Owner: "ada"})
	rich.When(Withdraw("1", 501, "")).ThenError(ErrTooLittle)
	rich.When(Withdraw("1", -1, "")).ThenError(ErrAmount)
	rich.When(Deposit("1", 1, "2")).Then(Deposited{"1", 1, "2"})
	gestatest.For(t, Account, Types).When(Deposit("1", 1, "")).ThenError(ErrNoAccount)
}

func TestClose(t *testing.T) {
	open := gestatest.For(t, Account, Types).Given(Opened{"1", "ada"})
	open.When(Close("1")).Then(Closed{"1"})
	open.Given(Closed{"1"}).When(Close("1")).ThenNothing()
	open.Given(Deposited{"1", 1, ""}).When(Close("1")).ThenError(ErrNotEmpty)
}

// TestShapes fails when what is stored changes without an upcaster.
func TestShapes(t *testing.T) { gestatest.Shapes(t, Types, "testdata/events.golden") }

// TestPin fails when evolve makes something else of the same events without a new version.
func TestPin(t *testing.T) {
	gestatest.Pin(t, gestatest.FoldOf(Account, Types), "testdata/account.golden")
}
