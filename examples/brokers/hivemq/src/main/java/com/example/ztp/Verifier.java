package com.example.ztp;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jwt.SignedJWT;
import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Verifies a first connection: path, certificate and proof, and that they belong together. */
record Verifier(Map<String, Registry> registries) {
  /** Only a registry's own CAs sign certificates of its devices. */
  record Registry(List<X509Certificate> cas, String audience) {}

  private static final String ID = "[A-Za-z0-9][A-Za-z0-9._~%-]{0,254}";
  static final Pattern PATH = Pattern.compile(
      "subscriptions/(" + ID + ")/registries/(" + ID + ")/devices/" + ID);
  private static final long SKEW = 10 * 60;
  private static final long LIFETIME = 24 * 60 * 60;

  X509Certificate verify(String path, String username, String password, Instant now)
      throws Refused {
    Matcher part = PATH.matcher(path);
    check(part.matches() && path.length() <= 800, "client ID is not a device path");
    Registry registry = registries.get(part.group(1) + "/" + part.group(2));
    check(registry != null, "no such registry");
    X509Certificate leaf = readCertificate(username);
    checkLeaf(leaf);
    check(registry.cas.stream().noneMatch(ca -> ca.getPublicKey().equals(leaf.getPublicKey())),
        "certificate: belongs to a CA");
    check(registry.cas.stream().anyMatch(ca -> signed(ca, leaf, Date.from(now))),
        "certificate: not valid now, or not signed by a CA of the registry");
    checkProof(password, leaf.getPublicKey(), path, registry.audience, now.getEpochSecond());
    return leaf;
  }

  /** Base64 DER, or PEM with its newlines kept, removed, replaced by spaces or written as \n. */
  private static X509Certificate readCertificate(String text) throws Refused {
    try {
      check(text.length() <= 16384, "username is too long for a certificate");
      byte[] der = Base64.getDecoder().decode(
          text.replaceAll("-----(BEGIN|END) CERTIFICATE-----|\\\\n|[\\r\\n ]", ""));
      var certificate = (X509Certificate) CertificateFactory.getInstance("X.509")
          .generateCertificate(new ByteArrayInputStream(der));
      check(Arrays.equals(certificate.getEncoded(), der), "username has data after a certificate");
      return certificate;
    } catch (IllegalArgumentException | GeneralSecurityException wrong) {
      throw new Refused("username is not a certificate");
    }
  }

  /** The key determines the algorithm of the proof, never the proof itself. */
  private static JWSAlgorithm algorithmOf(PublicKey key) throws Refused {
    if (key instanceof RSAPublicKey rsa && rsa.getModulus().bitLength() >= 2048
        && rsa.getModulus().bitLength() <= 4096
        && rsa.getPublicExponent().equals(BigInteger.valueOf(65537))) {
      return JWSAlgorithm.RS256;
    }
    Curve curve = key instanceof ECPublicKey ec ? Curve.forECParameterSpec(ec.getParams()) : null;
    check(Curve.P_256.equals(curve) || Curve.P_384.equals(curve),
        "certificate: key is not RSA 2048-4096, P-256 or P-384");
    return Curve.P_256.equals(curve) ? JWSAlgorithm.ES256 : JWSAlgorithm.ES384;
  }

  /** A v1 leaf has none of these extensions and is accepted. */
  private static void checkLeaf(X509Certificate leaf) throws Refused {
    check(leaf.getSigAlgName().matches("SHA(256|384|512)with(RSA|ECDSA)"),
        "certificate: signature is weaker than SHA-256");
    check(leaf.getBasicConstraints() == -1, "certificate: belongs to a CA");
    check(!leaf.hasUnsupportedCriticalExtension(), "certificate: unknown critical extension");
    boolean[] usage = leaf.getKeyUsage(); // 0 is digitalSignature
    check(usage == null || usage[0], "certificate: key usage forbids signatures");
    try {
      List<String> purposes = leaf.getExtendedKeyUsage(); // clientAuth, any
      check(purposes == null || purposes.contains("1.3.6.1.5.5.7.3.2")
          || purposes.contains("2.5.29.37.0"), "certificate: not for clients");
    } catch (GeneralSecurityException wrong) {
      throw new Refused("certificate: extended key usage cannot be read");
    }
  }

  private static boolean signed(X509Certificate ca, X509Certificate leaf, Date now) {
    try {
      leaf.checkValidity(now);
      ca.checkValidity(now);
      leaf.verify(ca.getPublicKey());
      return leaf.getIssuerX500Principal().equals(ca.getSubjectX500Principal());
    } catch (GeneralSecurityException no) {
      return false;
    }
  }

  private static void checkProof(String text, PublicKey key, String path, String audience, long now)
      throws Refused {
    JWSAlgorithm algorithm = algorithmOf(key);
    try {
      SignedJWT jwt = SignedJWT.parse(text);
      check(jwt.getHeader().getAlgorithm().equals(algorithm), "JWT: alg does not match the key");
      JWSVerifier verifier = key instanceof RSAPublicKey rsa
          ? new RSASSAVerifier(rsa) : new ECDSAVerifier((ECPublicKey) key);
      check(jwt.verify(verifier), "JWT: not signed with the certificate's key");
      Map<String, Object> claims = jwt.getPayload().toJSONObject();
      long issued = seconds(claims.get("iat"));
      long expires = seconds(claims.get("exp"));
      long notBefore = claims.containsKey("nbf") ? seconds(claims.get("nbf")) : 0;
      check(expires > issued && expires - issued <= LIFETIME, "JWT: lifetime is not within 24 h");
      check(issued <= now + SKEW && notBefore <= now + SKEW, "JWT: not valid yet");
      check(now < expires + SKEW, "JWT: expired");
      Object aud = claims.get("aud");
      check(audience.equals(aud) || aud instanceof Collection<?> all && all.contains(audience),
          "JWT: aud does not name the registry's audience");
      check(path.equals(claims.getOrDefault("sub", path)), "JWT: sub is not the device path");
    } catch (Refused refused) {
      throw refused;
    } catch (Exception wrong) { // ParseException and others may quote the input
      throw new Refused("JWT: malformed");
    }
  }

  private static long seconds(Object claim) throws Refused {
    check(claim instanceof Long value && value >= 0, "JWT: iat, exp or nbf is not an integer");
    return (Long) claim;
  }

  private static void check(boolean holds, String otherwise) throws Refused {
    if (!holds) {
      throw new Refused(otherwise);
    }
  }
}
