package com.example.ztp;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;

/**
 * Remembers which certificate owns a path: the first that was proven for it. Only the command topic
 * keeps a payload from another device of the same CA, so the binding has to survive the broker. The
 * file has one line per device, path and fingerprint. To give the path to another certificate, stop
 * the broker and remove the line.
 */
final class Keys {
  private final Map<String, String> known = new HashMap<>();
  private final FileChannel file;

  Keys(Path name) throws IOException {
    file = FileChannel.open(name, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    for (String line : Files.readAllLines(name)) {
      String[] part = line.split(" ");
      if (part.length != 2 || part[1].length() != 64) {
        throw new IOException(name + ": each line must be a path and a fingerprint");
      }
      known.put(part[0], part[1]);
    }
  }

  /** True if that certificate owns the path, now and from now on. */
  synchronized boolean bind(String path, String fingerprint) throws IOException {
    String owner = known.get(path);
    if (owner == null) {
      String line = path + " " + fingerprint + "\n";
      file.write(ByteBuffer.wrap(line.getBytes(StandardCharsets.US_ASCII)));
      file.force(false);
      known.put(path, fingerprint);
    }
    return owner == null || owner.equals(fingerprint);
  }
}
