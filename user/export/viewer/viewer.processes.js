// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The tab of processes, where several were tapped: what each allocated, and whose figures are partial. */

/* @pick is called with the name of the frame that a process has in the graph. */
function processTable({meta}, pick) {
	const rows = meta.targets.map(t => ({
		...t, name: `${t.comm}-${t.pid}`, short: visible(t.comm), runs: visible(t.version || t.allocator || t.runtime || ""),
		objects: t.alloc_objects, bytes: t.alloc_bytes, inserts: t.map_inserts, untapped: t.untapped_ns || 0,
		life: (t.end_ns || meta.duration_ns) - (t.start_ns || 0),
	}));
	const total = key => rows.reduce((sum, r) => sum + r[key], 0);
	const sums = {bytes: total("bytes"), objects: total("objects")};
	const ifAny = (key, column) => rows.some(r => r[key]) ? [column] : [];

	byId("tab-processes").hidden = false;
	return new Table({
		id: "processes", rows, sort: sums.bytes ? "bytes" : "objects",
		columns: [
			nameColumn("name", "short", "Process"),
			{key: "pid", head: "PID", kind: "number", cells: r => [el("td", {class: "number"}, String(r.pid))]},
			{key: "runs", head: "Runs", kind: "text", cells: r => [el("td", {class: "text"}, r.runs)]},
			partColumn("bytes", "Bytes", formatBytes, () => sums.bytes),
			partColumn("objects", "Objects", formatCount, () => sums.objects),
			...ifAny("inserts", numberColumn("inserts", "Map inserts", formatCount)),
			numberColumn("life", "Seen for", formatDuration),
			...ifAny("untapped", numberColumn("untapped", "Untapped", formatDuration)),
		],
		words: r => [r.name, r.exe, r.runs, r.container || ""],
		pick: r => pick(r.name),
		legend: rows.some(r => r.untapped) ? [el("p", {class: "leaks-note"},
			"Untapped: how long it ran while not all of its probes were in, as where a library had not been seen before, or where they were out for an emulator. What was allocated there meanwhile is missing.")] : [],
	});
}

/* The same in a line, for the head of the page. */
function partialLines({targets}) {
	const partial = targets.filter(t => t.untapped_ns);
	const longest = Math.max(0, ...partial.map(t => t.untapped_ns));
	const [processes, their] = partial.length > 1 ? ["processes", "their"] : ["process", "its"];

	return partial.length ? [[partial.length, `${processes} ran, for ${formatDuration(longest)} at most, ` +
		`while not all of ${their} probes were in: figures are partial`]] : [];
}
