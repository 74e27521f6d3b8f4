package carrier

import (
	"strings"
	"unicode"
)

// Source is whose words are to be understood.
type Source string

// The sources that Map knows.
const (
	Biteship   Source = "biteship"
	RajaOngkir Source = "rajaongkir" // manifests of RajaOngkir by Komerce
	Komship    Source = "komship"    // Komerce's own delivery
	KiriminAja Source = "kiriminaja"
	Text       Source = "text" // free text of any courier
)

// meaning is what a word means here.
type meaning struct {
	status Status
	reason Reason
}

// biteshipWords are the states of an order at Biteship.
var biteshipWords = map[string]meaning{
	"placed":            {Draft, ""},
	"ready":             {Draft, ""},
	"confirmed":         {Ready, ""},
	"scheduled":         {PickupRequested, ""},
	"allocated":         {PickupRequested, ""},
	"picking_up":        {PickupRequested, ""},
	"picked":            {PickedUp, ""},
	"dropping_off":      {OutForDelivery, ""},
	"delivered":         {Delivered, ""},
	"on_hold":           {OnHold, ""},
	"return_in_transit": {Returning, ""},
	"returned":          {Returned, ""},
	"rejected":          {AttemptFailed, Refused}, // not cancelled: the goods may be with the courier
	"disposed":          {Disposed, ""},
	"courier_not_found": {Cancelled, Other},
	"cancelled":         {Cancelled, ""},
}

// biteshipOpen are the words of Biteship that say little. The courier's own
// text beside them may say which of these it is.
var biteshipOpen = map[string][]Status{
	"dropping_off": {InTransit, AtHub, OutForDelivery, AttemptFailed, OnHold},
	"on_hold":      {OnHold, AttemptFailed, Lost, Damaged},
	"rejected":     {AttemptFailed, Cancelled},
}

// komerceCodes are the codes that the manifests of Komerce's examples hold.
// Couriers put others into the same field, so the text goes first.
var komerceCodes = map[string]meaning{"1": {PickedUp, ""}, "2": {InTransit, ""}, "3": {AtHub, ""}}

// komshipWords are the states of an order at Komship.
var komshipWords = map[string]meaning{
	"diajukan": {PickupRequested, ""}, "dijemput": {PickedUp, ""}, "dikirim": {InTransit, ""},
	"dibatalkan": {Cancelled, ""}, "selesai": {Delivered, ""},
}

// kiriminAjaCodes are the codes of KiriminAja. That a claim is settled (703,
// 704) says nothing on where the goods are, so these are left to the text.
var kiriminAjaCodes = map[string]meaning{
	"100": {Ready, ""}, "101": {PickupRequested, ""},
	"102": {PickedUp, ""}, "103": {PickedUp, ""}, "104": {PickedUp, ""}, // checked by the driver or the centre
	"105": {PickupRequested, ""}, "106": {InTransit, ""}, "107": {OnHold, Other}, "110": {PickupRequested, ""},
	"152": {InTransit, ""}, "200": {Delivered, ""}, "210": {OnHold, Other}, "211": {OnHold, Other},
	"300": {Cancelled, ""}, "301": {AttemptFailed, Refused}, "302": {Cancelled, ""}, "303": {Lost, ""},
	"310": {AttemptFailed, NotOrdered}, "311": {AttemptFailed, Refused}, "333": {Disposed, ""}, "350": {OnHold, Other},
	"400": {Returned, ""}, "401": {Returning, ""}, "402": {Returning, ""}, "403": {Returning, ""}, "404": {Returning, ""}, "405": {Returning, ""}, "406": {Returning, ""},
	"500": {OnHold, Other}, "555": {OnHold, Other}, "701": {Lost, ""}, "702": {Damaged, ""},
	"901": {OnHold, Other}, "902": {OnHold, Other}, "903": {OnHold, Other}, "904": {OnHold, Other}, "905": {OnHold, Other},
}

// Map understands a carrier's code and text. False means that neither is
// known: the caller keeps both and shows the text, and the parcel stays where
// it stands.
func Map(source Source, code, words string) (Status, Reason, bool) {
	switch source {
	case Biteship:
		return mapBiteship(code, words)
	case Komship:
		return find(komshipWords, strings.ToLower(strings.TrimSpace(code)), words)
	case KiriminAja:
		return find(kiriminAjaCodes, strings.TrimSpace(code), words)
	case RajaOngkir:
		if strings.TrimSpace(words) == "" {
			return find(komerceCodes, strings.TrimSpace(code), code)
		}
	}
	if s, r, ok := read(words); ok {
		return s, r, true
	}
	return read(code)
}

// find looks the code up. A reason that the code leaves open is taken from the
// text, and all of it if the code is not known.
func find(table map[string]meaning, code, words string) (Status, Reason, bool) {
	m, ok := table[code]
	if !ok {
		return read(words)
	}
	if m.reason == "" || m.reason == Other {
		m.reason = because(m.status, words, m.reason)
	}
	return m.status, m.reason, true
}

func mapBiteship(code, words string) (Status, Reason, bool) {
	code = snake(code)
	if code == "canceled" {
		code = "cancelled"
	}
	status, reason, ok := find(biteshipWords, code, words)
	s, r, said := read(words)
	for _, may := range biteshipOpen[code] {
		if said && s == may {
			if s == AttemptFailed && r == "" {
				r = reason
			}
			return s, r, true
		}
	}
	return status, reason, ok
}

// snake writes "pickingUp", "Picking Up" and "picking-up" as "picking_up".
func snake(s string) string {
	var b strings.Builder
	low := false
	for _, r := range strings.TrimSpace(s) {
		switch {
		case r == ' ' || r == '-':
			r, low = '_', false
		case unicode.IsUpper(r):
			if low {
				b.WriteByte('_')
			}
			r, low = unicode.ToLower(r), false
		default:
			low = unicode.IsLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}
