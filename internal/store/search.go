package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"

	"lapak/internal/authz"
	"lapak/internal/id"
)

// Full-text search is the one thing for which the engines have no common SQL:
// SQLite has FTS5 tables, PostgreSQL has tsvector. This file holds both texts
// behind three methods; nothing else reads or writes search_docs.
//
// A document is a list of words, already folded by the caller to lower-case
// letters and digits; both engines then only compare them.

// SearchDoc is something that can be found, among those of its group.
type SearchDoc struct {
	ID     id.ID
	Group  int64  // 0 to 9
	Title  string // returned with a hit, to rank by
	Weight int64  // the same
	Words  string // folded, separated by single spaces
}

// SearchTerm is a word that must be in a document, or must begin one there.
type SearchTerm struct {
	Word   string
	Prefix bool
}

// SearchHit is a document that was found.
type SearchHit struct {
	ID     id.ID
	Title  string
	Weight int64
}

// SearchPut makes a document findable, in place of the one it was before.
func (tx *Tx) SearchPut(ctx context.Context, d SearchDoc) error {
	words := searchWords(d.Words)
	if len(words) == 0 {
		return tx.SearchDrop(ctx, d.ID)
	}
	for i, w := range words {
		words[i] = inGroup(d.Group, w)
	}
	key, text := searchKey(d.ID), strings.Join(words, " ")
	if tx.Postgres() {
		_, err := tx.ExecContext(ctx, `INSERT INTO search_docs (doc, id, weight, title, words) VALUES ($1, $2, $3, $4, array_to_tsvector(string_to_array($5, ' ')))
			ON CONFLICT (doc) DO UPDATE SET weight = excluded.weight, title = excluded.title, words = excluded.words
			WHERE search_docs.id = excluded.id
			AND (search_docs.weight <> excluded.weight OR search_docs.title <> excluded.title OR search_docs.words <> excluded.words)`,
			key, d.ID, d.Weight, d.Title, text)
		if err != nil {
			return fmt.Errorf("put a search document: %w", err)
		}
		return nil
	}
	// What did not change is left alone: writing the index anew costs more than
	// looking. So is what another document has under this key.
	var leave int64
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM search_docs WHERE rowid = $1 AND (id <> $2 OR weight = $3 AND title = $4 AND words = $5)`,
		key, d.ID, d.Weight, d.Title, text).Scan(&leave); err != nil {
		return fmt.Errorf("look for a search document: %w", err)
	}
	if leave == 1 {
		return nil
	}
	if err := tx.SearchDrop(ctx, d.ID); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO search_docs (rowid, id, weight, title, words) VALUES ($1, $2, $3, $4, $5)`,
		key, d.ID, d.Weight, d.Title, text)
	if err != nil {
		return fmt.Errorf("put a search document: %w", err)
	}
	return nil
}

// SearchDrop takes a document out; one that is not there is no error.
func (tx *Tx) SearchDrop(ctx context.Context, doc id.ID) error {
	query := `DELETE FROM search_docs WHERE rowid = $1 AND id = $2`
	if tx.Postgres() {
		query = `DELETE FROM search_docs WHERE doc = $1 AND id = $2`
	}
	if _, err := tx.ExecContext(ctx, query, searchKey(doc), doc); err != nil {
		return fmt.Errorf("drop a search document: %w", err)
	}
	return nil
}

// Search returns documents of a group that hold all the terms, at most so many:
// no order is promised beyond that, ranking all matches of a common word being
// slow.
func (tx *Tx) Search(ctx context.Context, group int64, terms []SearchTerm, most int) ([]SearchHit, error) {
	var parts []string
	for _, t := range terms {
		word := strings.Join(searchWords(t.Word), "")
		if word == "" {
			continue
		}
		word = inGroup(group, word)
		part := `"` + word + `"`
		if tx.Postgres() {
			part = "'" + word + "'"
		}
		switch {
		case t.Prefix && tx.Postgres():
			part += ":*"
		case t.Prefix:
			part += "*"
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return nil, nil
	}
	query := `SELECT id, title, weight FROM search_docs WHERE search_docs MATCH $1 LIMIT $2`
	args := []any{strings.Join(parts, " AND "), most}
	if tx.Postgres() {
		// Planned anew for each search: the rows of a common word are quickest read
		// one after the other, those of a rare one by the index.
		query = `SELECT id, title, weight FROM search_docs WHERE words @@ CAST($1 AS tsquery) LIMIT $2`
		args = []any{pgx.QueryExecModeExec, strings.Join(parts, " & "), most}
	}
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	defer rows.Close()
	var hits []SearchHit
	for rows.Next() {
		var h SearchHit
		if err := rows.Scan(&h.ID, &h.Title, &h.Weight); err != nil {
			return nil, fmt.Errorf("read a search hit: %w", err)
		}
		hits = append(hits, h)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	return hits, nil
}

// tidyPages is how many pages of the index one transaction joins.
const tidyPages = 64

// SearchTidy joins the pieces in which SQLite wrote the index, of which a search
// reads every one, in transactions so short that writers hardly wait.
// PostgreSQL's index is in one piece.
func (db *DB) SearchTidy(ctx context.Context) error {
	if db.Postgres() {
		return nil
	}
	pages := -tidyPages // all pieces are to become one
	for more := true; more; pages = tidyPages {
		err := db.Tx(ctx, authz.Job(id.ID{}), func(tx *Tx) error {
			var before, after int64
			if err := tx.QueryRowContext(ctx, "SELECT total_changes()").Scan(&before); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO search_docs (search_docs, rank) VALUES ('merge', $1)", pages); err != nil {
				return err
			}
			err := tx.QueryRowContext(ctx, "SELECT total_changes()").Scan(&after)
			more = after-before >= 2 // less says that nothing was left to do
			return err
		})
		if err != nil {
			return fmt.Errorf("join the index of the search: %w", err)
		}
	}
	return nil
}

// inGroup is a word as it stands in the documents of a group: no word of
// another group is equal to it, or begins so.
func inGroup(group int64, word string) string {
	if group == 0 {
		return word
	}
	return "qq" + strconv.FormatInt(group, 10) + word
}

// searchKey is the number under which a document is kept: 62 of its random
// bits, because an FTS5 table has no other key. Ids that come in files are not
// always random: who comes second with a key finds no place, and takes none.
func searchKey(doc id.ID) int64 { return int64(binary.BigEndian.Uint64(doc[8:]) &^ (3 << 62)) }

// searchWords leaves nothing but letters and digits, so that a word can never
// be read as an operator of a query.
func searchWords(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
