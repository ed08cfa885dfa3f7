package main

// painter colours text, or leaves it as it is.
type painter struct{ on bool }

// painter returns the painter for a stream, which terminal says a person looks at. --color beats NO_COLOR.
func (e *env) painter(terminal bool) painter {
	switch e.global.color {
	case "always":
		return painter{true}
	case "never":
		return painter{false}
	}
	return painter{terminal && e.getenv("NO_COLOR") == "" && e.getenv("TERM") != "dumb"}
}

func (p painter) paint(code, s string) string {
	if !p.on || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p painter) bold(s string) string   { return p.paint("1", s) }
func (p painter) dim(s string) string    { return p.paint("2", s) }
func (p painter) red(s string) string    { return p.paint("31", s) }
func (p painter) green(s string) string  { return p.paint("32", s) }
func (p painter) yellow(s string) string { return p.paint("33", s) }
func (p painter) cyan(s string) string   { return p.paint("36", s) }
