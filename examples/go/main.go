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

type request struct {
	RequestID   string                `json:"request_id"`
	Device      struct{ Path string } `json:"device"`
	Certificate struct {
		Fingerprint string `json:"fingerprint_sha256"`
	} `json:"certificate"`
	DecisionTopic string `json:"decision_topic"`
}

// The fingerprint binds a decision to the key it was made for.
type decision struct {
	RequestID   string            `json:"request_id"`
	DevicePath  string            `json:"device_path"`
	Fingerprint string            `json:"fingerprint_sha256"`
	Decision    string            `json:"decision"`
	Reason      string            `json:"reason,omitempty"`
	Payload     map[string]string `json:"payload,omitempty"`
}

func decide(r request, allowed map[string]bool) decision {
	d := decision{RequestID: r.RequestID, DevicePath: r.Device.Path,
		Fingerprint: r.Certificate.Fingerprint, Decision: "reject", Reason: "not_on_list"}
	if allowed[d.Fingerprint] {
		d.Decision, d.Reason = "approve", ""
		d.Payload = map[string]string{"ntp": "time.acme.example"}
	}
	return d
}

func answer(ctx context.Context, client *kgo.Client, records []*kgo.Record, list string) error {
	allowed, err := readList(list) // each time: it can change without a restart
	if err != nil {
		return err
	}
	var lines strings.Builder
	var out []*kgo.Record
	for _, record := range records {
		var r request
		if json.Unmarshal(record.Value, &r) != nil ||
			min(len(r.RequestID), len(r.Device.Path), len(r.Certificate.Fingerprint)) == 0 {
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
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(cmp.Or(os.Getenv("KAFKA_BROKERS"), "127.0.0.1:9092"), ",")...),
		kgo.ConsumerGroup(cmp.Or(os.Getenv("KAFKA_GROUP"), "approver-go")), kgo.DisableAutoCommit(),
		kgo.ConsumeTopics(cmp.Or(os.Getenv("REQUESTS_TOPIC"), "ztp.requests")),
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
