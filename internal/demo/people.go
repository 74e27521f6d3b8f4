package demo

import (
	"context"
	"time"

	"github.com/pquerna/otp/totp"

	"lapak/internal/account"
	"lapak/internal/api"
	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/phone"
	"lapak/internal/store"
)

// What is printed so that anybody can try the demo.
const (
	Password     = "lapak-contoh-2026"
	PIN          = "7294"
	Seed         = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" // of the second step
	PhoneOwner   = "+6281200000001"
	PhoneHelper  = "+6281200000002"
	PhoneCourier = "+6281200000003"
	PhoneOffice  = "+6281200000004"
	PhoneAdmin   = "+6281200000005"
)

// Login is one person whom a visitor of the demo can be.
type Login struct {
	Role, Name string
	Phone      phone.Number
	Second     bool // asks for a code of the seed
}

// Logins lists them.
func (m *Maker) Logins() []Login {
	return []Login{
		{"Pemilik " + m.shops[0].name, m.shops[0].ownerIs, PhoneOwner, false},
		{"Karyawan", "Dedi Kurniawan", PhoneHelper, false},
		{"Kurir", "Asep Hidayat", PhoneCourier, false},
		{"Petugas dinas", "Rina Marlina", PhoneOffice, true},
		{"Admin", "Yusuf Hakim", PhoneAdmin, true},
	}
}

// Showcase is the address of the shop that has everything.
func (m *Maker) Showcase() string { return m.shops[0].slug }

// Good is the address of one of the showcase's goods.
func (m *Maker) Good() string { return m.shops[0].products[0].slug }

// people writes those who sign in: staff of the showcase, and the office.
func (m *Maker) people(ctx context.Context) error {
	m.secret = m.Accounts.Secret(Password)
	s := &m.shops[0]
	plant := func(k uint64, l Login, p account.Planted) account.Planted {
		p.Person, p.Membership = m.id(s.opened, kOwner, 0, k), m.id(s.opened, kMember, 0, k)
		p.Name, p.Phone, p.Proven = l.Name, l.Phone, true
		if l.Second {
			p.TOTP = Seed
		}
		return p
	}
	l := m.Logins()
	helper := plant(2, l[1], account.Planted{Business: s.id, Role: authz.Staff, Perms: []authz.Perm{authz.PermOrders, authz.PermStock, authz.PermCustomers}})
	list := []account.Planted{
		helper,
		plant(3, l[2], account.Planted{Business: s.id, Role: authz.Courier}),
		plant(4, l[3], account.Planted{Role: authz.Office, Perms: authz.OfficePerms, Regions: []string{"32"}}),
		plant(5, l[4], account.Planted{Role: authz.Admin}),
	}
	if err := m.DB.Tx(ctx, authz.Job(id.ID{}), func(tx *store.Tx) error {
		for _, p := range list {
			if err := m.Accounts.Plant(ctx, tx, p, m.secret); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	return m.Accounts.SetPIN(ctx, m.owner(), helper.Membership, PIN)
}

// owner is the owner of the showcase, who has just proven who they are.
func (m *Maker) owner() authz.Scope {
	s, now := &m.shops[0], m.DB.Now()
	return authz.Scope{Actor: s.owner, Membership: m.ownerOf(s).Membership, Business: s.id, Role: authz.Owner, ProvenAt: now, Now: now}
}

// Key is the secret of a key that may do everything in the showcase: made at
// the first start, and the same at the next.
func (m *Maker) Key(ctx context.Context) (string, error) {
	s := &m.shops[0]
	return m.Keys.Plant(ctx, m.owner(), api.Draft{ID: m.id(s.opened, kMember, 0, 9), Name: "Contoh", Grants: api.Grants, Days: 365})
}

// Code is what an authenticator with the seed shows at that time.
func Code(at time.Time) string {
	code, err := totp.GenerateCode(Seed, at)
	if err != nil {
		panic(err) // the seed is a constant
	}
	return code
}
