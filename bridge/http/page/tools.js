
/*
 * The web page. It asks /v1/status, /metrics and /v1/requests, one at a time,
 * and shows the answers as text, with the tools of base/page/.
 */

/* --- requests to the bridge */

async function ask(path, kind) {
	const answer = await fetch(path, {
		cache: "no-store",
		credentials: "omit",
		redirect: "error",
		signal: AbortSignal.timeout(8000),
	});

	if (answer.ok)
		return answer[kind]();
	let message = `${answer.status} ${answer.statusText}`;
	if ((answer.headers.get("content-type") || "").includes("json"))
		message = (await answer.json()).error;
	throw new Refused(answer.status, message);
}

function ask_object(path) {
	return ask(path, "json");
}

/* /v1/requests with the parameters that are not empty. */
function requests_path(parameters) {
	const query = new URLSearchParams();

	for (const [key, value] of Object.entries(parameters))
		if (value)
			query.set(key, value);
	return `/v1/requests?${query}`;
}
