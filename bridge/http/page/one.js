
/* --- one request: its history, as far as times are stored */

const one = {id: "", turn: 0};

/* A step of the history: [name, time or "", what it means, "done" or
 * "open"]. */
function decided_step(request) {
	const {decision, state, finished_at} = request;

	if (!decision)
		return null;
	const who = decision.by === "customer" ? "the customer"
		: "on_timeout, after the deadline";
	return decision.verdict === "approve"
		? ["approved", "", `by ${who}`, "done"]
		: ["rejected", state === "rejected" ? finished_at : "",
		   `by ${who}`, "done"];
}

function asked_step(request) {
	if (request.announced_at)
		return ["requested", request.announced_at,
			"last announced to the customer", "done"];
	if (request.finished_at)
		return ["requested", "", "never: it ended on arrival", "open"];
	return ["requested", "", "once Kafka has the record", "open"];
}

function way_steps(request) {
	const {state, decision, delivered_at, next_try_at, due_at} = request;
	const approved = decision && decision.verdict === "approve";
	const past = ["registered", "delivered", "onboarded", "undeliverable"];
	const steps = [];

	if (!approved)
		return steps;
	if (past.includes(state))
		steps.push(["registered", "", "the device exists", "done"]);
	else if (state === "approved")
		steps.push(["registered", "", "in progress", "open"]);
	if (delivered_at)
		steps.push(["delivered", delivered_at,
			    "the broker accepted the command", "done"]);
	else if (state === "registered")
		steps.push(["delivered", "", (next_try_at && request.tries
			? `tried ${request.tries} times, next ` +
			  `${stamp(next_try_at).slice(11, 19)}`
			: "the device is away; it is told when it subscribes") +
			(due_at ? `; until ${stamp(due_at).slice(0, 19)}`
				: ""), "open"]);
	return steps;
}

function end_step(request) {
	const {state, finished_at, expires_at} = request;

	if (finished_at)
		return [state, finished_at, request.message || MEANS[state],
			"done"];
	if (TONES[state] === "wait")
		return ["expires", expires_at, ends_in(request), "open"];
	return ["onboarded", "", "not yet", "open"];
}

function life_of(request) {
	const decided = decided_step(request), end = end_step(request);
	const steps = [
		["received", request.received_at, "from the broker", "done"],
		asked_step(request), decided, ...way_steps(request)];

	/* A rejection is already the end. */
	if (!decided || decided[0] !== end[0])
		steps.push(end);
	return steps.filter((step) => step);
}

function show_life(request) {
	const start = Date.parse(request.received_at);

	sync(by("life"), life_of(request), (step) => step[0],
	     () => make("li", {}, make("b"), make("time"), make("i"),
			make("span")),
	     (item, [name, at, meaning, how]) => {
		const [title, time, after, text] = item.children;
		const ms = Date.parse(at) - start;

		item.className = `${how} ${TONES[name] || ""}`;
		say(title, name);
		say(time, at ? stamp(at) : how === "done"
			? "\u2014" : "");
		if (at)
			time.setAttribute("datetime", at);
		else
			time.removeAttribute("datetime");
		say(after, at && ms > 0 ? `+${span(ms)}` : "");
		say(text, meaning);
	     });
}

function show_pairs(place, pairs) {
	sync(place, pairs.filter((pair) => pair[1]), (pair) => pair[0],
	     () => make("div", {}, make("dt"), make("dd")),
	     (item, [name, value]) => {
		say(item.firstChild, name);
		say(item.lastChild, value);
	     });
}

function show_decision(decision) {
	const where = decision && decision.position;

	show_pairs(by("decision"), decision ? [
		["verdict", decision.verdict],
		["by", decision.by],
		["reason", decision.reason],
		["message", decision.message],
		["record", where && `${where.topic}, partition ` +
			`${where.partition}, offset ${where.offset}`],
	] : [["verdict", "none"]]);
}

function show_one(request) {
	const {device} = request;

	say(by("one-title"), name_of(request));
	fill_state(by("one-state"), request);
	show_life(request);
	show_decision(request.decision);
	show_pairs(by("facts"), [
		["request", request.request_id],
		["device path", device.path],
		["certificate", request.fingerprint_sha256 &&
			`SHA-256 ${request.fingerprint_sha256}`],
		["attempt", String(request.attempt)],
		["command attempts", String(request.tries)],
	]);
	show(by("one-trouble"), false);
	show(by("one-body"), true);
}

function show_siblings(page, device) {
	const more = by("siblings-more");

	sync(by("siblings").tBodies[0], page.requests, (r) => r.request_id,
	     () => make("tr", {}, state_cell(),
			make("th", {scope: "row"}, make("a", {class: "id"})),
			make("td", {class: "num"}), make("td", {class: "num"})),
	     (row, request) => {
		const [state, id, attempt, received] = row.children;

		fill_state(state, request);
		id.firstChild.setAttribute("href", one_link(request));
		if (request.request_id === one.id)
			id.firstChild.setAttribute("aria-current", "page");
		else
			id.firstChild.removeAttribute("aria-current");
		say(id.firstChild, request.request_id);
		say(attempt, String(request.attempt));
		fill_time(received, request.received_at,
			  `${since(request.received_at)} ago`);
	     });
	show(more, Boolean(page.next));
	more.firstChild.setAttribute("href", list_link({device: device.path}));
}

async function load_one() {
	const turn = ++one.turn;
	const request = await ask_object(
		`/v1/requests/${encodeURIComponent(one.id)}`);
	const page = await ask_object(requests_path({
		device: request.device.path, limit: LAST}));

	if (turn !== one.turn)
		return;
	show_one(request);
	show_siblings(page, request.device);
}
