// Package push tells people in their browser, by Web Push, that something in
// their business asks for them. What it sends is sealed for the one browser
// and holds a title, a line and an address on this server.
package push

import (
	"context"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	webpush "github.com/SherClockHolmes/webpush-go"

	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/push/pushdb"
	"lapak/internal/store"
)

// ErrSubscription is for a subscription that no browser made.
var ErrSubscription = fault.New(fault.Invalid, "push.subscription")

// Subscription is what a browser's PushManager gives.
type Subscription struct {
	Endpoint string `json:"endpoint"`
	Keys     struct {
		P256dh string `json:"p256dh"`
		Auth   string `json:"auth"`
	} `json:"keys"`
}

// Validate checks the form of a subscription.
func (s Subscription) Validate() error {
	u, err := url.Parse(s.Endpoint)
	if err != nil || u.Scheme != "https" || u.Host == "" || len(s.Endpoint) > 1024 {
		return ErrSubscription
	}
	key, err := base64.RawURLEncoding.DecodeString(s.Keys.P256dh)
	if err != nil {
		return ErrSubscription
	}
	if _, err := ecdh.P256().NewPublicKey(key); err != nil {
		return ErrSubscription
	}
	if auth, err := base64.RawURLEncoding.DecodeString(s.Keys.Auth); err != nil || len(auth) != 16 {
		return ErrSubscription
	}
	return nil
}

// News is what is shown: plain text without personal data, and a path of ours.
type News struct {
	Title string `json:"title"`
	Body  string `json:"body"`
	Path  string `json:"path"`
	Tag   string `json:"tag"` // news of one tag replace each other
}

// Service keeps subscriptions and sends news to them.
type Service struct {
	db              *store.DB
	q               pushdb.Queries
	client          *http.Client
	public, private string
	contact         string

	// Write words the news for a language when it is sent; app sets it. It
	// returns false when there is nothing to tell any more.
	Write func(ctx context.Context, sc authz.Scope, lang string, about About) (News, bool, error)
	// Allowed reports whether the person may still learn of the business; app sets it.
	Allowed func(ctx context.Context, person, business id.ID) (bool, error)
}

// About says what the news is about; ids only.
type About struct {
	Kind   string `json:"kind"` // such as "order.placed"
	Object id.ID  `json:"object"`
}

// New makes the service. The server's VAPID key is derived from root, the
// installation's secret; contact is the https or mailto address that push
// services may write to.
func New(db *store.DB, client *http.Client, root []byte, contact string) (*Service, error) {
	for n := range 16 { // a scalar out of range has a chance of 2^-32: take the next
		b, err := hkdf.Key(sha256.New, root, nil, fmt.Sprintf("lapak push vapid %d", n), 32)
		if err != nil {
			return nil, fmt.Errorf("derive push key: %w", err)
		}
		k, err := ecdh.P256().NewPrivateKey(b)
		if err != nil {
			continue
		}
		e := base64.RawURLEncoding
		return &Service{db: db, client: client, contact: contact, public: e.EncodeToString(k.PublicKey().Bytes()), private: e.EncodeToString(b)}, nil
	}
	return nil, errors.New("derive push key: no scalar in range")
}

// PublicKey is the server's key as browsers take it.
func (s *Service) PublicKey() string { return s.public }

// Subscribe keeps a browser of the acting person for the acting business.
func (s *Service) Subscribe(ctx context.Context, sc authz.Scope, sub Subscription, lang string) error {
	if err := sc.Can(authz.SeeToday); err != nil {
		return err
	}
	if err := sub.Validate(); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		return s.q.PutSubscription(ctx, tx, pushdb.PutSubscriptionParams{
			BusinessID: sc.Business, ID: id.New(), PersonID: sc.Actor, Endpoint: sub.Endpoint,
			EndpointHash: id.Hash(sub.Endpoint), P256dh: sub.Keys.P256dh, Auth: sub.Keys.Auth, Lang: lang, CreatedAt: tx.Now,
		})
	})
}

// Unsubscribe forgets a browser.
func (s *Service) Unsubscribe(ctx context.Context, sc authz.Scope, endpoint string) error {
	if err := sc.Can(authz.SeeToday); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		_, err := s.q.DeleteSubscription(ctx, tx, pushdb.DeleteSubscriptionParams{BusinessID: sc.Business, EndpointHash: id.Hash(endpoint)})
		return err
	})
}

type tell struct {
	About
	Subscription id.ID `json:"subscription"`
}

// Kind names the job that sends to one browser.
func (tell) Kind() string { return "push.tell" }

type fan struct{ About }

// Kind names the job that finds the browsers of a business.
func (fan) Kind() string { return "push.fan" }

// Tell puts in the jobs that send the news to the people of the business who
// may know of it, in the caller's transaction. Where nobody wants news it
// leaves nothing to do.
func (s *Service) Tell(ctx context.Context, tx *store.Tx, sc authz.Scope, about About) error {
	subs, err := s.q.Subscriptions(ctx, tx, sc.Business)
	if err != nil {
		return fmt.Errorf("list subscriptions: %w", err)
	}
	if len(subs) == 0 {
		return nil
	}
	return job.Put(ctx, tx, sc, fan{about}, job.Unique("push:"+about.Kind+":"+about.Object.String()))
}

// Register gives the runner the jobs of this package.
func (s *Service) Register(r *job.Runner) {
	job.Handle(r, func(ctx context.Context, sc authz.Scope, a fan) error {
		return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
			subs, err := s.q.Subscriptions(ctx, tx, sc.Business)
			if err != nil {
				return fmt.Errorf("list subscriptions: %w", err)
			}
			for _, sub := range subs {
				if err := job.Put(ctx, tx, sc, tell{a.About, sub}); err != nil {
					return err
				}
			}
			return nil
		})
	})
	job.Handle(r, s.send)
}

func (s *Service) send(ctx context.Context, sc authz.Scope, a tell) error {
	var row pushdb.SubscriptionRow
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		row, err = s.q.Subscription(ctx, tx, pushdb.SubscriptionParams{BusinessID: sc.Business, ID: a.Subscription})
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read subscription: %w", err)
	}
	if ok, err := s.Allowed(ctx, row.PersonID, sc.Business); err != nil {
		return err
	} else if !ok {
		return s.forget(ctx, sc, row.EndpointHash)
	}
	news, ok, err := s.Write(ctx, sc, row.Lang, a.About)
	if err != nil || !ok {
		return err
	}
	body, err := json.Marshal(news)
	if err != nil {
		return fmt.Errorf("encode news: %w", err)
	}
	res, err := webpush.SendNotificationWithContext(ctx, body, &webpush.Subscription{
		Endpoint: row.Endpoint, Keys: webpush.Keys{P256dh: row.P256dh, Auth: row.Auth},
	}, &webpush.Options{
		HTTPClient: s.client, Subscriber: s.contact, VAPIDPublicKey: s.public, VAPIDPrivateKey: s.private,
		TTL: 6 * 3600, Urgency: webpush.UrgencyHigh, Topic: base64.RawURLEncoding.EncodeToString(a.Object[:])[:22],
	})
	if err != nil {
		return errors.New("push service did not answer") // the error's text holds the endpoint
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	switch {
	case res.StatusCode == http.StatusGone || res.StatusCode == http.StatusNotFound:
		return s.forget(ctx, sc, row.EndpointHash)
	case res.StatusCode >= 300:
		return fmt.Errorf("push service answered %d", res.StatusCode)
	}
	return nil
}

func (s *Service) forget(ctx context.Context, sc authz.Scope, hash string) error {
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		_, err := s.q.DeleteSubscription(ctx, tx, pushdb.DeleteSubscriptionParams{BusinessID: sc.Business, EndpointHash: hash})
		return err
	})
}
