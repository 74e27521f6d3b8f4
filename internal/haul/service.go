package haul

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/delivery"
	"lapak/internal/haul/hauldb"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/ledger"
	"lapak/internal/parcel"
	"lapak/internal/store"
)

// Parts are the services that hauling calls.
type Parts struct {
	Shops    *business.Service
	Delivery *delivery.Service
	Parcels  *parcel.Service
	Books    *ledger.Service
}

// Service keeps what shops and firms have together. Each method is one
// transaction of one business, unless it takes one.
type Service struct {
	db *store.DB
	q  hauldb.Queries
	Parts
}

// New makes the service.
func New(db *store.DB, parts Parts) *Service { return &Service{db: db, Parts: parts} }

// Register gives the jobs of this slice their handlers.
func (s *Service) Register(r *job.Runner) {
	job.Handle(r, s.publish)
	job.Handle(r, s.tie)
	job.Handle(r, s.give)
	job.Handle(r, s.tell)
	job.Handle(r, s.fetch)
	job.Handle(r, s.paid)
	job.Handle(r, s.forget)
	job.Handle(r, s.compare)
	job.Every(r, "haul.nightly", 24*time.Hour, s.Nightly)
}

// firm reads the scope's firm; ErrNoFirm if it is none.
func (s *Service) firm(ctx context.Context, tx *store.Tx, sc authz.Scope) (Firm, error) {
	r, err := s.q.Firm(ctx, tx, sc.Business)
	if errors.Is(err, sql.ErrNoRows) {
		return Firm{}, ErrNoFirm
	}
	if err != nil {
		return Firm{}, fmt.Errorf("read firm: %w", err)
	}
	f := Firm{Code: r.Code, Open: r.Open, CODBP: r.CodBp, PayDays: r.PayDays}
	rows, err := s.q.Assets(ctx, tx, sc.Business)
	if err != nil {
		return Firm{}, fmt.Errorf("list assets: %w", err)
	}
	for _, a := range rows {
		f.Assets = append(f.Assets, Asset{a.ID, KindOf(a.Kind), a.Name, a.Detail})
	}
	return f, nil
}

// Get returns the firm for its people; a business that is none has a closed,
// empty one.
func (s *Service) Get(ctx context.Context, sc authz.Scope) (Firm, error) {
	verb := authz.SeeOrders
	if sc.Role == authz.Courier {
		verb = authz.Deliver
	}
	if err := sc.Can(verb); err != nil {
		return Firm{}, err
	}
	var f Firm
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		f, err = s.firm(ctx, tx, sc)
		return err
	})
	return f, err
}

// Put makes the scope's business a courier firm, or changes it. Assets that
// are in f stay or come, others go.
func (s *Service) Put(ctx context.Context, sc authz.Scope, f Firm) error {
	if err := sc.Can(authz.EditShop); err != nil {
		return err
	}
	for i, a := range f.Assets {
		f.Assets[i].Name, f.Assets[i].Detail = catalog.Clean(a.Name), catalog.Clean(a.Detail)
	}
	if err := f.Validate(); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		was, err := s.firm(ctx, tx, sc)
		if err != nil && !errors.Is(err, ErrNoFirm) {
			return err
		}
		if err := s.q.PutFirm(ctx, tx, hauldb.PutFirmParams{
			BusinessID: sc.Business, Code: codeOf(sc.Business), Open: f.Open, CodBp: f.CODBP, PayDays: f.PayDays, UpdatedAt: tx.Now,
		}); err != nil {
			return fmt.Errorf("put firm: %w", err)
		}
		for i, a := range f.Assets {
			if a.ID.IsZero() {
				a.ID = id.At(tx.Now)
			}
			if err := s.q.PutAsset(ctx, tx, hauldb.PutAssetParams{BusinessID: sc.Business, ID: a.ID, Kind: string(a.Kind), Name: a.Name, Detail: a.Detail, N: int64(i)}); err != nil {
				return fmt.Errorf("put asset: %w", err)
			}
		}
		for _, a := range was.Assets {
			if f.Asset(a.ID).ID.IsZero() {
				if err := s.q.DropAsset(ctx, tx, hauldb.DropAssetParams{BusinessID: sc.Business, ID: a.ID}); err != nil {
					return fmt.Errorf("drop asset: %w", err)
				}
			}
		}
		if err := audit.Note(ctx, tx, sc, "haul.firm", sc.Business, audit.Diff{
			"open": {From: was.Open, To: f.Open}, "cod_bp": {From: was.CODBP, To: f.CODBP},
		}); err != nil {
			return err
		}
		return s.askPublish(ctx, tx, sc)
	})
}

// Publish asks for a firm's public summary to be made anew.
type Publish struct{}

// Kind names the job.
func (Publish) Kind() string { return "haul.publish" }

func (s *Service) askPublish(ctx context.Context, tx *store.Tx, sc authz.Scope) error {
	return job.Put(ctx, tx, sc, Publish{}, job.Unique("publish"))
}

// Touched follows a change of what the public sees of a business; package app
// calls it.
func (s *Service) Touched(ctx context.Context, tx *store.Tx, sc authz.Scope) error {
	_, err := s.q.Firm(ctx, tx, sc.Business)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read firm: %w", err)
	}
	return s.askPublish(ctx, tx, sc)
}

// publish writes the summary of one firm from its own rows.
func (s *Service) publish(ctx context.Context, sc authz.Scope, _ Publish) error {
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		f, err := s.firm(ctx, tx, sc)
		if errors.Is(err, ErrNoFirm) {
			return nil
		}
		if err != nil {
			return err
		}
		shop, err := s.Shops.GetTx(ctx, tx, sc)
		if err != nil {
			return err
		}
		set, err := s.Delivery.Settings(ctx, tx, sc)
		if err != nil {
			return err
		}
		set.FreeFrom, set.MinOrder = 0, 0 // of a shop's own goods
		at := shop.Place()
		from := delivery.Point{LatE6: int64(at.Lat * 1e6), LngE6: int64(at.Lng * 1e6)}
		if shop.Pinned {
			from = delivery.Point{LatE6: int64(shop.Lat * 1e6), LngE6: int64(shop.Lng * 1e6)}
		}
		tariff, err := prices{from, set.Tariff}.text()
		if err != nil {
			return fmt.Errorf("write tariff: %w", err)
		}
		var names []string
		for _, a := range f.Of(ServiceKind) {
			names = append(names, strings.TrimSuffix(a.Name+"\t"+a.Detail, "\t"))
		}
		if err := s.q.PutSummary(ctx, tx, hauldb.PutSummaryParams{
			FirmID: sc.Business, Code: f.Code, Name: shop.Name, Village: shop.Village, Services: strings.Join(names, "\n"), Coverage: coverage(set.Tariff),
			FromFee: least(set.Tariff), CodBp: f.CODBP, PayDays: f.PayDays, Tariff: tariff, Open: f.Open && set.Own && shop.Visible(), UpdatedAt: tx.Now,
		}); err != nil {
			return fmt.Errorf("put summary: %w", err)
		}
		return nil
	})
}

// coverage says where a tariff leads: "km:25", region codes, or nothing for
// everywhere.
func coverage(t delivery.Tariff) string {
	switch t.Kind {
	case delivery.Zones:
		var km int64
		for _, z := range t.Zones {
			km = max(km, z.Km)
		}
		return "km:" + strconv.FormatInt(km, 10)
	case delivery.Areas:
		var codes []string
		for _, a := range t.Areas {
			if !a.Closed {
				codes = append(codes, a.Code)
			}
		}
		return strings.Join(codes, ",")
	}
	return ""
}

// least is the least that carrying a parcel costs.
func least(t delivery.Tariff) int64 {
	var fees []int64
	switch t.Kind {
	case delivery.Flat:
		return t.Flat
	case delivery.Zones:
		for _, z := range t.Zones {
			fees = append(fees, z.Fee)
		}
	case delivery.Areas:
		for _, a := range t.Areas {
			if !a.Closed {
				fees = append(fees, a.Fee)
			}
		}
	}
	if len(fees) == 0 {
		return 0
	}
	return slices.Min(fees)
}

func summary(r hauldb.HaulSummary) (Summary, error) {
	v := Summary{
		Firm: r.FirmID, Code: r.Code, Name: r.Name, Village: r.Village, FromFee: r.FromFee, CODBP: r.CodBp, PayDays: r.PayDays,
	}
	if r.Services != "" {
		v.Services = strings.Split(r.Services, "\n")
	}
	if km, ok := strings.CutPrefix(r.Coverage, "km:"); ok {
		v.Km, _ = strconv.ParseInt(km, 10, 64)
	} else if r.Coverage != "" {
		v.Coverage = strings.Split(r.Coverage, ",")
	}
	if err := json.Unmarshal([]byte(r.Tariff), &v.prices); err != nil {
		return v, fmt.Errorf("read tariff: %w", err)
	}
	return v, nil
}

// Firms lists the firms that shops may choose.
func (s *Service) Firms(ctx context.Context, sc authz.Scope) ([]Summary, error) {
	if err := sc.Can(authz.SeeOrders); err != nil {
		return nil, err
	}
	var list []Summary
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		list = nil
		rows, err := s.q.Summaries(ctx, tx)
		if err != nil {
			return fmt.Errorf("list firms: %w", err)
		}
		for _, r := range rows {
			v, err := summary(r)
			if err != nil {
				return err
			}
			if v.Firm != sc.Business {
				list = append(list, v)
			}
		}
		return nil
	})
	return list, err
}

// open reads the summary of a firm that shops may choose.
func (s *Service) summary(ctx context.Context, tx *store.Tx, firm id.ID) (Summary, bool, error) {
	r, err := s.q.Summary(ctx, tx, firm)
	if errors.Is(err, sql.ErrNoRows) {
		return Summary{}, false, ErrNotFound
	}
	if err != nil {
		return Summary{}, false, fmt.Errorf("read summary: %w", err)
	}
	v, err := summary(r)
	return v, r.Open, err
}

// Choice is a firm to which a shop may give parcels.
type Choice struct{ Code, Name string }

// Choices lists them, for the form that gives a parcel to a carrier.
func (s *Service) Choices(ctx context.Context, sc authz.Scope) ([]Choice, error) {
	ties, err := s.Ties(ctx, sc, false)
	var list []Choice
	for _, t := range ties {
		if t.Live() {
			list = append(list, Choice{CarrierOf(t.Code), t.Name})
		}
	}
	return list, err
}

// FirmFor tells what the firm is called that is to carry a parcel, or why it
// does not: package app gives it to package parcel.
func (s *Service) FirmFor(ctx context.Context, tx *store.Tx, sc authz.Scope, p parcel.Parcel, code string) (string, error) {
	t, err := s.tieByCode(ctx, tx, sc, strings.TrimPrefix(code, parcel.Firm))
	if err != nil {
		return "", err
	}
	v, open, err := s.summary(ctx, tx, t.Other)
	if err != nil {
		return "", err
	}
	if !t.Live() || !open {
		return "", ErrTied
	}
	_, err = v.fee(p)
	return t.Name, err
}
