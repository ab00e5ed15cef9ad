package com.example.ztp;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/** What a decision needs of a request. */
record Request(String id, String path, String fingerprint, String topic) {
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
          topic.isEmpty() ? "ztp.decisions" : topic);
      return request.id.isEmpty() || request.path.isEmpty() || request.fingerprint.isEmpty()
          ? null : request;
    } catch (JsonProcessingException unreadable) {
      return null;
    }
  }
}
