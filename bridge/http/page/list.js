
/* --- the list of requests, and the latest results */

const PAGE = 25;
const LAST = 8;

/* A filter may skip millions of rows, of which the bridge examines a few
 * thousand per call. The page keeps asking until it is full, with pauses in
 * which the bridge can do its work. */
const ASK_QUICK = 2;
const ASK_MAX = 250;
const ASK_PAUSE_MS = 40;

const list = {
	filter: {state: "", registry: "", device: "", find: "",
		 order: "newest"},
	cursors: [""], /* one per page, up to this page */
	next: null,
	turn: 0, /* answers to earlier questions are discarded */
	asked: 0,
	busy: false,
};

function device_cell() {
	return make("th", {scope: "row"}, make("a"),
		    make("small", {class: "narrow"}));
}

function fill_device(cell, request) {
	const [link, registry] = cell.children;

	link.setAttribute("href", one_link(request));
	say(link, name_of(request));
	say(registry, registry_of(request));
}

function state_cell() {
	return make("td", {}, state_mark(""));
}

function fill_state(cell, request) {
	const text = state_text(request);

	if (cell.textContent === text)
		return;
	cell.replaceChildren(state_mark(request.state));
	say(cell.firstChild, text);
	if (is_away(request))
		cell.firstChild.setAttribute("title",
			"approved and registered; its device is not connected");
}

function fill_time(cell, iso, text) {
	let time = cell.firstElementChild;

	if (!time)
		cell.append(time = make("time"));
	time.setAttribute("datetime", iso);
	time.setAttribute("title", `${stamp(iso)} UTC`);
	say(time, text);
}

/* What happens to the request next, and when. */
function what_next(request) {
	if (request.finished_at)
		return [request.finished_at,
			`ended ${since(request.finished_at)} ago`];
	if (TONES[request.state] === "wait")
		return [request.expires_at, ends_in(request)];
	if (request.next_try_at)
		return [request.next_try_at, Date.parse(request.next_try_at) >
			now() ? `next try in ${until(request.next_try_at)}`
			: "trying now"];
	if (request.due_at)
		return [request.due_at,
			`awaits device, ${until(request.due_at)} left`];
	return [request.received_at, "in progress"];
}

function fill_row(row, request) {
	const [state, device, registry, attempt, received, next] = row.children;

	fill_state(state, request);
	fill_device(device, request);
	say(registry, registry_of(request));
	say(attempt, String(request.attempt));
	fill_time(received, request.received_at,
		  `${since(request.received_at)} ago`);
	fill_time(next, ...what_next(request));
}

function make_row() {
	return make("tr", {}, state_cell(), device_cell(),
		    make("td", {class: "wide"}),
		    make("td", {class: "wide num"}),
		    make("td", {class: "mid num"}), make("td", {class: "num"}));
}

/* Rows must not move under a pointer or a reader's focus. */
function list_held() {
	return by("list").matches(":hover") ||
		by("list").contains(document.activeElement);
}

function show_note() {
	say(by("list-note"), list.busy ? "searching"
		: list.asked > ASK_QUICK ? "long search: not live"
		: list_held() ? "paused while in use" : "live");
}

/* Could there be requests, though this page has none? */
function is_partial() {
	const {state, registry, device, find, order} = list.filter;

	return state || registry || device || find || order === "finished" ||
		list.cursors.length > 1;
}

/* What there is to do about it: [text, link or "", its text]. */
function nothing_listed() {
	if (list.next)
		return ["No match so far. Next continues the search.", ""];
	if (is_partial() && setting.any)
		return ["No request matches.", "#/requests", "Show all requests"];
	if (!setting.gate)
		return ["No device has asked yet. A request appears here when " +
			"the broker publishes a device's pending event.", ""];
	if (refused.total > 0)
		return ["No device has asked yet, but the gate has refused " +
			`${count(refused.total)}.`, "#refusals", "See why"];
	return ["No device has asked yet. Create a registry with ztpctl " +
		"registry create, and connect a device; ztp-device plays one.",
		""];
}

function show_nothing() {
	const [text, address, name] = nothing_listed();
	const [place, link] = by("list-empty").children;

	say(place, text);
	show(link, Boolean(address));
	if (address) {
		link.setAttribute("href", address);
		say(link, name);
	}
}

function show_list(rows) {
	sync(by("list").tBodies[0], rows, (request) => request.request_id,
	     make_row, fill_row);
	show(by("list-trouble"), false);
	show(by("list-empty"), rows.length === 0 && !list.busy);
	show_nothing();
	say(by("page-number"), `page ${list.cursors.length}`);
	by("before").setAttribute("aria-disabled", list.cursors.length === 1);
	by("behind").setAttribute("aria-disabled", !list.next);
	show_note();
}

/* Returns the page's rows, or null if another question has replaced this
 * one. */
async function search(turn) {
	const {state, registry, device, find, order} = list.filter;
	const rows = [];
	let after = list.cursors[list.cursors.length - 1];

	for (list.asked = 0; list.asked < ASK_MAX; ) {
		const page = await ask_object(requests_path({
			state, registry, device, find,
			order: device ? "" : order, after, limit: PAGE - rows.length}));

		if (turn !== list.turn)
			return null;
		rows.push(...page.requests);
		after = page.next;
		if (!after || rows.length >= PAGE)
			break;
		if (++list.asked > ASK_QUICK) {
			show_list(rows);
			await new Promise((go_on) =>
				setTimeout(go_on, ASK_PAUSE_MS));
		}
	}
	list.next = after || null;
	return rows;
}

async function load_list() {
	const turn = ++list.turn;
	let rows = null;

	list.busy = true;
	try {
		rows = await search(turn);
	} finally {
		if (turn === list.turn)
			list.busy = false;
	}
	if (rows)
		show_list(rows);
}

/* The parameters of a list's address; missing ones get their default. */
function filter_of(query) {
	const filter = {};

	for (const key of ["state", "registry", "device", "find", "order"])
		filter[key] = query.get(key) || "";
	if (!["oldest", "finished"].includes(filter.order))
		filter.order = "newest";
	return filter;
}

function filter_link(filter) {
	return list_link(Object.entries(filter).filter(([key, value]) =>
		value && !(key === "order" && value === "newest")));
}

function set_filter(filter) {
	const same = JSON.stringify(filter) === JSON.stringify(list.filter);

	if (!same)
		list.cursors = [""];
	list.filter = filter;
	by("f-state").value = filter.state;
	by("f-registry").value = filter.registry;
	by("f-order").value = filter.order;
	by("f-find").value = filter.device || filter.find;
	by("one-back").setAttribute("href", filter_link(filter));
}

/* --- the form: a change navigates to a new address */

function visit(address) {
	if (location.hash === address)
		refresh_now();
	else
		location.hash = address;
}

/* A device's requests are found by its path at once, however many there are. */
const WHOLE_PATH = /^subscriptions\/[^/]+\/registries\/[^/]+\/devices\/[^/]+$/;

function submit_filter(event) {
	const find = by("f-find").value.trim();
	const device = WHOLE_PATH.test(find) ? find : "";

	event.preventDefault();
	visit(filter_link({
		state: by("f-state").value,
		registry: device ? "" : by("f-registry").value.trim(),
		device,
		find: device ? "" : find,
		order: device ? "newest" : by("f-order").value,
	}));
}

async function turn_page(event, forth) {
	if (event.currentTarget.getAttribute("aria-disabled") === "true")
		return;
	if (forth)
		list.cursors.push(list.next);
	else
		list.cursors.pop();
	await refresh_now();
	announce(`page ${list.cursors.length}, ` +
		 `${by("list").tBodies[0].rows.length} requests`);
}

function draw_filter() {
	const states = by("f-state");

	states.append(make("option", {value: ""}, "any"));
	for (const [title, names] of GROUPS)
		states.append(make("optgroup", {label: title},
			...names.map((name) => make("option", {}, name))));
	by("filter").addEventListener("submit", submit_filter);
	for (const id of ["f-state", "f-order", "f-registry"])
		by(id).addEventListener("change", () =>
			by("filter").requestSubmit());
	by("before").addEventListener("click", (e) => turn_page(e, false));
	by("behind").addEventListener("click", (e) => turn_page(e, true));
}

/* --- the last results */

async function load_results() {
	const page = await ask_object(requests_path({order: "finished",
						     limit: LAST}));

	show(by("results-empty"), page.requests.length === 0);
	show(by("results").querySelector("table"), page.requests.length > 0);
	sync(by("results").querySelector("tbody"), page.requests,
	     (request) => request.request_id,
	     () => make("tr", {}, state_cell(), device_cell(),
			make("td", {class: "num"}), make("td", {class: "num"})),
	     (row, request) => {
		const [state, device, took, ended] = row.children;

		fill_state(state, request);
		fill_device(device, request);
		say(took, span(Date.parse(request.finished_at) -
			       Date.parse(request.received_at)));
		fill_time(ended, request.finished_at,
			  `${since(request.finished_at)} ago`);
	     });
}
