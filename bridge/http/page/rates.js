
/* --- rates, computed from the counters of /metrics */

const RATES = [
	["ztp_pending_events_total", "events in"],
	["ztp_requests_published_total", "requests out"],
	["ztp_decisions_total", "decisions"],
	["ztp_commands_total", "commands"],
	["ztp_results_total", "results"],
	["ztp_dlq_total", "dead letters"],
];
const WINDOW_MS = 300000;
const MEAN_MS = 10000;
const WIDTH = 300, HEIGHT = 40;

const scrapes = []; /* {t, sums}, oldest first; sums null: restarted */
const tiles = [];

/* Yields [name, labels, value] of each sample. */
function* samples(text) {
	for (const line of text.split("\n")) {
		const found = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);

		if (found)
			yield [found[1], found[2] || "", Number(found[3])];
	}
}

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

/* The average of rate i up to scrape `at`, or null if there is nothing to
 * compare with. */
function mean(i, at) {
	let from = at;

	while (from > 0 && scrapes[from - 1].sums &&
	       scrapes[at].t - scrapes[from].t < MEAN_MS)
		from--;
	if (!scrapes[at].sums || from === at)
		return null;
	return (scrapes[at].sums[i] - scrapes[from].sums[i]) * 1000 /
		(scrapes[at].t - scrapes[from].t);
}

/* The curve of rate i: [ms ago, per second], or null for a gap. */
function points(i) {
	const last = scrapes[scrapes.length - 1].t;

	return scrapes.map((scrape, at) => {
		const value = mean(i, at);

		return value === null ? null : [last - scrape.t, value];
	});
}

function draw_curve(tile, found) {
	const top = Math.max(1, ...found.map((p) => p ? p[1] : 0));
	const x = (p) => (WIDTH * (1 - p[0] / WINDOW_MS)).toFixed(1);
	const y = (p) => (HEIGHT - 1 - (HEIGHT - 3) * p[1] / top).toFixed(1);
	let line = "", area = "", first = null, before = null;

	const close = () => {
		if (first)
			area += `L${x(before)} ${HEIGHT}` +
				`L${x(first)} ${HEIGHT}Z`;
	};
	for (const p of found) {
		if (p) {
			const step = `${before ? "L" : "M"}${x(p)} ${y(p)}`;

			line += step;
			area += step;
			first = before ? first : p;
		} else {
			close();
			first = null;
		}
		before = p;
	}
	close();
	tile.line.setAttribute("d", line);
	tile.area.setAttribute("d", area);
}

function show_rates(text, restarted) {
	const sums = RATES.map(() => 0), outcomes = [];

	for (const [name, labels, value] of samples(text)) {
		const i = RATES.findIndex((one) => one[0] === name);

		if (i >= 0)
			sums[i] += value;
		if (name === "ztp_results_total")
			outcomes.push([labels.split('"')[1], value]);
	}
	if (restarted)
		scrapes.push({t: performance.now() - 1, sums: null});
	scrapes.push({t: performance.now(), sums});
	while (scrapes.length > 1 &&
	       scrapes[1].t < performance.now() - WINDOW_MS)
		scrapes.shift();
	tiles.forEach((tile, i) => {
		const found = points(i), last = found[found.length - 1];
		const peak = Math.max(0, ...found.map((p) => p ? p[1] : 0));

		draw_curve(tile, found);
		say(tile.value, last ? rate(last[1]) : "\u2013");
		say(tile.rest, `${count(sums[i])} total` +
		    (last ? `, peak ${rate(peak)}` : ""));
	});
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
