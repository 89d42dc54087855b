// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The map report (user/report/maps.h): a row per map type and place of insertion,
 * the worst first, what its inserts allocated by cause, and advice below it.
 */

/* By map_cause_name(); colours are --cause-KEY of viewer.theme.css. */
const CAUSES = [
	{key: "growth", name: "growth"},
	{key: "first", name: "first bucket or group"},
	{key: "overflow", name: "overflow buckets"},
	{key: "directory", name: "directories and splits"},
	{key: "box", name: "boxed keys and values"},
	{key: "other", name: "other"},
];

/* @pickType is called with a type's number, @pickSite with a function's name. */
function mapTable(profile, pickType, pickSite) {
	const rows = profile.meta.maps.map(m => {
		const {name, short, file, place} = siteOf(profile, m.site);
		const type = profile.types[m.type];

		return {...m, name: type.name, short: type.short, function: name, shortFunction: short, file, place};
	});
	const formatTimes = times => `${times.toFixed(times < 10 ? 2 : 1)}\u202f\u00d7`;

	return new Table({
		id: "maps", rows, sort: "bytes",
		columns: [
			nameColumn("name", "short", "Map"), nameColumn("function", "shortFunction", "Inserted in"),
			placeColumn("Source"),
			numberColumn("inserts", "Inserts", formatCount), numberColumn("bytes", "Bytes", formatBytes),
			numberColumn("bytes_per_insert", "Per insert", bytes => bytes < 10 ? bytes.toFixed(1) + "\u202fB" : formatAverage(bytes)),
			numberColumn("amplification", "Amplified", formatTimes),
			{head: "Causes", kind: "text causes", cells: r => [el("td", {class: "causes"}, causeBar(r))]},
			numberColumn("growths", "Growths", formatCount), numberColumn("grown_maps", "Maps", formatCount),
			numberColumn("largest", "Largest", formatCount),
			numberColumn("presize_saving_bytes", "Presize saves", formatBytes),
		],
		words: r => [r.name, r.function, r.file],
		pick: (r, key) => key === "name" ? pickType(r.type) : pickSite(r.function),
		detail: mapDetail,
		notes: r => r.advice.map(adviceLine),
		legend: [causeLegend()],
		empty: "No map inserts were recorded: the program made none, or --probe left maps out.",
	});
}

function causeLegend() {
	return el("ul", {class: "legend"}, ...CAUSES.map(({key, name}) =>
		el("li", {}, el("i", {class: "cause-" + key}), name)));
}

function causeBar(row) {
	const bar = el("div", {class: "bar-of", role: "img", "aria-label": CAUSES.filter(c => row.causes[c.key].bytes)
		.map(c => `${c.name} ${formatShare(row.causes[c.key].bytes, row.bytes)}`).join(", ") || "nothing allocated"});

	for (const {key} of CAUSES) {
		const part = el("span", {class: "cause-" + key});

		part.style.flexGrow = row.bytes ? row.causes[key].bytes / row.bytes : 0;
		if (row.causes[key].bytes)
			bar.append(part);
	}
	bar.addEventListener("pointermove", event => showTip([causeWeights(row)], event.clientX, event.clientY));
	bar.addEventListener("pointerleave", hideTip);
	return bar;
}

/* Exactly, of each cause there is: objects and bytes. */
function causeWeights(row) {
	const line = (name, {objects, bytes}, key) => el("tr", {},
		el("th", {scope: "row"}, ...(key ? [el("i", {class: "cause-" + key})] : []), name),
		el("td", {}, formatExact(objects)), el("td", {}, formatExact(bytes)),
		el("td", {}, formatShare(bytes, row.bytes)));

	return el("table", {class: "weights"},
		  el("thead", {}, el("tr", {}, ...["", "objects", "bytes", "share"].map(head => el("th", {scope: "col"}, head)))),
		  el("tbody", {}, ...CAUSES.filter(c => row.causes[c.key].objects || row.causes[c.key].bytes)
			.map(c => line(c.name, row.causes[c.key], c.key)),
		     line("inside the inserts", row)));
}

function mapDetail(row) {
	const fact = (name, value) => [el("dt", {}, name), el("dd", {}, value)];
	const {key, value} = row;
	const stored = ({boxed}) => boxed ? "an object of its own for each" : "inline";
	const bytes = n => `${formatExact(n)} B`;
	const known = value.size || key.size;

	return [el("div", {class: "columns"},
		el("div", {}, el("h3", {}, "What the inserts allocated"), causeWeights(row)),
		el("dl", {class: "facts-of"}, el("h3", {}, row.name),
		   ...(known ? [
			...fact("Key", `${bytes(key.size)}, ${stored(key)}`),
			...fact("Value", `${bytes(value.size)}, ${stored(value)}`),
			...fact("Padding in the value", bytes(value.padding)),
			...fact("Pointer fields in the value", formatExact(value.pointer_fields)),
		   ] : []),
		   ...fact("Copied per insert", formatAverage(row.copied_per_insert)),
		   ...fact("Growths", `${formatExact(row.growths)}, in ${formatExact(row.grown_maps)} maps`),
		   ...fact("Largest seen", `${formatExact(row.largest)} entries`),
		   ...fact("A right-sized make() saves", `${formatBytes(row.presize_saving_bytes)} (${formatShare(row.presize_saving_bytes, row.bytes)})`)))];
}

function adviceLine(advice) {
	return el("div", {class: "advice"},
		  el("b", {title: formatExact(advice.saving_bytes)}, `saves ${formatBytes(advice.saving_bytes)}`),
		  " ", visible(advice.text));
}
