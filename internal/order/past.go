package order

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/money"
	"lapak/internal/payment"
)

// Faults of what is imported.
var (
	ErrPastSum  = fault.New(fault.Invalid, "order.past_sum")  // {0} the total in the file {1} the sum of its parts
	ErrPastSign = fault.New(fault.Invalid, "order.past_sign") // a sale with a quantity or price below zero
	ErrPastKind = fault.New(fault.Conflict, "order.past_kind")
)

// Kind is what a paper of the books is.
type Kind string

// The kinds. Only a sale is an order; the others stand for themselves.
const (
	Sale     Kind = "sale"
	Return   Kind = "return"    // goods or money came back: a credit note
	WriteOff Kind = "write_off" // goods are gone: broken, lost, counted anew
	BadDebt  Kind = "bad_debt"  // money owed is given up
)

// Kinds lists them.
var Kinds = []Kind{Sale, Return, WriteOff, BadDebt}

// Channels of orders that were imported. File is any other source.
const (
	Shopee    Channel = "shopee"
	Tokopedia Channel = "tokopedia"
	TikTok    Channel = "tiktok"
	File      Channel = "file"
)

// Past reports whether the order was made elsewhere and imported: its file
// moves it on, not the shop's people.
func (c Channel) Past() bool { return c == Shopee || c == Tokopedia || c == TikTok || c == File }

// channelOf is the channel of a source.
func channelOf(source string) Channel {
	if c := Channel(source); c.Past() {
		return c
	}
	return File
}

// marketplaces name buyers by their own user names, which are no customers of
// the shop.
func marketplace(source string) bool { return channelOf(source) != File }

// Limits of what is imported.
const (
	MaxPastLines  = 2_000
	MaxOutside    = 80
	maxPastText   = 500
	maxPastAmount = 1_000_000_000_000
)

// Past is an order, or another paper of the books, that was made elsewhere.
// Source and Outside name it: a second Past of the same names is the same paper.
type Past struct {
	Source  string
	Outside string
	Kind    Kind
	At      time.Time
	State   State // of a sale

	Buyer string // what the source calls the buyer
	Name  string
	Phone string // +62…, or empty
	Way   Way
	PayBy payment.Method

	Village, Street, Landmark string
	City, Province, Country   string
	Courier, Waybill          string
	Note, Reason, Voucher     string

	Discount, Shipping, CODFee, Code int64
	Allowance, Paid, Refunded        int64

	DoneAt *time.Time
	Lines  []PastLine
}

// PastLine is a line of a paper. At is zero unless it differs from the paper's.
type PastLine struct {
	SKU      string
	Title    string
	Variant  string
	Unit     string
	Quantity int64
	Price    int64
	At       time.Time
}

// Goods is the sum of the lines.
func (p Past) Goods() (sum int64, err error) {
	for _, l := range p.Lines {
		q, sign := l.Quantity, int64(1)
		price := l.Price
		if q < 0 {
			q, sign = -q, -sign
		}
		if price < 0 {
			price, sign = -price, -sign
		}
		m, err := money.Mul(q, price)
		if err != nil {
			return 0, err
		}
		if sum, err = money.Add(sum, sign*m); err != nil {
			return 0, err
		}
	}
	return sum, nil
}

// Total is what the paper comes to.
func (p Past) Total() (int64, error) {
	goods, err := p.Goods()
	return goods - p.Discount + p.Shipping + p.CODFee + p.Code, err
}

// Pieces counts what was sold, or came back if below zero.
func (p Past) Pieces() (n int64) {
	for _, l := range p.Lines {
		n += l.Quantity
	}
	return n
}

// Validate reports every field that is wrong.
func (p Past) Validate() error {
	var f fault.Fields
	f.Check(p.Source != "" && utf8.RuneCountInString(p.Source) <= 40, "source", "form.required")
	f.Check(p.Outside != "", "number", "form.required")
	f.Check(utf8.RuneCountInString(p.Outside) <= MaxOutside, "number", "form.too_long", MaxOutside)
	f.Check(slices.Contains(Kinds, p.Kind), "kind", "form.choose")
	f.Check(!p.At.IsZero() && p.At.Year() >= 1970 && p.At.Year() < 2200, "at", "form.required")
	f.Check(len(p.Lines) > 0, "lines", "order.empty")
	f.Check(len(p.Lines) <= MaxPastLines, "lines", "order.many_lines", MaxPastLines)
	for _, s := range []string{p.Buyer, p.Name, p.Street, p.Landmark, p.City, p.Province, p.Country, p.Courier, p.Waybill, p.Note, p.Reason, p.Voucher, p.Village} {
		f.Check(utf8.RuneCountInString(s) <= maxPastText, "note", "form.too_long", maxPastText)
	}
	for _, l := range p.Lines {
		f.Check(l.Quantity != 0, "quantity", "form.positive")
		f.Check(utf8.RuneCountInString(l.Title) <= maxPastText, "title", "form.too_long", maxPastText)
		f.Check(p.Kind != Sale || l.Quantity > 0 && l.Price >= 0, "quantity", "order.past_sign")
		f.Check(max(l.Quantity, -l.Quantity) <= 1_000_000_000 && max(l.Price, -l.Price) <= maxPastAmount, "price", "money.too_large")
	}
	for _, n := range []int64{p.Discount, p.Shipping, p.CODFee, p.Code, p.Allowance, p.Paid, p.Refunded} {
		f.Check(n >= 0 && n <= maxPastAmount, "total", "money.too_large")
	}
	total, err := p.Total()
	f.Check(err == nil, "total", "money.too_large")
	if p.Kind == Sale {
		f.Check(slices.Contains(States, p.State), "state", "form.choose")
		f.Check(total >= 0, "total", "order.past_sign")
		f.Check(p.Paid >= p.Refunded, "paid", "order.past_sign")
	} else {
		none := p.Discount == 0 && p.Shipping == 0 && p.CODFee == 0 && p.Code == 0 && p.Allowance == 0 && p.Paid == 0 && p.Refunded == 0
		f.Check(none, "total", "order.past_sign")
	}
	return f.Err()
}

// mark is what a paper is found again by.
func (p Past) mark() id.ID {
	h := sha256.Sum256([]byte(p.Source + "\x00" + p.Outside))
	return id.ID(h[:16])
}

// name is the paper's id: the same in every shop, in the order of time.
func (p Past) name() id.ID {
	m := p.mark()
	return id.Seeded(p.At, binary.BigEndian.Uint64(m[:8]))
}

// hash tells whether a file says the same as before.
// The person is left out: a later file never changes who bought.
func (p Past) hash() string {
	p.At = p.At.UTC()
	p.Buyer, p.Name, p.Phone, p.Village, p.Street, p.Landmark, p.City, p.Note = "", "", "", "", "", "", "", ""
	if p.Kind != Sale {
		p.State, p.Way, p.PayBy, p.DoneAt, p.Reason, p.Voucher = "", "", "", nil, "", ""
	} else if p.State.Over() {
		at := p.At
		if p.DoneAt != nil {
			at = p.DoneAt.UTC()
		}
		p.DoneAt = &at
	} else {
		p.DoneAt = nil
	}
	p.Lines = slices.Clone(p.Lines)
	for i, l := range p.Lines {
		if l.At.Equal(p.At) {
			l.At = time.Time{}
		}
		l.At = l.At.UTC()
		p.Lines[i] = l
	}
	b, err := json.Marshal(p)
	if err != nil {
		panic(err) // a plain struct of ours
	}
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// far is how far along an order is: a file never takes one back.
func (s State) far() int {
	switch s {
	case Placed:
		return 0
	case Accepted:
		return 1
	case Packed:
		return 2
	case Sent, Failed:
		return 3
	case Done:
		return 4
	}
	return 5
}

// order makes the order of a sale, as it stands after all that the file says.
func (p Past) order(shop id.ID) Order {
	goods, _ := p.Goods()
	total, _ := p.Total()
	o := Order{
		ID: p.name(), Business: shop, Revision: 1, Channel: channelOf(p.Source), State: p.State, Way: p.Way, PayBy: p.PayBy, Name: p.Name, Phone: p.Phone,
		Village: p.Village, Street: p.Street, Landmark: p.Landmark, Note: p.Note, Goods: goods, Discount: p.Discount, Shipping: p.Shipping,
		CODFee: p.CODFee, Code: p.Code, Total: total, Paid: p.Paid, Refunded: p.Refunded, Allowance: p.Allowance, Voucher: p.Voucher, Reason: p.Reason,
		Pieces: p.Pieces(), PlacedAt: p.At, ChangedAt: p.At,
	}
	for _, l := range p.Lines {
		o.Lines = append(o.Lines, Line{Title: l.Title, VariantName: l.Variant, SKU: l.SKU, Unit: l.Unit, Price: l.Price, Quantity: l.Quantity})
	}
	at := p.At
	if p.DoneAt != nil {
		at = *p.DoneAt
	}
	if p.State != Placed {
		o.AcceptedAt = &p.At
	}
	if p.State.Over() {
		o.EndedAt = &at
	}
	if p.State == Done {
		o.DoneAt = &at
	}
	o.Brief = clip(brief(o.Lines), 200)
	o.PayState, o.Tab = o.payState(), o.tab()
	o.Words = clip(strings.ToLower(p.Outside)+" "+o.search(), 1000)
	return o
}

func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// booked is what an imported order has put on the accounts, all in all: what
// was paid was paid elsewhere.
func (o Order) booked() []ledger.Line {
	net := o.Paid - o.Refunded
	lines := []ledger.Line{{Account: ledger.Receivable, Amount: o.Owed() - net}, {Account: ledger.Elsewhere, Amount: net}}
	if !o.State.Void() {
		lines = append(lines, charge(o, 1)[1:]...)
		lines = append(lines, ledger.Line{Account: ledger.Refund, Amount: o.Allowance})
	}
	return lines
}

// difference is what has to be booked to come from one state to the other.
func difference(from, to []ledger.Line) []ledger.Line {
	var lines []ledger.Line
	for _, a := range ledger.Accounts {
		var sum int64
		for _, l := range to {
			if l.Account == a {
				sum += l.Amount
			}
		}
		for _, l := range from {
			if l.Account == a {
				sum -= l.Amount
			}
		}
		lines = append(lines, ledger.Line{Account: a, Amount: sum})
	}
	return lines
}

// bookedAlone is what a paper that is no sale puts on the accounts.
func bookedAlone(k Kind, total int64) []ledger.Line {
	against := ledger.Refund
	if k == BadDebt {
		against = ledger.BadDebt
	}
	return []ledger.Line{{Account: ledger.Elsewhere, Amount: total}, {Account: against, Amount: -total}}
}

// counts is what an order adds to its customer's figures.
func (o Order) counts() (orders, spent int64) {
	if !o.State.Void() {
		orders = 1
	}
	if o.State == Done {
		spent = o.Total - o.Code - o.Allowance
	}
	return orders, spent
}
