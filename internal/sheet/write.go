package sheet

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"lapak/internal/fault"
	"lapak/internal/phone"
)

// ErrFormat is for a format that nothing is written in.
var ErrFormat = fault.New(fault.Invalid, "sheet.format")

// Writer writes a table that is safe to open in a spreadsheet: no cell of it
// is a formula, and phone numbers keep their zero.
type Writer struct {
	form rowWriter
	row  []cell
}

type rowWriter interface {
	write([]cell) error
	end() error
}

type cell struct {
	text   string
	number bool
	value  int64
}

// NewWriter begins a table with its header. name is that of the sheet, in XLSX.
// End must be called.
func NewWriter(w io.Writer, f Format, name string, header ...string) (*Writer, error) {
	out := &Writer{}
	switch f {
	case CSV:
		if _, err := io.WriteString(w, "\ufeff"); err != nil { // so that spreadsheets read UTF-8
			return nil, fmt.Errorf("write table: %w", err)
		}
		out.form = csvWriter{csv.NewWriter(w)}
	case XLSX:
		x, err := newXLSX(w, name)
		if err != nil {
			return nil, err
		}
		out.form = x
	default:
		return nil, ErrFormat
	}
	cells := make([]any, len(header))
	for i, h := range header {
		cells[i] = h
	}
	return out, out.Row(cells...)
}

// Row writes a row. A string is text, an int64 or int a number, a *int64 a
// number or nothing, a phone.Number is written as people dial it.
func (w *Writer) Row(cells ...any) error {
	w.row = w.row[:0]
	for _, c := range cells {
		switch v := c.(type) {
		case string:
			w.row = append(w.row, cell{text: Guard(v)})
		case int64:
			w.row = append(w.row, cell{strconv.FormatInt(v, 10), true, v})
		case int:
			w.row = append(w.row, cell{strconv.Itoa(v), true, int64(v)})
		case *int64:
			if v == nil {
				w.row = append(w.row, cell{})
			} else {
				w.row = append(w.row, cell{strconv.FormatInt(*v, 10), true, *v})
			}
		case phone.Number:
			w.row = append(w.row, cell{text: Guard(v.Local())})
		default:
			return fmt.Errorf("sheet: no cell is made of a %T", c)
		}
	}
	return w.form.write(w.row)
}

// End finishes the file.
func (w *Writer) End() error { return w.form.end() }

type csvWriter struct{ *csv.Writer }

func (c csvWriter) write(cells []cell) error {
	row := make([]string, len(cells))
	for i, v := range cells {
		row[i] = v.text
	}
	return c.Write(row)
}

func (c csvWriter) end() error {
	c.Flush()
	return c.Error()
}

// active are the signs by which a spreadsheet takes a text for a formula.
const active = "=+-@\t\r"

// Guard puts an apostrophe before a text that a spreadsheet would take for a
// formula. Reading takes it away again, so that nothing changes on the way.
func Guard(s string) string {
	if bare := strings.TrimLeft(s, "'"); bare != "" && strings.IndexByte(active, bare[0]) >= 0 {
		return "'" + s
	}
	return s
}

func unguard(s string) string {
	if !strings.HasPrefix(s, "'") {
		return s
	}
	if bare := strings.TrimLeft(s, "'"); bare != "" && strings.IndexByte(active, bare[0]) >= 0 {
		return s[1:]
	}
	return s
}
