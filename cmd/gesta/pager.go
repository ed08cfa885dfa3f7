package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
)

// pager is a program that shows long output to a person.
type pager struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	direct io.Writer // where stdout went before
}

// page sends what is written to stdout from here on through a pager, where a person looks at it and wants one:
// the one of pagerChoice. "cat", or an empty one, is none.
func (e *env) page() error {
	if !e.stdoutTerminal || e.global.noPager || e.pager != nil || e.jsonMode() {
		return nil
	}
	command := e.pagerCommand()
	if command == "" || command == "cat" {
		return nil
	}
	if program := strings.Fields(command)[0]; isPlainWord(program) && !isProgram(program) {
		e.warn("there is no program %s to show this with; set PAGER, or use --no-pager", program)
		return nil
	}
	cmd := exec.Command("sh", "-c", command) //nolint:noctx // it ends when the person leaves it
	cmd.Stdout, cmd.Stderr = e.stdout, e.stderr
	cmd.Env = os.Environ()
	if e.getenv("LESS") == "" {
		cmd.Env = append(cmd.Env, "LESS=FRX") // leave at once what fits on the screen, show colours, keep the screen
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("open pager: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil //nolint:nilerr // without a shell there is no pager, and the output needs none
	}
	e.pager = &pager{cmd: cmd, in: in, direct: e.stdout}
	e.stdout = in
	return nil
}

func isProgram(name string) bool {
	_, err := exec.LookPath(name)
	return err == nil
}

// isPlainWord says whether the shell takes a word for what it is.
func isPlainWord(word string) bool { return !strings.ContainsAny(word, "$`'\"\\;&|(){}[]<>*?=~!#") }

func (e *env) pagerCommand() string {
	c, err := e.config()
	if err != nil {
		c = &config{} // a command that does not need the file was asked for, or it was told already
	}
	command, _ := e.pagerChoice(c)
	return command
}

// pagerChoice returns the pager and who says so: $GESTA_PAGER, else the config, else $PAGER, else less where there is one. A
// variable that is set and empty says that there is to be none.
func (e *env) pagerChoice(c *config) (command, from string) {
	if command, ok := e.lookup("GESTA_PAGER"); ok {
		return strings.TrimSpace(command), "GESTA_PAGER"
	}
	if c.pager.line != 0 {
		return c.pager.value, c.at(c.pager.line)
	}
	if command, ok := e.lookup("PAGER"); ok {
		return strings.TrimSpace(command), "PAGER"
	}
	if e.getenv("TERM") == "dumb" {
		return "", "default: the terminal is dumb"
	}
	if isProgram("less") {
		return "less", "default"
	}
	return "", "default: there is no less"
}

// closePager waits until the person has left the pager.
func (e *env) closePager() error {
	if e.pager == nil {
		return nil
	}
	// To the pager Ctrl-C says something of its own. Whoever pressed it twice must not be left with a pager whose terminal nobody gives back.
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	err := e.pager.in.Close()
	e.stdout = e.pager.direct
	waitErr := e.pager.cmd.Wait()
	var exit *exec.ExitError
	if errors.As(waitErr, &exit) || errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrClosed) {
		return nil // how a pager ends is the person's affair
	}
	if err != nil {
		return fmt.Errorf("close pager: %w", err)
	}
	return waitErr
}
