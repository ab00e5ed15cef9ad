
/* --- whom the gate has refused */

const REFUSALS = 8;

/* What is behind it, or what to do about it. */
const CURES = {
	untrusted_issuer: "its CA is not in the registry",
	unknown_registry: "there is no such registry",
	wrong_audience: "its JWT is for another audience",
	expired_proof: "its JWT has expired; is its clock right?",
	wrong_algorithm: "its JWT’s alg is not the one for its key",
	wrong_key: "its JWT is not signed by the key of its certificate",
	wrong_subject: "its JWT is another device's",
	clock_ahead: "its clock is ahead",
	lifetime_too_long: "its JWT is valid for too long",
	bad_proof: "its password is not a JWT, or lacks something",
	missing_credentials: "it sent no certificate, or no JWT",
	bad_certificate: "its user name is not one certificate",
	bad_key: "its key is too short, or of a kind that is not taken",
	weak_signature: "its certificate is signed with SHA-1 or worse",
	bad_key_usage: "its certificate is not for TLS clients",
	certificate_is_ca: "it shows a CA’s certificate as its own",
	expired_certificate: "its certificate has expired",
	certificate_not_yet_valid: "is its clock, or the CA's, right?",
	bad_path: "its client id is no device path",
	device_exists: "the path belongs to another certificate",
	path_in_use: "another key is connected under this path",
	topic_in_use: "another device has the same command topic",
	unknown_device: "it was deleted, or never created",
	blocked: "an operator has blocked it",
	rejected: "the customer has rejected it",
	onboarding_off: "its registry takes no new devices",
	too_many: "one certificate is used for too many devices",
	slowed_down: "there was no time to check it; see the guide",
	not_stored: "the gate could not write to its disk; see its log",
	unavailable: "the gate cannot read its database; see its log",
	audit_limited: "refusals without a record of their own",
};

const refused = {total: 0};

function short_path(path) {
	const [, s, , r, , d] = (path || "").split("/");

	return d ? [d, `${s}/${r}`] : ["\u2014", ""];
}

function fill_refusal(row, refusal) {
	const [why, device, times, last] = row.children;
	const [name, registry] = short_path(refusal.device_path);

	say(why.firstChild, refusal.code);
	say(why.lastChild, CURES[refusal.code] || "");
	say(device.firstChild, name);
	say(device.lastChild, [registry, refusal.remote_addr]
		.filter((text) => text).join(", from "));
	say(times, count(refusal.count));
	if (refusal.at)
		fill_time(last, refusal.at, `${since(refusal.at)} ago`);
}

async function load_refusals(parts) {
	const there = parts.some((part) => part.name === "gate");

	show(by("refusals"), there);
	if (!there)
		return;
	const all = (await ask_object("/v1/refusals")).refusals;

	refused.total = all.reduce((sum, one) => sum + one.count, 0);
	show(by("refusals-empty"), all.length === 0);
	show(by("refusals").querySelector("table"), all.length > 0);
	say(by("refusals-note"), all.length > REFUSALS
		? `the last ${REFUSALS} kinds` : "");
	sync(by("refusals").querySelector("tbody"), all.slice(0, REFUSALS),
	     (one) => [one.code, one.device_path, one.remote_addr].join(" "),
	     () => make("tr", {}, make("td", {class: "why"}, make("b"),
				       make("small")),
			make("th", {scope: "row"}, make("span"), make("small")),
			make("td", {class: "num"}), make("td", {class: "num"})),
	     fill_refusal);
}
