package com.example.ztp;

import com.hivemq.extension.sdk.api.async.Async;
import com.hivemq.extension.sdk.api.async.TimeoutFallback;
import com.hivemq.extension.sdk.api.auth.SimpleAuthenticator;
import com.hivemq.extension.sdk.api.auth.parameter.SimpleAuthInput;
import com.hivemq.extension.sdk.api.auth.parameter.SimpleAuthOutput;
import com.hivemq.extension.sdk.api.auth.parameter.TopicPermission;
import com.hivemq.extension.sdk.api.auth.parameter.TopicPermission.MqttActivity;
import com.hivemq.extension.sdk.api.packets.auth.DefaultAuthorizationBehaviour;
import com.hivemq.extension.sdk.api.packets.connect.ConnackReasonCode;
import com.hivemq.extension.sdk.api.packets.connect.ConnectPacket;
import com.hivemq.extension.sdk.api.packets.general.Qos;
import com.hivemq.extension.sdk.api.services.Services;
import com.hivemq.extension.sdk.api.services.builder.Builders;
import com.hivemq.extension.sdk.api.services.publish.PublishToClientResult;
import com.nimbusds.jose.util.JSONObjectUtils;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets ztp-bridge decide on new devices. It verifies a first connection, puts the pending event
 * into the bridge's queue, and only then answers the device, which may read nothing but its
 * decision.
 */
record ZtpAuthenticator(Verifier verifier, Keys keys, Bridge bridge)
    implements SimpleAuthenticator {
  /** The bridge's username, its client ID (mqtt.client_id) and its password. */
  record Bridge(String username, String clientId, String password) {}

  private static final Logger LOG = LoggerFactory.getLogger(ZtpAuthenticator.class);
  private static final String DEVICES = "subscriptions/+/registries/+/devices/+";
  private static final String ANSWERS = "/events/provisioning";

  /** Called once per CONNECT, before a session is taken over. Anyone but the bridge is a device. */
  @Override
  public void onConnect(SimpleAuthInput input, SimpleAuthOutput output) {
    ConnectPacket connect = input.getConnectPacket();
    output.getDefaultPermissions().clear();
    output.getDefaultPermissions().setDefaultBehaviour(DefaultAuthorizationBehaviour.DENY);
    try {
      if (connect.getUserName().orElse("").equals(bridge.username)) {
        admitBridge(connect, output);
      } else {
        admitDevice(input, output);
      }
    } catch (Refused refused) {
      String id = connect.getClientId().replaceAll("[^!-~]", "?");
      LOG.warn("refused {} from {}: {}", id, address(input), refused.getMessage());
      output.failAuthentication(ConnackReasonCode.NOT_AUTHORIZED);
    } catch (Exception trouble) {
      LOG.error("refused {} because of an error", connect.getClientId(), trouble);
      output.failAuthentication(ConnackReasonCode.SERVER_UNAVAILABLE);
    }
  }

  private void admitBridge(ConnectPacket connect, SimpleAuthOutput output) throws Refused {
    if (!MessageDigest.isEqual(bytes(password(connect)), bytes(bridge.password))
        || Verifier.PATH.matcher(connect.getClientId()).matches()) {
      throw new Refused("not the bridge");
    }
    allow(output, MqttActivity.SUBSCRIBE, "ztp/#");
    allow(output, MqttActivity.SUBSCRIBE, DEVICES + ANSWERS);
    allow(output, MqttActivity.PUBLISH, DEVICES + "/commands");
    allow(output, MqttActivity.PUBLISH, "ztp/v1/probe/#");
    output.authenticateSuccessfully();
  }

  private void admitDevice(SimpleAuthInput input, SimpleAuthOutput output) throws Exception {
    ConnectPacket connect = input.getConnectPacket();
    String path = connect.getClientId();
    X509Certificate leaf = verifier.verify(
        path, connect.getUserName().orElse(""), password(connect), Instant.now());
    if (connect.getWillPublish().isPresent()) {
      throw new Refused("a will, which a new device may not have");
    }
    String fingerprint = sha256(leaf.getEncoded());
    if (!keys.bind(path, fingerprint)) {
      throw new Refused("the path belongs to another certificate");
    }
    allow(output, MqttActivity.SUBSCRIBE, path + "/commands");
    allow(output, MqttActivity.PUBLISH, path + ANSWERS); // counts once its request is approved

    // The same device uses the same id each time. The event never contains the password.
    Map<String, Object> event = Map.of(
        "request_id", sha256(bytes(path + " " + fingerprint)).substring(0, 32),
        "device_path", path,
        "certificate", Base64.getEncoder().encodeToString(leaf.getEncoded()),
        "received_at", Instant.now().toString(),
        "remote_addr", address(input));
    ask(bytes(JSONObjectUtils.toJSONString(event)),
        output.async(
            Duration.ofSeconds(10), TimeoutFallback.FAILURE, ConnackReasonCode.SERVER_UNAVAILABLE));
  }

  /** CONNACK waits until the event is in the bridge's queue. If it fails, the device retries. */
  private void ask(byte[] event, Async<SimpleAuthOutput> later) {
    var publish = Builders.publish().topic("ztp/v1/pending").qos(Qos.AT_LEAST_ONCE)
        .payload(ByteBuffer.wrap(event)).build();
    Services.publishService().publishToClient(publish, bridge.clientId)
        .whenComplete((result, trouble) -> {
          if (result == PublishToClientResult.SUCCESSFUL) {
            later.getOutput().authenticateSuccessfully();
          } else {
            LOG.warn("refused a device: the bridge is not connected ({})", trouble);
            later.getOutput().failAuthentication(ConnackReasonCode.SERVER_UNAVAILABLE);
          }
          later.resume();
        });
  }

  private static void allow(SimpleAuthOutput output, MqttActivity activity, String filter) {
    output.getDefaultPermissions().add(Builders.topicPermission().topicFilter(filter)
        .activity(activity).retain(TopicPermission.Retain.NOT_RETAINED)
        .sharedSubscription(TopicPermission.SharedSubscription.NOT_SHARED).build());
  }

  private static String password(ConnectPacket connect) {
    return connect.getPassword().map(StandardCharsets.UTF_8::decode).map(String::valueOf)
        .orElse("");
  }

  private static String address(SimpleAuthInput input) {
    return input.getConnectionInformation().getInetAddress().map(InetAddress::getHostAddress)
        .orElse("");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String sha256(byte[] data) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data));
  }
}
