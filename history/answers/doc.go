// Package answers holds the questions that every face of gesta asks of history, and the documents that answer them: the command line with
// --json and the server give the same ones, byte for byte.
//
// A face reads what it was asked with into an [Asked], and makes a [Question] of it and a store with [Ask]. The question looks up addresses
// and folds states; functions whose names begin with Append write the parts of documents. What a face adds, how it shows an answer to people,
// what it bounds and whom it lets ask, is its own.
//
// A store may show its caller less than it holds. What folds or counts events asks first, see [store.MayRead], since reads leave out without a word: the question
// does before what it folds and counts itself, and a face that folds or counts calls [Question.MayFold] or [Question.MayCount].
package answers
