package com.example.ztp;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * A customer's approver: a device may join if its certificate is on the list.
 *
 * <pre>KAFKA_BROKERS=127.0.0.1:9092 java -jar target/approver.jar allowed.txt</pre>
 *
 * allowed.txt is read by {@link AllowList}. Offsets are committed after Kafka has acknowledged the
 * decisions; one that is made again has no effect. The key keeps a device's decisions in order.
 */
public final class Approver {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String GROUP = env("KAFKA_GROUP", "approver-java");

  private static String env(String name, String fallback) {
    return System.getenv().getOrDefault(name, fallback);
  }

  /** The fingerprint binds a decision to the key it was made for. */
  static ObjectNode decide(Request request, Set<String> allowed) {
    ObjectNode decision = JSON.createObjectNode()
        .put("request_id", request.id())
        .put("device_path", request.path())
        .put("fingerprint_sha256", request.fingerprint())
        .put("decided_by", GROUP);
    if (allowed.contains(request.fingerprint())) {
      decision.put("decision", "approve").putObject("payload").put("ntp", "time.acme.example");
    } else {
      decision.put("decision", "reject").put("reason", "not_on_list");
    }
    return decision;
  }

  public static void main(String[] args) throws Exception {
    Path list = AllowList.named(args);
    String brokers = env("KAFKA_BROKERS", "127.0.0.1:9092");
    var producer = new KafkaProducer<>(
        Map.of("bootstrap.servers", brokers, "acks", "all", "linger.ms", 0),
        new StringSerializer(), new StringSerializer());
    var consumer = new KafkaConsumer<>(
        Map.of("bootstrap.servers", brokers, "group.id", GROUP, "enable.auto.commit", false,
            "isolation.level", "read_committed", "auto.offset.reset", "earliest",
            "session.timeout.ms", 10000), new StringDeserializer(), new StringDeserializer());
    Thread main = Thread.currentThread();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      consumer.wakeup();
      try {
        main.join(5000);
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
      }
    }));
    try (producer; consumer) {
      consumer.subscribe(List.of(env("REQUESTS_TOPIC", "ztp.requests")));
      while (true) {
        var records = consumer.poll(Duration.ofSeconds(1));
        // Read each time: the list can change without a restart.
        var allowed = AllowList.read(list);
        var sent = new LinkedHashMap<Future<?>, String>();
        for (var record : records) {
          var request = Request.read(record.value());
          if (request == null) {
            System.err.printf("%s[%d] at offset %d is not a request%n", record.topic(),
                record.partition(), record.offset());
            continue;
          }
          var decision = decide(request, allowed);
          var out = new ProducerRecord<>(request.topic(), record.key(), decision.toString());
          sent.put(producer.send(out), decision.path("decision").asText() + " " + request.path());
        }
        for (var one : sent.entrySet()) {
          one.getKey().get(); // throws if Kafka has not acknowledged it
          System.out.println(one.getValue());
        }
        if (!records.isEmpty()) {
          consumer.commitSync(); // behind all that poll has returned
        }
      }
    } catch (WakeupException stopped) {
      System.err.println("stopped");
    }
  }
}
