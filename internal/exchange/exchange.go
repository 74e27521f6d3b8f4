// Package exchange takes tables in and gives them out: products, stock,
// customers and orders, as CSV, XLSX or vCards.
//
// A file is taken in by three steps. It is uploaded and kept in the database,
// where every server finds it; its columns are mapped to fields, guessed from
// their names and from what was chosen last time; every row is checked against
// the shop; and then the good ones go in, while the bad ones come back as a file
// with the reason beside each. Checking and taking in are jobs that read the
// file row by row, so that a large file needs no more memory than a small one;
// each batch is one transaction with the count of what is done, so that a
// crash takes nothing in twice. The same file again changes nothing.
//
// What a file is about is a Kind. A kind names its fields, says which rows
// belong together, reads them without looking at the database (Read, which is
// pure), and judges and takes in what was read (Session). Who adds a kind gives
// it to New; pages, jobs, mapping and the file of bad rows come with it.
package exchange

import (
	"context"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/sheet"
)

// Faults of taking in and giving out.
var (
	ErrNotFound = fault.New(fault.NotFound, "exchange.not_found")
	ErrKind     = fault.New(fault.Invalid, "exchange.kind")    // no such kind
	ErrState    = fault.New(fault.Conflict, "exchange.state")  // not now
	ErrMissing  = fault.New(fault.Invalid, "exchange.missing") // a needed field has no column
	ErrTwice    = fault.New(fault.Invalid, "exchange.twice")   // two fields have one column
	ErrHeader   = fault.New(fault.Invalid, "exchange.header")  // no row of names was found
	ErrBusy     = fault.New(fault.Conflict, "exchange.busy")   // another file is at work
	ErrExports  = fault.New(fault.TooMany, "exchange.exports") // {0} minutes
)

// Field is something that a column may hold.
type Field struct {
	Key     string
	Needed  bool
	Number  bool     // what is in it tells how the file writes numbers
	Time    bool     // ... and days
	Exact   bool     // blanks around what is in it are part of it
	Aliases []string // names of columns, without regard to case and signs; the first is that of our own files
}

// Cells is one row, by field.
type Cells struct {
	Line   int // of the file, from 1
	values []string
	at     map[string]int
}

// Get is what stands in a field; empty if the file has no column for it.
func (c Cells) Get(field string) string {
	n, ok := c.at[field]
	if !ok || n >= len(c.values) {
		return ""
	}
	return c.values[n]
}

// Has reports whether the file has a column for the field.
func (c Cells) Has(field string) bool { _, ok := c.at[field]; return ok }

// NewCells makes a row for the test of a kind.
func NewCells(line int, values map[string]string) Cells {
	c := Cells{Line: line, at: map[string]int{}}
	for k, v := range values {
		c.at[k] = len(c.values)
		c.values = append(c.values, v)
	}
	return c
}

// Group is the rows that are about one thing.
type Group struct {
	Rows []Cells
	Late bool // it comes too far behind the other rows of its thing (see Gatherer)
	Long bool // there are more rows than one thing may have
}

// How is what reading needs to know of a file.
type How struct {
	Numbers sheet.Numbers
	Days    sheet.Days
	Factor  int64 // what sums of money are multiplied by; 1 but for files in another unit
	Source  string
	Format  string // as a Former tells it
	Zone    *time.Location
}

// Problem is what is wrong with a row. Its fault is told in the reader's language.
type Problem struct {
	Line  int
	Field string
	Fault *fault.Error
}

// Act is what taking a thing in does.
type Act string

// The acts.
const (
	Fresh   Act = "new"
	Changed Act = "changed"
	Same    Act = "same"
	Bad     Act = "bad"
)

// Verdict is what was or would be done with a thing; Fault says why it is Bad.
type Verdict struct {
	Act   Act
	Fault *fault.Error
}

// Kind is a sort of file.
type Kind interface {
	// Name is its word in addresses, such as "produk".
	Name() string
	// Verb is what who takes it in must be allowed.
	Verb() authz.Verb
	Fields() []Field
	// Key tells which rows, one after another, are about one thing: those with
	// equal keys. A row with an empty key stands alone.
	Key(c Cells) string
	// Read makes of rows what is taken in, or says what is wrong with them. It
	// is pure.
	Read(h How, g Group) (thing any, problems []Problem)
	// Begin readies the taking in of many things: it reads what they are judged against.
	Begin(ctx context.Context, sc authz.Scope, h How) (Session, error)
}

// Filler is a Kind some of whose files leave cells blank that repeat those above.
type Filler interface {
	// Fill lists the fields of c that are taken over from the row above.
	Fill(above, c Cells) []string
}

// Gatherer is a Kind of which the rows of one thing need not follow each other.
type Gatherer interface {
	// Window is more than how many other things may begin between a thing's first row and its last.
	Window() int
}

// Former is a Kind that knows the files of other programs by their names of columns.
type Former interface {
	// Form tells the format of a file and where its fields are; ok is false if it knows none.
	Form(header []string) (format string, m Mapping, ok bool)
	// As is the kind of files of a format; empty if none was known.
	As(format string) Kind
}

// Session judges things and takes them in. Both return a verdict for each.
// Take runs in one transaction with the caller's count of what is done; after
// an error the session is thrown away.
type Session interface {
	Judge(ctx context.Context, things []any) ([]Verdict, error)
	Take(ctx context.Context, things []any) ([]Verdict, error)
}

// Yes reads a cell that says yes or no; ok is false for anything else.
func Yes(s string) (yes, ok bool) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "ya", "y", "yes", "true", "1", "iya", "ada", "aktif", "active":
		return true, true
	case "tidak", "t", "no", "n", "false", "0", "bukan", "nonaktif", "inactive":
		return false, true
	}
	return false, false
}

// Masked reports whether a marketplace hid what is in a cell.
func Masked(s string) bool { return strings.Contains(s, "**") }
