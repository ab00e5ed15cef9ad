package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log"

	"github.com/twmb/franz-go/pkg/kgo"
)

// answer returns once Kafka has taken every decision, or its topic does not, and it waits.
func answer(ctx context.Context, client *kgo.Client, records []*kgo.Record, list string,
	later *later) error {
	allowed, err := readList(list) // each time: it can change without a restart
	if err != nil {
		return err
	}
	var out []*kgo.Record
	asked := map[*kgo.Record]asking{}
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
		asked[out[len(out)-1]] = asking{record, r, d}
	}
	for _, sent := range client.ProduceSync(ctx, out...) {
		one := asked[sent.Record]
		if sent.Err == nil {
			fmt.Println(one.decision.Decision, one.decision.DevicePath)
		} else if !later.keeps(sent.Err, sent.Record.Topic, one) {
			return sent.Err
		}
	}
	return nil
}
