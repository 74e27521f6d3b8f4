// Package payment keeps how a shop is paid: cash, at the door, by transfer to
// its accounts, by its QRIS code; and what was paid for each order. Nothing
// here talks to a bank: an order is paid when its shop says so.
package payment

import (
	"strings"
	"time"
	"unicode/utf8"

	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/money"
)

// Faults of payment.
var (
	ErrNotTaken = fault.New(fault.Invalid, "payment.not_taken") // the shop is not paid in this way
	ErrCODMax   = fault.New(fault.Invalid, "payment.cod_max")   // {0} the most that is collected at the door
	ErrNoCode   = fault.New(fault.Conflict, "payment.no_code")  // every amount is waited for
	ErrQRIS     = fault.New(fault.Invalid, "payment.qris")      // not a QRIS text
	ErrQRISSum  = fault.New(fault.Invalid, "payment.qris_sum")  // a letter is wrong or missing
	ErrQRISMax  = fault.New(fault.Invalid, "payment.qris_max")  // above what QRIS carries
	ErrAccounts = fault.New(fault.Conflict, "payment.accounts") // {0} the most accounts
	ErrTwice    = fault.New(fault.Conflict, "payment.twice")    // the account is in the list already
	ErrDynamic  = fault.New(fault.Invalid, "payment.qris_once") // a code for one payment, not the shop's own
	ErrOther    = fault.New(fault.Invalid, "payment.other")     // the form's id took another payment
)

// Method is a way in which an order is paid.
type Method string

// The methods.
const (
	Cash     Method = "cash"     // at the counter or when fetched
	COD      Method = "cod"      // at the door
	Transfer Method = "transfer" // to a bank account
	QRIS     Method = "qris"     // by scanning the shop's code

	Elsewhere Method = "elsewhere" // outside the shop's books; of orders that were imported alone
)

// Methods lists them in the order in which buyers see them.
var Methods = []Method{QRIS, Transfer, COD, Cash}

// Valid reports whether m is one of Methods.
func (m Method) Valid() bool { return m == Cash || m == COD || m == Transfer || m == QRIS }

// Ahead reports whether the buyer pays before the goods are handed over.
func (m Method) Ahead() bool { return m == Transfer || m == QRIS }

// Bank is one to which people transfer.
type Bank struct {
	Code   string // of Bank Indonesia
	Key    string
	Name   string
	Digits int // of its account numbers; zero: not fixed
}

// Banks lists those that forms offer; "other" is for all the rest.
var Banks = []Bank{
	{"014", "bca", "BCA", 10},
	{"002", "bri", "BRI", 15},
	{"008", "mandiri", "Mandiri", 13},
	{"009", "bni", "BNI", 10},
	{"451", "bsi", "BSI", 10},
	{"110", "bjb", "BJB", 0},
	{"200", "btn", "BTN", 0},
	{"022", "cimb", "CIMB Niaga", 0},
	{"013", "permata", "Permata", 0},
	{"011", "danamon", "Danamon", 0},
	{"542", "jago", "Bank Jago", 0},
	{"535", "seabank", "SeaBank", 0},
	{"501", "blu", "blu by BCA Digital", 0},
	{"", "other", "Bank lain", 0},
}

// BankOf finds a bank by its key.
func BankOf(key string) (Bank, bool) {
	for _, b := range Banks {
		if b.Key == key {
			return b, true
		}
	}
	return Bank{}, false
}

// Account is a bank account of the shop.
type Account struct {
	ID     id.ID
	Bank   string // key of Banks
	Number string // digits
	Holder string
}

// BankName is the bank as people call it.
func (a Account) BankName() string {
	b, _ := BankOf(a.Bank)
	return b.Name
}

// Grouped is the number in groups of four, to be read and typed.
func (a Account) Grouped() string {
	var b strings.Builder
	for i, r := range a.Number {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Masked shows the last four digits, for the audit log.
func (a Account) Masked() string {
	return a.Bank + " ****" + a.Number[max(0, len(a.Number)-4):]
}

// Limits of what people fill in.
const (
	MaxAccounts = 6
	MaxHolder   = 60
	MaxNumber   = 20
	MinNumber   = 6
)

// Validate reports every field that is wrong.
func (a Account) Validate() error {
	var f fault.Fields
	b, ok := BankOf(a.Bank)
	f.Check(ok, "bank", "form.choose")
	n := len(a.Number)
	all := n > 0 && strings.Trim(a.Number, "0123456789") == ""
	f.Check(a.Number != "", "number", "form.required")
	f.Check(all, "number", "payment.number_digits")
	f.Check(n >= MinNumber && n <= MaxNumber, "number", "payment.number_length", MinNumber, MaxNumber)
	f.Check(b.Digits == 0 || n == b.Digits, "number", "payment.number_digits_of", b.Name, b.Digits)
	f.Check(strings.TrimSpace(a.Holder) != "", "holder", "form.required")
	f.Check(utf8.RuneCountInString(a.Holder) <= MaxHolder, "holder", "form.too_long", MaxHolder)
	return f.Err()
}

// FeeKind says how a fee is reckoned.
type FeeKind string

// A fee is rupiah, or hundredths of a percent.
const (
	Fixed   FeeKind = "fixed"
	Percent FeeKind = "percent"
)

// Settings are the shop's ways to be paid.
type Settings struct {
	Cash         bool // when fetched, and at the counter
	COD          bool
	CODFeeKind   FeeKind
	CODFee       int64 // rupiah, or hundredths of a percent
	CODMax       int64 // the most collected at the door; zero: no limit
	Transfer     bool
	TransferHold time.Duration
	Codes        bool // tell transfers apart by a few rupiah
	QRIS         bool
	QRISHold     time.Duration
	QRISText     string
	QRISPhoto    id.ID // the shop's own picture, shown when there is no text
	Accounts     []Account
	UpdatedAt    time.Time // zero: never set
}

// Defaults are those of a shop that has set nothing: cash when fetched and at the door.
func Defaults() Settings {
	return Settings{
		Cash: true, COD: true, CODFeeKind: Fixed, TransferHold: 24 * time.Hour, Codes: true, QRISHold: 30 * time.Minute,
	}
}

// Bounds of the settings.
const (
	MinTransferHold = time.Hour
	MaxTransferHold = 7 * 24 * time.Hour
	MinQRISHold     = 10 * time.Minute
	MaxQRISHold     = 24 * time.Hour
	MaxCODPercent   = 1_000 // ten percent
	MaxCODFee       = 100_000
	MaxCOD          = 100_000_000
	MaxQRISAmount   = 10_000_000
)

// Validate reports every field that is wrong.
func (st Settings) Validate() error {
	var f fault.Fields
	f.Check(st.Cash || st.COD || st.Transfer || st.QRIS, "ways", "payment.no_way")
	f.Check(st.CODFeeKind == Fixed || st.CODFeeKind == Percent, "cod_fee_kind", "form.choose")
	f.Check(st.CODFeeKind != Fixed || st.CODFee >= 0 && st.CODFee <= MaxCODFee, "cod_fee", "payment.cod_fee_fixed", money.String(MaxCODFee))
	f.Check(st.CODFeeKind != Percent || st.CODFee >= 0 && st.CODFee <= MaxCODPercent, "cod_fee", "payment.cod_fee_percent", MaxCODPercent/100)
	f.Check(st.CODMax >= 0 && st.CODMax <= MaxCOD, "cod_max", "payment.cod_max_range", money.String(MaxCOD))
	f.Check(st.TransferHold >= MinTransferHold && st.TransferHold <= MaxTransferHold, "transfer_hold", "form.between",
		int(MinTransferHold.Hours()), int(MaxTransferHold.Hours()))
	f.Check(st.QRISHold >= MinQRISHold && st.QRISHold <= MaxQRISHold, "qris_hold", "form.between",
		int(MinQRISHold.Minutes()), int(MaxQRISHold.Minutes()))
	f.Check(!st.Transfer || len(st.Accounts) > 0, "transfer", "payment.no_account")
	f.Check(!st.QRIS || st.QRISText != "" || !st.QRISPhoto.IsZero(), "qris", "payment.no_qris")
	if st.QRISText != "" {
		c, err := ParseQRIS(st.QRISText)
		if err == nil && c.Dynamic() {
			err = ErrDynamic
		}
		f.Add("qris_text", err)
	}
	return f.Err()
}

// Takes reports whether buyers may pay by m.
func (st Settings) Takes(m Method) bool {
	switch m {
	case Cash:
		return st.Cash
	case COD:
		return st.COD
	case Transfer:
		return st.Transfer && len(st.Accounts) > 0
	case QRIS:
		return st.QRIS && (st.QRISText != "" || !st.QRISPhoto.IsZero())
	}
	return false
}

// Fee is what paying sum at the door costs; zero for all other methods.
func (st Settings) Fee(m Method, sum int64) (int64, error) {
	if m != COD || st.CODFee == 0 {
		return 0, nil
	}
	if st.CODFeeKind == Percent {
		return money.Percent(sum, st.CODFee)
	}
	return st.CODFee, nil
}

// Hold is how long stock is held while the buyer pays; zero: until hand-over.
func (st Settings) Hold(m Method) time.Duration {
	switch m {
	case Transfer:
		return st.TransferHold
	case QRIS:
		return st.QRISHold
	}
	return 0
}

// Payment is money received for an order, or given back when below zero.
type Payment struct {
	ID     id.ID
	Order  id.ID
	Method Method
	Amount int64
	Holder id.ID // who has it, when collected at the door
	Person id.ID // who noted it
	Note   string
	At     time.Time
}
