package com.example.ztp;

/** Why a connection is refused. The message contains no secret. */
final class Refused extends Exception {
  Refused(String why) {
    super(why);
  }
}
