package com.example.ztp;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
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
  private static final String GROUP = env("KAFKA_GROUP", "approver-java");

  private static String env(String name, String fallback) {
    return System.getenv().getOrDefault(name, fallback);
  }

  public static void main(String[] args) throws Exception {
    Path list = AllowList.named(args);
    String brokers = env("KAFKA_BROKERS", "127.0.0.1:9092");
    var producer = new KafkaProducer<>(
        Map.of("bootstrap.servers", brokers, "acks", "all", "linger.ms", 0,
            "max.block.ms", 5000), // for a topic that may not be there
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
      var later = new Later();
      var answers = new Answers(producer, later, GROUP);
      while (true) {
        var records = consumer.poll(Duration.ofSeconds(1));
        var again = later.due();
        // Read each time: the list can change without a restart.
        answers.make(again, records, AllowList.read(list));
        if (!records.isEmpty() || !again.isEmpty()) {
          consumer.commitSync(later.ends(again, records));
        }
      }
    } catch (WakeupException stopped) {
      System.err.println("stopped");
    }
  }
}
