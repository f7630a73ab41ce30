// Command bare does what burrow run --file does at the least: it opens a bbolt
// file, commits three times and posts one body. burrow is measured against it.
package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"

	bolt "go.etcd.io/bbolt"
)

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(database, url, file string) error {
	body, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	db, err := bolt.Open(database, 0o600, nil)
	if err != nil {
		return err
	}
	defer db.Close()
	commit := func(key string) error {
		return db.Update(func(tx *bolt.Tx) error {
			bucket, err := tx.CreateBucketIfNotExists([]byte("runs"))
			if err != nil {
				return err
			}
			return bucket.Put([]byte(key), body)
		})
	}
	for _, key := range []string{"enqueued", "claimed"} {
		if err := commit(key); err != nil {
			return err
		}
	}
	response, err := http.Post(url+"/v0/run", "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	return commit("acknowledged")
}
