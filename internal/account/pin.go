package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"lapak/internal/account/accountdb"
	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/store"
)

// pinParams are lighter than a password's: what protects a PIN is that it
// works on one enrolled phone alone, and five tries.
var pinParams = argon{memory: 8 * 1024, time: 1, threads: 1}

// easy are PINs that anybody tries first.
var easy = map[string]bool{"1234": true, "4321": true, "1212": true, "2580": true, "1122": true, "0123": true, "6969": true, "1945": true, "1708": true, "2345": true, "5678": true, "1313": true}

func judgePIN(pin string) error {
	if len(pin) != 4 || strings.Trim(pin, "0123456789") != "" {
		return fault.New(fault.Invalid, "account.pin_form").On("pin")
	}
	if easy[pin] || pin[0] == pin[1] && pin[1] == pin[2] && pin[2] == pin[3] {
		return fault.New(fault.Invalid, "account.pin_easy").On("pin")
	}
	return nil
}

// Helper is somebody without an account of their own, who uses the shared phone.
type Helper struct {
	Name  string
	PIN   string
	Perms []authz.Perm
}

// Validate judges it.
func (h Helper) Validate() error {
	var f fault.Fields
	name := cleanName(h.Name)
	f.Check(name != "", "name", "form.required")
	f.Check(len([]rune(name)) <= MaxName, "name", "account.name_long", MaxName)
	if e := fault.Of(judgePIN(h.PIN)); e != nil {
		f.Add("pin", e.Field("pin"))
	}
	f.Check(len(only(authz.Staff, h.Perms)) > 0, "perms", "account.perms_none")
	return f.Err()
}

// AddHelper makes a helper who signs in by PIN on a shared phone.
func (s *Service) AddHelper(ctx context.Context, sc authz.Scope, h Helper) (member id.ID, err error) {
	if err := h.Validate(); err != nil {
		return member, err
	}
	hash := encodePassword(h.PIN, pinParams)
	member = id.New()
	return member, s.manage(ctx, sc, "staff.helper_added", member, func(tx *store.Tx) error {
		person := id.New()
		if err := s.q.InsertPerson(ctx, tx, accountdb.InsertPersonParams{ID: person, Name: cleanName(h.Name), Lang: "id", CreatedAt: tx.Now}); err != nil {
			return fmt.Errorf("insert helper: %w", err)
		}
		if _, err := s.q.InsertMembership(ctx, tx, accountdb.InsertMembershipParams{
			ID: member, PersonID: person, BusinessID: sc.Business, Role: string(authz.Staff), Perms: joined(only(authz.Staff, h.Perms)), CreatedAt: tx.Now,
		}); err != nil {
			return fmt.Errorf("insert membership: %w", err)
		}
		return s.putPIN(ctx, tx, sc, member, hash)
	}, audit.Diff{"perms": {To: only(authz.Staff, h.Perms)}})
}

func (s *Service) putPIN(ctx context.Context, tx *store.Tx, sc authz.Scope, member id.ID, hash string) error {
	if err := s.q.PutPIN(ctx, tx, accountdb.PutPINParams{MembershipID: member, BusinessID: sc.Business, Hash: hash, SetAt: tx.Now}); err != nil {
		return fmt.Errorf("put pin: %w", err)
	}
	return nil
}

// SetPIN gives a member of the staff a new PIN, with five new tries.
func (s *Service) SetPIN(ctx context.Context, sc authz.Scope, member id.ID, pin string) error {
	if err := judgePIN(pin); err != nil {
		return err
	}
	hash := encodePassword(pin, pinParams)
	return s.manage(ctx, sc, "staff.pin_set", member, func(tx *store.Tx) error {
		m, err := s.memberOf(ctx, tx, sc, member)
		if err != nil {
			return err
		}
		if m.Role != string(authz.Staff) && m.Role != string(authz.Courier) {
			return ErrNotFound
		}
		return s.putPIN(ctx, tx, sc, member, hash)
	})
}

// Enrol makes this phone a shared one and returns the secret that it keeps.
func (s *Service) Enrol(ctx context.Context, sc authz.Scope, name string) (token string, err error) {
	name = cleanName(name)
	if name == "" || len([]rune(name)) > MaxName {
		return "", fault.New(fault.Invalid, "form.required").On("device")
	}
	token = id.Secret()
	device := id.New()
	return token, s.manage(ctx, sc, "device.enrolled", device, func(tx *store.Tx) error {
		if err := s.q.InsertDevice(ctx, tx, accountdb.InsertDeviceParams{
			ID: device, BusinessID: sc.Business, TokenHash: id.Hash(token), Name: name, CreatedBy: sc.Actor, CreatedAt: tx.Now,
		}); err != nil {
			return fmt.Errorf("insert device: %w", err)
		}
		return nil
	})
}

// EndDevice makes a shared phone an ordinary one, and signs out who uses it.
func (s *Service) EndDevice(ctx context.Context, sc authz.Scope, device id.ID) error {
	return s.manage(ctx, sc, "device.ended", device, func(tx *store.Tx) error {
		n, err := s.q.DeleteDevice(ctx, tx, accountdb.DeleteDeviceParams{ID: device, BusinessID: sc.Business})
		if err := one(n, err, "delete device"); err != nil {
			return err
		}
		if err := s.q.EndSessionsOfDevice(ctx, tx, &device); err != nil {
			return fmt.Errorf("end sessions: %w", err)
		}
		return nil
	})
}

// Counter is what a shared phone shows: the shop and who may sign in there.
type Counter struct {
	Device   id.ID
	Business id.ID
	Shop     string
	Members  []Member // with a PIN
}

// Counter finds the shared phone that holds the token.
func (s *Service) Counter(ctx context.Context, token string) (c Counter, err error) {
	if len(token) != 52 {
		return c, ErrDevice
	}
	err = s.db.View(ctx, scopeless, func(tx *store.Tx) error {
		d, err := s.q.Device(ctx, tx, id.Hash(token))
		if errors.Is(err, sql.ErrNoRows) {
			return ErrDevice
		}
		if err != nil {
			return fmt.Errorf("device: %w", err)
		}
		c = Counter{Device: d.ID, Business: d.BusinessID}
		list, err := s.members(ctx, tx, d.BusinessID)
		if err != nil {
			return err
		}
		for _, m := range list {
			if m.PIN {
				c.Members = append(c.Members, m)
			}
		}
		return nil
	})
	if err == nil && s.Business != nil {
		c.Shop, _, _ = s.Business(ctx, c.Business)
	}
	return c, err
}

// SignInByPIN signs a helper in on the shared phone that holds the device's
// token. A try is counted before the PIN is looked at, so that tries at the
// same moment cannot be more than five.
func (s *Service) SignInByPIN(ctx context.Context, deviceToken string, member id.ID, pin string, at Where) (In, error) {
	c, err := s.Counter(ctx, deviceToken)
	if err != nil {
		return In{}, err
	}
	var row accountdb.PINRow
	locked := false
	err = s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		locked = false
		row, err = s.q.PIN(ctx, tx, accountdb.PINParams{MembershipID: member, BusinessID: c.Business})
		if errors.Is(err, sql.ErrNoRows) || err == nil && row.DisabledAt != nil {
			return ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("pin: %w", err)
		}
		n, err := s.q.TryPIN(ctx, tx, accountdb.TryPINParams{MembershipID: member, BusinessID: c.Business})
		if err != nil {
			return fmt.Errorf("try pin: %w", err)
		}
		locked = n == 0
		return nil
	})
	if err != nil {
		return In{}, err
	}
	if locked {
		return In{}, ErrPINLocked
	}
	ok, _, err := s.check(ctx, pin, row.Hash)
	if err != nil {
		return In{}, err
	}
	sc := authz.Scope{Actor: row.PersonID, Membership: member, Business: c.Business, Role: authz.Staff, ByPIN: true}
	if !ok {
		err := s.db.Tx(ctx, sc, func(tx *store.Tx) error { return audit.Note(ctx, tx, sc, "session.pin_failed", member) })
		if err != nil {
			return In{}, err
		}
		if left := maxPINTries - row.Tries - 1; left > 0 {
			return In{}, ErrPINWrong.With(left)
		}
		return In{}, ErrPINLocked
	}
	in := In{Person: row.PersonID}
	err = s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		// Once more, inside: the owner may have ended the phone or the person meanwhile.
		if d, err := s.q.Device(ctx, tx, id.Hash(deviceToken)); err != nil || d.ID != c.Device {
			return ErrDevice
		}
		if _, err := s.memberOf(ctx, tx, sc, member); err != nil {
			return err
		}
		if err := s.q.ClearTries(ctx, tx, member); err != nil {
			return fmt.Errorf("clear tries: %w", err)
		}
		ses := id.New()
		in.Token, err = s.begin(ctx, tx, accountdb.InsertSessionParams{
			ID: ses, PersonID: row.PersonID, MembershipID: &member, DeviceID: &c.Device, Label: at.Label, ProvenAt: tx.Now,
		})
		if err != nil {
			return err
		}
		return audit.Note(ctx, tx, sc, "session.began", ses)
	})
	return in, err
}
