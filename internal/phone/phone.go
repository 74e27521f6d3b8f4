// Package phone reads phone numbers as people type them, Indonesia's in full
// and others in international form, and masks them wherever they might leak.
package phone

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"lapak/internal/fault"
)

// Faults of what people typed. The example is in the message.
var (
	ErrShort = fault.New(fault.Invalid, "phone.short")
	ErrLong  = fault.New(fault.Invalid, "phone.long")
	ErrForm  = fault.New(fault.Invalid, "phone.form")
)

// Number is a phone number in E.164 form. Its String, Format and log forms are
// masked; who really needs the digits asks for E164 or Local.
type Number string

// Parse reads "0812 3456 7890", "+62 812-3456-7890", "62812…", "812…" and, with
// a plus, numbers of other countries. Indonesian mobile numbers have 9 to 12
// digits after the country's 62, fixed ones 8 to 11.
func Parse(s string) (Number, error) {
	var b strings.Builder
	plus := false
	for i, r := range strings.TrimSpace(s) {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == '+' && b.Len() == 0 && !plus:
			plus = true
		case r == ' ', r == '-', r == '.', r == '(', r == ')', r == '/', r == '\u00a0', r == '\u2011', r == '\u202a', r == '\u202c':
		default:
			return "", ErrForm
		}
		if i > 64 {
			return "", ErrLong
		}
	}
	d := b.String()
	if rest, ok := strings.CutPrefix(d, "00"); ok && !plus {
		plus, d = true, rest
	}
	switch {
	case d == "":
		return "", ErrForm
	case strings.HasPrefix(d, "62"):
		return indonesian(strings.TrimPrefix(d[2:], "0"))
	case plus:
		return foreign(d)
	case d[0] == '0':
		return indonesian(d[1:])
	case d[0] == '8':
		return indonesian(d)
	}
	return "", ErrForm
}

// indonesian judges the digits after +62.
func indonesian(d string) (Number, error) {
	least, most := 8, 11
	switch {
	case strings.HasPrefix(d, "8"):
		least, most = 9, 12
	case d == "" || d[0] < '2' || d[0] > '9':
		if len(d) < 5 {
			return "", ErrShort
		}
		return "", ErrForm
	}
	if len(d) < least {
		return "", ErrShort
	}
	if len(d) > most {
		return "", ErrLong
	}
	return Number("+62" + d), nil
}

func foreign(d string) (Number, error) {
	switch {
	case d[0] == '0':
		return "", ErrForm
	case len(d) < 8:
		return "", ErrShort
	case len(d) > 15:
		return "", ErrLong
	}
	return Number("+" + d), nil
}

// E164 is the number with plus and country code, for storing and dialling.
func (n Number) E164() string { return string(n) }

// Local is the number as people write it: "0812 3456 7890", "+65 6123 4567".
func (n Number) Local() string {
	d, ok := strings.CutPrefix(string(n), "+62")
	if !ok {
		return string(n)
	}
	return group("0" + d)
}

func group(d string) string {
	var b strings.Builder
	for i, r := range d {
		if i > 0 && i%4 == 0 && len(d)-i > 1 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Masked is what strangers may see: "0812****90".
func (n Number) Masked() string {
	s := strings.ReplaceAll(n.Local(), " ", "")
	if len(s) < 8 {
		return "****"
	}
	return s[:4] + "****" + s[len(s)-2:]
}

// String is the masked form, so that printing leaks nothing.
func (n Number) String() string { return n.Masked() }

// Format is the masked form for every verb.
func (n Number) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(n.Masked())) }

// LogValue is the masked form.
func (n Number) LogValue() slog.Value { return slog.StringValue(n.Masked()) }

// Mobile reports whether it is an Indonesian mobile number.
func (n Number) Mobile() bool { return strings.HasPrefix(string(n), "+628") }

// WhatsApp is the address that opens a chat with the number, text typed in.
func (n Number) WhatsApp(text string) string {
	return WhatsApp(string(n), text)
}

// WhatsApp is the address that opens a chat with an E.164 number, text typed
// in; without a number, one that lets the person choose whom to send it to.
func WhatsApp(e164, text string) string {
	a := "https://wa.me/" + strings.TrimPrefix(e164, "+")
	if text != "" {
		a += "?text=" + strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
	}
	return a
}

// Show is Local for a number that was stored as E.164; other text as it is.
func Show(e164 string) string { return Number(e164).Local() }

// Mask is Masked for a number that was stored as E.164.
func Mask(e164 string) string { return Number(e164).Masked() }
