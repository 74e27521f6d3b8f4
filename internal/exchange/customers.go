package exchange

import (
	"context"
	"slices"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/customer"
	"lapak/internal/fault"
	"lapak/internal/phone"
	"lapak/internal/sheet"
)

// Faults of customer files.
var (
	errMasked  = fault.New(fault.Invalid, "exchange.masked")
	errConsent = fault.New(fault.Invalid, "exchange.consent") // a yes without a day
	errErased  = fault.New(fault.Invalid, "exchange.erased")
)

// Customers is the kind of files of customers: our own, Google Contacts and
// vCards. A customer is known by the phone number. That somebody agreed to be
// written to is taken over only from a row that says so with the day on which
// they did; nothing else in a file gives consent, and a no takes it away.
type Customers struct{ Customers *customer.Service }

// Name is its word in addresses.
func (Customers) Name() string { return "pelanggan" }

// Verb is what who takes it in must be allowed.
func (Customers) Verb() authz.Verb { return authz.EditCustomers }

// Fields lists what columns may hold; the aliases are those of address books.
func (Customers) Fields() []Field {
	return []Field{
		{Key: "name", Aliases: []string{"nama", "Name", "Display Name", "Full Name", "Nama Pelanggan", "Nama Penerima", "Recipient", "FN"}},
		{Key: "first", Aliases: []string{"nama_depan", "First Name", "Given Name"}},
		{Key: "middle", Aliases: []string{"nama_tengah", "Middle Name", "Additional Name"}},
		{Key: "last", Aliases: []string{"nama_belakang", "Last Name", "Family Name"}},
		{Key: "phone", Needed: true, Aliases: []string{"no_hp", "Phone 1 - Value", "Phone", "Nomor HP", "No. HP", "No HP", "HP", "No. Telepon", "Telepon", "WhatsApp", "Nomor WA", "No WA", "Mobile Phone", "Phone #", "Primary Phone"}},
		{Key: "tags", Aliases: []string{"kelompok", "Labels", "Group Membership", "Tag", "Categories"}},
		{Key: "note", Aliases: []string{"catatan", "Notes", "Note", "Keterangan"}},
		{Key: "consent", Aliases: []string{"izin_promo", "Izin kirim promo"}},
		{Key: "consent_at", Time: true, Aliases: []string{"izin_sejak", "Izin sejak"}},
	}
}

// Key lets each row stand alone.
func (Customers) Key(Cells) string { return "" }

type person struct {
	change    customer.Change
	has       map[string]bool // fields that the file has columns for
	consent   *bool
	consentAt time.Time
}

// Read makes a customer of a row.
func (Customers) Read(h How, g Group) (any, []Problem) {
	c := g.Rows[0]
	number := c.Get("phone")
	if n, _, several := strings.Cut(number, ":::"); several { // Google's sign between two
		number = strings.TrimSpace(n)
	}
	name := c.Get("name")
	if name == "" {
		name = strings.Join(strings.Fields(c.Get("first")+" "+c.Get("middle")+" "+c.Get("last")), " ")
	}
	if Masked(number) || Masked(name) {
		return nil, []Problem{{c.Line, "phone", errMasked}}
	}
	var tags []string
	for _, t := range strings.FieldsFunc(strings.ReplaceAll(c.Get("tags"), ":::", ","), func(r rune) bool { return r == ',' || r == ';' }) {
		if t = strings.TrimSpace(t); t != "" && !strings.HasPrefix(t, "*") { // "* myContacts" is Google's own
			tags = append(tags, t)
		}
	}
	p := person{change: customer.Change{Name: name, Phone: number, Note: c.Get("note"), Tags: strings.Join(tags, ", ")}, has: map[string]bool{}}
	for _, f := range []string{"tags", "note"} {
		p.has[f] = c.Has(f)
	}
	var problems []Problem
	if f := fault.Of(p.change.Validate()); f != nil {
		for _, field := range slices.Sorted(fieldsOf(f)) {
			problems = append(problems, Problem{c.Line, field, f.Fields[field]})
		}
	}
	if s := c.Get("consent"); s != "" {
		yes, ok := Yes(s)
		if !ok {
			return nil, append(problems, Problem{c.Line, "consent", errState.With(s)})
		}
		p.consent = &yes
		if yes {
			at, err := h.Days.Time(c.Get("consent_at"), h.Zone)
			if err != nil {
				return nil, append(problems, Problem{c.Line, "consent_at", errConsent})
			}
			p.consentAt = at
		}
	}
	if n, err := phone.Parse(number); err == nil {
		p.change.Phone = n.E164()
	}
	return p, problems
}

// Begin readies the taking in.
func (k Customers) Begin(_ context.Context, sc authz.Scope, _ How) (Session, error) {
	return customerSession{k.Customers, sc}, nil
}

type customerSession struct {
	s  *customer.Service
	sc authz.Scope
}

// Judge says what customers would become.
func (s customerSession) Judge(ctx context.Context, things []any) ([]Verdict, error) {
	known, err := s.known(ctx, things)
	if err != nil {
		return nil, err
	}
	out := make([]Verdict, len(things))
	for i, t := range things {
		_, out[i] = judge(t.(person), known)
	}
	return out, nil
}

// known are the customers that things are about, by number.
func (s customerSession) known(ctx context.Context, things []any) (map[string]customer.Customer, error) {
	numbers := make([]string, len(things))
	for i, t := range things {
		numbers[i] = t.(person).change.Phone
	}
	return s.s.ByPhones(ctx, s.sc, numbers)
}

// judge puts what the file tells over what is known. A row without a name
// leaves the name alone.
func judge(p person, known map[string]customer.Customer) (customer.Change, Verdict) {
	have, ok := known[p.change.Phone]
	d := p.change
	if !ok {
		return d, Verdict{Act: Fresh}
	}
	if have.ErasedAt != nil {
		return d, Verdict{Bad, errErased}
	}
	if !p.has["tags"] {
		d.Tags = strings.Join(have.Tags, ", ")
	}
	if !p.has["note"] {
		d.Note = have.Note
	}
	agreed := p.consent == nil || *p.consent == have.Promo
	if d.Same(have) && agreed {
		return d, Verdict{Act: Same}
	}
	return d, Verdict{Act: Changed}
}

// Take makes or changes customers.
func (s customerSession) Take(ctx context.Context, things []any) ([]Verdict, error) {
	known, err := s.known(ctx, things)
	if err != nil {
		return nil, err
	}
	out := make([]Verdict, len(things))
	for i, t := range things {
		p := t.(person)
		d, v := judge(p, known)
		have := known[p.change.Phone]
		switch v.Act {
		case Fresh:
			if have, err = s.s.Add(ctx, s.sc, d); err != nil {
				return nil, err
			}
		case Changed:
			if !d.Same(have) {
				if err := s.s.Put(ctx, s.sc, have.ID, d); err != nil {
					return nil, err
				}
				have.Name, have.Note, have.Tags = d.Name, d.Note, d.TagList()
			}
		}
		if v.Act != Bad && p.consent != nil && *p.consent != have.Promo {
			if err := s.s.TakeConsent(ctx, s.sc, have.ID, *p.consent, p.consentAt); err != nil {
				return nil, err
			}
			have.Promo = *p.consent
		}
		if v.Act != Bad {
			known[p.change.Phone] = have
		}
		out[i] = v
	}
	return out, nil
}

// Out gives the shop's customers out.
func (k Customers) Out() Out {
	return Out{Name: k.Name(), Verb: authz.ExportCustomers, Header: Header(k), Write: func(ctx context.Context, sc authz.Scope, _ Span, w *sheet.Writer) error {
		return k.Customers.Each(ctx, sc, func(c customer.Customer, consent time.Time) error {
			agreed, since := "", ""
			if c.Promo {
				agreed, since = "ya", consent.UTC().Format(time.RFC3339)
			}
			return w.Row(c.Name, "", "", "", phone.Number(c.Phone), strings.Join(c.Tags, ", "), c.Note, agreed, since)
		})
	}}
}
