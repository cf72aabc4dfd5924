package value

// Schema says what a value looks like. It is read from the JSON files beside a connector, which
// are JSON Schema with a few words of our own:
//
//	type         object, array, string, number, integer, boolean; a list of types is allowed
//	format       decimal: an exact number however the vendor writes it ("49.98");
//	             instant: a time; with x-zone when the text carries none; date: a calendar day
//	x-zone       the zone of texts without one: "Asia/Shanghai", "UTC"
//	title        the business name: "订单号"
//	enum         the values known today; another one is a drift
//	required     names that the target needs
//	readOnly     the target computes it: a mapping must not send it
//	x-personal   identifies a person
//	x-key        the object's own unique field
//	additionalProperties  false when the list of properties is complete (the default is true for
//	             sources, which grow fields, and false for targets)
//	patternProperties  one entry like "^F_": members of that prefix are an account's own fields,
//	             of any type, beside the listed ones
type Schema struct {
	Type       Kind   // Absent when any type may come
	Decimal    bool   // exact number however it is written
	Integer    bool   // Number without a fraction
	Zone       string // of an Instant whose text carries no zone
	Date       bool   // a calendar day, kept as text
	Title      string
	Doc        string
	Enum       []string
	Required   []string
	ReadOnly   bool
	Personal   bool
	Key        bool
	Open       bool              // an Object may have further members
	Prefix     string            // members whose name begins so are an account's own: any type
	Names      []string          // of an Object's members, in order
	Properties map[string]Schema // of an Object
	Items      *Schema           // of a List
}
