// A customer's approver: a device may join if its certificate is on the list.
//
//	KAFKA_BROKERS=127.0.0.1:9092 go run . allowed.txt
//
// allowed.txt is read by list.go. Offsets are committed after Kafka has acknowledged the decisions;
// one that is made again has no effect. The key keeps a device's decisions in order.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

var (
	brokers = cmp.Or(os.Getenv("KAFKA_BROKERS"), "127.0.0.1:9092")
	group   = cmp.Or(os.Getenv("KAFKA_GROUP"), "approver-go")
	topic   = cmp.Or(os.Getenv("REQUESTS_TOPIC"), "ztp.requests")
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: approver LIST")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	context.AfterFunc(ctx, func() {
		stop()                      // a second signal ends it at once
		time.Sleep(9 * time.Second) // if Kafka hangs; Docker kills after 10
		os.Exit(1)
	})
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(brokers, ",")...),
		kgo.ConsumerGroup(group), kgo.DisableAutoCommit(), kgo.ConsumeTopics(topic),
		kgo.ProducerBatchMaxBytes(100_000), // Kafka bounds what a topic takes at once
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.SessionTimeout(10*time.Second))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	later := &later{last: map[place]*kgo.Record{}}
	for ctx.Err() == nil {
		within, done := context.WithTimeout(ctx, time.Second) // to look at those that wait
		fetches := client.PollRecords(within, 500)
		done()
		fetches.EachError(func(topic string, _ int32, err error) {
			if !errors.Is(err, context.DeadlineExceeded) {
				log.Print(topic, ": ", err)
			}
		})
		again, records := later.due(), fetches.Records()
		if len(again)+len(records) == 0 {
			continue
		}
		err := answer(ctx, client, append(again, records...), os.Args[1], later)
		if err == nil {
			err = client.CommitRecords(ctx, later.ends(again, records)...)
		}
		if err != nil && ctx.Err() == nil {
			log.Fatal(err) // the records are read again after a restart
		}
	}
}
