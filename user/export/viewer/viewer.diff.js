// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What a page that compares two recordings shows differently: colours, the
 * numbers of a box, the head.
 *
 * The convention is that of differential flame graphs: boxes are as wide as they
 * are after, red is more than before, blue is less. What is gone has no width
 * then; a button takes the widths of before instead. The colour says how large the
 * change is for the box itself, as a share of the larger side: full is new or
 * gone, half way is doubled or halved.
 */
const BEFORE = 0, AFTER = 1;
const SIDE_NAMES = ["before", "after"];

/* Amounts are per second, so they are written that way everywhere; but not those of a moment. */
function useRates() {
	for (const unit of UNITS.filter(({state}) => !state)) {
		const {format} = unit;

		unit.format = value => format(value) + "/s";
	}
}

/* -1: gone ... 0: the same ... 1: new. */
const changeOf = (before, after) => before === after ? 0 : (after - before) / Math.max(before, after);

function formatChange(unit, delta) {
	return delta === 0 ? "=" : (delta < 0 ? "\u2212" : "+") + unit.format(Math.abs(delta));
}

function formatPercent(before, after) {
	if (before === after)
		return "=";
	if (!before)
		return "new";
	const percent = (after / before - 1) * 100;

	if (percent > 9999)
		return `\u00d7\u202f${formatCount(after / before)}`;
	return (percent < 0 ? "\u2212" : "+") + Math.abs(percent).toFixed(1) + "\u202f%";
}

const changeClass = delta => delta > 0 ? "more-than" : delta < 0 ? "less-than" : "none";

/* What Palette is to a page of one recording. */
class DiffPalette {
	constructor(tree) {
		this.tree = tree;
		this.unit = BYTES;
		this.reload();
	}

	reload() {
		readTheme(this);
		[this.less, this.same, this.more] = ["less", "same", "more"].map(name => pixelOf(...themeTriple(name)));
	}

	/* The colour of a change from -1 to 1. */
	colorOf(change) {
		const to = change < 0 ? this.less : this.more;
		const mix = shift => {
			const a = this.same >> shift & 255, b = to >> shift & 255;

			return Math.round(a + (b - a) * Math.abs(change)) << shift;
		};

		return mix(16) | mix(8) | mix(0);
	}

	fill(node) {
		const [before, after] = this.tree.sides;

		return this.colorOf(changeOf(before.total[this.unit][node], after.total[this.unit][node]));
	}

	legend() {
		const item = (change, text) => ({color: cssOf(this.colorOf(change)), text});
		const side = SIDE_NAMES[this.tree.shown];

		return [item(-1, "gone"), item(-0.5, "half"), item(0, "the same"), item(0.5, "twice"), item(1, "new"),
			{text: `wide as ${side}, coloured by the change from before to after`, class: "inlined"}];
	}
}

/* Before, after and the change of a box, in every unit there is anything of. */
function diffWeightTable(tree, node, unit) {
	const [before, after] = tree.sides;
	const head = ["", ...SIDE_NAMES, "change", "", "of total"].map(text => el("th", {scope: "col"}, text));
	const shown = tree.sides[tree.shown];
	const row = (name, u, a, b, whole, current) => el("tr", current ? {class: "current"} : {},
		el("th", {scope: "row"}, name), el("td", {}, u.format(a)), el("td", {}, u.format(b)),
		el("td", {class: changeClass(b - a)}, formatChange(u, b - a)),
		el("td", {class: changeClass(b - a)}, formatPercent(a, b)),
		el("td", {}, whole ? formatShare(tree.shown === AFTER ? b : a, whole) : ""));
	const rows = UNITS.flatMap((u, i) => {
		const {self, total} = shown;

		if (!before.total[i][0] && !after.total[i][0])
			return [];
		const lines = [row(u.name, u, before.total[i][node], after.total[i][node], total[i][0], i === unit)];

		if (i === unit && (before.self[i][node] || after.self[i][node]))
			lines.push(row("in itself", u, before.self[i][node], after.self[i][node], self ? total[i][0] : 0, false));
		return lines;
	});

	return el("table", {class: "weights"}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows));
}

function showDiffHeader(meta, tree) {
	const sides = [meta.before, meta.after];
	const [before, after] = tree.sides.map(side => side.total.map(total => total[0]));
	const names = [...new Set(sides.map(side => targetNames(side.targets)))].join(" \u2192 ");
	const how = meta.per_second ? "compared per second" : "sums compared";
	const facts = [["Duration", sides.map(side => formatDuration(side.duration_ns)).join(" \u2192 "), how]];
	const lost = sides.map(side => side.lost.total);

	UNITS.forEach((unit, i) => {
		if (before[i] || after[i])
			facts.push([unit.name, `${unit.format(before[i])} \u2192 ${unit.format(after[i])}`,
				    formatPercent(before[i], after[i]), changeClass(after[i] - before[i])]);
	});
	facts.push(["Lost", lost.map(formatCount).join(" \u2192 "), lost.some(n => n) ? "see below" : "every event kept",
		    lost.some(n => n) ? "bad" : ""]);
	document.title = `${names}: before and after \u2013 alloctap`;
	byId("target").textContent = `${names}: before and after`;
	byId("subtitle").replaceChildren(...sides.map((side, i) =>
		el("span", {class: "line"}, `${SIDE_NAMES[i]}: ${subtitle(side)}`)));
	showFacts(facts.map(([head, value, note, kind]) => ({head, value, note, kind})));
	showWarnings(sides.flatMap((side, i) => [
		...side.caveats.map(text => [`${SIDE_NAMES[i]} `, text]),
		...lossLines(side).map(([count, text]) => [`${SIDE_NAMES[i]}: ${formatExact(count)} \u00d7 `, text]),
	]).concat(cutLines(meta).map(([count, text]) => [`${formatExact(count)} \u00d7 `, text])), "What is compared is not all there was");
}
