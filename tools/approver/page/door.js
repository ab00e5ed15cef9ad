
/* --- the server, ztp-approver serve */

const ANSWER_MS = 8000;
const PAGE = 500;
const LIST_MAX = 10000;

/* Errors are {"error": "text"} or {"error": {"message": "text"}}. */
function error_text(status, body) {
	const error = body && (body.error ?? body.message);

	return plain(typeof error === "string" ? error
		: error && error.message || `HTTP status ${status}`);
}

/* null: it is none, as what a proxy says of its own. */
function json_of(text) {
	try {
		return JSON.parse(text);
	} catch {
		return null;
	}
}

/* Returns {status, body, after_s} for whatever the server answers, throws if
 * it does not. */
async function call(method, path, more) {
	const {headers, body, wait_ms} = more || {};
	const answer = await fetch(path, {
		method, headers, body,
		cache: "no-store",
		credentials: "same-origin",
		redirect: "error",
		signal: AbortSignal.timeout(wait_ms || ANSWER_MS),
	});
	const text = await answer.text();
	const date = Date.parse(answer.headers.get("date"));

	if (date) /* it has whole seconds only */
		clock.ahead = Math.abs(date + 500 - Date.now()) < 1500 ? 0
			: date + 500 - Date.now();
	return {
		status: answer.status,
		body: json_of(text),
		after_s: Number(answer.headers.get("retry-after")) || 1,
	};
}

async function ask_object(path) {
	const {status, body} = await call("GET", path);

	if (status === 200 && body)
		return body;
	throw new Refused(status, error_text(status, body));
}

function one_path(id) {
	return `/v1/requests/${encodeURIComponent(id)}`;
}

/* All open requests: {requests, cut}. */
async function ask_open() {
	const requests = [];
	let after = "";

	do {
		const page = await ask_object(`/v1/requests?limit=${PAGE}` +
			(after && `&after=${encodeURIComponent(after)}`));

		requests.push(...page.requests);
		after = page.next;
	} while (after && requests.length < LIST_MAX);
	return {requests, cut: Boolean(after)};
}

/* A key that no other decision has. */
function new_key() {
	return Array.from(crypto.getRandomValues(new Uint8Array(16)),
		(byte) => byte.toString(16).padStart(2, "0")).join("");
}
