// Bank keeps accounts: a whole program on gesta, as small as it can be. Its store is one that the command line asks too: gesta log account-1, gesta at yesterday account-1.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store/disk"
)

const usage = `usage: bank [-store DIR] COMMAND
  open ID OWNER            open an account
  deposit ID CENTS         bring money in
  withdraw ID CENTS        take money out
  transfer FROM TO CENTS   move money, all of it or nothing
  close ID                 close an empty account
  balance ID [TIME]        say what is in it, now or at a time such as 2026-11-01T10:00:00Z
  statement ID             list what happened
`

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bank:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("see bank -h")

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	f := flag.NewFlagSet("bank", flag.ContinueOnError)
	f.Usage = func() { _, _ = fmt.Fprint(f.Output(), usage) }
	dir := f.String("store", ".gesta", "the directory of the store")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	s, err := disk.Open(*dir, disk.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	db, err := gesta.New(s, Types)
	if err != nil {
		return err
	}
	b := bank{db: db, out: out}
	return b.do(gesta.WithActor(ctx, "teller"), f.Args())
}

// bank carries out commands.
type bank struct {
	db  *gesta.DB
	out io.Writer
}

func (b *bank) do(ctx context.Context, args []string) error {
	verb, args := first(args), rest(args)
	switch {
	case verb == "open" && len(args) == 2:
		return b.handle(ctx, args[0], Open(args[0], args[1]))
	case verb == "close" && len(args) == 1:
		return b.handle(ctx, args[0], Close(args[0]))
	case verb == "deposit" && len(args) == 2, verb == "withdraw" && len(args) == 2:
		cents, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return fmt.Errorf("amount %q: %w", args[1], err)
		}
		if verb == "deposit" {
			return b.handle(ctx, args[0], Deposit(args[0], cents, ""))
		}
		return b.handle(ctx, args[0], Withdraw(args[0], cents, ""))
	case verb == "transfer" && len(args) == 3:
		return b.transfer(ctx, args[0], args[1], args[2])
	case verb == "balance" && (len(args) == 1 || len(args) == 2):
		return b.balance(ctx, args)
	case verb == "statement" && len(args) == 1:
		return b.statement(ctx, args[0])
	}
	return errUsage
}

func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

func rest(args []string) []string { return args[min(1, len(args)):] }

func (b *bank) handle(ctx context.Context, id string, c Command) error {
	res, err := Account.Handle(ctx, b.db, id, c)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(b.out, "account %s: %s\n", id, money(res.State.Cents))
	return err
}

// transfer lets two accounts decide, and records both decisions in one commit.
func (b *bank) transfer(ctx context.Context, from, to, amount string) error {
	cents, err := strconv.ParseInt(amount, 10, 64)
	if err != nil {
		return fmt.Errorf("amount %q: %w", amount, err)
	}
	out, in := Account.Handling(from, Withdraw(from, cents, to)), Account.Handling(to, Deposit(to, cents, from))
	if err := gesta.Atomic(ctx, b.db, out, in); err != nil {
		return err
	}
	_, err = fmt.Fprintf(b.out, "account %s: %s\naccount %s: %s\n", from, money(out.Result().State.Cents), to, money(in.Result().State.Cents))
	return err
}

func (b *bank) balance(ctx context.Context, args []string) error {
	options := []gesta.CallOption{gesta.MustExist()}
	if len(args) == 2 {
		at, err := time.Parse(time.RFC3339, args[1])
		if err != nil {
			return err
		}
		options = append(options, gesta.AsOf(at))
	}
	l, err := Account.Load(ctx, b.db, args[0], options...)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(b.out, "account %s of %s: %s\n", args[0], l.State.Owner, money(l.State.Cents))
	return err
}

func (b *bank) statement(ctx context.Context, id string) error {
	w := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', 0)
	for step, err := range Account.History(ctx, b.db, id) {
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%d\t%s\t%s\n", step.Version, step.Type, money(step.After.Cents)); err != nil {
			return err
		}
	}
	return w.Flush()
}

func money(cents int64) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }
