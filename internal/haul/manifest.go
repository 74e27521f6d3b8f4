package haul

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/fault"
	"lapak/internal/haul/hauldb"
	"lapak/internal/id"
	"lapak/internal/parcel"
	"lapak/internal/store"
)

// State is how far a manifest has come.
type State string

// The states.
const (
	Loading  State = "open"
	Gone     State = "sent"
	Received State = "received"
)

// Manifest is what goes from one hub to the next: scanned where it leaves and
// where it comes, so that what is missing has a name.
type Manifest struct {
	ID         id.ID
	Number     string
	From, To   Asset
	Vehicle    Asset
	State      State
	At         time.Time
	SentAt     *time.Time
	ReceivedAt *time.Time
	Items      []Piece
}

// Piece is a parcel of a manifest.
type Piece struct {
	parcel.Parcel
	Sent     bool
	Received bool
}

// Sent counts what was scanned where it left.
func (m Manifest) Sent() int { return m.count(func(p Piece) bool { return p.Sent }) }

// Received counts what was scanned where it came.
func (m Manifest) Received() int { return m.count(func(p Piece) bool { return p.Received }) }

func (m Manifest) count(is func(Piece) bool) (n int) {
	for _, p := range m.Items {
		if is(p) {
			n++
		}
	}
	return n
}

// Missing lists what left and did not come, Extra what came and had not left.
func (m Manifest) Missing() []Piece { return m.only(true, false) }

// Extra lists what came and had not left.
func (m Manifest) Extra() []Piece { return m.only(false, true) }

func (m Manifest) only(sent, received bool) []Piece {
	return slices.DeleteFunc(slices.Clone(m.Items), func(p Piece) bool { return p.Sent != sent || p.Received != received })
}

func (s *Service) manifest(ctx context.Context, tx *store.Tx, sc authz.Scope, which id.ID) (Manifest, error) {
	r, err := s.q.Manifest(ctx, tx, hauldb.ManifestParams{BusinessID: sc.Business, ID: which})
	if errors.Is(err, sql.ErrNoRows) {
		return Manifest{}, ErrNotFound
	}
	if err != nil {
		return Manifest{}, fmt.Errorf("read manifest: %w", err)
	}
	f, err := s.firm(ctx, tx, sc)
	if err != nil {
		return Manifest{}, err
	}
	m := manifestOf(r, f)
	rows, err := s.q.ManifestItems(ctx, tx, hauldb.ManifestItemsParams{BusinessID: sc.Business, ManifestID: which})
	if err != nil {
		return Manifest{}, fmt.Errorf("list manifest: %w", err)
	}
	for _, i := range rows {
		p, err := s.Parcels.GetTx(ctx, tx, sc, i.ParcelID)
		if err != nil {
			return Manifest{}, err
		}
		m.Items = append(m.Items, Piece{p, i.Sent, i.Received})
	}
	return m, nil
}

func manifestOf(r hauldb.HaulManifest, f Firm) Manifest {
	return Manifest{
		ID: r.ID, Number: r.Number, From: f.Asset(r.FromHub), To: f.Asset(r.ToHub), Vehicle: f.Asset(id.Or(r.VehicleID)), State: State(r.State), At: r.CreatedAt,
		SentAt: r.SentAt, ReceivedAt: r.ReceivedAt,
	}
}

// Manifests lists the newest, without their parcels.
func (s *Service) Manifests(ctx context.Context, sc authz.Scope) ([]Manifest, error) {
	if err := sc.Can(authz.MoveOrders); err != nil {
		return nil, err
	}
	var list []Manifest
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		list = nil
		f, err := s.firm(ctx, tx, sc)
		if err != nil {
			return err
		}
		rows, err := s.q.Manifests(ctx, tx, sc.Business)
		if err != nil {
			return fmt.Errorf("list manifests: %w", err)
		}
		for _, r := range rows {
			list = append(list, manifestOf(r, f))
		}
		return nil
	})
	return list, err
}

// Manifest returns one with its parcels.
func (s *Service) Manifest(ctx context.Context, sc authz.Scope, which id.ID) (Manifest, error) {
	if err := sc.Can(authz.MoveOrders); err != nil {
		return Manifest{}, err
	}
	var m Manifest
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		m, err = s.manifest(ctx, tx, sc, which)
		return err
	})
	return m, err
}

// Start opens a manifest; its id is made with the form.
func (s *Service) Start(ctx context.Context, sc authz.Scope, which, from, to, vehicle id.ID) (Manifest, error) {
	if err := sc.Can(authz.MoveOrders); err != nil {
		return Manifest{}, err
	}
	var m Manifest
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		f, err := s.firm(ctx, tx, sc)
		if err != nil {
			return err
		}
		var bad fault.Fields
		bad.Check(!which.IsZero(), "id", "form.stale")
		bad.Check(f.Asset(from).Kind == Hub, "from", "form.choose")
		bad.Check(f.Asset(to).Kind == Hub && from != to, "to", "form.choose")
		bad.Check(vehicle.IsZero() || f.Asset(vehicle).Kind == Vehicle, "vehicle", "form.choose")
		if err := bad.Err(); err != nil {
			return err
		}
		number := "M" + strings.ToUpper(strings.TrimPrefix(carrier.OwnNumber(which), "LPK"))
		n, err := s.q.InsertManifest(ctx, tx, hauldb.InsertManifestParams{
			BusinessID: sc.Business, ID: which, Number: number, FromHub: from, ToHub: to, VehicleID: vehicle.Null(), CreatedAt: tx.Now,
		})
		if err != nil {
			return fmt.Errorf("insert manifest: %w", err)
		}
		if n == 1 {
			if err := audit.Note(ctx, tx, sc, "haul.manifest", which, nil); err != nil {
				return err
			}
		}
		m, err = s.manifest(ctx, tx, sc, which)
		return err
	})
	return m, err
}

// scanned is the parcel with a number that was read.
func (s *Service) scanned(ctx context.Context, tx *store.Tx, sc authz.Scope, code string) (parcel.Parcel, error) {
	p, err := s.Parcels.Scanned(ctx, tx, sc, code)
	if errors.Is(err, parcel.ErrNotFound) || err == nil && !p.Order.IsZero() {
		return p, ErrScan.With(strings.TrimSpace(code)).On("code")
	}
	return p, err
}

// In notes that a parcel came to a hub, without a manifest: from a pick-up, or
// back from a courier. Scanned again it stays.
func (s *Service) In(ctx context.Context, sc authz.Scope, hub id.ID, code string) (parcel.Parcel, error) {
	if err := sc.Can(authz.MoveOrders); err != nil {
		return parcel.Parcel{}, err
	}
	var p parcel.Parcel
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		f, err := s.firm(ctx, tx, sc)
		if err != nil {
			return err
		}
		at := f.Asset(hub)
		if at.Kind != Hub {
			return fault.New(fault.Invalid, "form.choose").On("hub")
		}
		if p, err = s.scanned(ctx, tx, sc, code); err != nil || p.Status == carrier.AtHub {
			return err
		}
		p, err = s.Parcels.DoTx(ctx, tx, sc, p.ID, parcel.Move{Act: parcel.ActHub, Text: at.Name})
		return onCode(err)
	})
	return p, err
}

// onCode shows what does not fit beside the field that was scanned into.
func onCode(err error) error {
	if errors.Is(err, parcel.ErrState) {
		return fault.Of(err).On("code")
	}
	return err
}

// Scan reads a parcel into a manifest: where it is open it is loaded, where it
// has left it is received.
func (s *Service) Scan(ctx context.Context, sc authz.Scope, which id.ID, code string) (parcel.Parcel, error) {
	if err := sc.Can(authz.MoveOrders); err != nil {
		return parcel.Parcel{}, err
	}
	var p parcel.Parcel
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		m, err := s.manifest(ctx, tx, sc, which)
		if err != nil {
			return err
		}
		if p, err = s.scanned(ctx, tx, sc, code); err != nil {
			return err
		}
		item := Piece{Parcel: p}
		if i := slices.IndexFunc(m.Items, func(v Piece) bool { return v.ID == p.ID }); i >= 0 {
			item = m.Items[i]
		}
		switch m.State {
		case Loading:
			if p.Status != carrier.AtHub && p.Status != carrier.PickedUp {
				return ErrUnfit.With(p.Status).On("code")
			}
			item.Sent = true
		case Gone:
			item.Received = true
			if p.Status != carrier.AtHub {
				if p, err = s.Parcels.DoTx(ctx, tx, sc, p.ID, parcel.Move{Act: parcel.ActHub, Text: m.To.Name}); err != nil {
					return onCode(err)
				}
			}
		default:
			return ErrSent
		}
		if err := s.q.PutManifestItem(ctx, tx, hauldb.PutManifestItemParams{
			BusinessID: sc.Business, ManifestID: which, ParcelID: p.ID, Sent: item.Sent, Received: item.Received,
		}); err != nil {
			return fmt.Errorf("put manifest's parcel: %w", err)
		}
		return nil
	})
	return p, err
}

// Unload takes a parcel out of a manifest that has not left.
func (s *Service) Unload(ctx context.Context, sc authz.Scope, which, parcelID id.ID) error {
	if err := sc.Can(authz.MoveOrders); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		m, err := s.manifest(ctx, tx, sc, which)
		if err != nil {
			return err
		}
		if m.State != Loading {
			return ErrSent
		}
		if err := s.q.DropManifestItem(ctx, tx, hauldb.DropManifestItemParams{BusinessID: sc.Business, ManifestID: which, ParcelID: parcelID}); err != nil {
			return fmt.Errorf("drop manifest's parcel: %w", err)
		}
		return nil
	})
}

// Leave lets a manifest go, with all that was loaded.
func (s *Service) Leave(ctx context.Context, sc authz.Scope, which id.ID) (Manifest, error) {
	return s.move(ctx, sc, which, Loading, Gone, func(ctx context.Context, tx *store.Tx, m Manifest) error {
		if len(m.Items) == 0 {
			return ErrNone
		}
		for _, p := range m.Items {
			if _, err := s.Parcels.DoTx(ctx, tx, sc, p.ID, parcel.Move{Act: parcel.ActDepart, Text: m.From.Name + " → " + m.To.Name}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Close ends the counting where it came: what is missing is named from then on.
func (s *Service) Close(ctx context.Context, sc authz.Scope, which id.ID) (Manifest, error) {
	return s.move(ctx, sc, which, Gone, Received, nil)
}

func (s *Service) move(ctx context.Context, sc authz.Scope, which id.ID, from, to State, effect func(context.Context, *store.Tx, Manifest) error) (Manifest, error) {
	if err := sc.Can(authz.MoveOrders); err != nil {
		return Manifest{}, err
	}
	var m Manifest
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) (err error) {
		if m, err = s.manifest(ctx, tx, sc, which); err != nil || m.State == to {
			return err // pressed twice
		}
		m.State = to
		if to == Gone {
			m.SentAt = &tx.Now
		} else {
			m.ReceivedAt = &tx.Now
		}
		n, err := s.q.SetManifest(ctx, tx, hauldb.SetManifestParams{
			BusinessID: sc.Business, ID: which, State: string(to), Was: string(from), SentAt: m.SentAt, ReceivedAt: m.ReceivedAt,
		})
		if err != nil {
			return fmt.Errorf("move manifest: %w", err)
		}
		if n == 0 {
			return ErrSent
		}
		if effect != nil {
			if err := effect(ctx, tx, m); err != nil {
				return err
			}
		}
		return audit.Note(ctx, tx, sc, "haul.manifest_"+string(to), which, audit.Diff{"parcels": {From: m.Sent(), To: m.Received()}})
	})
	return m, err
}
