"""Neighbours that misbehave while honest devices and customers go on working.

What each kind of fault (a record, a device, a stranger, an operator that stops
the others) has here to stand for it. What needs a stage of its own, because it
is a configuration or another broker, has a test of its own instead.

  records that Kafka refuses        UnknownWithLargeKeys, GarbageWithLargeKeys,
                                    ManyHeaders
  records that unpack to much       Unpacked, NeverUnpacked
  records that say nothing          Garbage, LargePayloads
  commands that the broker will
    not take, or never confirms     local/test_poison_commands.py
  metadata larger than an answer    local/test_registrar_neighbours.py
  strangers at the same address     Knocks (every kind of harness/attack.py),
                                    SilentSockets, HalfConnects
  what proves keys, and floods      OnePathManyKeys (too many for a path),
                                    ManyPathsOneKey, Reconnects, TakesOver,
                                    ComesWithCertificate, Wills
  events that nobody can read       MalformedEvents, LargeEvents
  answers of devices                Answers, AnswersOfMany, LargeAnswers,
                                    FailedAnswers, WrongAnswers
  devices that ask to be told       Resubscribes, ComesWithCertificate
  others' topics                    Denied, RetainedCommands
  the admin address                 Drip, HalfOpen, SlowReaders, ManyLists,
                                    OtherHosts
  operators                         MalformedControl, ListsControl,
                                    PagesControl, UnknownControl
  readers that do not read          SlowSubscriber; of stderr:
                                    local/test_stuck_stderr.py
  brokers that grant less, and the
    bridge's client id taken over   local/test_broker_grants.py
  a CA removed meanwhile            local/test_registrar_neighbours.py
  allow lists, files, arguments     local/test_tool_files.py,
                                    local/test_allow_lists.py
"""
