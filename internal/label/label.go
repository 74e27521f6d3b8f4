// Package label draws the papers of parcels and goods as PDF, in black and
// white: shipping labels, product labels, picking lists and hand-over lists.
// It is pure: plain structs go in, pages come out.
package label

import (
	"context"
	"io"
	"time"

	"lapak/internal/fault"
)

// Faults of what is to be printed.
var (
	ErrSheet = fault.New(fault.Invalid, "label.sheet")
	ErrEmpty = fault.New(fault.Invalid, "label.empty")
	ErrMany  = fault.New(fault.Invalid, "label.many") // {0} the most in one file
)

// Max is how many labels, or lines of a list, go into one file.
const Max = 2_000

// Sheet is the paper that labels are printed on.
type Sheet string

// The sheets: the roll of a thermal printer (100 x 150 mm), A6, and A4 to be
// cut up.
const (
	Thermal Sheet = "thermal"
	A6      Sheet = "a6"
	A4      Sheet = "a4"
)

// Sheets lists the sheets, the usual one first.
var Sheets = []Sheet{Thermal, A6, A4}

// paper is the size of a sheet in millimetres.
type paper struct{ w, h float64 }

var papers = map[Sheet]paper{Thermal: {100, 150}, A6: {105, 148}, A4: {210, 297}}

// Party is one end of a parcel's way. Its texts are printed as they are given:
// who must not read a phone number in full gets it masked already.
type Party struct {
	Name, Phone string
	Street      string // street, house, RT/RW
	Area        string // village, district, regency, province
	Postcode    string
}

// Parcel is what a shipping label says.
type Parcel struct {
	Number            string // tracking number, also as bars
	Carrier, Service  string
	Sorting           string // the carrier's own code for its hubs; may be empty
	Sender, Recipient Party
	Landmark, Note    string
	Contents          string // may be empty
	COD               int64  // rupiah to collect; 0: nothing
	Grams             int64
	Piece, Pieces     int // this piece of how many
	Order             string
	Placed            time.Time
	From, Until       time.Time // the promised window; zero: none was promised
	Fragile           bool
	URL               string // page of its tracking, as QR; may be empty
}

// Labels writes a label for each parcel: one a page, or four on A4 with lines
// to cut along.
func Labels(ctx context.Context, w io.Writer, sheet Sheet, parcels []Parcel) error {
	pages, err := labels(ctx, sheet, parcels)
	if err != nil {
		return err
	}
	return pages.write(w, true)
}

func labels(ctx context.Context, sheet Sheet, parcels []Parcel) (book, error) {
	p, ok := papers[sheet]
	if !ok {
		return book{}, ErrSheet
	}
	if err := count(len(parcels)); err != nil {
		return book{}, err
	}
	g := grid{paper: p, cols: 1, rows: 1}
	pad := 4.0
	if sheet != Thermal {
		pad = 5 // office printers leave the edge white
	}
	if sheet == A4 {
		g.cols, g.rows = 2, 2
	}
	return g.fill(len(parcels), func(i int, cell area) []block {
		return parcels[i].layout(ctx, cell, pad)
	}), nil
}

func count(n int) error {
	if n == 0 {
		return ErrEmpty
	}
	if n > Max {
		return ErrMany.With(Max)
	}
	return nil
}
