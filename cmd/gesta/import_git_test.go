package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/cmd/gesta/internal/source"
	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// gitRepository is a repository that a test makes, with a clock of its own.
type gitRepository struct {
	t   *testing.T
	dir string
	at  int64 // seconds since 1970 of the next commit
}

// newGitRepository skips the test where there is no git.
func newGitRepository(t *testing.T) *gitRepository {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skipf("no git: %v", err)
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	r := &gitRepository{t: t, dir: filepath.Join(t.TempDir(), "shop"), at: 1_600_000_000}
	if err := os.Mkdir(r.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	r.git("init", "--quiet", "--initial-branch=main")
	return r
}

// git runs git and returns what it prints.
func (r *gitRepository) git(args ...string) string {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), "git", args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com",
		"GIT_COMMITTER_NAME=Grace", "GIT_COMMITTER_EMAIL=grace@example.com",
		fmt.Sprintf("GIT_AUTHOR_DATE=@%d +0100", r.at-3600), fmt.Sprintf("GIT_COMMITTER_DATE=@%d +0000", r.at))
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return string(out)
}

func (r *gitRepository) write(name, text string) {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// commit records what is in the directory, a minute after the commit before.
func (r *gitRepository) commit(message string) {
	r.t.Helper()
	r.at += 60
	r.git("add", "--all")
	r.git("commit", "--quiet", "--allow-empty", "--message", message)
}

// importing imports revisions of the repository into s and returns the import with its output.
func (r *gitRepository) importing(s store.Store, dir string, revs ...string) (*importing, error) {
	r.t.Helper()
	i := newImporting(r.t, s, "")
	git, err := newGit(i.e, dir)
	if err != nil {
		return i, err
	}
	name, err := git.name(r.t.Context())
	if err != nil {
		return i, err
	}
	so := source.Options{File: dir, Name: name, Mapping: source.Mapping{Category: "git"}}
	return i, i.e.importFrom(r.t.Context(), s, "", so, git.source(revs))
}

// gitData is the data of a commit's event.
type gitData struct {
	Hash, Subject, Body string
	Parents             []string
	Author, Committer   struct{ Name, Email, Time string }
	Files               []struct{ Path, Change string }
}

// TestImportGit holds the events of a made-up history, with merges, against what other commands of git say of its commits.
func TestImportGit(t *testing.T) {
	r := newGitRepository(t)
	random := rand.New(rand.NewPCG(1, 2))
	names := []string{"a", "b c", "dir/d", "commit x", ":e", "ü", "line\nfeed"}
	for n := range 40 {
		name := names[random.IntN(len(names))]
		switch {
		case n%13 == 12:
			r.git("checkout", "--quiet", "-b", fmt.Sprintf("side%d", n), "HEAD~2")
			r.write(fmt.Sprintf("side%d", n), "")
			r.commit("side")
			r.git("checkout", "--quiet", "main")
			r.at += 60
			r.git("merge", "--quiet", "--no-edit", fmt.Sprintf("side%d", n))
			continue
		case n%5 == 4:
			if err := os.RemoveAll(filepath.Join(r.dir, name)); err != nil {
				t.Fatal(err)
			}
		default:
			r.write(name, fmt.Sprint(n))
		}
		if n%3 == 0 {
			r.at -= 60 // two commits in one second
		}
		r.commit(fmt.Sprintf("subject %d\n\nbody %d\n\nends", n, n))
	}
	s := newMemory(t)
	if _, err := r.importing(s, r.dir, "HEAD"); err != nil {
		t.Fatal(err)
	}
	hashes := strings.Fields(r.git("rev-list", "HEAD"))
	seen := map[string]bool{}
	var last time.Time
	for e, err := range s.Read(t.Context(), nil, store.ReadOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		var got gitData
		if err := json.Unmarshal(e.Data, &got); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(hashes, got.Hash) || seen[got.Hash] || e.RecordedAt.Before(last) {
			t.Fatalf("#%d has the hash %s and was recorded at %s, after %s", e.Position, got.Hash, e.RecordedAt, last)
		}
		for _, parent := range got.Parents {
			if !seen[parent] {
				t.Errorf("%s comes before its parent %s", got.Hash, parent)
			}
		}
		seen[got.Hash], last = true, e.RecordedAt
		if diff := cmp.Diff(r.expected(got.Hash), r.told(&e, &got)); diff != "" {
			t.Errorf("%s: %s", got.Hash, diff)
		}
	}
	if len(seen) != len(hashes) || len(seen) < 40 {
		t.Errorf("%d events of %d commits", len(seen), len(hashes))
	}
}

// told is what an event says of its commit.
func (r *gitRepository) told(e *store.Recorded, d *gitData) []string {
	r.t.Helper()
	out := []string{
		e.Stream, history.Actor(e), fmt.Sprint(e.RecordedAt.Unix(), e.EffectiveAt.Unix()), strings.Join(d.Parents, " "), d.Subject, d.Body,
		d.Author.Name, d.Author.Email, d.Author.Time, d.Committer.Name, d.Committer.Email, d.Committer.Time,
	}
	tags := 0
	for _, f := range d.Files {
		out = append(out, strings.ToUpper(f.Change[:1])+" "+f.Path)
		if slices.Contains(e.Tags, "file:"+f.Path) {
			tags++
		} else if !strings.Contains(f.Path, "\n") {
			r.t.Errorf("%s is no tag", f.Path)
		}
	}
	if tags != len(e.Tags) {
		r.t.Errorf("tags %q of files %v", e.Tags, d.Files)
	}
	return out
}

// expected is what git says of a commit, asked for each thing alone.
func (r *gitRepository) expected(hash string) []string {
	r.t.Helper()
	ask := func(format string) string {
		return strings.Trim(r.git("show", "--no-patch", "--format="+format, hash), "\n")
	}
	iso := func(format string) string { return strings.Replace(ask(format), "+00:00", "Z", 1) }
	out := []string{
		"git-shop", "Ada <ada@example.com>", ask("%ct") + " " + ask("%ct"), ask("%P"), ask("%s"), ask("%b"),
		"Ada", "ada@example.com", iso("%aI"), "Grace", "grace@example.com", iso("%cI"),
	}
	names := strings.Split(r.git("diff-tree", "-z", "--root", "-r", "--no-commit-id", "--no-renames", "--name-status", hash), "\x00")
	for i := 0; i+1 < len(names); i += 2 {
		out = append(out, names[i]+" "+names[i+1])
	}
	return out
}

// TestImportGitGoesOn imports a repository again when it has grown.
func TestImportGitGoesOn(t *testing.T) {
	r := newGitRepository(t)
	r.commit("one")
	r.commit("two")
	s := newMemory(t)
	want := func(dir, rev, text string) {
		t.Helper()
		i, err := r.importing(s, dir, rev)
		if err != nil || !strings.Contains(i.out.String(), text) {
			t.Errorf("%v, %s; want %s", err, &i.out, text)
		}
	}
	want(r.dir, "HEAD~1", `"name":"shop","recorded":"source","complete":true,"rows":1,"appended":1,"present":0`)
	want(r.dir, "HEAD", `"rows":2,"appended":1,"present":1`)
	r.write("sub/file", "")
	r.commit("three")
	want(filepath.Join(r.dir, "sub"), "HEAD~1..main", `"name":"shop","recorded":"now","complete":true,"rows":1,"appended":1,"present":0`)
	bare := filepath.Join(t.TempDir(), "shop.git")
	r.git("clone", "--quiet", "--bare", r.dir, bare)
	want(bare, "--all", `"name":"shop","recorded":"source","complete":true,"rows":3,"appended":0,"present":3`)
	t.Setenv("GIT_DIR", filepath.Join(t.TempDir(), "elsewhere"))
	t.Setenv("GIT_CONFIG_COUNT", "what")
	want(bare, "main", `"rows":3,"appended":0,"present":3`)
}

func TestImportGitErrors(t *testing.T) {
	r := newGitRepository(t)
	wantError := func(code eventjson.Code, text, dir, rev string) {
		t.Helper()
		_, err := r.importing(newMemory(t), dir, rev)
		if d := eventjson.Describe(err); d.Code != code || !strings.Contains(d.Message, text) {
			t.Errorf("%s: %v; want %s with %q", d.Code, err, code, text)
		}
	}
	wantError(eventjson.CodeUsage, "git cannot read the repository "+r.dir+": ", r.dir, "HEAD") // no commit yet
	r.commit("one")
	wantError(eventjson.CodeUsage, "nosuch", r.dir, "nosuch")
	wantError(eventjson.CodeNotFound, "there is no directory ", filepath.Join(r.dir, "nowhere"), "HEAD")
	wantError(eventjson.CodeUsage, "is no directory", filepath.Join(r.dir, ".git", "HEAD"), "HEAD")
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(r.dir))
	wantError(eventjson.CodeUsage, "not a git repository", t.TempDir(), "HEAD")

	tree := strings.TrimSpace(r.git("rev-parse", "HEAD"))
	object := filepath.Join(r.dir, ".git", "objects", tree[:2], tree[2:])
	if err := os.Chmod(object, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(object, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantError(eventjson.CodeUsage, "git cannot read the repository", r.dir, "main")
	t.Setenv("PATH", t.TempDir())
	wantError(eventjson.CodeUsage, "gesta import git runs git, which is not there: ", r.dir, "HEAD")
}

// TestImportGitInterrupted ends git when the user interrupts the import.
func TestImportGitInterrupted(t *testing.T) {
	r := newGitRepository(t)
	r.commit("one")
	i := newImporting(t, newMemory(t), "")
	git, err := newGit(i.e, r.dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	p, err := git.start(ctx, "cat-file", "--batch") // it waits for its input
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := p.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v; want that it was canceled", err)
	}
	if err := p.Close(); !errors.Is(err, context.Canceled) {
		t.Errorf("closed: %v", err)
	}
}

// sign gives the last commit a signature, which is none.
func (r *gitRepository) sign() {
	r.t.Helper()
	text := strings.Replace(r.git("cat-file", "commit", "HEAD"), "\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n -----END PGP SIGNATURE-----\n\n", 1)
	name := filepath.Join(r.t.TempDir(), "commit")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	r.git("update-ref", "refs/heads/main", strings.TrimSpace(r.git("hash-object", "-t", "commit", "-w", name)))
}

// TestImportGitHostile imports a repository whose configuration names programs wherever git log might start one. None is.
func TestImportGitHostile(t *testing.T) {
	r := newGitRepository(t)
	r.write("file", "text")
	r.write(".gitattributes", "* diff=evil filter=evil\n")
	r.commit("one")
	r.write("file", "other text")
	r.commit("two")
	r.sign()
	dir := t.TempDir()
	trap := filepath.Join(dir, "trap")
	script := "#!/bin/sh\necho \"$0 $*\" >> '" + filepath.Join(dir, "sprung") + "'\nexit 1\n"
	if err := os.WriteFile(trap, []byte(script), 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	for _, name := range []string{
		"core.fsmonitor", "core.pager", "pager.log", "core.sshCommand", "core.editor", "core.alternateRefsCommand", "core.gitProxy", "core.askPass",
		"diff.external", "diff.evil.command", "diff.evil.textconv", "filter.evil.smudge", "filter.evil.clean", "filter.evil.process",
		"gpg.program", "gpg.ssh.program", "credential.helper", "remote.origin.uploadpack", "uploadpack.packObjectsHook", "alias.log",
	} {
		value := trap
		if name == "alias.log" {
			value = "!" + trap
		}
		r.git("config", name, value)
	}
	hooks := filepath.Join(r.dir, ".git", "hooks")
	for _, hook := range []string{"reference-transaction", "post-checkout", "fsmonitor-watchman", "pre-auto-gc", "post-index-change"} {
		if err := os.WriteFile(filepath.Join(hooks, hook), []byte(script), 0o700); err != nil { //nolint:gosec // it is to be run
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{
		"log.showSignature": "true", "log.follow": "true", "log.showRoot": "false", "log.date": "relative", "log.decorate": "full", "format.pretty": "oneline",
		"color.ui": "always", "diff.renames": "copies", "diff.orderFile": "/nowhere", "diff.relative": "true", "diff.noprefix": "true",
		"log.mailmap": "true", "diff.ignoreSubmodules": "all", "i18n.logOutputEncoding": "UTF-16", "log.diffMerges": "combined",
		"notes.displayRef": "*", "core.abbrev": "4", "log.abbrevCommit": "true",
	} {
		r.git("config", name, value)
	}
	s := newMemory(t)
	i, err := r.importing(s, r.dir, "HEAD")
	if err != nil || !strings.Contains(i.out.String(), `"rows":2,"appended":2,`) {
		t.Errorf("%v, %s", err, &i.out)
	}
	var tags []string
	for e, err := range s.Read(t.Context(), nil, store.ReadOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		tags = append(tags, strings.Join(e.Tags, " "))
	}
	if diff := cmp.Diff([]string{"file:.gitattributes file:file", "file:file"}, tags); diff != "" {
		t.Error(diff)
	}

	// A tree is missing that the repository promises to fetch, by a program.
	tree := strings.TrimSpace(r.git("-c", "core.fsmonitor=false", "rev-parse", "HEAD^{tree}"))
	if err := os.Remove(filepath.Join(r.dir, ".git", "objects", tree[:2], tree[2:])); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{"ssh://localhost/x", "ext::" + trap, dir} {
		for name, value := range map[string]string{
			"core.repositoryFormatVersion": "1", "extensions.partialClone": "origin", "remote.origin.promisor": "true", "remote.origin.url": url,
			"protocol.ssh.allow": "always", "protocol.ext.allow": "always", "protocol.file.allow": "always",
		} {
			r.git("config", name, value)
		}
		if _, err := r.importing(newMemory(t), r.dir, "HEAD"); eventjson.Describe(err).Code != eventjson.CodeUsage {
			t.Errorf("%s: %v; want that git cannot read the repository", url, err)
		}
	}
	if sprung, err := os.ReadFile(filepath.Join(dir, "sprung")); err == nil {
		t.Errorf("started:\n%s", sprung)
	}
}
