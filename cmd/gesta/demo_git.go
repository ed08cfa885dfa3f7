package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	gitCommits     = 400       // the latest commits that are taken
	gitEvents      = 10_000    // the events that are taken at the most
	gitLeast       = 4         // versions that the file with the wrong value has at the least
	gitWrong       = 3         // how many versions, up to the last, have it
	gitLost        = 1_000_000 // lines that are missing from then on
	gitFieldMark   = "\x02"
	gitCommitMark  = "\x01"
	gitFormat      = gitCommitMark + "%H" + gitFieldMark + "%an" + gitFieldMark + "%aI" + gitFieldMark + "%cI" + gitFieldMark + "%s"
	gitHeaderParts = 5
)

// errNoGit says why there is no git history to show.
var errNoGit = errors.New("this is no git repository with a history to look at")

// gitHistory reads the git log of the repository that dir is in: each file is a stream, each commit a commit.
func gitHistory(ctx context.Context, dir string) (*demoHistory, error) {
	cmd := exec.CommandContext(ctx, "git", "-C", dir, "log", "-n", strconv.Itoa(gitCommits), "--reverse", "--no-merges",
		"--no-renames", "--numstat", "-z", "--format="+gitFormat)
	out, err := cmd.Output()
	if err != nil {
		return nil, errNoGit // git says more on stderr than a demonstration needs: no git, no repository, no commit
	}
	h := &demoHistory{file: "files.ndjson", member: "lines", wrong: "No file has a negative number of lines.", repairs: "LinesCounted"}
	files, events := parseGitLog(string(out), h)
	if !h.plant(files) {
		return nil, errNoGit
	}
	h.intro = fmt.Sprintf("The git log of this repository as events: %s to %s in %s.",
		plural(events, "change", "changes"), plural(len(files), "file", "files"), plural(h.changing(), "commit", "commits"))
	return h, nil
}

// changing counts the commits with events.
func (h *demoHistory) changing() int {
	n := 0
	for i := range h.commits {
		if len(h.commits[i].events) > 0 {
			n++
		}
	}
	return n
}

// gitChange is what a commit did to a file.
type gitChange struct {
	Lines   int    `json:"lines"` // after it, as far as the log tells
	Added   int    `json:"added"`
	Deleted int    `json:"deleted"`
	Subject string `json:"subject"`
	Commit  string `json:"commit"`
}

// gitPlace is where a change to a file stands in the history.
type gitPlace struct {
	commit, event int
	change        gitChange
}

// parseGitLog adds the commits of a log to h, and returns the changes of each file and their number.
func parseGitLog(log string, h *demoHistory) (map[string][]gitPlace, int) {
	files := map[string][]gitPlace{}
	events := 0
	var header []string
	for part := range strings.SplitSeq(log, "\x00") {
		part = strings.TrimLeft(part, "\n")
		if line, ok := strings.CutPrefix(part, gitCommitMark); ok {
			header = strings.SplitN(line, gitFieldMark, gitHeaderParts)
			if !h.beginGitCommit(header) {
				header = nil
			}
			continue
		}
		if added, deleted, path, ok := parseNumstat(part); ok && header != nil && events < gitEvents {
			h.addGitChange(files, header, path, added, deleted)
			events++
		}
	}
	return files, events
}

func (h *demoHistory) beginGitCommit(header []string) bool {
	if len(header) != gitHeaderParts {
		return false
	}
	at, err := time.Parse(time.RFC3339, header[3])
	if err != nil {
		return false
	}
	h.commits = append(h.commits, demoCommit{key: "git:" + header[0], at: at})
	return true
}

// parseNumstat reads "added TAB deleted TAB path". Binary files have no numbers and are passed over.
func parseNumstat(s string) (added, deleted int, path string, ok bool) {
	parts := strings.SplitN(s, "\t", 3)
	if len(parts) != 3 {
		return 0, 0, "", false
	}
	added, err1 := strconv.Atoi(parts[0])
	deleted, err2 := strconv.Atoi(parts[1])
	return added, deleted, parts[2], err1 == nil && err2 == nil
}

// addGitChange adds an event to the last commit, unless no store could keep it.
func (h *demoHistory) addGitChange(files map[string][]gitPlace, header []string, path string, added, deleted int) {
	c := &h.commits[len(h.commits)-1]
	stream := "file-" + path
	past := files[stream]
	change := gitChange{Added: added, Deleted: deleted, Subject: header[4], Commit: header[0]}
	typ := "FileAdded"
	if len(past) > 0 {
		typ = "FileChanged"
		change.Lines = past[len(past)-1].change.Lines
	}
	change.Lines = max(change.Lines+added-deleted, 0) // the log may begin in the middle of the file's life
	event := demoEvent(stream, typ, header[1], change, "author:"+header[1])
	if at, err := time.Parse(time.RFC3339, header[2]); err == nil {
		event.EffectiveAt = at
	}
	if event.Validate() != nil {
		return
	}
	files[stream] = append(past, gitPlace{commit: len(h.commits) - 1, event: len(c.events), change: change})
	c.events = append(c.events, event)
}

// plainName matches the streams that can be written on a command line as they are.
var plainName = regexp.MustCompile(`^file-[A-Za-z0-9_][A-Za-z0-9._/-]*$`)

// plant takes lines away from the last versions of the file that changed most often. It returns false where no file
// changed often enough.
func (h *demoHistory) plant(files map[string][]gitPlace) bool {
	for name, places := range files {
		if !plainName.MatchString(name) || len(places) < gitLeast {
			continue
		}
		if best := len(files[h.target]); len(places) > best || len(places) == best && name < h.target {
			h.target = name
		}
	}
	if h.target == "" {
		return false
	}
	places := files[h.target]
	first := len(places) - gitWrong
	for _, p := range places[first:] {
		h.repair = fmt.Sprintf(`{"lines":%d}`, p.change.Lines)
		p.change.Lines -= gitLost
		h.commits[p.commit].events[p.event].Data = demoJSON(p.change)
	}
	h.planted = uint64(first) + 1
	h.before = h.commits[places[first-1].commit].at.UTC().Format(time.RFC3339)
	return true
}
