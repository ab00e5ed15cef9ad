package com.example.ztp;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.TimeoutException;

/** Sends decisions, and waits for Kafka. */
final class Answers {
  private record Sent(ConsumerRecord<String, String> record, Request request, String line,
      Future<?> answer) {}

  private final Producer<String, String> producer;
  private final Later later;
  private final String decidedBy;

  Answers(Producer<String, String> producer, Later later, String decidedBy) {
    this.producer = producer;
    this.later = later;
    this.decidedBy = decidedBy;
  }

  /** Null: Kafka has taken it. */
  private static Throwable faultOf(Future<?> answer) throws InterruptedException {
    try {
      answer.get();
      return null;
    } catch (ExecutionException failed) {
      return failed.getCause();
    }
  }

  /** Returns once Kafka has taken every decision, or its topic does not, and it waits. */
  void make(List<ConsumerRecord<String, String>> again,
      Iterable<ConsumerRecord<String, String>> records, Set<String> allowed) throws Exception {
    var all = new ArrayList<>(again);
    records.forEach(all::add);
    var sent = new ArrayList<Sent>();
    Map<String, Future<?>> missing = new HashMap<>(); // topics that were waited for in vain
    for (var record : all) {
      var request = Request.read(record.value());
      if (request == null) {
        System.err.printf("%s[%d] at offset %d is not a request%n", record.topic(),
            record.partition(), record.offset());
        continue;
      }
      var decision = request.decide(allowed, decidedBy);
      var answer = missing.get(request.topic());
      if (answer == null) {
        answer = producer.send(
            new ProducerRecord<>(request.topic(), record.key(), decision.toString()));
        if (answer.isDone() && faultOf(answer) instanceof TimeoutException) {
          missing.put(request.topic(), answer);
        }
      }
      sent.add(new Sent(record, request,
          decision.path("decision").asText() + " " + request.path(), answer));
    }
    for (var one : sent) {
      var fault = faultOf(one.answer);
      if (fault == null) {
        System.out.println(one.line);
      } else if (!later.keeps(fault, one.record, one.request)) {
        throw new ExecutionException(fault);
      }
    }
  }
}
