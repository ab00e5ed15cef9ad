package com.example.ztp;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * Decisions that their topic does not take: it is not there, may not be written to, or takes
 * smaller ones only. With several bridges each has a topic of its own, and what is wrong with one
 * must not stop the requests of the others. Their requests wait here, and are decided again after
 * a while until they expire. No offset behind one that waits is committed, so a restart forgets
 * none.
 */
final class Later {
  private static final int PAUSE_S = 5;
  private static final int MOST = 1000; // requests that wait

  private List<ConsumerRecord<String, String>> waiting = new ArrayList<>();
  private final Map<TopicPartition, Long> read = new HashMap<>(); // behind the last one
  private Instant againAt = Instant.MIN;
  private Instant tellAt = Instant.MIN;

  /** Those that are to be decided again now; they wait no more. */
  List<ConsumerRecord<String, String>> due() {
    if (Instant.now().isBefore(againAt)) {
      return List.of();
    }
    var due = waiting;
    waiting = new ArrayList<>();
    return due;
  }

  /** False: it is not the topic's fault. */
  boolean keeps(Throwable fault, ConsumerRecord<String, String> record, Request request) {
    // A topic that is not there is waited for.
    if (!(fault instanceof UnknownTopicOrPartitionException || fault instanceof TimeoutException
        || fault instanceof TopicAuthorizationException || fault instanceof InvalidTopicException
        || fault instanceof RecordTooLargeException)) {
      return false;
    }
    againAt = Instant.now().plusSeconds(PAUSE_S);
    if (!request.expiresAt().isEmpty()
        && request.expiresAt().compareTo(Instant.now().toString()) < 0) {
      leave(record, "it has expired, and its topic did not take it");
      return true;
    }
    waiting.add(record);
    if (waiting.size() > MOST) {
      leave(waiting.remove(0), "too many wait for their topics");
    }
    if (Instant.now().isAfter(tellAt)) {
      tellAt = Instant.now().plusSeconds(60);
      System.err.printf("%s does not take a decision: %s; it is made again later, and others go"
          + " on%n", request.topic(), fault.getMessage());
    }
    return true;
  }

  private static void leave(ConsumerRecord<String, String> record, String why) {
    System.err.printf("%s[%d] at offset %d is left undecided: %s%n", record.topic(),
        record.partition(), record.offset(), why);
  }

  private static TopicPartition place(ConsumerRecord<String, String> record) {
    return new TopicPartition(record.topic(), record.partition());
  }

  /** Where to go on in the partitions of these, of which the first have waited. */
  Map<TopicPartition, OffsetAndMetadata> ends(Collection<ConsumerRecord<String, String>> again,
      Iterable<ConsumerRecord<String, String>> records) {
    Map<TopicPartition, Long> ends = new HashMap<>();
    records.forEach(record -> read.put(place(record), record.offset() + 1));
    records.forEach(record -> ends.put(place(record), read.get(place(record))));
    again.forEach(record -> ends.put(place(record), read.get(place(record))));
    waiting.forEach(record ->
        ends.computeIfPresent(place(record), (where, end) -> Math.min(end, record.offset())));
    Map<TopicPartition, OffsetAndMetadata> found = new HashMap<>();
    ends.forEach((where, end) -> found.put(where, new OffsetAndMetadata(end)));
    return found;
  }
}
