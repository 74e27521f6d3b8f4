// Package sheet reads and writes the tables that people keep in files: CSV in
// its many dialects, XLSX, and vCards, which become rows too. It is pure: what
// comes in is a reader of bytes, what goes out is rows, one after another, in
// little memory. What the columns mean is package exchange's business.
package sheet

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"lapak/internal/fault"
)

// Faults of files.
var (
	ErrEmpty   = fault.New(fault.Invalid, "sheet.empty")
	ErrBroken  = fault.New(fault.Invalid, "sheet.broken")  // not a table, or damaged
	ErrOld     = fault.New(fault.Invalid, "sheet.old")     // XLS, ODS, PDF and others: save as XLSX or CSV
	ErrLarge   = fault.New(fault.Invalid, "sheet.large")   // more than {0} MiB
	ErrRows    = fault.New(fault.Invalid, "sheet.rows")    // more than {0} rows
	ErrColumns = fault.New(fault.Invalid, "sheet.columns") // more than {0} columns
	ErrCell    = fault.New(fault.Invalid, "sheet.cell")    // more than {0} KiB in a cell, in row {1}
)

// Limits bound what is read. Bytes are those of the file, Unpacked those of an
// XLSX when it is opened; Cell is in bytes.
type Limits struct {
	Bytes, Unpacked      int64
	Rows, Columns, Cell  int
	Entries              int // files inside an XLSX
	CardBytes, CardCount int
}

// The limits of the security guide: what a page reads at once, and what is
// streamed by a job.
var (
	OnPage = Limits{Bytes: 5 << 20, Unpacked: 32 << 20, Rows: 20_000, Columns: 100, Cell: 32 << 10, Entries: 200, CardBytes: 1 << 20, CardCount: 5_000}
	InJob  = Limits{Bytes: 128 << 20, Unpacked: 512 << 20, Rows: 2_000_000, Columns: 100, Cell: 32 << 10, Entries: 200, CardBytes: 1 << 20, CardCount: 5_000}
)

// Row is one row of a file. Line counts rows from 1 as a spreadsheet does, the
// header included; cells are trimmed and hold no control characters.
type Row struct {
	Line  int
	Cells []string
}

// At is the cell of a column; empty if the row is shorter or n is below zero.
func (r Row) At(n int) string {
	if n < 0 || n >= len(r.Cells) {
		return ""
	}
	return r.Cells[n]
}

// Blank reports whether the row says nothing.
func (r Row) Blank() bool {
	for _, c := range r.Cells {
		if c != "" {
			return false
		}
	}
	return true
}

// Format is the kind of a file, by its content.
type Format string

// The formats.
const (
	CSV   Format = "csv"
	XLSX  Format = "xlsx"
	VCard Format = "vcard"
)

// Reader gives the rows of a file in their order, io.EOF after the last; rows
// that say nothing are passed over.
type Reader struct {
	Format Format
	// Exact are the columns in which blanks around a text are part of it. Set it before the first Next.
	Exact map[int]bool

	next  func() ([]string, error)
	close func() error
	line  int
	rows  int
	l     Limits
	ahead []Row
}

// Open looks what a file is and begins to read it. The file's name is not
// looked at. Close the reader.
func Open(ctx context.Context, file io.ReaderAt, size int64, l Limits) (*Reader, error) {
	if size == 0 {
		return nil, ErrEmpty
	}
	if size > l.Bytes {
		return nil, ErrLarge.With(l.Bytes >> 20)
	}
	head := make([]byte, min(size, 64<<10))
	if _, err := file.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read file: %w", err)
	}
	r := &Reader{l: l, close: func() error { return nil }}
	var err error
	switch body := io.NewSectionReader(file, 0, size); {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		r.Format = XLSX
		err = r.xlsx(file, size)
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0")), bytes.HasPrefix(head, []byte("%PDF")), bytes.HasPrefix(head, []byte("{\\rtf")):
		err = ErrOld
	case isCards(head):
		r.Format = VCard
		err = r.cards(body, size)
	default:
		r.Format = CSV
		err = r.csv(body, head)
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	next := r.next
	r.next = func() ([]string, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return next()
	}
	return r, nil
}

// Close gives back what reading took.
func (r *Reader) Close() error { return r.close() }

// Peek returns the next n rows, or fewer if the file ends, without taking them.
func (r *Reader) Peek(n int) ([]Row, error) {
	for len(r.ahead) < n {
		row, err := r.read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		r.ahead = append(r.ahead, row)
	}
	return r.ahead[:min(n, len(r.ahead))], nil
}

// Next returns the next row; io.EOF after the last. The row is the caller's.
func (r *Reader) Next() (Row, error) {
	if len(r.ahead) > 0 {
		row := r.ahead[0]
		r.ahead = r.ahead[1:]
		return row, nil
	}
	return r.read()
}

func (r *Reader) read() (Row, error) {
	for {
		cells, err := r.next()
		if err != nil {
			return Row{}, err
		}
		r.line++
		row := Row{Line: r.line, Cells: make([]string, 0, len(cells))}
		for n, c := range cells {
			if len(c) > r.l.Cell {
				return Row{}, ErrCell.With(r.l.Cell>>10, r.line)
			}
			if r.Exact[n] {
				row.Cells = append(row.Cells, exact(c))
			} else {
				row.Cells = append(row.Cells, Tidy(c))
			}
		}
		for len(row.Cells) > 0 && strings.TrimSpace(row.Cells[len(row.Cells)-1]) == "" {
			row.Cells = row.Cells[:len(row.Cells)-1]
		}
		if len(row.Cells) > r.l.Columns {
			return Row{}, ErrColumns.With(r.l.Columns)
		}
		if len(row.Cells) == 0 {
			continue
		}
		if r.rows++; r.rows > r.l.Rows+1 { // and a header
			return Row{}, ErrRows.With(r.l.Rows)
		}
		return row, nil
	}
}

// Tidy trims a cell, takes the guard of an inactive cell away (see Guard), and
// drops what is no text: control and direction-changing characters, and the
// tab that marketplaces put behind ids. Line breaks stay.
func Tidy(s string) string {
	if plain(s) {
		return s
	}
	return unguard(strings.TrimSpace(text(s)))
}

// exact tidies a cell and leaves the blanks around it.
func exact(s string) string {
	if plain(s) {
		return s
	}
	return unguard(text(strings.TrimRight(s, "\t\r\n")))
}

// text drops what is no text.
func text(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\n':
			return c
		case c == '\t', c == '\u00a0', c == '\u202f':
			return ' '
		case c < ' ', c >= 0x7f && c < 0xa0, c == utf8.RuneError, c == '\ufeff', c == '\u200b', c >= '\u202a' && c <= '\u202e', c >= '\u2066' && c <= '\u2069', c == '\u200e', c == '\u200f':
			return -1
		}
		return c
	}, strings.ReplaceAll(s, "\r\n", "\n"))
}

// plain reports whether a cell needs no tidying.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' {
			return false
		}
	}
	return s == "" || s[0] != ' ' && s[0] != '\'' && s[len(s)-1] != ' '
}

// csv reads comma-separated values, or those with semicolons, tabs or bars.
func (r *Reader) csv(body io.Reader, head []byte) error {
	var text io.Reader
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		text = transform.NewReader(body, unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder())
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		text = skip(body, 3)
	case !utf8.Valid(trimRune(head)):
		text = transform.NewReader(body, charmap.Windows1252.NewDecoder()) // what old spreadsheets save
	case bytes.IndexByte(head, 0) >= 0:
		return ErrBroken
	default:
		text = body
	}
	g := &guarded{r: text, most: int64(r.l.Columns*64 + r.l.Cell*4 + 128<<10)}
	b := bufio.NewReaderSize(g, 64<<10)
	start, err := b.Peek(64 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read file: %w", err)
	}
	c := csv.NewReader(b)
	c.Comma, c.FieldsPerRecord, c.LazyQuotes, c.ReuseRecord = delimiter(start), -1, true, true
	last := 0 // where the row before ended
	r.next = func() ([]string, error) {
		cells, err := c.Read()
		if len(cells) > 0 {
			// The reader leaves empty lines out, which a spreadsheet counts.
			from, _ := c.FieldPos(0)
			to, _ := c.FieldPos(len(cells) - 1)
			r.line += from - last - 1
			last = to + strings.Count(cells[len(cells)-1], "\n")
		}
		g.done = c.InputOffset()
		var bad *csv.ParseError
		switch {
		case errors.Is(err, errLongRecord):
			return nil, ErrCell.With(r.l.Cell>>10, r.line+1)
		case errors.As(err, &bad):
			return nil, ErrBroken
		}
		return cells, err
	}
	return nil
}

func skip(r io.Reader, n int64) io.Reader {
	_, _ = io.CopyN(io.Discard, r, n)
	return r
}

// trimRune cuts a character off that the end of head may have split.
func trimRune(head []byte) []byte {
	for i := 1; i <= utf8.UTFMax && i <= len(head); i++ {
		if utf8.RuneStart(head[len(head)-i]) {
			if !utf8.FullRune(head[len(head)-i:]) {
				return head[:len(head)-i]
			}
			break
		}
	}
	return head
}

var errLongRecord = errors.New("sheet: a record without an end")

// guarded stops a record that does not end from filling the memory.
type guarded struct {
	r          io.Reader
	read, done int64 // bytes read; bytes of whole records
	most       int64
}

func (g *guarded) Read(p []byte) (int, error) {
	if g.read-g.done > g.most {
		return 0, errLongRecord
	}
	n, err := g.r.Read(p)
	g.read += int64(n)
	return n, err
}

// delimiter guesses what stands between cells: the sign that parts the first
// lines into the most columns.
func delimiter(start []byte) rune {
	best, most := ',', 0
	for _, d := range []byte{',', ';', '\t', '|'} {
		n, quoted, lines := 0, false, 0
		for _, c := range start {
			switch {
			case c == '"':
				quoted = !quoted
			case c == '\n' && !quoted:
				lines++
			case c == d && !quoted:
				n++
			}
			if lines == 5 {
				break
			}
		}
		if n > most {
			best, most = rune(d), n
		}
	}
	return best
}
