
/* --- the payload of an approval, as the decision will carry it */

const PAYLOAD_MAX = 64 * 1024;

const payload = {file: null}; /* {name, json} or {name, base64, size} */

function kind_now() {
	return document.querySelector("[name=kind]:checked").value;
}

/* Where the text stops being JSON, in words. */
function json_error(text, error) {
	const at = /position (\d+)/.exec(error.message);
	const before = at ? text.slice(0, Number(at[1])).split("\n") : null;
	const what = plain(error.message.replace(/^JSON\.parse: /, "")
		.replace(/,? ?(in JSON )?at position.*$/, ""));

	return before ? `Not JSON: line ${before.length}, column ` +
		`${before[before.length - 1].length + 1}: ${what}.`
		: `Not JSON: ${what}.`;
}

function check_size(size) {
	return size > PAYLOAD_MAX ? `${count(size)} bytes; a payload has at ` +
		`most ${count(PAYLOAD_MAX)}.` : "";
}

/* Returns {members, note} or {error}. JSON goes as it is written, so that its
 * numbers keep their digits. */
function json_payload(text) {
	const json = text.trim();

	if (!json)
		return {error: "Write the JSON, or choose no payload."};
	try {
		JSON.parse(json);
	} catch (error) {
		return {error: json_error(json, error)};
	}
	const error = check_size(bytes_of(json));
	return error ? {error} : {
		members: [["payload", json]],
		note: `JSON, ${many(bytes_of(json), "byte")}`,
	};
}

function file_payload() {
	const {file} = payload, type = by("type").value.trim();

	if (!file)
		return {error: "Choose a file, or no payload."};
	if (file.error)
		return {error: file.error};
	if (file.json !== undefined)
		return json_payload(file.json);
	if (/[^\x20-\x7e]/.test(type))
		return {error: "A content type has ASCII characters only."};
	return {
		members: [["payload_base64", JSON.stringify(file.base64)],
			  ...type ? [["content_type", JSON.stringify(type)]]
				: []],
		note: `${many(file.size, "byte")} as they are`,
	};
}

function read_payload() {
	const kind = kind_now();

	return kind === "none" ? {members: [], note: "no payload"}
		: kind === "json" ? json_payload(by("json").value)
		: file_payload();
}

function base64_of(bytes) {
	let text = "";

	for (const byte of bytes)
		text += String.fromCharCode(byte);
	return btoa(text);
}

/* What is JSON is sent as JSON, all else as bytes. */
function file_of(name, bytes) {
	const error = bytes.length === 0 ? "The file is empty."
		: check_size(bytes.length);

	if (error)
		return {name, error};
	try {
		const json = new TextDecoder("utf-8", {fatal: true})
			.decode(bytes).trim();

		JSON.parse(json);
		return {name, json};
	} catch {
		return {name, base64: base64_of(bytes), size: bytes.length};
	}
}

async function on_file() {
	const [file] = by("file").files;

	payload.file = null;
	if (file) {
		/* One byte more tells that it is too large. */
		const part = file.slice(0, PAYLOAD_MAX + 1);
		const found = file_of(file.name,
			new Uint8Array(await part.arrayBuffer()));

		if (by("file").files[0] !== file)
			return;
		payload.file = file.size > PAYLOAD_MAX
			? {name: file.name, error: check_size(file.size)}
			: found;
		by("type").value = file.type || "application/octet-stream";
	}
	show_payload();
}

function show_payload() {
	const kind = kind_now(), found = read_payload();
	const quiet = kind === "json" && !by("json").value.trim() ||
		kind === "file" && !payload.file;

	show(by("json-part"), kind === "json");
	show(by("file-part"), kind === "file");
	show(by("type-part"), Boolean(payload.file && payload.file.base64));
	say(by("payload-note"), kind === "none" ? ""
		: quiet ? `At most ${count(PAYLOAD_MAX)} bytes.`
		: found.error || `Will be sent: ${found.note}.`);
	by("payload-note").classList.toggle("bad",
		Boolean(found.error) && !quiet);
	show_confirm();
}

function draw_payload() {
	for (const radio of document.querySelectorAll("[name=kind]"))
		radio.addEventListener("change", show_payload);
	by("json").addEventListener("input", show_payload);
	by("type").addEventListener("input", show_payload);
	by("file").addEventListener("change", on_file);
}
