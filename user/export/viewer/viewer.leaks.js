// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The tab of what lives when the recording ends (user/report/leaks.h): by call site
 * how much, how old the oldest of it is, and whether it grows; its stack and what
 * there was at each look below it.
 */

/* @pick is called with the name of the function in a row that was chosen. */
function leakTable(profile, pick) {
	const {leaks} = profile.meta;
	const rows = leaks.sites.map(r => ({...r, ...siteOf(profile, r.site)}));
	const total = () => leaks.bytes;
	const table = new Table({
		id: "leaks", rows, sort: "bytes",
		columns: [
			nameColumn("name", "short", "Call site"), placeColumn("Source"),
			partColumn("bytes", "Bytes", formatBytes, total), numberColumn("objects", "Blocks", formatCount),
			numberColumn("age_ns", "Oldest", formatDuration),
			numberColumn("growth_per_s", "Grows", bytes => formatBytes(Math.round(bytes)) + "/s"),
			{head: "At each look", kind: "text", cells: r => [el("td", {class: "text"}, lookBars(r, leaks.looks_ns))]},
		],
		words: r => [r.name, r.file],
		pick: r => pick(r.name),
		detail: r => leakDetail(profile, r, leaks.looks_ns),
		legend: leakNotes(leaks).map(text => el("p", {class: "leaks-note"}, text)),
		empty: leaks.suppressed.objects ? "Nothing lives but what was suppressed." :
			"Nothing lives of what was allocated while this was recorded.",
	});

	byId("tab-leaks").hidden = false;
	return table;
}

/* What the table does not have, and why. */
function leakNotes(leaks) {
	const {suppressed, partial_since_ns, untracked_frees} = leaks;

	return [
		...(partial_since_ns ? [`Partial: from ${formatDuration(partial_since_ns)} on there was no room for new blocks.`] : []),
		...(suppressed.objects ? [`Suppressed: ${formatBytes(suppressed.bytes)} in ${formatExact(suppressed.objects)} blocks.`] : []),
		...(untracked_frees ? [`${untracked_frees === 1 ? "1 free was of a block that was" :
			`${formatExact(untracked_frees)} frees were of blocks that were`} not seen to be allocated.`] : []),
	];
}

function lookBars(row, looks) {
	const most = Math.max(...row.look_bytes, 1);
	const told = row.look_bytes.map((bytes, i) => `${formatDuration(looks[i])}: ${formatBytes(bytes)}`).join(", ");

	return el("div", {class: "looks", role: "img", "aria-label": told, title: told}, ...row.look_bytes.map(bytes => {
		const bar = el("i", {});

		bar.style.height = `${Math.round(bytes / most * 100)}%`;
		return bar;
	}));
}

/* The stack that has most of it, innermost first. */
function leakDetail(profile, row, looks) {
	const frames = row.stack.map(number => siteOf(profile, number));
	const others = row.n_stacks - 1;

	return [el("div", {class: "columns"},
		el("div", {}, el("h3", {}, others ? "The stack with most of it" : "Its stack"),
		   el("ol", {class: "frames"}, ...frames.map(({name, file}) =>
			el("li", {}, el("span", {class: "code"}, name), " ", el("span", {class: "place"}, file)))),
		   ...(others ? [el("p", {}, `and ${formatExact(others)} other stack${others > 1 ? "s" : ""}`)] : [])),
		el("div", {}, el("h3", {}, "What there was"),
		   el("table", {class: "weights"}, el("tbody", {}, ...row.look_bytes.map((bytes, i) => el("tr", {},
			el("th", {scope: "row"}, i + 1 === looks.length ? "at the end" : `after ${formatDuration(looks[i])}`),
			el("td", {}, formatExact(bytes) + "\u202fB"))), el("tr", {},
			el("th", {scope: "row"}, "at the most"), el("td", {}, formatExact(row.peak_bytes) + "\u202fB"))))))];
}
