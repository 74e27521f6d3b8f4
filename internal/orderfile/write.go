package orderfile

import (
	"strconv"
	"time"

	"lapak/internal/order"
)

// Header is the first row of our own file.
func Header() []string {
	h := make([]string, len(Columns))
	for i, c := range Columns {
		h[i] = string(c)
	}
	return h
}

// Number reports whether a column of our own file holds numbers that we made,
// which are safe in a spreadsheet also with a minus.
func Number(column int) bool {
	switch Columns[column] {
	case Quantity, Price, Discount, Shipping, CODFee, UniqueNo, Total, Allowance, Paid, Refunded:
		return true
	}
	return false
}

// Rows writes a paper as rows of our own file. What names the paper stands on
// every row; what it has but once on the first alone, so that a column can be
// summed.
func Rows(p order.Past, zone *time.Location) ([][]string, error) {
	total, err := p.Total()
	if err != nil {
		return nil, err
	}
	rows := make([][]string, len(p.Lines))
	for i, l := range p.Lines {
		row := make([]string, len(Columns))
		for c, f := range Columns {
			row[c] = ofLine(p, l, f, zone)
			if i == 0 && row[c] == "" {
				row[c] = ofPaper(p, total, f, zone)
			}
		}
		rows[i] = row
	}
	return rows, nil
}

func ofLine(p order.Past, l order.PastLine, f Field, zone *time.Location) string {
	switch f {
	case Source:
		return p.Source
	case Outside:
		return p.Outside
	case Kind:
		return kindWords[p.Kind]
	case At:
		return showTime(p.At, zone)
	case Status:
		return stateWords[p.State]
	case SKU:
		return l.SKU
	case Title:
		return l.Title
	case Variant:
		return l.Variant
	case Unit:
		return l.Unit
	case Quantity:
		return strconv.FormatInt(l.Quantity, 10)
	case Price:
		return strconv.FormatInt(l.Price, 10)
	case LineAt:
		if !l.At.IsZero() && !l.At.Equal(p.At) {
			return showTime(l.At, zone)
		}
	}
	return ""
}

func ofPaper(p order.Past, total int64, f Field, zone *time.Location) string {
	sale := p.Kind == order.Sale
	n := func(v int64) string {
		if !sale {
			return ""
		}
		return strconv.FormatInt(v, 10)
	}
	switch f {
	case Discount:
		return n(p.Discount)
	case Shipping:
		return n(p.Shipping)
	case CODFee:
		return n(p.CODFee)
	case UniqueNo:
		return n(p.Code)
	case Total:
		return strconv.FormatInt(total, 10)
	case Allowance:
		return n(p.Allowance)
	case Paid:
		return n(p.Paid)
	case Refunded:
		return n(p.Refunded)
	case Way:
		return string(p.Way)
	case PayBy:
		return string(p.PayBy)
	case DoneAt:
		if p.DoneAt != nil {
			return showTime(*p.DoneAt, zone)
		}
	}
	return map[Field]string{
		Voucher: p.Voucher, Courier: p.Courier, Waybill: p.Waybill, Buyer: p.Buyer, Name: p.Name, Phone: p.Phone, Village: p.Village, Street: p.Street,
		Landmark: p.Landmark, City: p.City, Province: p.Province, Country: p.Country, Note: p.Note, Reason: p.Reason,
	}[f]
}
