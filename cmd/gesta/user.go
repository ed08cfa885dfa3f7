package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

const userHelp = `Say who may send requests to a server, and what they may do. As long as there is no user, everyone may do everything, and the server listens on this machine
alone; from the first one on, each request must say who sent it.

Roles: read events; append, which reads too; operate, which also checks, erases, and appends on behalf of others; admin, who may do everything. --on limits a role
to streams by pattern, such as 'order-*'; '' is the events without a stream. Without it the role is for everything.

A user signs in with a token (gesta token create), with a password, or with a client certificate whose first URI or DNS name is the user's name.
These commands work on the server's own store, which no server may have open.`

const userExample = `  gesta user add ada --role admin
  gesta user add billing --role append --on 'invoice-*' --on 'order-*'
  gesta token create billing --label ci
  gesta user list`

// systemFlags are those of commands that work on the server's own store.
type systemFlags struct{ system string }

func (f *systemFlags) add(c *cobra.Command) {
	c.PersistentFlags().StringVar(&f.system, "server-store", "", "the `URL` of the store of users and the audit (default: server in the store's directory)")
}

func newUserCommand(e *env) *cobra.Command {
	var f systemFlags
	c := &cobra.Command{
		Use:     "user",
		Short:   "Say who may use a server",
		Long:    userHelp,
		Example: userExample,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	f.add(c)
	c.AddCommand(newUserAdd(e, &f), newUserChange(e, &f), newUserList(e, &f), newUserPassword(e, &f), newUserRemove(e, &f))
	return c
}

// rights are a role and where it holds, as flags.
type rights struct {
	role string
	on   []string
}

func (r *rights) add(c *cobra.Command) {
	c.Flags().StringVar(&r.role, "role", "", "read, append, operate or admin")
	c.Flags().StringArrayVar(&r.on, "on", nil, "a `PATTERN` of streams on which the role holds; '' is the events without a stream; repeat it for more (default: everything)")
}

func (r *rights) parseRole() (auth.Role, error) {
	role, err := auth.ParseRole(r.role)
	if err != nil {
		return role, usagef("--role is read, append, operate or admin, not %q", r.role)
	}
	return role, nil
}

func newUserAdd(e *env, f *systemFlags) *cobra.Command {
	c := &cobra.Command{Use: "add NAME --role ROLE", Short: "Add a user"}
	return setUser(c, e, f, "Added", (*auth.Users).Add)
}

func newUserChange(e *env, f *systemFlags) *cobra.Command {
	c := &cobra.Command{Use: "change NAME --role ROLE", Short: "Give a user another role and other streams"}
	return setUser(c, e, f, "Changed", (*auth.Users).Change)
}

// setUser makes c a command that sets what a user may do, and says that it is done.
func setUser(c *cobra.Command, e *env, f *systemFlags, done string, set func(*auth.Users, context.Context, string, auth.User) error) *cobra.Command {
	var r rights
	r.add(c)
	c.Args = cobra.ExactArgs(1)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		role, err := r.parseRole()
		if err != nil {
			return err
		}
		user := auth.User{Name: args[0], Role: role, On: r.on}
		return e.withUsers(cmd.Context(), f, func(ctx context.Context, d *administration) error {
			if err := set(d.users, ctx, d.by, user); err != nil {
				return thereAlready(err)
			}
			return e.showUser(ctx, d, &user, done)
		})
	}
	return c
}

// thereAlready adds what to do about a user who is there already.
func thereAlready(err error) error {
	if known, ok := errors.AsType[*eventjson.Error](err); ok && known.Code == eventjson.CodeConflict && known.Hint == "" {
		told := *known
		told.Hint = "gesta user change gives a user another role and other streams"
		return &told
	}
	return err
}

// showUser tells of a user who was added or changed.
func (e *env) showUser(ctx context.Context, d *administration, u *auth.User, done string) error {
	if e.jsonMode() {
		return e.printDocument(ctx, &d.basis, userItem{Name: u.Name, Role: u.Role.String(), On: u.On})
	}
	e.note("%s %s: %s on %s.", done, visible(u.Name), u.Role, onText(u.On))
	return nil
}

func onText(on []string) string {
	if len(on) == 0 {
		return "everything"
	}
	shown := make([]string, 0, len(on))
	for _, glob := range on {
		if glob == "" {
			glob = "events without a stream"
		}
		shown = append(shown, visible(glob))
	}
	return strings.Join(shown, ", ")
}

// userItem is an item of the document of user list.
type userItem struct {
	Name     string   `json:"name"`
	Role     string   `json:"role"`
	On       []string `json:"on,omitempty"`
	Password bool     `json:"password"`
	Tokens   int      `json:"tokens"`
	AddedAt  string   `json:"addedAt,omitempty"`
}

func newUserList(e *env, f *systemFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List users",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.withUsers(cmd.Context(), f, e.listUsers)
		},
	}
}

func (e *env) listUsers(ctx context.Context, d *administration) error {
	users := d.users.List()
	if e.jsonMode() {
		var items []userItem
		for _, u := range users {
			items = append(items, userItem{u.Name, u.Role.String(), u.On, u.Password, u.Tokens, formatTime(u.AddedAt)})
		}
		return printItems(ctx, e, &d.basis, items, "name", "role", "on", "password", "tokens", "addedAt")
	}
	t := &table{w: e.stdout, paint: map[int]func(string) string{0: e.painter(e.stdoutTerminal).bold}}
	for _, u := range users {
		if err := t.row(visible(u.Name), u.Role.String(), onText(u.On), signsIn(&u)); err != nil {
			return err
		}
	}
	return t.flush()
}

// signsIn says by what a user signs in.
func signsIn(u *auth.UserInfo) string {
	text := fmt.Sprintf("%d tokens", u.Tokens)
	if u.Tokens == 1 {
		text = "1 token"
	}
	if u.Password {
		text += ", a password"
	}
	return text
}

func newUserPassword(e *env, f *systemFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "password NAME",
		Short: "Set the password of a user, read from stdin",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			line, err := bufio.NewReader(io.LimitReader(e.stdin, auth.MaxPasswordBytes+2)).ReadString('\n')
			if err != nil && !errors.Is(err, io.EOF) {
				return fmt.Errorf("read password: %w", err)
			}
			secret := auth.NewSecret(strings.TrimRight(line, "\r\n"))
			return e.withUsers(cmd.Context(), f, func(ctx context.Context, d *administration) error {
				if err := d.users.SetPassword(ctx, d.by, args[0], secret); err != nil {
					return err
				}
				e.note("%s has a new password.", visible(args[0]))
				return nil
			})
		},
	}
}

func newUserRemove(e *env, f *systemFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a user, with all tokens",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.withUsers(cmd.Context(), f, func(ctx context.Context, d *administration) error {
				if err := d.users.Remove(ctx, d.by, args[0]); err != nil {
					return err
				}
				e.note("Removed %s.", visible(args[0]))
				if d.users.Len() == 0 {
					e.warn("there is no user left: a server that starts now lets everyone do everything, one that runs lets nobody in")
				}
				return nil
			})
		},
	}
}

func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return store.Time(t).Format(time.RFC3339Nano)
}
