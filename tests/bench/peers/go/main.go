// The reference of the benchmark: MQTT to Kafka as a good engineer would write
// it in Go. It acknowledges an event to the MQTT broker only after Kafka has
// acknowledged the record (acks=all, idempotent), so a kill -9 at any moment
// costs duplicates but no event. It does not look into the event, but for the
// record's key, and keeps nothing on disk.
package main

import (
	"bytes"
	"context"
	"flag"
	"log"
	"net"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/twmb/franz-go/pkg/kgo"
)

// More than one broker has in flight to one client, so that only Kafka's own
// pace holds the subscriber back.
const buffered = 20000

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
	flag.DurationVar(&o.linger, "linger", 2*time.Millisecond, "of the producer")
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
		kgo.MaxBufferedRecords(buffered),
	)
}

// The device's path, which keeps a device's records in order; nil if there is
// none.
func key(event []byte) []byte {
	_, rest, found := bytes.Cut(event, []byte(`"device_path":"`))
	if !found {
		return nil
	}
	path, _, found := bytes.Cut(rest, []byte(`"`))
	if !found {
		return nil
	}
	return path
}

// The record contains the event unchanged.
func forward(client *kgo.Client) mqtt.MessageHandler {
	return func(_ mqtt.Client, m mqtt.Message) {
		event := m.Payload()
		client.Produce(context.Background(),
			&kgo.Record{Key: key(event), Value: event},
			func(_ *kgo.Record, err error) {
				if err != nil {
					log.Fatalf("produce: %v", err)
				}
				m.Ack()
			})
	}
}

func dial(address *url.URL, o mqtt.ClientOptions) (net.Conn, error) {
	conn, err := net.DialTimeout("tcp", address.Host, o.ConnectTimeout)
	if err != nil {
		return nil, err
	}
	return newBatched(conn), nil
}

func connect(o options, handler mqtt.MessageHandler) (mqtt.Client, error) {
	client := mqtt.NewClient(mqtt.NewClientOptions().
		AddBroker(o.broker).
		SetClientID(o.clientID).
		SetProtocolVersion(4).
		SetCleanSession(false).
		SetAutoAckDisabled(true).
		SetCustomOpenConnectionFn(dial).
		SetMaxReconnectInterval(time.Second).
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
