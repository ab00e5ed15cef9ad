
/* --- what has been decided on this page, and what became of it */

const DRAW_MS = 100;

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
	held: ["no", "not sent"],
};

/* Of these nothing is to come any more, unless somebody does something. */
const SETTLED = ["ended", "refused", "stopped", "held"];

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
	return !is_settled(decision);
}

function is_settled(decision) {
	return SETTLED.includes(decision.state);
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
	show(by("send-held"), held().length > 0);
	say(by("send-held"), `Send ${many(held().length, "decision")}`);
	show(by("outcomes-clear"), decisions.some(is_settled) || left > 0);
	say(by("outcomes-clear"), left > AT_ONCE ? "Stop" : "Clear");
	show_login();
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

/* In this session, whoever it is who says so. */
function send_again(decisions) {
	for (const decision of decisions) {
		decision.tries = 0;
		decision.not_before = 0;
		decision.turn = session.turn;
		settle(decision, "queued", "");
	}
	by("outcomes-title").focus();
	outcomes_soon();
	send_queued();
}

function on_again(event) {
	const item = event.target.closest("li");
	const decision = item && made.all.get(item.dataset.key);

	if (!event.target.matches(".again") || !decision ||
	    decision.state !== "unknown")
		return;
	send_again([decision]);
}

/* What is not sent is lost with the page. */
function on_leave(event) {
	if (has_unsent("sending", "held"))
		event.preventDefault();
}

function draw_outcomes() {
	by("outcomes-clear").addEventListener("click", stop_or_clear);
	by("send-held").addEventListener("click", () => send_again(held()));
	by("made").addEventListener("click", on_again);
	addEventListener("beforeunload", on_leave);
}
