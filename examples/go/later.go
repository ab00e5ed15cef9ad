package main

import (
	"errors"
	"log"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	pause = 5 * time.Second
	most  = 1000 // requests that wait
)

type asking struct {
	record   *kgo.Record
	request  request
	decision decision
}

type place struct {
	topic     string
	partition int32
}

// later has the requests whose decisions their topic does not take: it is not there, may not be
// written to, or takes smaller ones only. With several bridges each has a topic of its own, and
// what is wrong with one must not stop the requests of the others. They are decided again after a
// while, until they expire. No offset behind one that waits is committed, so a restart forgets
// none.
type later struct {
	waiting       []*kgo.Record         // in their order
	last          map[place]*kgo.Record // the last one that was read
	again, tellAt time.Time
}

// due returns those that are to be decided again now; they wait no more.
func (l *later) due() []*kgo.Record {
	if time.Now().Before(l.again) {
		return nil
	}
	due := l.waiting
	l.waiting = nil
	return due
}

// keeps returns false if it is not the topic's fault.
func (l *later) keeps(err error, topic string, one asking) bool {
	if !errors.Is(err, kerr.UnknownTopicOrPartition) && !errors.Is(err, kerr.InvalidTopicException) &&
		!errors.Is(err, kerr.TopicAuthorizationFailed) && !errors.Is(err, kerr.MessageTooLarge) {
		return false
	}
	l.again = time.Now().Add(pause)
	now := time.Now().UTC().Format("2006-01-02T15:04:05")
	if ends := one.request.ExpiresAt; ends != "" && ends < now {
		leave(one.record, "it has expired, and its topic did not take it")
		return true
	}
	l.waiting = append(l.waiting, one.record)
	if len(l.waiting) > most {
		leave(l.waiting[0], "too many wait for their topics")
		l.waiting = l.waiting[1:]
	}
	if time.Now().After(l.tellAt) {
		l.tellAt = time.Now().Add(time.Minute)
		log.Printf("%s does not take a decision: %v; it is made again later, and others go on",
			topic, err)
	}
	return true
}

func leave(r *kgo.Record, why string) {
	log.Printf("%s[%d] at offset %d is left undecided: %s", r.Topic, r.Partition, r.Offset, why)
}

// ends returns the last records that are done with in the partitions of these, which have waited or
// were read.
func (l *later) ends(again, records []*kgo.Record) []*kgo.Record {
	for _, r := range records {
		l.last[place{r.Topic, r.Partition}] = r
	}
	last := map[place]*kgo.Record{}
	for _, r := range append(again, records...) {
		last[place{r.Topic, r.Partition}] = l.last[place{r.Topic, r.Partition}]
	}
	for _, r := range l.waiting {
		at := place{r.Topic, r.Partition}
		if last[at] != nil && r.Offset <= last[at].Offset {
			before := *r
			before.Offset--
			last[at] = &before
		}
	}
	return slices.Collect(maps.Values(last))
}
