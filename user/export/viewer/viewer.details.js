// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What is known of one box: the tooltip under the pointer, the panel of the
 * selected one, and the sentence a screen reader hears.
 */

/* Source position: one line plainly, several with what share each has. */
function describePlace(tree, node, unit, shorten) {
	if (node === 0)
		return "";
	const {file} = tree.profile.functions[tree.func[node]];
	const lines = tree.lines(node, unit);
	const total = tree.total[unit][node];
	const path = shorten ? shortPath(file) : file;

	/* Lines of two builds are not lines of one file. */
	if (!file || !lines.length || tree.sides.length > 1)
		return path;
	if (lines.length === 1)
		return path + ":" + lines[0][0];
	const shown = lines.slice(0, 3).map(([line, weight]) => `${line} (${formatShare(weight, total)})`);

	return path + ": lines " + shown.join(", ") +
		(lines.length > shown.length ? `, ${lines.length - shown.length} more` : "");
}

function describeKind(tree, node) {
	if (node === 0)
		return tree.whole ? "everything recorded" : "everything of what was chosen";
	const {category} = tree.profile.functions[tree.func[node]];

	return CATEGORIES[category].name + (tree.inlined[node] ? ", inlined" : "");
}

/* Self, total and shares in every unit there is anything of. */
function weightTable(tree, node, unit) {
	const parent = Math.max(0, tree.parent[node]);
	const head = ["", "self", "total", "of total", "of caller"].map(text => el("th", {scope: "col"}, text));
	const rows = [];

	UNITS.forEach((u, i) => {
		const total = tree.total[i];

		if (!total[0])
			return;
		rows.push(el("tr", i === unit ? {class: "current"} : {},
			     el("th", {scope: "row"}, u.name),
			     el("td", {}, u.format(tree.self[i][node])),
			     el("td", {}, u.format(total[node])),
			     el("td", {}, formatShare(total[node], total[0])),
			     el("td", {}, node === 0 ? "\u2013" : formatShare(total[node], total[parent]))));
	});
	return el("table", {class: "weights"}, el("thead", {}, el("tr", {}, ...head)),
		  el("tbody", {}, ...rows));
}

function averageSize(tree, node) {
	const objects = tree.total[OBJECTS][node];

	return objects ? formatBytes(Math.round(tree.total[BYTES][node] / objects)) + " per object" : "";
}

function describe(tree, node, unit, shorten) {
	const facts = [describePlace(tree, node, unit, shorten), describeKind(tree, node),
		       averageSize(tree, node)];

	return [
		el("div", {class: "names"},
		   el("div", {class: "name"}, tree.name(node)),
		   ...facts.filter(text => text).map(text => el("div", {class: "fact"}, text))),
		(tree.sides.length > 1 ? diffWeightTable : weightTable)(tree, node, unit),
	];
}

/* For the live region: what the panel says, as a sentence. */
function sentence(tree, node, unit) {
	const total = tree.total[unit];

	return `${tree.name(node)}, ${UNITS[unit].format(total[node])}` +
		(unit === BYTES ? "" : ` ${UNITS[unit].noun}`) +
		`, ${formatShare(total[node], total[0])} of total, ${describeKind(tree, node)}`;
}

/* Shows @contents beside the pointer, on whichever side there is room. */
function showTip(contents, x, y) {
	const tip = byId("tip");

	tip.replaceChildren(...contents);
	tip.hidden = false;
	placeTip(x, y);
}

function hideTip() {
	byId("tip").hidden = true;
}

function placeTip(x, y) {
	const tip = byId("tip");
	const {width, height} = tip.getBoundingClientRect();
	const gap = 14;
	const left = x + gap + width > innerWidth ? x - gap - width : x + gap;
	const top = y + gap + height > innerHeight ? y - gap - height : y + gap;

	tip.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
}
