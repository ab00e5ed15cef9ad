/*
 * Two bridges on one Kafka, as a state machine that spin can search whole.
 *
 * What is modelled is the order of things: what is durable where, who may
 * write, and who is told what. A rule of the design is a macro WITHOUT_... that
 * takes it out; a bound or a variant is a macro as well (bounds.pml). check.py
 * knows which run has to break which invariant.
 *
 * How it is cut down, and why nothing is lost by it:
 *
 * - There is no time. A bridge may stop before each of its steps for as long
 *   as it likes, so a bridge that SIGSTOP holds, or that is cut off from Kafka,
 *   needs no step of its own: the others just go first. What a timer promises
 *   is a step that is possible only when the timer's condition holds.
 * - A step is as large as what nobody else can see happen in parts. Two steps
 *   of one bridge are one here if nothing that is shared is read or written
 *   between them.
 * - ztp.state is the rows that are committed, and the one transaction that is
 *   open. A log that is compacted and read to its end says no more than that.
 * - Who reads ztp.state late knows rows of an earlier moment. A standby uses
 *   its rows only for its journal's mark, so only that may be late here
 *   (hand_over in bridge.pml).
 * - Requests, results and commands have no content but their id.
 */
#include "bounds.pml"
#include "invariants.pml"
#include "rows.pml"
#include "bridge_state.pml"
#include "topics.pml"
#include "deadline.pml"
#include "kafka.pml"
#include "mqtt.pml"
#include "safety.pml"
#include "customer.pml"
#include "effects.pml"
#include "giving_up.pml"
#include "turn.pml"
#include "opening.pml"
#include "bridge.pml"
#include "faults.pml"
#include "rest.pml"
