package sheet

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/emersion/go-vcard"
)

// CardHeader is the header that vCards are given when they become rows.
var CardHeader = []string{"Name", "Phone 1 - Value", "Phone 2 - Value", "E-mail 1 - Value", "Address 1 - Formatted", "Notes", "Labels", "Organization Name"}

func isCards(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \r\n\t")
	return len(head) >= 11 && bytes.EqualFold(head[:11], []byte("BEGIN:VCARD"))
}

// cards reads vCards 2.1 to 4.0 as rows under CardHeader.
func (r *Reader) cards(body io.Reader, size int64) error {
	if size > int64(r.l.CardBytes) {
		return ErrLarge.With(r.l.CardBytes >> 20)
	}
	d := vcard.NewDecoder(body)
	n, header := 0, true
	r.next = func() ([]string, error) {
		if header {
			header = false
			return CardHeader, nil
		}
		c, err := decode(d)
		switch {
		case errors.Is(err, io.EOF):
			return nil, io.EOF
		case err != nil:
			return nil, ErrBroken
		}
		if n++; n > r.l.CardCount {
			return nil, ErrRows.With(r.l.CardCount)
		}
		return cardRow(c), nil
	}
	return nil
}

// decode reads one card; a panic of the library is a broken file.
func decode(d *vcard.Decoder) (c vcard.Card, err error) {
	defer func() {
		if recover() != nil {
			err = ErrBroken
		}
	}()
	return d.Decode()
}

func cardRow(c vcard.Card) []string {
	row := make([]string, len(CardHeader))
	row[0] = c.PreferredValue(vcard.FieldFormattedName)
	if n := c.Name(); row[0] == "" && n != nil {
		row[0] = strings.Join(strings.Fields(strings.Join([]string{n.HonorificPrefix, n.GivenName, n.AdditionalName, n.FamilyName, n.HonorificSuffix}, " ")), " ")
	}
	phones := c.Values(vcard.FieldTelephone)
	for i := range min(2, len(phones)) {
		row[1+i] = strings.TrimPrefix(phones[i], "tel:")
	}
	row[3] = c.PreferredValue(vcard.FieldEmail)
	if a := c.Address(); a != nil {
		var parts []string
		for _, p := range []string{a.StreetAddress, a.ExtendedAddress, a.Locality, a.Region, a.PostalCode} {
			if p = strings.TrimSpace(p); p != "" {
				parts = append(parts, p)
			}
		}
		row[4] = strings.Join(parts, ", ")
	}
	row[5], row[6], row[7] = c.Value(vcard.FieldNote), strings.Join(c.Categories(), ", "), strings.ReplaceAll(c.Value(vcard.FieldOrganization), ";", " ")
	return row
}
