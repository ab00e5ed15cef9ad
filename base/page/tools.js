
"use strict";
/*
 * What the pages for people share: of the bridge (bridge/http/page/) and of the
 * customer's door (tools/approver/page/). Everything is shown as text, never as
 * markup (which their Content-Security-Policy would not allow).
 */

/* --- elements */

function by(id) {
	return document.getElementById(id);
}

/* Makes an element that contains `content`: strings and elements; null
 * is skipped. */
function make(name, attributes, ...content) {
	const element = document.createElement(name);

	for (const [key, value] of Object.entries(attributes || {}))
		if (value !== null && value !== undefined)
			element.setAttribute(key, value);
	element.append(...content.filter((one) => one !== null));
	return element;
}

/* Changes the text only if it differs, so that a reader's selection stays. */
function say(element, text) {
	if (element.textContent !== text)
		element.textContent = text;
}

function show(element, shown) {
	if (element.hidden === shown)
		element.hidden = !shown;
}

/* Makes parent's children those of `items`, matched by key: make_one(item)
 * makes a child, fill(child, item) updates it. The focus stays where it is. */
function sync(parent, items, key, make_one, fill) {
	const focused = document.activeElement;
	const old = new Map([...parent.children].map(
		(child) => [child.dataset.key, child]));
	let at = parent.firstElementChild;

	for (const item of items) {
		const name = String(key(item));
		const child = old.get(name) || make_one(item);

		old.delete(name);
		child.dataset.key = name;
		fill(child, item);
		if (child === at)
			at = at.nextElementSibling;
		else
			parent.insertBefore(child, at);
	}
	for (const child of old.values())
		child.remove();
	if (focused !== document.activeElement && focused.isConnected)
		focused.focus({preventScroll: true});
}

/* For screen readers: says what has changed, not what is there. */
function announce(text) {
	by("news").textContent = text;
}

/* --- numbers and times, by the server's clock */

const clock = {ahead: 0};

function now() {
	return Date.now() + clock.ahead;
}

function count(n) {
	return n.toString().replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

function rate(n) {
	return n > 0 && n < 9.95 ? n.toFixed(1) : count(Math.round(n));
}

function bytes(n) {
	const units = ["B", "kB", "MB", "GB", "TB"];
	let unit = 0;

	for (; n >= 1000 && unit < units.length - 1; unit++)
		n /= 1000;
	return `${n.toFixed(n < 10 && unit ? 1 : 0)} ${units[unit]}`;
}

function span(ms, whole) {
	const s = Math.max(0, ms) / 1000;
	const two = (n) => String(Math.floor(n)).padStart(2, "0");

	if (s < .9995 && !whole)
		return `${Math.round(1000 * s)} ms`;
	if (s < 9.95 && !whole)
		return `${s.toFixed(1)} s`;
	if (s < 60)
		return `${Math.floor(s)} s`;
	if (s < 3600)
		return `${Math.floor(s / 60)} min`;
	if (s < 86400)
		return `${Math.floor(s / 3600)} h ${two((s % 3600) / 60)}`;
	return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

/* The time since then, without tenths, which would only flicker. */
function since(iso) {
	return span(now() - Date.parse(iso), true);
}

function until(iso) {
	return span(Date.parse(iso) - now(), true);
}

/* "2026-01-02 03:04:05.678" */
function stamp(iso) {
	return iso.replace("T", " ").replace("Z", "");
}

function time_of_day(ms) {
	return new Date(ms).toISOString().slice(11, 19);
}

/* --- what the server refuses */

class Refused extends Error {
	constructor(status, message) {
		super(message);
		this.status = status;
	}
}
