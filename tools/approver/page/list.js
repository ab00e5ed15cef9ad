
/* --- the open requests, and those of them that are shown */

const ROWS = 500; /* at once; more by a button */
const SOON_MS = 3600 * 1000;

const list = {
	open: new Map(), /* id: what is known of each, as shown */
	paths: new Map(), /* path: how many open requests it has */
	prints: new Map(), /* fingerprint: for which paths it asks */
	matching: [], /* ids, in the order in which they are drawn */
	details: new Set(), /* ids whose details are shown */
	limit: ROWS,
	cut: false, /* there are more than this page asks for */
	answered: false,
};

function key_text(key) {
	return key ? plain(`${key.algorithm ?? ""} ${key.bits ?? ""}`) : "";
}

/* What is shown of a request; an operator may have left members out. */
function view_of(request) {
	const device = request.device || {}, cert = request.certificate || {};
	const key = cert.public_key || {}, path = text_of(device.path);
	const [, subscription, , registry, , name] = path.split("/");
	const view = {
		id: String(request.request_id),
		path,
		name: name || path,
		registry: registry ? `${subscription}/${registry}` : "",
		raw_fingerprint: cert.fingerprint_sha256,
		fingerprint: text_of(cert.fingerprint_sha256),
		issuer: text_of(cert.issuer),
		subject: text_of(cert.subject),
		serial: text_of(cert.serial),
		key: key_text(cert.public_key),
		spki: text_of(key.spki_sha256),
		names: (cert.subject_alt_names || []).map(plain),
		from: text_of(cert.not_before), to: text_of(cert.not_after),
		received: text_of(request.received_at),
		expires: text_of(request.expires_at),
		attempt: Number(request.attempt) || 1,
		contenders: Number(request.contenders) || 1,
	};

	view.find = [view.path, view.id, view.fingerprint, view.issuer,
		     view.subject, view.serial, view.key, ...view.names]
		.join("\n").toLowerCase();
	return view;
}

function set_open({requests, cut}) {
	const before = list.open;

	list.open = new Map();
	list.paths = new Map();
	list.prints = new Map();
	for (const request of requests) {
		const view = view_of(request);

		list.open.set(view.id, view);
		list.paths.set(view.path, 1 + (list.paths.get(view.path) || 0));
		if (!list.prints.has(view.fingerprint))
			list.prints.set(view.fingerprint, new Set());
		list.prints.get(view.fingerprint).add(view.path);
	}
	for (const id of before.keys())
		if (!list.open.has(id)) {
			chosen.delete(id);
			list.details.delete(id);
		}
	list.cut = cut;
	list.answered = true;
	return before;
}

/* How many certificates contend for its path, as told then or as seen now. */
function contenders_of(view) {
	return Math.max(view.contenders, list.paths.get(view.path) || 0);
}

/* For how many paths its certificate asks now. */
function paths_of(view) {
	return view.fingerprint ? list.prints.get(view.fingerprint).size : 1;
}

/* --- the filter */

/* Fingerprints are found with colons and capitals too. */
function words_of(text) {
	return text.toLowerCase().split(/\s+/).filter(Boolean).map((word) =>
		/^([0-9a-f]{2}:)+[0-9a-f]{0,2}$/.test(word)
			? word.replaceAll(":", "") : word);
}

const ONLY = {
	"": () => true,
	contended: (view) => contenders_of(view) > 1,
	shared: (view) => paths_of(view) > 1,
	again: (view) => view.attempt > 1,
	soon: (view) => Date.parse(view.expires) - now() < SOON_MS,
	chosen: (view) => chosen.has(view.id),
};

function by_text(a, b) {
	return a < b ? -1 : a > b ? 1 : 0;
}

const LAST = "~"; /* after all times */

const ORDERS = {
	expires: (a, b) => by_text(a.expires || LAST, b.expires || LAST),
	newest: (a, b) => by_text(b.received, a.received),
	path: (a, b) => by_text(a.path, b.path),
};

function filter_now() {
	return {
		find: by("f-find").value.trim(),
		registry: by("f-registry").value,
		issuer: by("f-issuer").value,
		only: by("f-only").value,
		order: by("f-order").value,
	};
}

function filters() {
	const {find, registry, issuer, only} = filter_now();

	return Boolean(find || registry || issuer || only);
}

function match() {
	const {find, registry, issuer, only, order} = filter_now();
	const words = words_of(find);

	return [...list.open.values()].filter((view) =>
		(!registry || view.registry === registry) &&
		(!issuer || view.issuer === issuer) && ONLY[only](view) &&
		words.every((word) => view.find.includes(word)))
		.sort((a, b) => ORDERS[order](a, b) || by_text(a.id, b.id))
		.map((view) => view.id);
}

function fill_select(select, values) {
	const chosen_one = select.value;
	const counts = new Map([["", list.open.size]]);

	for (const value of values)
		if (value)
			counts.set(value, 1 + (counts.get(value) || 0));
	if (chosen_one && !counts.has(chosen_one))
		counts.set(chosen_one, 0); /* it stays selected */
	sync(select, [...counts].sort((a, b) => by_text(a[0], b[0])),
	     (pair) => pair[0], () => make("option"), (option, [value, n]) => {
		option.value = value;
		say(option, `${value || "any"} (${n})`);
	     });
	select.value = chosen_one;
}

function show_filter() {
	const views = [...list.open.values()];

	for (const name of ["registry", "issuer"]) {
		const select = by(`f-${name}`);

		if (select !== document.activeElement) /* it may be open */
			fill_select(select, views.map((view) => view[name]));
	}
}

function keep_filter() {
	const query = new URLSearchParams();

	for (const [name, value] of Object.entries(filter_now()))
		if (value && value !== "expires" && value !== "chosen")
			query.set(name, value);
	history.replaceState(null, "", query.size ? `#/?${query}` : "#/");
}

function restore_filter() {
	const query = new URLSearchParams(location.hash.split("?")[1] || "");

	for (const name of ["registry", "issuer"])
		by(`f-${name}`).append(make("option",
			{value: query.get(name) || ""}));
	for (const name of Object.keys(filter_now())) {
		const value = query.get(name);

		if (value)
			by(`f-${name}`).value = value;
	}
	if (!ONLY[by("f-only").value])
		by("f-only").value = "";
	if (!ORDERS[by("f-order").value])
		by("f-order").value = "expires";
}
