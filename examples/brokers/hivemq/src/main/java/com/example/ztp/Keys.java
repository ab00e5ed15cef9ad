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
 * Remembers which certificate a path belongs to: the first that was proven for it. A command topic
 * is all that stands between a payload and another device of the same CA, so this outlives the
 * broker. One line a device, path and fingerprint; to let another certificate have the path, stop
 * the broker and take the line out.
 */
final class Keys {
  private final Map<String, String> known = new HashMap<>();
  private final FileChannel file;

  Keys(Path name) throws IOException {
    file = FileChannel.open(name, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    for (String line : Files.readAllLines(name)) {
      String[] part = line.split(" ");
      if (part.length != 2 || part[1].length() != 64) {
        throw new IOException(name + ": a line is not a path and a fingerprint");
      }
      known.put(part[0], part[1]);
    }
  }

  /** True when the path is, and remains, that certificate's. */
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
