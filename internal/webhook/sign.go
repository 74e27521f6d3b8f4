package webhook

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"time"

	"lapak/internal/id"
)

const mark = "whsec_"

// sealer keeps secrets from who reads the database alone.
type sealer struct{ aead cipher.AEAD }

func newSealer(root []byte) (sealer, error) {
	key, err := hkdf.Key(sha256.New, root, nil, "lapak webhook secret", 32)
	if err != nil {
		return sealer{}, fmt.Errorf("derive webhook key: %w", err)
	}
	b, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, fmt.Errorf("webhook key: %w", err)
	}
	g, err := cipher.NewGCM(b)
	return sealer{g}, err
}

func row(receiver id.ID) []byte { return []byte("webhook_receivers.sealed " + receiver.String()) }

// fresh makes a secret, as its owner sees it and as it is kept.
func (s sealer) fresh(receiver id.ID) (secret, sealed string, err error) {
	key, nonce := make([]byte, 32), make([]byte, s.aead.NonceSize())
	if _, err := rand.Read(key); err != nil {
		return "", "", fmt.Errorf("secret: %w", err)
	}
	if _, err := rand.Read(nonce); err != nil {
		return "", "", fmt.Errorf("nonce: %w", err)
	}
	e := base64.StdEncoding
	return mark + e.EncodeToString(key), e.EncodeToString(s.aead.Seal(nonce, nonce, key, row(receiver))), nil
}

func (s sealer) open(sealed string, receiver id.ID) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if n := s.aead.NonceSize(); err == nil && len(raw) > n {
		key, err := s.aead.Open(nil, raw[:n], raw[n:], row(receiver))
		if err != nil {
			return nil, fmt.Errorf("webhook: open a secret: %w", err)
		}
		return key, nil
	}
	return nil, errors.New("webhook: a sealed secret cannot be read")
}

// sign is the signature of a message under one secret.
func sign(key []byte, message string, at time.Time, body string) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(message + "." + strconv.FormatInt(at.Unix(), 10) + "." + body))
	return "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil))
}
