package com.example.ztp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * A customer's approver: a device may join if its certificate is on the list.
 *
 * <pre>KAFKA_BROKERS=127.0.0.1:9092 java -jar target/approver.jar allowed.txt</pre>
 *
 * allowed.txt is read by {@link AllowList}. Each request is processed at least once: its offset is
 * committed after Kafka has acknowledged the decision. After a crash the same decision is made
 * again, which has no effect.
 */
public final class Approver {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String GROUP = env("KAFKA_GROUP", "approver-java");

  private static String env(String name, String fallback) {
    return System.getenv().getOrDefault(name, fallback);
  }

  /** The fingerprint binds a decision to the key it was made for. */
  static ObjectNode decide(JsonNode request, Path list) throws IOException {
    String fingerprint = request.at("/certificate/fingerprint_sha256").asText();
    ObjectNode decision = JSON.createObjectNode()
        .put("request_id", request.path("request_id").asText())
        .put("device_path", request.at("/device/path").asText())
        .put("fingerprint_sha256", fingerprint)
        .put("decided_by", GROUP);
    // Read for each request, so that the list can change without a restart.
    if (AllowList.read(list).contains(fingerprint)) {
      decision.put("decision", "approve").putObject("payload").put("ntp", "time.acme.example");
    } else {
      decision.put("decision", "reject").put("reason", "not_on_list");
    }
    return decision;
  }

  public static void main(String[] args) throws Exception {
    Path list = Path.of(args[0]);
    String brokers = env("KAFKA_BROKERS", "127.0.0.1:9092");
    var producer = new KafkaProducer<>(
        Map.of("bootstrap.servers", brokers, "acks", "all"),
        new StringSerializer(), new StringSerializer());
    var consumer = new KafkaConsumer<>(
        Map.of("bootstrap.servers", brokers, "group.id", GROUP, "enable.auto.commit", false,
            "auto.offset.reset", "earliest", "session.timeout.ms", 10000),
        new StringDeserializer(), new StringDeserializer());
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
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) {
          JsonNode request = JSON.readTree(record.value());
          ObjectNode decision = decide(request, list);
          String topic = request.path("decision_topic").asText("ztp.decisions");
          producer.send(new ProducerRecord<>(topic, record.key(), decision.toString())).get();
          consumer.commitSync(Map.of(new TopicPartition(record.topic(), record.partition()),
              new OffsetAndMetadata(record.offset() + 1)));
          System.out.println(decision.path("decision").asText() + " " + record.key());
        }
      }
    } catch (WakeupException stopped) {
      System.err.println("stopped");
    }
  }
}
