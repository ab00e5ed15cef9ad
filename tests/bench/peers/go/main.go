// The reference of the benchmark: MQTT to Kafka as one would write it in Go
// within a day. It acknowledges an event to the MQTT broker only after Kafka has
// acknowledged the record (acks=all, idempotent), so a kill -9 at any moment
// costs duplicates but no event. It does not look into the event and keeps
// nothing on disk.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/twmb/franz-go/pkg/kgo"
)

type options struct {
	broker, clientID, topic string
	kafka, kafkaTopic       string
	linger                  time.Duration
}

func parse() options {
	var o options
	flag.StringVar(&o.broker, "mqtt", "tcp://127.0.0.1:1883", "MQTT broker")
	flag.StringVar(&o.clientID, "client-id", "reference", "MQTT client id")
	flag.StringVar(&o.topic, "topic", "ztp/v1/pending", "MQTT topic")
	flag.StringVar(&o.kafka, "brokers", "127.0.0.1:9092", "Kafka")
	flag.StringVar(&o.kafkaTopic, "kafka-topic", "ztp.requests", "Kafka topic")
	flag.DurationVar(&o.linger, "linger", time.Millisecond, "of the producer")
	flag.Parse()
	return o
}

// kgo is idempotent by default, and retries without limit.
func producer(o options) (*kgo.Client, error) {
	return kgo.NewClient(
		kgo.SeedBrokers(strings.Split(o.kafka, ",")...),
		kgo.DefaultProduceTopic(o.kafkaTopic),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerLinger(o.linger),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
	)
}

// The record contains the event unchanged.
func forward(client *kgo.Client) mqtt.MessageHandler {
	return func(_ mqtt.Client, m mqtt.Message) {
		record := &kgo.Record{Value: m.Payload()}
		client.Produce(context.Background(), record,
			func(_ *kgo.Record, err error) {
				if err != nil {
					log.Fatalf("produce: %v", err)
				}
				m.Ack()
			})
	}
}

func connect(o options, handler mqtt.MessageHandler) (mqtt.Client, error) {
	client := mqtt.NewClient(mqtt.NewClientOptions().
		AddBroker(o.broker).
		SetClientID(o.clientID).
		SetCleanSession(false).
		SetAutoAckDisabled(true).
		SetDefaultPublishHandler(handler).
		SetOnConnectHandler(func(c mqtt.Client) {
			token := c.Subscribe(o.topic, 1, handler)
			if token.Wait(); token.Error() != nil {
				log.Fatalf("subscribe: %v", token.Error())
			}
			log.Printf("subscribed to %s", o.topic)
		}))
	token := client.Connect()
	token.Wait()
	return client, token.Error()
}

func main() {
	o := parse()
	kafka, err := producer(o)
	if err != nil {
		log.Fatalf("kafka: %v", err)
	}
	client, err := connect(o, forward(kafka))
	if err != nil {
		log.Fatalf("mqtt: %v", err)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
	if err := kafka.Flush(context.Background()); err != nil {
		log.Fatalf("flush: %v", err)
	}
	client.Disconnect(250)
	kafka.Close()
}
