package sheet

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/xuri/excelize/v2"
)

// spill is how large one sheet may be in memory; a larger one is unpacked to a
// temporary file while it is read.
const spill = 16 << 20

// xlsx reads the first sheet that has rows, or one called orders. Numbers come
// as the file keeps them, days and times as the serial numbers that Time reads.
func (r *Reader) xlsx(file io.ReaderAt, size int64) error {
	z, err := zip.NewReader(file, size)
	if err != nil {
		return ErrBroken
	}
	var unpacked uint64
	book := false
	for _, f := range z.File {
		unpacked += f.UncompressedSize64
		book = book || f.Name == "xl/workbook.xml"
	}
	switch {
	case !book:
		return ErrOld
	case len(z.File) > r.l.Entries || unpacked > uint64(r.l.Unpacked):
		return ErrLarge.With(r.l.Unpacked >> 20)
	}
	f, err := excelize.OpenReader(io.NewSectionReader(file, 0, size), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: max(r.l.Unpacked, spill), UnzipXMLSizeLimit: min(spill, r.l.Unpacked),
	})
	if err != nil {
		return ErrBroken
	}
	r.close = f.Close
	names := f.GetSheetList()
	if i := slices.Index(names, "orders"); i > 0 {
		names = slices.Insert(slices.Delete(names, i, i+1), 0, "orders")
	}
	for _, name := range names {
		rows, err := f.Rows(name)
		if err != nil {
			continue // a chart, not a table
		}
		if !rows.Next() {
			_ = rows.Close()
			continue
		}
		r.close = func() error { return errors.Join(rows.Close(), f.Close()) }
		first := true
		r.next = func() ([]string, error) {
			if !first && !rows.Next() {
				if err := rows.Error(); err != nil {
					return nil, ErrBroken
				}
				return nil, io.EOF
			}
			first = false
			cells, err := rows.Columns()
			if err != nil {
				return nil, ErrBroken
			}
			return cells, nil
		}
		return nil
	}
	return ErrEmpty
}

// xlsxWriter writes one sheet, row by row.
type xlsxWriter struct {
	to   io.Writer
	file *excelize.File
	s    *excelize.StreamWriter
	n    int
	bold int
}

func newXLSX(w io.Writer, name string) (*xlsxWriter, error) {
	f := excelize.NewFile()
	if err := f.SetSheetName("Sheet1", name); err != nil {
		return nil, errors.Join(fmt.Errorf("name sheet: %w", err), f.Close())
	}
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("style: %w", err), f.Close())
	}
	s, err := f.NewStreamWriter(name)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("write sheet: %w", err), f.Close())
	}
	if err := s.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return nil, errors.Join(fmt.Errorf("freeze header: %w", err), f.Close())
	}
	return &xlsxWriter{to: w, file: f, s: s, bold: bold}, nil
}

func (x *xlsxWriter) write(cells []cell) error {
	x.n++
	at, err := excelize.CoordinatesToCellName(1, x.n)
	if err != nil {
		return fmt.Errorf("row %d: %w", x.n, err)
	}
	row := make([]any, len(cells))
	for i, c := range cells {
		switch {
		case x.n == 1:
			row[i] = excelize.Cell{StyleID: x.bold, Value: c.text}
		case c.number:
			row[i] = c.value
		case c.text != "":
			row[i] = c.text
		}
	}
	return x.s.SetRow(at, row)
}

func (x *xlsxWriter) end() error {
	err := x.s.Flush()
	if err == nil {
		err = x.file.Write(x.to)
	}
	return errors.Join(err, x.file.Close())
}
