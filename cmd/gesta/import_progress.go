package main

import (
	"io"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress shows people one bar after the other, on a terminal alone. It is used by one goroutine.
type progress struct {
	out  io.Writer // nil where nobody looks
	bars *mpb.Progress
	bar  *mpb.Bar
}

func (e *env) newProgress() *progress {
	if !e.stderrTerminal || e.global.quiet {
		return &progress{}
	}
	return &progress{out: e.stderr}
}

// start begins a bar that is full at total, after ending the one before, and returns what moves it. A total of 0 is not
// known.
func (p *progress) start(what string, total int64) (report func(int64)) {
	p.close()
	if p.out == nil {
		return func(int64) {}
	}
	p.bars = mpb.New(mpb.WithOutput(p.out), mpb.WithWidth(50), mpb.WithAutoRefresh())
	p.bar = p.bars.AddBar(total, mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name(what, decor.WC{C: decor.DindentRight, W: 8})),
		mpb.AppendDecorators(decor.Percentage(decor.WC{W: 5}), decor.AverageETA(decor.ET_STYLE_GO, decor.WC{W: 8})))
	return p.bar.SetCurrent
}

// pause takes the bar away, for good, and calls f, which writes to the terminal.
func (p *progress) pause(f func()) {
	p.close()
	f()
}

// close takes the bar away.
func (p *progress) close() {
	if p.bars == nil {
		return
	}
	p.bar.Abort(true)
	p.bars.Wait()
	p.bars, p.bar = nil, nil
}
