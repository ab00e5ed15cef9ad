
/* --- sending what has been decided on this page
 *
 * Each decision is sent with a key of its own, which it keeps when it is sent
 * again: the server answers a key that it knows with its first answer. So
 * nothing that is sent twice counts twice.
 *
 * A decision is sent in the session in which it was made, and in no other: when
 * that ends, what is not sent is held until somebody says so again.
 */

const AT_ONCE = 5; /* a browser has six connections to a server */
const WAIT_ONE_S = 10; /* how long the server waits for a result */
const WAIT_MANY_S = 1; /* until one has none by then */
const TRIES = 4; /* by itself; then by a button */
const PACE_MS = 15; /* a token has 100 requests a second, also for others */
const FOLLOW = 40; /* results that are asked for in one turn */

function queue_decision(view, verdict, text, together) {
	made.hasty = false;
	made.all.delete(view.id); /* the newest comes last */
	made.all.set(view.id, {
		id: view.id, name: view.name, registry: view.registry,
		print: in_fours(view.fingerprint.slice(0, 16)),
		verdict, text, key: new_key(), many: together > 1,
		state: "queued", outcome: "", message: "", tries: 0,
		not_before: 0, at: now(), looked: 0, told: false,
		turn: session.turn,
	});
}

function settle(decision, state, message) {
	decision.state = state;
	decision.message = message || "";
	decision.at = now();
	decision.told = false;
}

function end_with(decision, result) {
	settle(decision, "ended", text_of(result.message));
	decision.outcome = String(result.outcome);
}

/* To be sent, or sent again, by itself: only in its own session. One that may
 * have arrived is then as one that was tried in vain. */
function requeue(decision, message) {
	if (decision.turn === session.turn)
		settle(decision, "queued", message);
	else if (decision.tries > 0)
		settle(decision, "unknown", message);
	else
		settle(decision, "held", "the session ended before it was sent");
}

/* The session has ended. */
function hold_unsent() {
	for (const decision of made.all.values())
		if (decision.state === "queued")
			requeue(decision, decision.message);
	outcomes_soon();
}

function held() {
	return [...made.all.values()].filter((one) => one.state === "held");
}

/* It may have arrived: the same again, with the same key. */
function try_again(decision, message) {
	decision.tries++;
	if (decision.tries >= TRIES) {
		settle(decision, "unknown", message);
		return;
	}
	requeue(decision, message);
	decision.not_before = Date.now() + 250 * 2 ** decision.tries;
}

function on_answered(decision, {status, body, after_s}) {
	if (body && body.outcome) {
		end_with(decision, body);
	} else if (status === 202) {
		settle(decision, "waiting", "");
		made.hasty ||= decision.many;
	} else if (status === 401) {
		requeue(decision, "");
		if (decision.turn === session.turn)
			need_token(true);
	} else if (status === 429) {
		requeue(decision, "");
		made.not_before = Date.now() + 1000 * after_s;
	} else if (status >= 500) {
		try_again(decision, error_text(status, body));
	} else {
		settle(decision, "refused", error_text(status, body));
	}
}

/* Where the device of one is away, those of the others may be as well. */
function patience(decision) {
	return !decision.many ? WAIT_ONE_S : made.hasty ? 0 : WAIT_MANY_S;
}

async function send_one(decision) {
	const wait_s = patience(decision);

	settle(decision, "sending", "");
	try {
		on_answered(decision, await call("POST",
			`${one_path(decision.id)}/decision`, {
				headers: {
					"Content-Type": "application/json",
					"Idempotency-Key": decision.key,
					Prefer: `wait=${wait_s}`,
				},
				body: decision.text,
				wait_ms: 1000 * wait_s + ANSWER_MS,
			}));
	} catch {
		try_again(decision, "the server did not answer");
	}
}

function has_unsent(...states) {
	return [...made.all.values()].some((one) =>
		["queued", ...states].includes(one.state));
}

function next_queued() {
	if (session.needed || made.not_before > Date.now())
		return null;
	for (const decision of made.all.values())
		if (decision.state === "queued" &&
		    decision.not_before <= Date.now())
			return decision;
	return null;
}

function send_queued() {
	let decision, sent = false;

	while (made.sending < AT_ONCE && (decision = next_queued())) {
		sent = true;
		made.sending++;
		made.not_before = Date.now() + PACE_MS;
		send_one(decision).finally(() => {
			made.sending--;
			outcomes_soon();
			send_queued();
		});
	}
	if (sent)
		outcomes_soon();
	clearTimeout(made.later);
	if (has_unsent() && made.sending < AT_ONCE && !session.needed)
		made.later = setTimeout(send_queued,
			Math.max(PACE_MS, made.not_before - Date.now()));
}

/* --- results that come later */

async function follow_one(decision) {
	const {status, body} = await call("GET", one_path(decision.id));

	decision.looked = now();
	if (status === 401)
		need_token(true);
	else if (body && body.result && decision.state === "waiting")
		end_with(decision, body.result);
}

/* Those that have waited longest for a look, a few at a time. */
async function follow_waiting() {
	const waiting = [...made.all.values()]
		.filter((decision) => decision.state === "waiting")
		.sort((a, b) => a.looked - b.looked).slice(0, FOLLOW);

	for (const decision of waiting)
		await follow_one(decision);
	if (waiting.length)
		outcomes_soon();
}
