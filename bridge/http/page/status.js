
/* --- requests by state, and the readiness of the parts */

const GROUPS = [
	["undecided", ["received", "requested"]],
	["in progress", ["approved", "registered", "delivered"]],
	["finished, if kept", ["onboarded", "rejected", "expired", "conflict",
			       "failed", "undeliverable", "withdrawn"]],
];

const MEANS = {
	received: "accepted; not yet in Kafka",
	requested: "the customer has been asked",
	approved: "approved; not yet registered",
	registered: "registered; the device is away, or about to be told",
	delivered: "the command has been delivered; not yet applied",
	onboarded: "approved, registered and delivered",
	rejected: "rejected by the customer",
	expired: "no decision in time",
	conflict: "the device exists, or another certificate was approved",
	failed: "approved, but the gate refused to register it",
	undeliverable: "approved, but the command was never delivered",
	withdrawn: "its candidate is gone at the gate",
};

const TONES = {
	received: "wait", requested: "wait",
	approved: "move", registered: "away", delivered: "move",
	onboarded: "good",
	rejected: "no", expired: "no", conflict: "no",
	withdrawn: "no",
	failed: "bad", undeliverable: "bad",
};

function list_link(parameters) {
	const query = new URLSearchParams(parameters);

	return `#/requests?${query}`;
}

function one_link(request) {
	return `#/requests/${encodeURIComponent(request.request_id)}`;
}

/* Is it approved, but its device is not there to be told? */
function is_away(request) {
	return request.state === "registered" &&
		(request.awaits_device || request.tries > 0);
}

function state_text(request) {
	return request.state + (is_away(request) ? ", away" : "");
}

function state_mark(state) {
	return make("span", {class: `state ${TONES[state] || ""}`,
			     title: MEANS[state]}, state);
}

function registry_of(request) {
	const {subscription, registry} = request.device;

	return registry ? `${subscription}/${registry}` : "";
}

function name_of(request) {
	return request.device.id || request.device.path;
}

const setting = {gate: false, any: false}; /* what the empty page says */
const counts = new Map(); /* maps a state to the element with its number */

function draw_states() {
	for (const [title, states] of GROUPS) {
		const list = make("ul", {"aria-label": title});

		for (const state of states) {
			const number = make("b", {}, "\u2013");

			counts.set(state, number);
			list.append(make("li", {class: TONES[state]},
				make("a", {href: list_link({state}),
					   title: MEANS[state]},
				     number, " ", make("span", {}, state))));
		}
		by("states").append(make("div", {class: "group"},
			make("h3", {}, title), list));
	}
}

function show_oldest(oldest) {
	const place = by("oldest");
	let link = place.querySelector("a");

	if (!oldest) {
		say(place, "No request is undecided.");
		return;
	}
	if (!link) {
		link = make("a");
		place.replaceChildren("Oldest undecided: ", link,
				      make("span"));
	}
	link.setAttribute("href", one_link(oldest));
	say(link, name_of(oldest));
	say(place.querySelector("span"), ` in ${registry_of(oldest)}, ` +
	    `waiting ${since(oldest.received_at)}, ${ends_in(oldest)}`);
}

function ends_in(request) {
	return Date.parse(request.expires_at) > now()
		? `expires in ${until(request.expires_at)}` : "overdue";
}

const known_parts = new Map(); /* maps a name to why it is not ready, or "" */

function part_text(part) {
	return part.ready ? "ready" : part.why;
}

function show_parts(parts) {
	sync(by("parts"), parts, (part) => part.name,
	     () => make("li", {}, make("b"), " ", make("span")),
	     (item, part) => {
		item.className = part.ready ? "up" : "down";
		say(item.querySelector("b"), part.name);
		say(item.querySelector("span"), part_text(part) +
		    (part.since ? ` for ${since(part.since)}` : ""));
	     });
	const changed = parts.filter((part) => known_parts.has(part.name) &&
		known_parts.get(part.name) !== part_text(part));
	for (const part of parts)
		known_parts.set(part.name, part_text(part));
	if (changed.length)
		announce(changed.map((p) => `${p.name}: ${part_text(p)}`)
			.join("; "));
}

/* What the numbers are worth: "" if they are those of now, and the bridge does
 * its work. */
function show_worth(worth) {
	if (document.body.dataset.worth !== worth)
		document.body.dataset.worth = worth;
}

/* Which of the parts has been unusable for longest, and since when. */
function show_unready(parts) {
	const down = parts.filter((part) => !part.ready && part.since);
	const first = down.map((part) => part.since).sort()[0];

	show(by("unready"), down.length > 0);
	if (first)
		say(by("unready"), `Not ready since ${stamp(first).slice(0, 19)} ` +
		    `UTC (${since(first)}): ` +
		    `${down.map((p) => `${p.name} ${p.why}`).join("; ")}. ` +
		    "What is shown below may not move until it is.");
	return down.length > 0;
}

function forget_parts() {
	for (const item of by("parts").children) {
		item.className = "unknown";
		say(item.querySelector("span"), "unknown");
	}
}

function show_status(status) {
	let undecided = 0;

	clock.ahead = Date.parse(status.at) - Date.now();
	for (const [state, number] of counts) {
		const n = status.requests[state];

		say(number, count(n));
		number.classList.toggle("long", n >= 1e6);
		number.closest("li").classList.toggle("none", n === 0);
		if (TONES[state] === "wait")
			undecided += n;
	}
	say(by("version"), status.version);
	show_oldest(status.oldest_undecided);
	show_parts(status.parts);
	show_worth(show_unready(status.parts) ? "unready" : "");
	setting.gate = status.parts.some((part) => part.name === "gate");
	setting.any = Object.values(status.requests).some((n) => n > 0);
	say(by("footing"), `Store ${bytes(status.store_bytes)}. Up for ` +
	    `${since(status.started_at)}, since ` +
	    `${stamp(status.started_at).slice(0, 19)}.`);
	document.title = `${status.ready ? "" : "not ready \u00b7 "}` +
		`${count(undecided)} undecided \u00b7 ztp-bridge`;
}
