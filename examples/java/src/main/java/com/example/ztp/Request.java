package com.example.ztp;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Set;

/** What a decision needs of a request, and the decision. */
record Request(String id, String path, String fingerprint, String topic, String expiresAt) {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static String text(JsonNode tree, String pointer) {
    JsonNode found = tree.at(pointer);
    return found.isTextual() ? found.textValue() : "";
  }

  /** Null if the value of a record is not a request. */
  static Request read(String value) {
    if (value == null) {
      return null;
    }
    try {
      JsonNode tree = JSON.readTree(value);
      String topic = text(tree, "/decision_topic");
      Request request = new Request(text(tree, "/request_id"), text(tree, "/device/path"),
          text(tree, "/certificate/fingerprint_sha256"),
          topic.isEmpty() ? "ztp.decisions" : topic, text(tree, "/expires_at"));
      return request.id.isEmpty() || request.path.isEmpty() || request.fingerprint.isEmpty()
          ? null : request;
    } catch (JsonProcessingException unreadable) {
      return null;
    }
  }

  /** The fingerprint binds a decision to the key it was made for. */
  ObjectNode decide(Set<String> allowed, String decidedBy) {
    ObjectNode decision = JSON.createObjectNode()
        .put("request_id", id)
        .put("device_path", path)
        .put("fingerprint_sha256", fingerprint)
        .put("decided_by", decidedBy);
    if (allowed.contains(fingerprint)) {
      decision.put("decision", "approve").putObject("payload").put("ntp", "time.acme.example");
    } else {
      decision.put("decision", "reject").put("reason", "not_on_list");
    }
    return decision;
  }
}
