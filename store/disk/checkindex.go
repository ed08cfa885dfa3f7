package disk

import (
	"fmt"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// openIndex verifies the index files by themselves and gets ready to compare them with the log.
func (k *checker) openIndex() error {
	if err := k.s.openIndex(true); err != nil {
		return err
	}
	for _, p := range k.s.index.Problems() {
		k.indexProblem(p)
	}
	k.view = k.s.index.View()
	for _, f := range k.view.Files() {
		k.report.Files += 2 // with its places
		problems := len(k.report.Problems)
		if err := f.Verify(k.ctx, k.indexProblem); err != nil {
			return fmt.Errorf("verify index: %w", err)
		}
		if len(k.report.Problems) > problems {
			continue // what is in the file is not worth comparing
		}
		a, err := index.NewAudit(k.ctx, f, k.s.first(), k.indexProblem)
		if err != nil {
			return fmt.Errorf("compare index: %w", err)
		}
		if f.Start().Next < k.s.base().Next {
			a.Straddle()
		}
		k.audits = append(k.audits, audit{a, f})
	}
	return nil
}

// audit compares one index file.
type audit struct {
	*index.Audit
	file *index.File
}

func (k *checker) closeIndex() {
	if k.view != nil {
		k.view.Release()
	}
}

// indexProblem adds a problem of an index file; files are named relative to the store.
func (k *checker) indexProblem(p store.Problem) { k.problem(p) }

// auditEntry gives an event to those files that cover it.
func (k *checker) auditEntry(e *index.Entry) error {
	for _, a := range k.audits {
		if first, last := a.file.Range(); e.Position < first || e.Position > last {
			continue
		}
		if err := a.Add(e); err != nil {
			return fmt.Errorf("compare index: %w", err)
		}
	}
	return nil
}

// auditTracking gives a tracking to those files that cover its frame.
func (k *checker) auditTracking(f *segment.Frame, t *store.Tracking) {
	for _, a := range k.audits {
		if f.At >= a.file.Start().Next && f.At < a.file.End().Next {
			a.AddTracking(t.Source, t.Position)
		}
	}
}

// finishIndex reports what the index files have and the log has not, and the other way round.
func (k *checker) finishIndex() error {
	if k.gap { // what could not be read would be missed in the index
		return nil
	}
	for _, a := range k.audits {
		if err := a.Done(k.ctx); err != nil {
			return fmt.Errorf("compare index: %w", err)
		}
	}
	return nil
}
