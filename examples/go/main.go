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
	"encoding/json"
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

func answer(ctx context.Context, client *kgo.Client, records []*kgo.Record, list string) error {
	allowed, err := readList(list) // each time: it can change without a restart
	if err != nil {
		return err
	}
	var lines strings.Builder
	var out []*kgo.Record
	for _, record := range records {
		r, err := read(record.Value)
		if err != nil {
			log.Printf("%s[%d] at offset %d is not a request", record.Topic, record.Partition, record.Offset)
			continue
		}
		d := decide(r, allowed)
		value, _ := json.Marshal(d)
		out = append(out, &kgo.Record{Key: record.Key, Value: value,
			Topic: cmp.Or(r.DecisionTopic, "ztp.decisions")})
		fmt.Fprintln(&lines, d.Decision, d.DevicePath)
	}
	if err := client.ProduceSync(ctx, out...).FirstErr(); err != nil {
		return err
	}
	fmt.Print(lines.String())
	return client.CommitRecords(ctx, records...)
}

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
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.SessionTimeout(10*time.Second))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	for ctx.Err() == nil {
		fetches := client.PollRecords(ctx, 500)
		fetches.EachError(func(topic string, _ int32, err error) { log.Print(topic, ": ", err) })
		if err := answer(ctx, client, fetches.Records(), os.Args[1]); err != nil && ctx.Err() == nil {
			log.Fatal(err) // the records are read again after a restart
		}
	}
}
