package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/server/auth"
)

const tokenHelp = `Make and end the tokens by which users sign in: a request carries "Authorization: Bearer TOKEN".

A token is shown once, when it is made; the store keeps its hash alone. It may do what its user may, or less: --role and --on limit it further.`

const tokenExample = `  gesta token create billing --label ci
  gesta token create billing --role read --expires 720h
  gesta token list
  gesta token revoke 6ee97c0d2fcb6c0a`

func newTokenCommand(e *env) *cobra.Command {
	var f systemFlags
	c := &cobra.Command{
		Use:     "token",
		Short:   "Make and end the tokens of users",
		Long:    tokenHelp,
		Example: tokenExample,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	f.add(c)
	c.AddCommand(newTokenCreate(e, &f), newTokenList(e, &f), newTokenRevoke(e, &f))
	return c
}

// tokenItem is an item of the document of token list. Token is the secret, where it is shown.
type tokenItem struct {
	ID        string   `json:"id"`
	User      string   `json:"user"`
	Token     string   `json:"token,omitempty"`
	Label     string   `json:"label,omitempty"`
	Role      string   `json:"role,omitempty"`
	On        []string `json:"on,omitempty"`
	CreatedAt string   `json:"createdAt"`
	ExpiresAt string   `json:"expiresAt,omitempty"`
}

func itemOf(t *auth.TokenInfo) tokenItem {
	return tokenItem{ID: t.ID, User: t.User, Label: t.Label, Role: t.Role.String(), On: t.On, CreatedAt: formatTime(t.CreatedAt), ExpiresAt: formatTime(t.ExpiresAt)}
}

func newTokenCreate(e *env, f *systemFlags) *cobra.Command {
	var (
		r       rights
		label   string
		expires time.Duration
	)
	c := &cobra.Command{
		Use:   "create NAME",
		Short: "Make a token for a user, and show it once",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			made := auth.NewToken{User: args[0], Label: label, On: r.on}
			if r.role != "" {
				var err error
				if made.Role, err = r.parseRole(); err != nil {
					return err
				}
			}
			if cmd.Flags().Changed("expires") {
				if expires <= 0 {
					return usagef("--expires is a time from now, such as 720h, not %s", expires)
				}
				made.Expires = e.clock().Add(expires)
			}
			return e.withUsers(cmd.Context(), f, func(ctx context.Context, d *administration) error {
				info, secret, err := d.users.CreateToken(ctx, d.by, made)
				if err != nil {
					return err
				}
				if e.jsonMode() {
					item := itemOf(&info)
					item.Token = secret.Reveal()
					return e.printDocument(ctx, &d.basis, item)
				}
				e.note("Token %s of %s; it is shown once:", info.ID, visible(info.User))
				_, err = fmt.Fprintln(e.dataWriter(), secret.Reveal())
				return err
			})
		},
	}
	r.add(c)
	c.Flags().StringVar(&label, "label", "", "what the token is for")
	c.Flags().DurationVar(&expires, "expires", 0, "after how long it is no longer good, such as 720h (default: never)")
	return c
}

func newTokenList(e *env, f *systemFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "list [NAME]",
		Short: "List tokens, without their secrets",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := ""
			if len(args) > 0 {
				name = args[0]
			}
			return e.withUsers(cmd.Context(), f, func(ctx context.Context, d *administration) error { return e.listTokens(ctx, d, name) })
		},
	}
}

func (e *env) listTokens(ctx context.Context, d *administration, user string) error {
	tokens := d.users.Tokens(user)
	if e.jsonMode() {
		var items []tokenItem
		for _, info := range tokens {
			items = append(items, itemOf(&info))
		}
		return printItems(ctx, e, &d.basis, items, "id", "user", "label", "role", "on", "createdAt", "expiresAt")
	}
	t := &table{w: e.stdout, paint: map[int]func(string) string{1: e.painter(e.stdoutTerminal).bold}}
	for _, info := range tokens {
		until := "for good"
		if !info.ExpiresAt.IsZero() {
			until = "until " + e.shortTime(info.ExpiresAt)
		}
		if err := t.row(info.ID, visible(info.User), info.Role.String(), until, visible(info.Label)); err != nil {
			return err
		}
	}
	return t.flush()
}

func newTokenRevoke(e *env, f *systemFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "revoke ID",
		Short: "End a token",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.withUsers(cmd.Context(), f, func(ctx context.Context, d *administration) error {
				if err := d.users.RevokeToken(ctx, d.by, args[0]); err != nil {
					return err
				}
				e.note("Token %s is no longer good.", visible(args[0]))
				return nil
			})
		},
	}
}
