// Command gen packs the tables of Indonesia's regions into the file that
// package region carries. It is run by hand when a new edition of the regions
// comes out:
//
//	go run ./internal/region/gen DIR internal/region/regions.bin
//
// DIR holds provinces.csv, regencies.csv, districts.csv.gz and villages.csv.gz
// with the columns code, name, lat, lng (and postal_code for villages).
package main

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

type row struct {
	code, name string
	lat, lng   int64 // thousandths of a degree
	postal     int64
	known      bool // has a place
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: gen DIR OUT")
	}
	var rows []row
	for _, f := range []string{"provinces.csv", "regencies.csv", "districts.csv.gz", "villages.csv.gz"} {
		r, err := read(filepath.Join(os.Args[1], f))
		if err != nil {
			log.Fatalf("%s: %v", f, err)
		}
		rows = append(rows, r...)
	}
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.code, b.code) })
	if err := os.WriteFile(os.Args[2], pack(rows), 0o644); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(rows), "places")
}

func read(path string) ([]row, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			return nil, err
		}
	}
	all, err := csv.NewReader(in).ReadAll()
	if err != nil {
		return nil, err
	}
	col := map[string]int{}
	for i, n := range all[0] {
		col[n] = i
	}
	var rows []row
	for _, c := range all[1:] {
		r := row{code: c[col["code"]], name: strings.TrimSpace(c[col["name"]])}
		lat, err1 := strconv.ParseFloat(c[col["lat"]], 64)
		lng, err2 := strconv.ParseFloat(c[col["lng"]], 64)
		if err1 == nil && err2 == nil {
			r.known, r.lat, r.lng = true, int64(math.Round(lat*1000)), int64(math.Round(lng*1000))
		}
		if i, ok := col["postal_code"]; ok {
			if r.postal, err = strconv.ParseInt(c[i], 10, 32); err != nil {
				return nil, fmt.Errorf("postal code of %s: %w", r.code, err)
			}
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// pack writes the columns one after another, each as differences from the row
// before it, and compresses the whole. Package region's unpack reads it.
func pack(rows []row) []byte {
	var names, nums bytes.Buffer
	put := func(v int64) { nums.Write(binary.AppendVarint(nil, v)) }
	put(int64(len(rows)))
	for _, r := range rows {
		names.WriteString(r.name)
		names.WriteByte('\n')
	}
	// Codes: the depth, then the last segment as a difference from the sibling before.
	var last [5]int64
	for _, r := range rows {
		seg := strings.Split(r.code, ".")
		n, err := strconv.ParseInt(seg[len(seg)-1], 10, 32)
		if err != nil {
			log.Fatal(err)
		}
		put(int64(len(seg)))
		put(n - last[len(seg)])
		last[len(seg)] = n
		for i := len(seg) + 1; i < len(last); i++ {
			last[i] = 0
		}
	}
	var prev row
	for _, r := range rows {
		put(r.postal - prev.postal)
		prev.postal = r.postal
	}
	for _, axis := range []func(row) int64{func(r row) int64 { return r.lat }, func(r row) int64 { return r.lng }} {
		var before int64
		for _, r := range rows {
			v := axis(r)
			if !r.known {
				v = before // unpack knows by the unknown list
			}
			put(v - before)
			before = v
		}
	}
	var unknown []int
	for i, r := range rows {
		if !r.known {
			unknown = append(unknown, i)
		}
	}
	put(int64(len(unknown)))
	at := 0
	for _, i := range unknown {
		put(int64(i - at))
		at = i
	}
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		log.Fatal(err)
	}
	var head [4]byte
	binary.LittleEndian.PutUint32(head[:], uint32(names.Len()))
	for _, b := range [][]byte{head[:], names.Bytes(), nums.Bytes()} {
		if _, err := w.Write(b); err != nil {
			log.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
	return out.Bytes()
}
