
/* --- what has been decided on this page, and what became of it
 *
 * Each decision is sent with a key of its own, which it keeps when it is sent
 * again: the server answers a key that it knows with its first answer. So
 * nothing that is sent twice counts twice.
 */

const AT_ONCE = 5; /* a browser has six connections to a server */
const WAIT_ONE_S = 10; /* how long the server waits for a result */
const WAIT_MANY_S = 1; /* until one has none by then */
const TRIES = 4; /* by itself; then by a button */
const DRAW_MS = 100;
const PACE_MS = 15; /* a token has 100 requests a second, also for others */
const FOLLOW = 40; /* results that are asked for in one turn */

const made = {
	all: new Map(), /* request id: the latest decision about it */
	sending: 0,
	not_before: 0, /* the server has asked for a pause */
	hasty: false, /* does not wait for results */
	soon: 0, /* a timer, to draw */
	later: 0, /* a timer, to send */
};

/* What one wanted. */
const EFFECT = {
	approve: ["onboarded", "duplicate", "applied"],
	reject: ["rejected", "duplicate"],
};
const STAYS_OPEN = ["invalid", "mismatch"];

const OUTCOMES = {
	onboarded: "the device has joined",
	rejected: "the device is refused",
	duplicate: "it was decided so already",
	conflict: "the path belongs to another certificate",
	expired: "it came too late",
	undeliverable: "approved, but the device has not come for it",
	failed: "approved, but the broker did not register the device",
	withdrawn: "the operator ended this request before",
	unknown_request: "the bridge does not know this request",
	mismatch: "device or certificate differ from the request\u2019s",
	invalid: "it cannot be followed; the request is still open",
	already_decided: "it was decided otherwise before",
};

const STATES = {
	queued: ["wait", "not sent yet"],
	sending: ["wait", "sending"],
	waiting: ["move", "sent, no result yet"],
	unknown: ["bad", "not known whether it arrived"],
	refused: ["bad", "not taken"],
	stopped: ["no", "not sent"],
};

function decision_of(id) {
	return made.all.get(id);
}

/* It may not be decided again: it is on its way, or has had its effect. */
function is_busy(id) {
	const decision = made.all.get(id);

	if (!decision)
		return false;
	if (decision.state === "ended")
		return !STAYS_OPEN.includes(decision.outcome);
	return !["refused", "stopped"].includes(decision.state);
}

function is_settled(decision) {
	return ["ended", "refused", "stopped"].includes(decision.state);
}

function is_well(decision) {
	return decision.state === "ended" &&
		EFFECT[decision.verdict].includes(decision.outcome);
}

/* [tone, word, what it means] */
function state_of(decision) {
	const {state, outcome, message} = decision;
	const calm = outcome === "rejected" || outcome === "duplicate";

	if (state !== "ended")
		return [...STATES[state], message];
	return [!is_well(decision) ? "bad" : calm ? "no" : "good",
		plain(outcome),
		[OUTCOMES[outcome], message].filter(Boolean).join(": ")];
}

function fill_mark(cell, decision) {
	const [tone, word, meaning] = state_of(decision);
	const mark = cell.querySelector(".state");

	if (!mark || mark.textContent !== word)
		cell.replaceChildren(make("span", {
			class: `state ${tone}`, title: meaning}, word));
}

/* --- sending */

function queue_decision(view, verdict, text, together) {
	made.hasty = false;
	made.all.delete(view.id); /* the newest comes last */
	made.all.set(view.id, {
		id: view.id, name: view.name, registry: view.registry,
		print: in_fours(view.fingerprint.slice(0, 16)),
		verdict, text, key: new_key(), many: together > 1,
		state: "queued", outcome: "", message: "", tries: 0,
		not_before: 0, at: now(), looked: 0, told: false,
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

/* It may have arrived: the same again, with the same key. */
function try_again(decision, message) {
	decision.tries++;
	if (decision.tries >= TRIES) {
		settle(decision, "unknown", message);
		return;
	}
	settle(decision, "queued", message);
	decision.not_before = Date.now() + 250 * 2 ** decision.tries;
}

function on_answered(decision, {status, body, after_s}) {
	if (body && body.outcome) {
		end_with(decision, body);
	} else if (status === 202) {
		settle(decision, "waiting", "");
		made.hasty ||= decision.many;
	} else if (status === 401) {
		settle(decision, "queued", "");
		need_token(true);
	} else if (status === 429) {
		settle(decision, "queued", "");
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

function has_unsent() {
	return [...made.all.values()].some((one) => one.state === "queued");
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

/* --- showing */

function make_made() {
	return make("li", {}, make("span"), make("b"), make("small"),
		make("span", {class: "what"}),
		make("button", {type: "button", class: "again"}, "Try again"));
}

function fill_made(item, decision) {
	const [mark, name, registry, what, again] = item.children;
	const [, , meaning] = state_of(decision);

	fill_mark(mark, decision);
	say(name, decision.name);
	say(registry, `${decision.registry} \u00b7 ${decision.print}`);
	say(what, meaning);
	show(what, Boolean(meaning) && !is_well(decision));
	show(again, decision.state === "unknown");
}

function is_bad(decision) {
	return ["unknown", "refused"].includes(decision.state) ||
		decision.state === "ended" && !is_well(decision);
}

/* What is not as it was asked for comes first, what is not sent yet last. */
function by_need(a, b) {
	const rank = (one) => is_bad(one) ? 0 : one.state === "queued" ? 2 : 1;

	return rank(a) - rank(b) || (rank(a) === 2 ? 0 : b.at - a.at);
}

/* {"onboarded": 3, "sending": 1}, the largest first */
function tally_text(decisions) {
	const counts = new Map();

	for (const decision of decisions) {
		const [, word] = state_of(decision);

		counts.set(word, 1 + (counts.get(word) || 0));
	}
	return [...counts].sort((a, b) => b[1] - a[1])
		.map(([word, n]) => `${count(n)} ${word}`).join(", ");
}

function show_doing(decisions) {
	const left = decisions.filter((one) => !is_settled(one) &&
		one.state !== "unknown" && one.state !== "waiting").length;
	const text = decisions.length === 0 ? ""
		: left ? `Sending: ${count(left)} left. ` : "Decided: ";

	say(by("doing"), text + tally_text(decisions));
	return left;
}

/* To those who listen, when nothing is on its way any more: what has become of
 * one, of several the sum. */
function tell_outcomes(decisions) {
	const fresh = decisions.filter((decision) => !decision.told);

	if (fresh.length === 1)
		announce([`${fresh[0].name}: ${state_of(fresh[0])[1]}`,
			  state_of(fresh[0])[2]].filter(Boolean).join(", "));
	else if (fresh.length)
		announce(`${many(fresh.length, "decision")}: ` +
			 tally_text(fresh));
	for (const decision of fresh)
		decision.told = true;
}

/* Many that come together are drawn together. */
function outcomes_soon() {
	if (!made.soon)
		made.soon = setTimeout(() => {
			made.soon = 0;
			show_outcomes();
		}, DRAW_MS);
}

function show_outcomes() {
	const decisions = [...made.all.values()];
	const left = show_doing(decisions);

	sync(by("made"), [...decisions].sort(by_need),
	     (decision) => decision.id, make_made, fill_made);
	show(by("made-empty"), decisions.length === 0);
	show(by("tally"), decisions.length > 1);
	say(by("tally"), tally_text(decisions));
	show(by("outcomes-clear"), decisions.some(is_settled) || left > 0);
	say(by("outcomes-clear"), left > AT_ONCE ? "Stop" : "Clear");
	if (!left)
		tell_outcomes(decisions);
	draw_list(false);
}

/* While many are on their way, the button stops what is not sent yet. */
function stop_or_clear() {
	const stop = by("outcomes-clear").textContent === "Stop";

	for (const [id, decision] of made.all) {
		if (stop && decision.state === "queued" && !decision.tries)
			settle(decision, "stopped", "");
		else if (!stop && is_settled(decision) && !list.open.has(id))
			made.all.delete(id);
		else if (!stop && is_settled(decision) && !is_busy(id))
			made.all.delete(id);
	}
	show_outcomes();
}

function on_again(event) {
	const item = event.target.closest("li");
	const decision = item && made.all.get(item.dataset.key);

	if (!event.target.matches(".again") || !decision ||
	    decision.state !== "unknown")
		return;
	decision.tries = 0;
	decision.not_before = 0;
	settle(decision, "queued", "");
	by("outcomes-title").focus();
	send_queued();
}

/* What is not sent is lost with the page. */
function on_leave(event) {
	if ([...made.all.values()].some((decision) =>
		["queued", "sending"].includes(decision.state)))
		event.preventDefault();
}

function draw_outcomes() {
	by("outcomes-clear").addEventListener("click", stop_or_clear);
	by("made").addEventListener("click", on_again);
	addEventListener("beforeunload", on_leave);
}
