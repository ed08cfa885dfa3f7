package answers

import "github.com/gestadb/gesta/store"

// CheckDocument is the document of what was found when everything was read, beside its basis.
type CheckDocument struct {
	OK       bool           `json:"ok"`
	Events   uint64         `json:"events"`
	Files    int            `json:"files"`
	Problems []CheckProblem `json:"problems"`
}

// CheckProblem is one thing that is wrong.
type CheckProblem struct {
	Code     string         `json:"code"`
	File     string         `json:"file"`
	Offset   int64          `json:"offset"`
	Position store.Position `json:"position,omitempty"`
	Message  string         `json:"message"`
	Repaired bool           `json:"repaired,omitempty"`
}

// NewCheck returns the document.
func NewCheck(r *store.CheckReport) CheckDocument {
	doc := CheckDocument{OK: r.OK(), Events: r.Events, Files: r.Files, Problems: []CheckProblem{}}
	for _, p := range r.Problems {
		doc.Problems = append(doc.Problems, CheckProblem(p))
	}
	return doc
}
