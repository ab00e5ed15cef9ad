package com.example.ztp;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A list of SHA-256 fingerprints. */
final class AllowList {
  private static final Pattern FINGERPRINT = Pattern.compile(
      "(?:^\\\\?|=[ \\t]*)((?:[0-9a-f]{2}:?){31}[0-9a-f]{2})(?:[ \\t]|$)",
      Pattern.CASE_INSENSITIVE);

  // A name in brackets may have a # in it. Where it may end in two places, one of them is in a
  // comment, and nobody can tell which.
  private static final Pattern TAG = Pattern.compile("^\\\\?[Ss][Hh][Aa](?:2-)?256 ?\\(");

  private static final Pattern TAGGED = Pattern.compile(
      "\\)[ \\t]*=[ \\t]*((?:[0-9a-f]{2}:?){31}[0-9a-f]{2})[ \\t]*(?:#|$)",
      Pattern.CASE_INSENSITIVE);

  private static final Pattern BLANKS = Pattern.compile("^[ \\t\\r]+|[ \\t\\r]+$");

  private AllowList() {}

  /** The file that the command line names. If it does not name one, that is said. */
  static Path named(String... args) {
    if (args.length != 1) {
      System.err.println("usage: java -jar approver.jar LIST");
      System.exit(2);
    }
    return Path.of(args[0]);
  }

  /** The one of a line, or null. */
  private static String fingerprintOf(String line) {
    Matcher match = FINGERPRINT.matcher(BLANKS.matcher(line.split("#", 2)[0]).replaceAll(""));
    if (match.find()) {
      return match.group(1);
    }
    Matcher tagged = TAGGED.matcher(line);
    if (!TAG.matcher(line).find() || !tagged.find()) {
      return null;
    }
    String found = tagged.group(1);
    return tagged.find() ? null : found;
  }

  /**
   * One per line: bare hex digits, or what sha256sum and openssl write. # begins a comment, unless
   * it is in a name in brackets. A line that is none of these is an error: were it skipped, its
   * device would be rejected.
   */
  static Set<String> read(Path path) throws IOException {
    Set<String> found = new HashSet<>();
    String text = new String(Files.readAllBytes(path), StandardCharsets.UTF_8);
    // A lone return does not end a line, so that nothing in a comment is listed.
    String[] lines = (text.startsWith("\ufeff") ? text.substring(1) : text).split("\n", -1);
    for (int i = 0; i < lines.length; i++) {
      String line = BLANKS.matcher(lines[i]).replaceAll("");
      String one = fingerprintOf(line);
      if (one != null) {
        found.add(one.replace(":", "").toLowerCase(Locale.ROOT));
      } else if (!line.isEmpty() && !line.startsWith("#")) {
        throw new IOException(path + ":" + (i + 1) + ": not a SHA-256 fingerprint");
      }
    }
    return found;
  }
}
