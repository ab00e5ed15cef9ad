
/* --- what is shown, and when it is asked for */

const EVERY_MS = 2000;
const BACK_OFF_MAX_MS = 30000;

const pulse = {
	timer: 0,
	busy: false,
	paused: false,
	lost: 0, /* when the last answer came, before those that did not */
	answered: 0,
	wait: EVERY_MS,
	started: "",
};

/* --- which view */

const view = {name: "", last: ""};

/* "#/requests?state=…" or "#/requests/ID"; what else there is, is a list. */
function route() {
	const [path, query] = location.hash.slice(1).split("?");
	const id = /^\/requests\/(.+)$/.exec(path);

	if (id)
		return {id: id[1]};
	return {filter: filter_of(new URLSearchParams(query || ""))};
}

/* After a step from one view to the other the focus goes where one reads on:
 * to the request's name, or back to its line. */
function settle(from) {
	if (view.name === "one" && from && view.last !== one.id)
		by("one-title").focus();
	if (view.name === "list" && from === "one") {
		const line = [...by("list").tBodies[0].rows].find((row) =>
			row.dataset.key === view.last);

		(line ? line.querySelector("a")
			: by("requests-title")).focus();
	}
	view.last = view.name === "one" ? one.id : "";
}

async function go() {
	const {id, filter} = route(), from = view.name;

	view.name = id ? "one" : "list";
	list.turn++;
	if (id) {
		if (id !== one.id)
			show(by("one-body"), false);
		one.id = id;
		say(by("one-title"), "Request");
	} else {
		set_filter(filter);
	}
	show(by("one"), Boolean(id));
	show(by("requests"), !id);
	await look_again();
	settle(from);
}

/* --- one look at everything */

function view_trouble(error) {
	const place = view.name === "one" ? "one-trouble" : "list-trouble";

	say(by(place), view.name === "one" && error.status === 404
		? `There is no request ${one.id}, or no more.` : error.message);
	show(by(place), true);
	if (view.name === "one")
		show(by("one-body"), false);
}

/* A refusal is an answer: to what was asked for, not to the rest. */
async function look_at_view() {
	try {
		await (view.name === "one" ? load_one() : load_list());
	} catch (error) {
		if (!(error instanceof Refused))
			throw error;
		view_trouble(error);
	}
}

async function look() {
	const status = await ask_object("/v1/status");

	show_status(status);
	show_rates(await ask("/metrics", "text"),
		   pulse.started !== status.started_at);
	pulse.started = status.started_at;
	await load_results();
	if (view.name === "one" || !(list_held() || list.busy ||
				     list.asked > ASK_QUICK))
		await look_at_view();
	show_note();
}

/* --- the pulse */

function show_pulse() {
	const lost = pulse.lost > 0;

	say(by("as-of"), pulse.answered
		? `as of ${time_of_day(pulse.answered)} UTC` : "no answer yet");
	say(by("pause"), pulse.paused ? "Go on" : "Pause");
	show(by("trouble"), lost);
}

function answered() {
	if (pulse.lost)
		announce("The bridge answers again.");
	pulse.lost = 0;
	pulse.wait = EVERY_MS;
	pulse.answered = now();
	show_pulse();
}

function not_answered(error) {
	const first = !pulse.lost;

	pulse.lost = pulse.lost || pulse.answered || Date.now();
	pulse.wait = Math.min(2 * pulse.wait, BACK_OFF_MAX_MS);
	if (first) {
		announce("The bridge does not answer.");
		document.title = "no answer \u00b7 ztp-bridge";
		forget_parts();
	}
	say(by("trouble-text"), [
		error instanceof Refused ? `The bridge says: ${error.message}.`
			: "The bridge does not answer.",
		pulse.answered ? "What is shown is as of " +
			`${time_of_day(pulse.answered)} UTC.` : "",
		`It is asked again in ${pulse.wait / 1000} s.`,
	].join(" "));
	show_pulse();
}

function plan() {
	clearTimeout(pulse.timer);
	if (!pulse.paused && !document.hidden)
		pulse.timer = setTimeout(beat, pulse.wait);
}

async function guarded(work) {
	try {
		await work();
		answered();
	} catch (error) {
		not_answered(error);
	}
}

async function beat() {
	if (pulse.busy)
		return;
	pulse.busy = true;
	clearTimeout(pulse.timer);
	await guarded(look);
	pulse.busy = false;
	plan();
}

/* What somebody has asked for, at once. */
async function look_again() {
	await guarded(look_at_view);
	show_note();
}

function pause() {
	pulse.paused = !pulse.paused;
	show_pulse();
	if (pulse.paused)
		plan();
	else
		beat();
}

function main() {
	draw_states();
	draw_rates();
	draw_filter();
	by("pause").addEventListener("click", pause);
	by("try-now").addEventListener("click", beat);
	by("skip").addEventListener("click", (event) => {
		event.preventDefault();
		by(view.name === "one" ? "one-title" : "requests-title")
			.focus();
	});
	by("list").addEventListener("focusin", show_note);
	by("list").addEventListener("focusout", () => setTimeout(show_note));
	addEventListener("hashchange", go);
	document.addEventListener("visibilitychange", () =>
		document.hidden || pulse.paused ? plan() : beat());
	show_pulse();
	go();
	beat();
}

main();
