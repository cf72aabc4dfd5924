package expr

// Difference is one place where an expression means something else here than in expr-lang. The
// list is what the documentation shows and what the test against expr-lang accepts; nothing else
// may differ.
type Difference struct {
	Topic string
	There string   // what expr-lang does
	Here  string   // what happens here
	Nodes []string // operators and functions that it concerns
}

// Differences is the whole list.
func Differences() []Difference {
	arithmetic := []string{"+", "-", "*", "/", "%", "**", "^", "sum", "mean", "median", "round", "abs", "reduce", "int", "float"}
	return []Difference{
		{
			"numbers", "binary floating point: 0.1 + 0.2 is 0.30000000000000004, and integers wrap around",
			"exact decimals of up to 1,000 digits; only a quotient is rounded, half to even, to 34 significant digits", arithmetic,
		},
		{"written numbers", "1e+06, and 2 where 2.0 was divided", "the digits as written while a number is only moved; plain digits once it was calculated", []string{"string", "toJSON", "text"}},
		{"division by zero", "x / 0 is +Inf, and x % 0 breaks off", "both are an error of the record", []string{"/", "%", "**", "^"}},
		{"powers", "2 ** 0.5 is 1.4142135623730951", "exponents are whole numbers", []string{"**", "^"}},
		{"whole indexes", "list[1.0] is cut to list[1]", "3 and 3.0 are the same whole number; 3.5 is an error", []string{"[]", "[:]", "..", "repeat", "take", "split", "splitAfter", "replace", "bitand", "bitor", "bitxor", "bitnand", "bitnot"}},
		{
			"null", "null + 1 and null < 1 are errors of Go types; string(null) is \"<nil>\"; a condition that is null breaks off", "an error that names the field; == and != with null are allowed, and so is null in a list",
			[]string{"null", "string", "toJSON", "join", "max", "min"},
		},
		{"absent", "a missing member is null", "absent is not null: it stays absent when moved, and is an error in an operator unless ??, ?., == null or filled() allow for it", []string{".", "[]", "?."}},
		{"mixed comparison", "1 == \"1\" is false", "comparing two kinds is an error; inside lists and objects it is a difference", []string{"==", "!=", "in", "<", "<=", ">", ">="}},
		{"text by characters", "len counts characters, but x[1:2] and indexOf count bytes", "all count characters", []string{"[:]", "indexOf", "lastIndexOf"}},
		{"order of members", "maps have no order: keys(x) is another list every time", "members keep the order in which they were written", []string{"keys", "values", "toPairs"}},
		{"names of members", "groupBy and fromPairs keep numbers as keys", "names of members are texts, as in JSON", []string{"groupBy", "fromPairs", "{}", "get"}},
		{"empty lists", "reduce, max and min of nothing are nil or an error", "max and min of nothing are null; reduce of nothing without a start is an error", []string{"reduce", "max", "min"}},
		{"spaced JSON", "toJSON puts every value on a line of its own", "toJSON writes no blanks", []string{"toJSON"}},
		{"time", "now(), and dates in the machine's zone", "run.time, and functions that name their zone", []string{"now", "date", "duration", "timezone", "instant", "day", "month", "format"}},
		{"findLast", "findLast and findLastIndex pass for truth values when an expression is checked, and leave one behind among the operands when it runs", "findLast is an item, findLastIndex a number", []string{"findLast", "findLastIndex"}},
		{"kinds", "type(x) is int, float, string, array, map, nil", "number, text, list, object, null, absent", []string{"type"}},
	}
}
