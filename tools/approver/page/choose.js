
/* --- which requests are chosen */

const chosen = new Set(); /* ids of open requests */
const choice = {last: ""};

/* Not what is decided already, nor on its way. */
function can_choose(id) {
	return list.open.has(id) && !is_busy(id);
}

function choose(id, wanted) {
	if (wanted && can_choose(id))
		chosen.add(id);
	else
		chosen.delete(id);
}

/* From the one that was clicked last to this one. */
function choose_range(id, wanted) {
	const from = list.matching.indexOf(choice.last);
	const to = list.matching.indexOf(id);

	for (let i = Math.min(from, to); i <= Math.max(from, to); i++)
		choose(list.matching[i], wanted);
}

function on_pick(event) {
	const row = event.target.closest("tr"), id = row && row.dataset.key;

	if (!event.target.matches("input") || !id)
		return;
	if (event.shiftKey && list.matching.includes(choice.last))
		choose_range(id, event.target.checked);
	else
		choose(id, event.target.checked);
	choice.last = id;
	draw_list(false);
}

function choosable() {
	return list.matching.filter(can_choose);
}

function choose_all(wanted) {
	for (const id of choosable())
		choose(id, wanted);
	draw_list(false);
	announce(`${count(chosen.size)} chosen`);
}

function choose_none() {
	chosen.clear();
	draw_list(by("f-only").value === "chosen");
	announce("none chosen");
}

/* --- the bar below the list */

function show_all_box(can, here) {
	const box = by("all");

	box.checked = can > 0 && here === can;
	box.indeterminate = here > 0 && here < can;
	box.disabled = can === 0;
	box.setAttribute("aria-label", `Choose all ${count(can)} that match`);
	box.setAttribute("title", `Choose all ${count(can)} that match`);
}

function show_choice() {
	const can = choosable(), here = can.filter((id) => chosen.has(id));
	const hidden = chosen.size - here.length;
	const acts = chosen.size > 0 && !pulse.lost;

	show(by("choice"), list.open.size > 0 || made.all.size > 0);
	show_all_box(can.length, here.length);
	say(by("chosen-count"), `${count(chosen.size)} chosen`);
	say(by("chosen-note"), hidden
		? `${count(hidden)} of them not in this list` : "");
	show(by("choose-all"), can.length > 0 && here.length < can.length);
	say(by("choose-all"), `Choose all ${count(can.length)}` +
		(filters() ? " that match" : ""));
	show(by("choose-none"), chosen.size > 0);
	for (const id of ["approve", "reject"])
		by(id).setAttribute("aria-disabled", String(!acts));
}
