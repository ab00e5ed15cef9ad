
/* --- the session */

const session = {
	needed: false,
	ended: false, /* and there was one before */
	turn: 0, /* what an earlier session is still answered is discarded */
};

/* The cookie is not for scripts, so the page notes that there is one. */
const SIGNED_IN = "signed-in";

function note_session(begun) {
	if (begun)
		localStorage.setItem(SIGNED_IN, "yes");
	else
		localStorage.removeItem(SIGNED_IN);
	show(by("sign-out"), begun);
}

function what_is_kept() {
	const unsent = held().length;

	return "The session has ended. What you have chosen is kept." +
		(unsent ? ` ${many(unsent, "decision")} ` +
			`${unsent === 1 ? "is" : "are"} not sent: when you ` +
			"have signed in, send them or clear them." : "");
}

function show_login() {
	say(by("login-what"), session.ended ? what_is_kept()
		: "This server wants a token before it shows anything.");
}

/* What was chosen stays, and so does what is not sent; but whoever signs in next
 * may be somebody else, who has not decided it. */
function need_token(ended) {
	if (session.needed)
		return;
	session.needed = true;
	session.turn++;
	hold_unsent();
	session.ended = ended && list.answered;
	show_login();
	say(by("login-note"), "");
	note_session(false);
	by("login").showModal();
	by("token").focus();
}

function signed_in() {
	session.needed = false;
	note_session(true);
	by("token").value = "";
	by("login").close();
	announce("Signed in.");
	poll();
}

async function sign_in(event) {
	event.preventDefault();
	say(by("login-note"), "");
	try {
		const {status, body} = await call("POST", "/v1/session", {
			headers: {"Content-Type": "application/json"},
			body: JSON.stringify({token: by("token").value.trim()}),
		});

		if (status < 300)
			signed_in();
		else
			say(by("login-note"), status === 401
				? "The server does not know this token."
				: error_text(status, body));
	} catch {
		say(by("login-note"), "The server does not answer.");
	}
}

async function sign_out() {
	if (has_unsent("held") &&
	    !confirm("Not all decisions are sent. Sign out without them?"))
		return;
	try {
		await call("DELETE", "/v1/session");
	} catch {
		on_failure(new Error("no answer"));
		return;
	}
	/* Whoever signs in next sees nothing of it. */
	by("decide").querySelector("form").reset();
	payload.file = null;
	by("filter").reset();
	keep_filter();
	chosen.clear();
	made.all.clear();
	set_open({requests: [], cut: false});
	list.answered = false;
	show_outcomes();
	need_token(false);
}

/* --- polling */

const EVERY_MS = 2000;
const BUSY_MS = 1000; /* it says that it will soon answer */
const BACK_OFF_MAX_MS = 30000;

const pulse = {
	timer: 0,
	busy: false,
	paused: false,
	lost: false,
	answered: 0,
	wait: EVERY_MS,
};

function show_pulse() {
	say(by("as-of"), pulse.answered
		? `as of ${time_of_day(pulse.answered)} UTC` : "no answer yet");
	say(by("pause"), pulse.paused ? "Resume" : "Pause");
	show(by("trouble"), pulse.lost);
	document.body.classList.toggle("lost", pulse.lost);
	show_choice();
	show_confirm();
}

function on_answer() {
	if (pulse.lost)
		announce("The server answers again.");
	pulse.lost = false;
	/* A long list costs the server more. */
	pulse.wait = EVERY_MS * Math.max(1, list.open.size / 500);
	pulse.answered = now();
	show_pulse();
	send_queued();
}

function on_failure(error) {
	if (error instanceof Refused && error.status === 401) {
		need_token(true);
		return;
	}
	if (error instanceof Refused && error.status === 429)
		return; /* it answers, only not so often */
	if (!pulse.lost) {
		announce("The server does not answer.");
		document.title = "no answer \u00b7 ztp-approver";
	}
	pulse.lost = true;
	pulse.wait = error instanceof Refused && error.status === 503
		? BUSY_MS : Math.min(2 * pulse.wait, BACK_OFF_MAX_MS);
	say(by("trouble-text"), [
		error instanceof Refused
			? `The server answered: ${error.message}.`
			: "The server does not answer.",
		pulse.answered ? "What is shown is as of " +
			`${time_of_day(pulse.answered)} UTC, and nothing can ` +
			"be decided." : "",
		`Next try in ${Math.round(pulse.wait / 1000)} s.`,
	].join(" "));
	show_pulse();
}

async function refresh() {
	const {turn} = session, open = await ask_open();

	if (turn !== session.turn)
		return;
	set_open(open);
	show_filter();
	draw_list(false);
	if (!pulse.answered)
		performance.mark("list"); /* for whoever measures it */
	if (by("decide").open)
		show_deciding();
	await follow_waiting();
}

function schedule() {
	clearTimeout(pulse.timer);
	if (!pulse.paused && !document.hidden && !session.needed)
		pulse.timer = setTimeout(poll, pulse.wait);
}

async function poll() {
	if (pulse.busy || session.needed)
		return;
	pulse.busy = true;
	clearTimeout(pulse.timer);
	try {
		await refresh();
		on_answer();
	} catch (error) {
		on_failure(error);
	}
	pulse.busy = false;
	schedule();
}

function pause() {
	pulse.paused = !pulse.paused;
	show_pulse();
	if (pulse.paused)
		schedule();
	else
		poll();
}

/* --- the list's own controls */

const typing = {timer: 0};

function on_filter() {
	list.limit = ROWS;
	keep_filter();
	draw_list(true);
	clearTimeout(typing.timer);
	typing.timer = setTimeout(() => announce(many(list.matching.length,
		"match", "matches")), 500);
}

function on_device(event) {
	const row = event.target.closest("tr");

	if (!event.target.matches(".device") || !row)
		return;
	if (!list.details.delete(row.dataset.key))
		list.details.add(row.dataset.key);
	draw_list(false);
}

function draw_filter() {
	by("filter").addEventListener("submit", (event) =>
		event.preventDefault());
	for (const id of ["f-find", "f-registry", "f-issuer", "f-only",
			  "f-order"])
		by(id).addEventListener("input", on_filter);
	by("show-all").addEventListener("click", () => {
		by("filter").reset();
		for (const id of ["f-registry", "f-issuer"])
			by(id).value = "";
		on_filter();
		by("f-find").focus();
	});
	by("more").addEventListener("click", () => {
		list.limit += ROWS;
		draw_list(false);
	});
	by("catch-up").addEventListener("click", () => draw_list(true));
}

function draw_list_controls() {
	by("list").tBodies[0].addEventListener("click", on_pick);
	by("list").tBodies[0].addEventListener("click", on_device);
	by("all").addEventListener("change", () =>
		choose_all(by("all").checked));
	by("choose-all").addEventListener("click", () => choose_all(true));
	by("choose-none").addEventListener("click", choose_none);
}

function main() {
	restore_filter();
	draw_filter();
	draw_list_controls();
	draw_decide();
	draw_outcomes();
	draw_keys();
	/* There is nothing to go on with behind it. */
	by("login").addEventListener("close", () => {
		if (session.needed)
			by("login").showModal();
	});
	by("login").querySelector("form").addEventListener("submit", sign_in);
	by("sign-out").addEventListener("click", sign_out);
	by("pause").addEventListener("click", pause);
	by("try-now").addEventListener("click", poll);
	by("skip").addEventListener("click", (event) => {
		event.preventDefault();
		by("requests-title").focus();
	});
	document.addEventListener("visibilitychange", () =>
		document.hidden || pulse.paused ? schedule() : poll());
	/* Another page of this server has signed out, or its session ended. */
	addEventListener("storage", (event) => {
		if (event.key === SIGNED_IN && event.newValue === null)
			need_token(true);
	});
	show(by("sign-out"), localStorage.getItem(SIGNED_IN) !== null);
	show_pulse();
	show_outcomes();
	poll();
}

main();
