
/* --- rates, from the counters that the bridge has kept: /v1/history */

const RATES = [
	["pending_events", "events in"],
	["requests_published", "requests out"],
	["decisions", "decisions"],
	["commands", "commands"],
	["results", "results"],
	["dead_letters", "dead letters"],
];
/* The curves are as long as there is something to show, within these. */
const WINDOW_MIN_MS = 300000, WINDOW_MAX_MS = 3600000;
const WIDTH = 300, HEIGHT = 40;

/* {t, sums}, oldest first; the last one is of now and is replaced. */
let samples = [];
let last_kept = ""; /* the time of the last sample that stays */
const tiles = [];

function draw_rates() {
	const svg = "http://www.w3.org/2000/svg";

	for (const [, title] of RATES) {
		const picture = document.createElementNS(svg, "svg");
		const area = document.createElementNS(svg, "path");
		const line = document.createElementNS(svg, "path");
		const value = make("b", {}, "\u2013"), rest = make("small");

		picture.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
		picture.setAttribute("preserveAspectRatio", "none");
		picture.setAttribute("aria-hidden", "true");
		area.setAttribute("class", "area");
		picture.append(area, line);
		by("rates").append(make("li", {}, make("span", {}, title), " ",
			value, picture, rest));
		tiles.push({value, rest, area, line});
	}
}

/* The curve of rate i: [ms ago, per second] for each sample but the first. Of
 * the last, which is of now, the average goes back as far as of the others. */
function points(i) {
	const last = samples[samples.length - 1];
	const rate_of = (to, from) => [last.t - to.t,
		Math.max(0, to.sums[i] - from.sums[i]) * 1000 / (to.t - from.t)];

	return samples.slice(1).map((sample, at) => rate_of(sample,
		sample === last && at > 0 ? samples[at - 1] : samples[at]));
}

function window_ms() {
	const age = samples[samples.length - 1].t - samples[0].t;

	return Math.min(WINDOW_MAX_MS, Math.max(WINDOW_MIN_MS, age));
}

function draw_curve(tile, found) {
	const top = Math.max(1, ...found.map((p) => p[1])), all = window_ms();
	const x = (p) => (WIDTH * (1 - p[0] / all)).toFixed(1);
	const y = (p) => (HEIGHT - 1 - (HEIGHT - 3) * p[1] / top).toFixed(1);
	const line = found.map((p, i) =>
		`${i ? "L" : "M"}${x(p)} ${y(p)}`).join("");

	tile.line.setAttribute("d", line);
	tile.area.setAttribute("d", line && `${line}L${WIDTH} ${HEIGHT}` +
		`L${x(found[0])} ${HEIGHT}Z`);
}

function take_history(page) {
	const sample = ([at, ...sums]) => ({t: Date.parse(at), sums: RATES.map(
		(one) => sums[page.names.indexOf(one[0])])});

	samples.pop();
	samples.push(...page.samples.map(sample), sample(page.now));
	if (page.samples.length > 0)
		last_kept = page.samples[page.samples.length - 1][0];
	while (samples.length > 2 && samples[1].t <
	       samples[samples.length - 1].t - WINDOW_MAX_MS)
		samples.shift();
}

function forget_history() {
	samples = [];
	last_kept = "";
}

async function load_rates() {
	take_history(await ask_object(
		`/v1/history?${new URLSearchParams({after: last_kept})}`));
	say(by("rates-span"), `per second, last ${span(window_ms())}`);
	tiles.forEach((tile, i) => {
		const found = points(i), last = found[found.length - 1];
		const peak = Math.max(0, ...found.map((p) => p[1]));
		const sum = samples[samples.length - 1].sums[i];

		draw_curve(tile, found);
		say(tile.value, last ? rate(last[1]) : "\u2013");
		say(tile.rest, `${count(sum)} total` +
		    (last ? `, peak ${rate(peak)}` : ""));
	});
}

/* --- totals, from /metrics */

/* Yields [name, labels, value] of each sample. */
function* metrics(text) {
	for (const line of text.split("\n")) {
		const found = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);

		if (found)
			yield [found[1], found[2] || "", Number(found[3])];
	}
}

async function load_totals() {
	const outcomes = [];

	for (const [name, labels, value] of metrics(await ask("/metrics", "text")))
		if (name === "ztp_results_total")
			outcomes.push([labels.split('"')[1], value]);
	show_totals(outcomes);
}

function show_totals(outcomes) {
	sync(by("totals"), outcomes, (outcome) => outcome[0],
	     () => make("div", {}, make("dt"), make("dd")),
	     (item, [name, value]) => {
		say(item.firstChild, name.replaceAll("_", " "));
		say(item.lastChild, count(value));
		item.classList.toggle("none", value === 0);
	     });
}
