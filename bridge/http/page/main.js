
/* --- when data is fetched */

const EVERY_MS = 2000;
const SILENT_MS = 4000; /* an answer comes within some ms */
const BACK_OFF_MAX_MS = 30000;

const pulse = {
	timer: 0,
	busy: false,
	paused: false,
	lost: 0, /* time of the last answer before the failure, or 0 */
	answered: 0,
	wait: EVERY_MS,
	started: "",
};

/* --- the current view */

const view = {name: "", last: ""};

/* "#/requests?state=…" or "#/requests/ID"; anything else is the list. */
function route() {
	const [path, query] = location.hash.slice(1).split("?");
	const id = /^\/requests\/(.+)$/.exec(path);

	if (id)
		return {id: id[1]};
	return {filter: filter_of(new URLSearchParams(query || ""))};
}

/* After a change of view, moves the focus to where one reads on: to the
 * request's name, or back to its row in the list. */
function restore_focus(from) {
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

async function navigate() {
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
	await refresh_now();
	restore_focus(from);
}

/* --- fetching everything once */

function view_trouble(error) {
	const place = view.name === "one" ? "one-trouble" : "list-trouble";

	say(by(place), view.name === "one" && error.status === 404
		? `Request ${one.id} does not exist, or was removed.`
		: error.message);
	show(by(place), true);
	if (view.name === "one")
		show(by("one-body"), false);
}

/* A refusal answers only what this view asked for, so the rest continues. */
async function refresh_view() {
	try {
		await (view.name === "one" ? load_one() : load_list());
	} catch (error) {
		if (!(error instanceof Refused))
			throw error;
		view_trouble(error);
	}
}

async function refresh() {
	const status = await ask_object("/v1/status");

	if (pulse.started !== status.started_at)
		forget_history();
	pulse.started = status.started_at;
	show_status(status);
	await load_group(status);
	await load_rates();
	await load_totals();
	await load_results();
	await load_refusals(status.parts);
	if (view.name === "one" || !(list_held() || list.busy ||
				     list.asked > ASK_QUICK))
		await refresh_view();
	show_note();
}

/* --- polling */

function show_pulse() {
	const lost = pulse.lost > 0;

	say(by("as-of"), pulse.answered
		? `as of ${time_of_day(pulse.answered)} UTC` : "no answer yet");
	say(by("pause"), pulse.paused ? "Resume" : "Pause");
	show(by("trouble"), lost);
}

function on_answer() {
	if (pulse.lost)
		announce("The bridge answers again.");
	pulse.lost = 0;
	pulse.wait = EVERY_MS;
	pulse.answered = now();
	show_pulse();
}

/* Not an answer for some time, whatever became of the question. */
function look_at_clock() {
	const silent = Date.now() + clock.ahead - pulse.answered;

	if (pulse.answered && pulse.busy && !pulse.lost && silent > SILENT_MS)
		show_silence();
	if (pulse.lost)
		show_since();
}

function show_since() {
	say(by("trouble-since"), pulse.answered
		? `No answer since ${time_of_day(pulse.answered)} UTC ` +
		  `(${span(now() - pulse.answered, true)}); all numbers are ` +
		  "of then." : "");
}

function show_silence() {
	show_worth("silent");
	say(by("as-of"), `no answer since ${time_of_day(pulse.answered)} UTC`);
}

function on_failure(error) {
	const first = !pulse.lost;

	pulse.lost = pulse.lost || pulse.answered || Date.now();
	pulse.wait = Math.min(2 * pulse.wait, BACK_OFF_MAX_MS);
	if (first) {
		announce("The bridge does not answer.");
		document.title = "no answer \u00b7 ztp-bridge";
		forget_parts();
	}
	say(by("trouble-text"), [
		error instanceof Refused
			? `The bridge answered: ${error.message}.`
			: "The bridge does not answer.",
		`Next try in ${pulse.wait / 1000} s.`,
	].join(" "));
	show(by("unready"), false);
	show_pulse();
	show_worth("silent");
	show_since();
}

function schedule() {
	clearTimeout(pulse.timer);
	if (!pulse.paused && !document.hidden)
		pulse.timer = setTimeout(poll, pulse.wait);
}

async function try_to(work) {
	try {
		await work();
		on_answer();
	} catch (error) {
		on_failure(error);
	}
}

async function poll() {
	if (pulse.busy)
		return;
	pulse.busy = true;
	clearTimeout(pulse.timer);
	await try_to(refresh);
	pulse.busy = false;
	schedule();
}

/* Fetches at once what the user has just asked for. */
async function refresh_now() {
	await try_to(refresh_view);
	show_note();
}

function pause() {
	pulse.paused = !pulse.paused;
	show_pulse();
	if (pulse.paused)
		schedule();
	else
		poll();
}

function main() {
	draw_states();
	draw_rates();
	draw_filter();
	by("pause").addEventListener("click", pause);
	by("try-now").addEventListener("click", poll);
	by("skip").addEventListener("click", (event) => {
		event.preventDefault();
		by(view.name === "one" ? "one-title" : "requests-title")
			.focus();
	});
	by("list").addEventListener("focusin", show_note);
	by("list").addEventListener("focusout", () => setTimeout(show_note));
	addEventListener("hashchange", navigate);
	document.addEventListener("visibilitychange", () =>
		document.hidden || pulse.paused ? schedule() : poll());
	setInterval(look_at_clock, 1000);
	show_pulse();
	navigate();
	poll();
}

main();
