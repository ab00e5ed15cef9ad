
/* --- the dialog in which chosen requests are decided */

const REASON_MAX = 128;
const MESSAGE_MAX = 1024;
const LEFT_MS = 60 * 1000;

const deciding = {verdict: "", ids: []};

function still_open() {
	return deciding.ids.filter((id) => can_choose(id));
}

function how_many(ids) {
	return many(ids.length, "request");
}

/* "3 in acme/plant-7, 2 in acme/depot-north" */
function by_registry(views) {
	const counts = new Map();

	for (const {registry} of views)
		counts.set(registry, 1 + (counts.get(registry) || 0));
	if (counts.size === 1)
		return ` in ${views[0].registry || "no registry"}`;
	return ` (${[...counts].map(([name, n]) =>
		`${n} in ${name || "none"}`).join(", ")})`;
}

function what_happens(views) {
	const who = `${many(views.length, "device")}${by_registry(views)}`;

	if (deciding.verdict === "reject")
		return `${who}: each is refused and told so, with the reason ` +
			"and the message. It may ask again after the " +
			"operator\u2019s waiting time.";
	return `${who}: each is registered with the certificate shown here, ` +
		"and with no other, and receives the payload. You cannot " +
		"take an approval back; your operator can block the device.";
}

/* Those of the same path among these, and what else is easily overlooked. */
function warnings(views) {
	const paths = new Map(), approve = deciding.verdict === "approve";

	for (const {path} of views)
		paths.set(path, 1 + (paths.get(path) || 0));
	const rivals = [...paths.values()].filter((n) => n > 1)
		.reduce((sum, n) => sum + n, 0);
	const contended = views.filter((view) => contenders_of(view) > 1 &&
		paths.get(view.path) === 1).length;
	const shared = views.filter((view) => paths_of(view) > 1).length;
	const late = views.filter((view) =>
		Date.parse(view.expires) - now() < LEFT_MS).length;
	const hidden = views.filter((view) =>
		!list.matching.includes(view.id)).length;
	const ended = deciding.ids.length - views.length;

	return [
		approve && rivals && `${rivals} of these claim a path that ` +
			"another of these claims too: of each path one " +
			"joins, the others end in conflict.",
		approve && contended && `${many(contended, "device path")} ` +
			`${contended === 1 ? "is" : "are"} claimed by ` +
			"another certificate as well. Compare the " +
			"fingerprint.",
		approve && shared && `${shared} of these ` +
			`${shared === 1 ? "has a certificate that asks" :
				"have certificates that ask"} for several ` +
			"paths. A key that has leaked would look like this.",
		late && `${late} will expire within a minute.`,
		hidden && `${hidden} ${hidden === 1 ? "is" : "are"} not in ` +
			"the list as it is filtered now.",
		ended && `${ended} ${ended === 1 ? "is" : "are"} no longer ` +
			"open and left out.",
	].filter(Boolean);
}

function check_reject() {
	const reason = by("reason").value.trim();
	const message = by("message").value.trim();

	for (const [name, text, max] of [["reason", reason, REASON_MAX],
					 ["message", message, MESSAGE_MAX]]) {
		if (bytes_of(text) > max)
			return {error: `The ${name} has ` +
				`${count(bytes_of(text))} bytes; at most ` +
				`${count(max)} are allowed.`};
		if (/\p{Cc}/u.test(text))
			return {error: `The ${name} has a control character.`};
	}
	return {members: [["reason", reason], ["message", message]]
		.filter((pair) => pair[1])
		.map(([name, text]) => [name, JSON.stringify(text)])};
}

function read_fields() {
	return deciding.verdict === "approve" ? read_payload() : check_reject();
}

/* The native decision, without id and path: they are in the address. */
function decision_text(view, members) {
	const all = [["decision", JSON.stringify(deciding.verdict)]];

	if (view.raw_fingerprint)
		all.push(["fingerprint_sha256",
			  JSON.stringify(view.raw_fingerprint)]);
	return `{${[...all, ...members].map(([name, json]) =>
		`"${name}":${json}`).join(",")}}`;
}

function verb() {
	return deciding.verdict === "approve" ? "Approve" : "Reject";
}

function show_confirm() {
	const ids = still_open();
	const ready = ids.length > 0 && !read_fields().error && !pulse.lost;

	say(by("confirm"), `${verb()} ${how_many(ids)}`);
	by("confirm").setAttribute("aria-disabled", String(!ready));
	by("confirm").classList.toggle("danger",
		deciding.verdict === "reject");
}

function show_reject() {
	const {error} = check_reject();

	say(by("reject-note"), error || "Both may be left empty.");
	by("reject-note").classList.toggle("bad", Boolean(error));
	show_confirm();
}

function show_deciding() {
	const views = still_open().map((id) => list.open.get(id));

	say(by("decide-title"), `${verb()} ${how_many(views)}?`);
	say(by("decide-what"), views.length ? what_happens(views)
		: "None of them is open any more.");
	sync(by("decide-warn"), warnings(views), (text) => text,
	     () => make("li"), say);
	sync(by("decide-list"), views, (view) => view.id,
	     () => make("li", {}, make("b"), " ", make("span"), make("i")),
	     (item, view) => {
		const [name, registry, print] = item.children;

		say(name, view.name);
		say(registry, view.registry);
		say(print, in_fours(view.fingerprint));
	     });
	show_confirm();
}

function has_dialog() {
	return document.querySelector("dialog[open]") !== null;
}

function open_dialog(verdict) {
	if (!chosen.size || pulse.lost || has_dialog())
		return;
	deciding.verdict = verdict;
	deciding.ids = match_order([...chosen]);
	show(by("approve-fields"), verdict === "approve");
	show(by("reject-fields"), verdict === "reject");
	by("decide").showModal();
	show_deciding();
	show_payload();
	show_reject();
	if (verdict === "reject")
		by("reason").focus();
	else
		document.querySelector("[name=kind]:checked").focus();
}

/* Those in the list first, in its order. */
function match_order(ids) {
	const place = new Map(list.matching.map((id, i) => [id, i]));

	return ids.sort((a, b) => (place.get(a) ?? Infinity) -
		(place.get(b) ?? Infinity) || by_text(a, b));
}

/* The dialog is closed before anything is sent, so that a second click finds
 * nothing to decide. */
function confirm_decision() {
	const ids = still_open(), fields = read_fields();

	if (by("confirm").getAttribute("aria-disabled") === "true" ||
	    !by("decide").open || fields.error)
		return;
	by("decide").close();
	for (const id of ids) {
		const view = list.open.get(id);

		chosen.delete(id);
		queue_decision(view, deciding.verdict,
			       decision_text(view, fields.members), ids.length);
	}
	if (by("f-only").value === "chosen")
		by("f-only").value = "";
	draw_list(true);
	focus_next(ids);
	send_queued();
}

/* To the next row that can be chosen, so that one works down the list. */
function focus_next(ids) {
	const rows = [...by("list").tBodies[0].rows];
	const last = rows.findLastIndex((row) => ids.includes(row.dataset.key));
	const next = [...rows.slice(last + 1), ...rows.slice(0, last + 1)]
		.find((row) => can_choose(row.dataset.key));

	(next ? next.querySelector("input") : by("outcomes-title")).focus();
}

function draw_decide() {
	by("approve").addEventListener("click", () => open_dialog("approve"));
	by("reject").addEventListener("click", () => open_dialog("reject"));
	by("confirm").addEventListener("click", confirm_decision);
	by("cancel").addEventListener("click", () => by("decide").close());
	/* Enter in a field is not yet a decision; Ctrl+Enter is. */
	by("decide").querySelector("form").addEventListener("submit",
		(event) => event.preventDefault());
	by("decide").addEventListener("keydown", (event) => {
		if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
			event.preventDefault();
			confirm_decision();
		}
	});
	for (const id of ["reason", "message"])
		by(id).addEventListener("input", show_reject);
	draw_payload();
}
