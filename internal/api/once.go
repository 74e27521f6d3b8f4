package api

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"lapak/internal/api/apidb"
	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/store"
)

// Kept is how long the answer to a write is kept for who sends it again.
const Kept = 7 * 24 * time.Hour

// Ask is a write that came: for whom, by which route, under which key, and the
// hash of what it says.
type Ask struct {
	Route string
	Key   string
	Hash  string
}

// Answer is what a write was answered with.
type Answer struct {
	Status   int
	Location string
	Body     []byte
	Customer id.ID // whom it is about, if that is somebody
	Again    bool  // it was given before
}

// Once does what run does, once for each key: run's work, and the answer that it
// returns, are kept in one transaction. Sent again with the same body, the write
// is given the answer of the first time; with another it is ErrOtherBody. While
// the first one is being worked on, another is ErrInFlight. What run refuses is
// not kept.
//
// If nobody knows whether the commit happened, the answer is looked for; if it
// is not to be found either, store.ErrUnknown says to ask again with the same key.
func (s *Service) Once(ctx context.Context, sc authz.Scope, a Ask, run func(ctx context.Context) (Answer, error)) (Answer, error) {
	hash := id.Hash(a.Key)
	fly := sc.Business.String() + sc.Token.String() + a.Route + hash
	s.mu.Lock()
	busy := s.flying[fly]
	s.flying[fly] = true
	s.mu.Unlock()
	if busy {
		return Answer{}, ErrInFlight.After(time.Second)
	}
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.flying, fly)
	}()
	key := apidb.AnswerParams{BusinessID: sc.Business, Caller: sc.Token, Route: a.Route, KeyHash: hash}
	var out Answer
	err := s.db.Whole(ctx, sc, func(ctx context.Context, tx *store.Tx) error {
		out = Answer{}
		n, err := s.q.Claim(ctx, tx, apidb.ClaimParams{
			BusinessID: sc.Business, Caller: sc.Token, Route: a.Route, KeyHash: hash, BodyHash: a.Hash, CreatedAt: tx.Now, Stale: tx.Now.Add(-Kept),
		})
		if err != nil {
			return fmt.Errorf("claim key: %w", err)
		}
		if n == 0 {
			out, err = s.kept(ctx, tx, key, a.Hash)
			return err
		}
		if out, err = run(ctx); err != nil {
			return err
		}
		return s.keep(ctx, tx, sc, key, out)
	})
	if errors.Is(err, store.ErrUnknown) {
		again, aerr := s.lookUp(ctx, sc, key, a.Hash)
		if aerr == nil {
			return again, nil
		}
	}
	return out, err
}

// lookUp finds the answer of a write whose commit is in doubt.
func (s *Service) lookUp(ctx context.Context, sc authz.Scope, key apidb.AnswerParams, body string) (Answer, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	var out Answer
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		out, err = s.kept(ctx, tx, key, body)
		return err
	})
	return out, err
}

func (s *Service) kept(ctx context.Context, tx *store.Tx, key apidb.AnswerParams, body string) (Answer, error) {
	r, err := s.q.Answer(ctx, tx, key)
	if errors.Is(err, sql.ErrNoRows) {
		return Answer{}, ErrInFlight.After(time.Second)
	}
	if err != nil {
		return Answer{}, fmt.Errorf("read answer: %w", err)
	}
	switch {
	case r.BodyHash != body:
		return Answer{}, ErrOtherBody
	case r.Status == http.StatusGone:
		return Answer{}, ErrErased
	case r.Status == 0:
		return Answer{}, ErrInFlight.After(time.Second)
	}
	plain, err := s.open(r.Answer, key)
	if err != nil {
		return Answer{}, err
	}
	location, text, _ := strings.Cut(plain, "\n")
	return Answer{Status: int(r.Status), Location: location, Body: []byte(text), Again: true}, nil
}

func (s *Service) keep(ctx context.Context, tx *store.Tx, sc authz.Scope, key apidb.AnswerParams, a Answer) error {
	sealed, err := s.close(a.Location+"\n"+string(a.Body), key)
	if err != nil {
		return err
	}
	n, err := s.q.PutAnswer(ctx, tx, apidb.PutAnswerParams{
		BusinessID: key.BusinessID, Caller: key.Caller, Route: key.Route, KeyHash: key.KeyHash, Status: int64(a.Status), Answer: sealed,
		CustomerID: a.Customer.Null(),
	})
	if err != nil {
		return fmt.Errorf("keep answer: %w", err)
	}
	if n != 1 {
		return errors.New("api: a key was taken away while it was worked on")
	}
	return job.Put(ctx, tx, sc, sweep{}, job.At(tx.Now.Add(Kept+time.Minute)), job.Unique("api.sweep"))
}

func (s *Service) gcm() (cipher.AEAD, error) {
	b, err := aes.NewCipher(s.seal)
	if err != nil {
		return nil, fmt.Errorf("answer key: %w", err)
	}
	return cipher.NewGCM(b)
}

// row names the row that a sealed answer belongs to: in another it does not open.
func row(key apidb.AnswerParams) []byte {
	return []byte("api_answers.answer " + key.BusinessID.String() + " " + key.Caller.String() + " " + key.Route + " " + key.KeyHash)
}

func (s *Service) close(plain string, key apidb.AnswerParams) (string, error) {
	g, err := s.gcm()
	if err != nil {
		return "", err
	}
	nonce := make([]byte, g.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return "", fmt.Errorf("nonce: %w", err)
	}
	return base64.StdEncoding.EncodeToString(g.Seal(nonce, nonce, []byte(plain), row(key))), nil
}

func (s *Service) open(sealed string, key apidb.AnswerParams) (string, error) {
	g, err := s.gcm()
	if err != nil {
		return "", err
	}
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil || len(raw) < g.NonceSize() {
		return "", errors.New("api: a kept answer cannot be read")
	}
	plain, err := g.Open(nil, raw[:g.NonceSize()], raw[g.NonceSize():], row(key))
	if err != nil {
		return "", fmt.Errorf("api: open a kept answer: %w", err)
	}
	return string(plain), nil
}

// Erase leaves of the answers about a customer only that they were given.
func (s *Service) Erase(ctx context.Context, tx *store.Tx, sc authz.Scope, customer id.ID) error {
	if err := s.q.Erase(ctx, tx, apidb.EraseParams{BusinessID: sc.Business, CustomerID: customer.Null()}); err != nil {
		return fmt.Errorf("erase answers: %w", err)
	}
	return nil
}

// sweep deletes a shop's answers that were kept long enough.
type sweep struct{}

// Kind names the job.
func (sweep) Kind() string { return "api.sweep" }

// Sweep deletes the scope's answers that were kept long enough, and asks to be
// called again when the next one will have been.
func (s *Service) Sweep(ctx context.Context, sc authz.Scope) error {
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		if _, err := s.q.Sweep(ctx, tx, apidb.SweepParams{BusinessID: sc.Business, Stale: tx.Now.Add(-Kept)}); err != nil {
			return fmt.Errorf("sweep answers: %w", err)
		}
		oldest, err := s.q.Oldest(ctx, tx, sc.Business)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("oldest answer: %w", err)
		}
		return job.Put(ctx, tx, sc, sweep{}, job.At(oldest.Add(Kept+time.Hour)), job.Unique("api.sweep"))
	})
}

// Invariants are what must hold of answers at any time.
var Invariants = []store.Invariant{
	{Name: "no key is left without its answer", SQL: `SELECT business_id, route FROM api_answers WHERE status = 0`},
}
