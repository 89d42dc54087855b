// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The tab of collections: figures of all of them, what is wrong with them, and
 * what caused them, as user/report/gc.h has it. It is of the whole recording,
 * whatever window the timeline has.
 */
const PATTERNS = {
	storm: "Allocation storm", long_pauses: "Long pauses for the heap", timer: "Forced by the two-minute timer",
	forced: "runtime.GC() called", assists: "Goroutines bound by assists", memory_limit: "At the memory limit",
	other_stops: "World stopped, but not by the GC",
};

class GcTab {
	/* @pickSite is called with a function's name, @pickType with a type's number. */
	constructor(profile, pickSite, pickType) {
		const {report} = profile.cycles;
		const sites = byId("gc-sites"), types = byId("gc-types");

		byId("tab-gc").hidden = false;
		byId("n-gc").textContent = report.totals.cycles ? formatExact(report.totals.cycles) : "";
		byId("gc-facts").replaceChildren(...gcFacts(report.totals));
		byId("gc-patterns").replaceChildren(...gcPatterns(report.patterns));
		byId("gc-reasons").replaceChildren(...gcReasons(report.reasons));
		this.sites = gcTable(profile, report.sites, {
			id: "gc-by-site", panel: sites, pick: r => pickSite(r.name),
			describe: number => siteOf(profile, number), words: r => [r.name, r.file],
			first: [nameColumn("name", "short", "Call site"), placeColumn("Source")],
			empty: "Nothing was allocated while this was recorded.",
		});
		this.types = gcTable(profile, report.types, {
			id: "gc-by-type", panel: types, pick: r => pickType(r.number),
			describe: number => profile.types[number], words: r => [r.name, r.package],
			first: [nameColumn("name", "short", "Type")],
			empty: "Nothing was allocated while this was recorded.",
		});
		this.sites.told = this.types.told = () => this.tell();
	}

	/* What programs ask for: alloctap.rows(). */
	get rows() {
		return this.sites.rows;
	}

	show() {
		this.sites.show();
		this.types.show();
	}

	render(limit) {
		this.sites.render(limit);
		this.types.render(limit);
	}

	/* Of both tables: one filter is of them. */
	tell() {
		const found = this.sites.select().length + this.types.select().length;
		const all = this.sites.rows.length + this.types.rows.length;

		byId("filtered").textContent = found === all ? "" : `${formatExact(found)} of ${formatExact(all)}`;
	}
}

function gcFacts(t) {
	const triggers = Object.entries(t.by_trigger).filter(([, n]) => n).map(([name, n]) => `${formatExact(n)} ${name}`);
	const fact = (head, value, note) => el("div", {}, el("dt", {}, head), el("dd", {}, value), el("dd", {class: "note"}, note));
	const percent = 100 * t.stopped_share;

	return [
		fact("Cycles", formatExact(t.cycles), [`${t.cycles_per_second.toPrecision(3)} a second`, ...triggers].join(", ")),
		fact("Pauses", formatExact(t.pauses), `${formatDuration(t.pause_ns)} in all`),
		fact("World stopped", (percent > 0 && percent < 0.001 ? "<0.001" : percent.toPrecision(3)) + "\u202f%", "of the time"),
		fact("Median pause", formatDuration(t.pause_p50_ns), `95\u202f% below ${formatDuration(t.pause_p95_ns)}`),
		fact("Longest pause", formatDuration(t.pause_max_ns), t.pause_unattributed_ns ?
			`${formatDuration(t.pause_unattributed_ns)} of pauses by causes before the recording` : "stopping and stopped together"),
		fact("Assists", formatExact(t.assists), `${formatDuration(t.assist_ns)} in all`),
	];
}

function gcPatterns(patterns) {
	if (!patterns.length)
		return [el("p", {}, "None of those known to be trouble was found.")];
	return [el("ul", {class: "patterns"}, ...patterns.map(({kind, evidence, remedy}) =>
		el("li", {}, el("b", {}, PATTERNS[kind] || kind),
		   el("p", {}, visible(evidence)), el("p", {}, visible(remedy)))))];
}

function gcReasons(reasons) {
	if (!reasons.length)
		return [el("p", {}, "The world was never stopped.")];
	const heads = ["Reason", "Count", "Total", "Median", "95\u202f%", "Longest"];

	return [el("table", {class: "reasons"},
		el("thead", {}, el("tr", {}, ...heads.map(head => el("th", {scope: "col"}, head)))),
		el("tbody", {}, ...reasons.map(r => el("tr", {class: r.gc ? "gc" : "stop"},
			el("td", {}, el("i", {}), visible(r.reason) || "reason not known"),
			el("td", {}, formatExact(r.pauses)),
			...[r.pause_ns, r.p50_ns, r.p95_ns, r.max_ns].map(ns => el("td", {}, formatDuration(ns)))))))];
}

function gcTable(profile, shares, {id, panel, pick, describe, words, first, empty}) {
	const {of, bytes, pause, worst, assist, caused} = shares;
	const at = (column, i) => column[i] || 0;
	const rows = of.map((number, i) => ({
		...describe(number), number, bytes: bytes[i], caused: caused[i], pause: pause[i], worst: worst[i],
		assist: assist[i], paid: at(shares.paid, i), inserts: at(shares.inserts, i),
	}));
	const sum = key => rows.reduce((s, r) => s + r[key], 0);
	const amount = (key, head, format, total) => total ? [partColumn(key, head, format, () => total)] : [];
	const total = sum("bytes");

	return new Table({
		id, panel, rows, words, pick, empty, sort: sum("pause") ? "pause" : "bytes",
		columns: [...first, ...amount("bytes", "Bytes", formatBytes, total),
			  numberColumn("caused", "Cycles", n => n.toFixed(n < 10 ? 2 : 1)),
			  ...amount("pause", "Pauses", formatDuration, sum("pause")),
			  ...amount("worst", "Worst 5\u202f%", formatDuration, sum("worst")),
			  ...amount("assist", "Assists", formatDuration, sum("assist")),
			  ...(sum("paid") ? [numberColumn("paid", "Paid", formatDuration)] : []),
			  ...(sum("inserts") ? [numberColumn("inserts", "Map inserts", formatCount)] : [])],
	});
}
