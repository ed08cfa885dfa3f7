// Package expr is the expression language of gesta: conditions on states and events, such as
//
//	state.due < 0 && event.type in ["PaymentTaken", "PaymentRefunded"]
//
// [Parse] reads a text once; [Expr.Refs] says what the expression looks at, so that a caller fetches that and nothing else;
// [Expr.Eval] takes these as JSON texts. Numbers never pass through a float64. An expression has no loops, no variables and no
// clock, and no value makes it fail: what makes no sense is null or false.
//
// # Operands
//
//   - A path begins with a root, a name that the caller gives: state.items[0].qty, state["odd name"], event.type. After a point
//     stands a name of letters, digits, _ and $; in brackets an index, or any name in quotes. An index and a name in digits
//     are the same. A path that leads nowhere is null. Names say what they say, however they were escaped.
//   - A literal is a JSON number, a text in "double" or 'single' quotes with the escapes of JSON (and \' in single quotes),
//     true, false, or null. A list of operands, [1, state.n], is a list.
//   - has(PATH) is true where there is something, be it null, and false where the path leads nowhere.
//   - matches(X, "RE") is true where X is a text in which the regular expression (RE2, as of package regexp) occurs.
//
// # Operators
//
// From the loosest to the tightest; those of one line have equal rank and go from left to right:
//
//	||
//	&&
//	==  !=  <  <=  >  >=  in  like      two of them in a row need parentheses
//	+  -
//	*  /
//	!  -                                before an operand
//
// What ! turns over stands in parentheses if any operator but && and || follows it: !(a == b), (!a) == b.
//
// # Rules
//
//   - Only true is true. &&, || and ! take everything else for false and give true or false; && and || stop at the first operand
//     that decides.
//   - == holds between values of the same type: numbers of the same decimal value (38.50 == 3850e-2), texts of the same
//     characters, lists with equal elements in the same order, objects with equal members in any order (of members with
//     the same name the last one counts), and null, also where it stands for nothing. != is the opposite.
//   - < <= > >= order two numbers by their decimal value, and two texts by the code points of their characters. Between any
//     other two values, null among them, all four are false.
//   - X in Y is true where Y is a list with an element equal to X. If Y is no list it is false.
//   - X like "PATTERN" is true where X is a text and all of it matches: * stands for any characters or none, ? for one
//     character, and a backslash takes the next character as it is. In quotes a backslash is written twice.
//   - + joins two texts. + - * / between two numbers calculate: exactly, but for a quotient, which has at most 34 significant digits
//     and is rounded half to even. Everything else is null: another type, a division by zero, a number that needs more than
//     10,000 digits when the points are aligned or a power of ten beyond a million million. -X is the negative of a number,
//     else null.
//   - Texts may hold halves of surrogate pairs (\ud800): each is a character of its own, and order and equality know it.
//     Regular expressions see three U+FFFD in its place.
//
// # Limits
//
// An expression has at most 64 KiB of UTF-8, and 1,000 parentheses, brackets, calls and signs within each other. Its regular
// expressions have 10,000 characters and signs in all when repeats are written out: x{500} has 500. What one evaluation makes anew
// (joined texts, lists of operands, results of arithmetic) has 16 MiB in all; what goes beyond is null. In JSON, what lies deeper
// than 10,000 levels is compared byte by byte.
package expr
