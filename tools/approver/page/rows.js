
/* --- rows */

function make_row(id) {
	const name = make("button", {type: "button", class: "device",
				     "aria-expanded": "false"});

	return make("tr", {},
		make("td", {class: "pick"}, make("label", {},
			make("input", {type: "checkbox"}))),
		make("th", {scope: "row"}, name,
		     make("small", {class: "narrow clip"}),
		     make("small", {class: "narrow clip"})),
		make("td", {class: "wide clip"}),
		make("td", {class: "wide clip"}),
		make("td", {class: "mid print"}), make("td", {class: "wide"}),
		make("td", {class: "wide wait"}),
		make("td", {class: "mid num"}), make("td", {class: "num"}));
}

function fill_clip(cell, text) {
	say(cell, text);
	cell.setAttribute("title", text);
}

function fill_time(cell, iso, text) {
	let time = cell.firstElementChild;

	if (!iso) {
		cell.replaceChildren();
		return;
	}
	if (!time || time.tagName !== "TIME")
		cell.replaceChildren(time = make("time"));
	time.setAttribute("datetime", iso);
	time.setAttribute("title", `${stamp(iso)} UTC`);
	say(time, text);
}

function expires_text(view) {
	return Date.parse(view.expires) > now() ? `in ${until(view.expires)}`
		: "overdue";
}

function fill_pick(cell, view) {
	const box = cell.querySelector("input");
	const can = can_choose(view.id);

	box.checked = chosen.has(view.id);
	box.disabled = !can;
	box.setAttribute("aria-label", `Choose ${view.name} ` +
		`${view.registry}, ${view.fingerprint.slice(0, 8)}`);
}

/* What is not as usual. */
function note_of(view) {
	const n = contenders_of(view);

	return [n > 1 && `${n} contend`,
		paths_of(view) > 1 && `asks for ${paths_of(view)} paths`,
		view.attempt > 1 && `attempt ${view.attempt}`]
		.filter(Boolean).join(", ");
}

function fill_name(cell, view) {
	const [button, where, what] = cell.children;
	const details = list.details.has(view.id);

	say(button, view.name);
	button.setAttribute("aria-expanded", String(details));
	fill_clip(where, [view.registry, view.issuer].join(" \u00b7 "));
	fill_clip(what, [note_of(view),
		in_fours(view.fingerprint.slice(0, 16)), view.key]
		.filter(Boolean).join(" \u00b7 "));
}

function fill_row(row, view) {
	const [pick, name, registry, issuer, print, key, note, came,
	       expires] = row.children;
	const decision = decision_of(view.id);

	fill_pick(pick, view);
	fill_name(name, view);
	fill_clip(registry, view.registry);
	fill_clip(issuer, view.issuer);
	fill_clip(print, in_fours(view.fingerprint.slice(0, 16)));
	say(key, view.key);
	say(note, note_of(view));
	fill_time(came, view.received, `${since(view.received)} ago`);
	if (decision)
		fill_mark(expires, decision);
	else
		fill_time(expires, view.expires, expires_text(view));
	row.classList.toggle("chosen", chosen.has(view.id));
}

/* It has gone while somebody was in the list. */
function fill_gone(row) {
	const pick = row.firstElementChild, expires = row.lastElementChild;
	const decision = decision_of(row.dataset.key);

	row.classList.add("gone");
	row.classList.remove("chosen");
	pick.querySelector("input").checked = false;
	pick.querySelector("input").disabled = true;
	if (decision)
		fill_mark(expires, decision);
	else
		say(expires, "no longer open");
}

function time_text(iso, more) {
	return iso && `${stamp(iso).slice(0, 19)} UTC${more || ""}`;
}

/* The other paths for which its certificate asks, a few of them. */
function others_of(view) {
	const others = [...list.prints.get(view.fingerprint)]
		.filter((path) => path !== view.path);

	return `also ${others.slice(0, 5).join(", ")}` +
		(others.length > 5 ? ", \u2026" : "");
}

function facts_of(view) {
	const rivals = [...list.open.values()].filter((other) =>
		other.path === view.path && other.id !== view.id);
	const left = Date.parse(view.to) < now() ? ", expired" : "";

	return [
		["device path", view.path],
		["fingerprint", `SHA-256 ${view.fingerprint}`, "mono"],
		["subject", view.subject],
		["issuer", view.issuer],
		["other names", view.names.join("\n") || "none"],
		["serial", view.serial, "mono"],
		["valid", view.from && `${time_text(view.from)} to ` +
			time_text(view.to, left)],
		["key", view.key],
		["key\u2019s hash", view.spki && `SHA-256 ${view.spki}`,
		 "mono"],
		["contenders", contenders_of(view) === 1 ? "1, only this one"
			: `${contenders_of(view)} certificates claim this ` +
			  "path; the first one approved gets it"],
		...rivals.map((other) => ["also open",
			`${other.fingerprint}, came ` +
			`${since(other.received)} ago`, "mono"]),
		["certificate", paths_of(view) > 1 && "asks for " +
			`${paths_of(view)} paths: ${others_of(view)}`],
		["attempt", String(view.attempt)],
		["came", time_text(view.received)],
		["expires", time_text(view.expires,
				      `, ${expires_text(view)}`)],
		["request", view.id, "mono"],
	];
}

function fill_details(row, view) {
	const place = row.firstElementChild.firstElementChild;

	sync(place, facts_of(view).filter((fact) => fact[1])
	     .map((fact, i) => [i, ...fact]), (fact) => fact[0],
	     () => make("div", {}, make("dt"), make("dd")),
	     (item, [, name, value, how]) => {
		say(item.firstChild, name);
		say(item.lastChild, value);
		item.lastChild.className = how || "";
	     });
}

function make_details() {
	return make("tr", {class: "details"},
		make("td", {colspan: 9}, make("dl")));
}

/* --- drawing */

/* Rows must not move under a pointer or a reader's focus. */
function list_held() {
	return by("list").tBodies[0].matches(":hover") ||
		by("list").tBodies[0].contains(document.activeElement);
}

function draw_rows() {
	const items = [];

	for (const id of list.matching.slice(0, list.limit)) {
		items.push({id, key: id});
		if (list.details.has(id))
			items.push({id, key: `${id}/details`, details: true});
	}
	sync(by("list").tBodies[0], items, (item) => item.key,
	     (item) => item.details ? make_details() : make_row(item.id),
	     (row, {id, details}) => {
		const view = list.open.get(id);

		if (!view)
			fill_gone(row);
		else if (details)
			fill_details(row, view);
		else
			fill_row(row, view);
	     });
}

/* What one may do where there is nothing to decide. */
const NEXT = "The next request appears here by itself.";
const NEXT_FIRST = "When a device connects for the first time, its request " +
	"appears here by itself. If one connects and nothing comes, ask your " +
	"operator whether its registry has onboarding \u201ccustom\u201d, " +
	"and what the broker said to the device.";

function show_empty() {
	const empty = list.answered && list.matching.length === 0;
	const filtered = list.open.size > 0;

	show(by("list-empty"), empty);
	show(by("list").tHead, !empty);
	show(by("filter"), list.open.size > 0 || filters());
	say(by("empty-what"), filtered ? `None of ${many(list.open.size,
		"open request")} matches the filter.`
		: "No device is waiting for a decision.");
	say(by("empty-next"), filtered ? ""
		: made.all.size > 0 ? NEXT : NEXT_FIRST);
	show(by("empty-try"), !filtered && made.all.size === 0);
	show(by("show-all"), filtered);
}

function show_rest() {
	const n = list.matching.length, shown = Math.min(n, list.limit);

	show(by("list-rest"), shown < n || list.cut);
	say(by("list-rest").firstElementChild, (shown < n
		? `${count(shown)} of ${count(n)} are shown. ` : "") +
		(list.cut ? `There are more than ${count(LIST_MAX)} open ` +
			"requests; the others come when some of these are " +
			"decided." : ""));
	show(by("more"), shown < n);
}

function show_title() {
	say(by("requests-title"), list.answered
		? `Open requests: ${count(list.open.size)}` : "Open requests");
	say(by("list-note"), !list.answered ? "" : filters()
		? `${many(list.matching.length, "match", "matches")}` : "");
	document.title = `${count(list.open.size)} open \u00b7 ztp-approver`;
}

/* What the list would gain and lose if it moved now. */
function show_catch_up(wanted) {
	const drawn = new Set(list.matching);
	const fresh = wanted.filter((id) => !drawn.has(id)).length;
	const gone = list.matching.filter((id) => !list.open.has(id)).length;
	const text = [fresh && `${fresh} new`, gone && `${gone} gone`]
		.filter(Boolean).join(", ");

	show(by("catch-up"), Boolean(text));
	say(by("catch-up"), text ? `${text}: update the list` : "");
}

/* `moves`: the reader has asked for something else, so rows may move. */
function draw_list(moves) {
	const wanted = match();

	if (moves || !list_held())
		list.matching = wanted;
	show_catch_up(wanted);
	draw_rows();
	show_empty();
	show_rest();
	show_title();
	show_choice();
}
