package com.example.ztp;

/** Why a connection is refused; nothing secret is in it. */
final class Refused extends Exception {
  Refused(String why) {
    super(why);
  }
}
