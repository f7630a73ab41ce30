package outbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

// BenchmarkProcesses lets eight processes enqueue 100 runs each at once, and
// reports the worst wait of any; bare waits for bbolt's own lock alone.
func BenchmarkProcesses(b *testing.B) {
	const processes, each = 8, 100
	worst := func(what, path string) time.Duration {
		var all []*exec.Cmd
		var outs []*bufio.Scanner
		for range processes {
			cmd := child(b, what, path, fmt.Sprint(each))
			out, err := cmd.StdoutPipe()
			must(b, err)
			must(b, cmd.Start())
			all, outs = append(all, cmd), append(outs, bufio.NewScanner(out))
		}
		longest := time.Duration(0)
		for i, cmd := range all {
			for outs[i].Scan() {
				n, err := strconv.ParseInt(outs[i].Text(), 10, 64)
				must(b, err)
				longest = max(longest, time.Duration(n))
			}
			must(b, cmd.Wait())
		}
		return longest
	}
	folder := b.TempDir()
	path, plain := filepath.Join(folder, "outbox.db"), filepath.Join(folder, "bare.db")
	openBench(b, path)
	compareBy(b, func() time.Duration { return worst("bolt", plain) }, func() time.Duration { return worst("enqueue", path) })
}

// compareBy is compare for what is not the time of a call.
func compareBy(b *testing.B, bare, own func() time.Duration) {
	b.Helper()
	var bares, owns []time.Duration
	for b.Loop() {
		bares, owns = append(bares, bare()), append(owns, own())
	}
	x, y := median(bares), median(owns)
	b.ReportMetric(float64(x.Nanoseconds()), "bare-ns")
	b.ReportMetric(float64(y.Nanoseconds()), "burrow-ns")
	b.ReportMetric(float64(y)/float64(x), "x-bare")
	b.ReportMetric(0, "ns/op")
}

// timed prints the longest of so many calls.
func timed(times string, call func() error) error {
	n, err := strconv.Atoi(times)
	if err != nil {
		return err
	}
	longest := time.Duration(0)
	for range n {
		began := time.Now()
		if err := call(); err != nil {
			return err
		}
		longest = max(longest, time.Since(began))
	}
	fmt.Println(longest.Nanoseconds())
	return nil
}

func enqueueInTurns(path, times string) error {
	ctx := context.Background()
	store, err := Open(ctx, path)
	if err != nil {
		return err
	}
	results := goOutput(3600)
	return timed(times, func() error {
		n, err := freezeGo(0, results)
		if err != nil {
			return err
		}
		_, _, err = store.Enqueue(ctx, n)
		return err
	})
}

func putInTurns(path, times string) error {
	return timed(times, func() error {
		db, err := bolt.Open(path, 0o600, &bolt.Options{FreelistType: bolt.FreelistMapType})
		if err != nil {
			return err
		}
		return errors.Join(db.Update(func(tx *bolt.Tx) error {
			bucket, err := tx.CreateBucketIfNotExists([]byte("bodies"))
			if err != nil {
				return err
			}
			seq, _ := bucket.NextSequence()
			return bucket.Put(number(seq), make([]byte, 1400))
		}), db.Close())
	})
}

// BenchmarkMemory is how much memory of its own a process holds once it has
// read the first page of an outbox of a million runs; bare is that of a thousand.
func BenchmarkMemory(b *testing.B) {
	results := goOutput(512)
	folder := b.TempDir()
	small, large := filepath.Join(folder, "small.db"), filepath.Join(folder, "large.db")
	fill(b, openBench(b, small), 1000, results)
	fill(b, openBench(b, large), million(), results)
	resident := func(path string) float64 {
		var all []float64
		for range 5 {
			out, err := child(b, "first page", path).Output()
			must(b, err)
			n, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
			must(b, err)
			all = append(all, n)
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	for b.Loop() {
		x, y := resident(small), resident(large)
		b.ReportMetric(x, "bare-KiB")
		b.ReportMetric(y, "burrow-KiB")
		b.ReportMetric(y/x, "x-bare")
	}
}

// readFirstPage prints how many KiB of memory are the process's own, mapped
// files aside.
func readFirstPage(path string) error {
	ctx := context.Background()
	store, err := Open(ctx, path)
	if err != nil {
		return err
	}
	runs, err := store.List(ctx, Query{Limit: 50})
	if err != nil || len(runs) != 50 {
		return fmt.Errorf("%d runs, %w", len(runs), err)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(status)) {
		if size, found := strings.CutPrefix(line, "RssAnon:"); found {
			fmt.Println(strings.Fields(size)[0])
		}
	}
	return nil
}
