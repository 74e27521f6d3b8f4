package backup

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
)

// Lock says how backups are sealed. The zero value seals nothing. With a
// recipient alone the server can write backups and not read them.
type Lock struct {
	Recipient  string // age1...: the public half
	Passphrase string
}

// Sealing reports whether backups are sealed.
func (l Lock) Sealing() bool { return l.Recipient != "" || l.Passphrase != "" }

// Check says what is wrong with the lock.
func (l Lock) Check() error {
	_, err := l.recipients()
	return err
}

func (l Lock) recipients() ([]age.Recipient, error) {
	switch {
	case l.Recipient != "" && l.Passphrase != "":
		return nil, errors.New("choose either a recipient or a passphrase")
	case l.Recipient != "":
		list, err := age.ParseRecipients(strings.NewReader(strings.ReplaceAll(l.Recipient, ",", "\n")))
		if err != nil {
			return nil, errors.New("the recipient must look like age1... (age-keygen makes a pair)")
		}
		return list, nil
	case l.Passphrase != "":
		if len(l.Passphrase) < 12 {
			return nil, errors.New("the passphrase must have at least 12 characters")
		}
		r, err := age.NewScryptRecipient(l.Passphrase)
		return []age.Recipient{r}, err
	}
	return nil, nil
}

// Keys open sealed backups.
type Keys struct{ list []age.Identity }

// Any reports whether there is a key at all.
func (k Keys) Any() bool { return len(k.list) > 0 }

// ReadKeys reads a file of age identities, and takes a passphrase; both may be
// empty.
func ReadKeys(file io.Reader, passphrase string) (Keys, error) {
	var k Keys
	if file != nil {
		list, err := age.ParseIdentities(file)
		if err != nil {
			return k, errors.New("the file holds no age key (a line AGE-SECRET-KEY-1...)")
		}
		k.list = append(k.list, list...)
	}
	if passphrase != "" {
		s, err := age.NewScryptIdentity(passphrase)
		if err != nil {
			return k, fmt.Errorf("take the passphrase: %w", err)
		}
		k.list = append(k.list, s)
	}
	return k, nil
}

// oneTime makes a lock and its key that nobody keeps.
func oneTime() (Lock, Keys, error) {
	i, err := age.GenerateX25519Identity()
	if err != nil {
		return Lock{}, Keys{}, fmt.Errorf("make a key: %w", err)
	}
	return Lock{Recipient: i.Recipient().String()}, Keys{list: []age.Identity{i}}, nil
}
