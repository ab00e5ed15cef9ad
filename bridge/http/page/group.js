
/* --- several bridges: who is active, and what this one is */

const ROLES = {
	active: "is active",
	opening: "is becoming active",
	standby: "stands by",
};

/* Whoever is in the group says what its address is, so only a web address is
 * made a link. */
function member_name(member) {
	return /^https?:\/\//.test(member.advertise)
		? make("a", {href: member.advertise, rel: "noreferrer"},
		       member.instance)
		: make("span", {}, member.instance);
}

function show_members(group) {
	sync(by("members"), group.members.map((one, i) => ({...one, i})),
	     (one) => [one.i, one.instance, one.advertise].join(" "),
	     (one) => make("li", {}, member_name(one), " ", make("span")),
	     (item, one) => {
		item.className = one.role;
		say(item.lastChild, one.instance === group.instance
			? `${one.role}, this bridge, ${one.version}`
			: `${one.role}, ${one.version}`);
	     });
}

function lag_text(lag) {
	if (lag === null)
		return "how far behind is not known";
	return lag ? `${count(lag)} records behind` : "up to date";
}

function show_group(group, copy) {
	const {instance, role} = group;

	say(by("group-note"), `${instance} ${ROLES[role]} for ` +
	    `${since(group.since)}` + (copy
		? `. What is shown is of its copy, ${lag_text(group.lag_records)}.`
		: "."));
	show(by("group-twice"), Boolean(group.instance_twice));
	say(by("group-twice"), group.instance_twice
		? `Two bridges have the name ${group.instance_twice}; only one ` +
		  "of them can be active. Change standby.instance of one." : "");
	show_members(group);
}

async function load_group(status) {
	const copy = Boolean(status.copy);

	show(by("group"), Boolean(status.role));
	for (const [id, title] of [["standing-title", "Requests by state"],
				   ["requests-title", "Requests"]])
		say(by(id), copy ? `${title}, in this bridge\u2019s copy` : title);
	if (status.role)
		show_group(await ask_object("/v1/group"), copy);
}
