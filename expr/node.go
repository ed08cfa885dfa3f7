package expr

import "regexp"

// node is a part of an expression.
type node struct {
	op          op
	left, right *node          // of operators; functions have their first operand on the left
	list        []*node        // of opList
	value       Value          // of opValue, and of the literal to the right of like and matches
	ref         int            // of opRef and opHas: which of the refs
	pattern     pattern        // of opLike
	regexp      *regexp.Regexp // of opMatches
}

type op uint8

const (
	opValue op = iota
	opRef
	opList
	opHas
	opMatches
	opOr
	opAnd
	opNot
	opEqual
	opUnequal
	opLess
	opLessEqual
	opGreater
	opGreaterEqual
	opIn
	opLike
	opAdd
	opSub
	opMul
	opQuo
	opNeg
)

// rank says how tight an operator binds.
type rank uint8

const (
	rankOr rank = iota
	rankAnd
	rankNot
	rankCompare
	rankSum
	rankProduct
	rankNeg
	rankOperand
)

// binary lists the operators between two operands.
var binary = map[string]struct {
	op   op
	rank rank
}{
	"||":   {opOr, rankOr},
	"&&":   {opAnd, rankAnd},
	"==":   {opEqual, rankCompare},
	"!=":   {opUnequal, rankCompare},
	"<":    {opLess, rankCompare},
	"<=":   {opLessEqual, rankCompare},
	">":    {opGreater, rankCompare},
	">=":   {opGreaterEqual, rankCompare},
	"in":   {opIn, rankCompare},
	"like": {opLike, rankCompare},
	"+":    {opAdd, rankSum},
	"-":    {opSub, rankSum},
	"*":    {opMul, rankProduct},
	"/":    {opQuo, rankProduct},
}
