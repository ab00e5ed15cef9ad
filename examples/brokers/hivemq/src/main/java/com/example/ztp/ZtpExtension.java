package com.example.ztp;

import com.hivemq.extension.sdk.api.ExtensionMain;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartOutput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopOutput;
import com.hivemq.extension.sdk.api.services.Services;
import java.io.InputStream;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/** Reads ztp.properties beside the extension's jar and installs the authenticator. */
public final class ZtpExtension implements ExtensionMain {
  @Override
  public void extensionStart(ExtensionStartInput input, ExtensionStartOutput output) {
    Path home = input.getExtensionInformation().getExtensionHomeFolder().toPath();
    try (Reader file = Files.newBufferedReader(home.resolve("ztp.properties"))) {
      var settings = new Properties();
      settings.load(file);
      var registry = new Verifier.Registry(
          readCas(home.resolve(setting(settings, "ca"))), setting(settings, "audience"));
      var verifier = new Verifier(Map.of(setting(settings, "registry"), registry));
      var bridge = new ZtpAuthenticator.Bridge(
          setting(settings, "bridge"), setting(settings, "bridge.client"),
          Files.readString(home.resolve(setting(settings, "bridge.password_file"))).strip());
      var keys = new Keys(home.resolve(setting(settings, "keys")));
      var authenticator = new ZtpAuthenticator(verifier, keys, bridge);
      Services.securityRegistry().setAuthenticatorProvider(anybody -> authenticator);
    } catch (Exception trouble) {
      // HiveMQ continues without an extension that does not start; see the README.
      output.preventExtensionStartup(trouble.toString());
    }
  }

  private static String setting(Properties settings, String name) {
    String value = settings.getProperty(name, "").strip();
    if (value.isEmpty()) {
      throw new IllegalArgumentException("ztp.properties: " + name + " is missing");
    }
    return value;
  }

  private static List<X509Certificate> readCas(Path file) throws Exception {
    try (InputStream in = Files.newInputStream(file)) {
      var cas = CertificateFactory.getInstance("X.509").generateCertificates(in).stream()
          .map(X509Certificate.class::cast).toList();
      for (X509Certificate ca : cas) {
        boolean[] usage = ca.getKeyUsage(); // 5 is keyCertSign
        if (ca.getBasicConstraints() < 0 || usage != null && !usage[5]) {
          throw new IllegalArgumentException("not a CA: " + ca.getSubjectX500Principal());
        }
      }
      if (cas.isEmpty()) {
        throw new IllegalArgumentException("no certificate in " + file);
      }
      return cas;
    }
  }

  @Override
  public void extensionStop(ExtensionStopInput input, ExtensionStopOutput output) {}
}
