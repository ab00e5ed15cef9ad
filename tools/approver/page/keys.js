
/* --- keys */

const KEYS = [
	["/", "find", () => by("f-find").focus()],
	["m", "choose all that match", () => choose_all(true)],
	["c", "clear the choice", () => choose_none()],
	["a", "approve what is chosen", () => open_dialog("approve")],
	["r", "reject what is chosen", () => open_dialog("reject")],
	["u", "update the list", () => draw_list(true)],
	["?", "show these keys", () => open_keys()],
];

const FIXED_KEYS = [
	["Tab", "next field or button"],
	["\u2193 \u2191", "next and previous request, in the list"],
	["Space", "choose the request, or not"],
	["Shift and click", "choose all from the one clicked before"],
	["Enter", "on a device\u2019s name: its details"],
	["Ctrl Enter", "in the dialog: approve or reject"],
	["Esc", "close the dialog, or clear the field for finding"],
];

function open_keys() {
	if (!has_dialog())
		by("keys").showModal();
}

/* From one row's checkbox to the next one's that can be chosen. */
function step(row, forth) {
	let to = row;

	do
		to = forth ? to.nextElementSibling : to.previousElementSibling;
	while (to && !to.querySelector("input:enabled"));
	if (to)
		to.querySelector("input").focus();
	else if (!forth)
		by("all").focus();
}

function on_arrow(event) {
	const row = event.target.closest("#list tr");

	if (!row || !["ArrowDown", "ArrowUp"].includes(event.key))
		return false;
	if (row.parentElement === by("list").tHead) {
		const first = by("list").tBodies[0]
			.querySelector("input:enabled");

		if (first && event.key === "ArrowDown")
			first.focus();
	} else {
		step(row, event.key === "ArrowDown");
	}
	event.preventDefault();
	return true;
}

function is_typing(element) {
	return element.matches("select, textarea, " +
		"input:not([type=checkbox]):not([type=radio])");
}

function on_key(event) {
	const {target, key} = event;

	if (event.ctrlKey || event.metaKey || event.altKey || has_dialog())
		return;
	if (target === by("f-find") && key === "Escape" && target.value) {
		event.preventDefault();
		target.value = "";
		on_filter();
		return;
	}
	if (on_arrow(event) || is_typing(target) || !by("letters").checked)
		return;
	const found = KEYS.find(([name]) => name === key);
	if (found) {
		event.preventDefault();
		found[2]();
	}
}

function draw_keys() {
	for (const [name, what] of [...KEYS, ...FIXED_KEYS])
		by("keys-list").append(make("div", {},
			make("dt", {}, make("kbd", {}, name)),
			make("dd", {}, what)));
	by("keys-open").addEventListener("click", open_keys);
	addEventListener("keydown", on_key);
}
