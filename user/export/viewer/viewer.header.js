// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The head of the page: what was tapped, for how long, what came out, what it
 * cost, and, loudly, what is missing.
 */
function showHeader(meta, totals) {
	const seconds = meta.duration_ns / 1e9;
	const perSecond = (value, unit) => seconds > 0 ? unit.format(value / seconds) + "/s" : "";
	const facts = [["Duration", formatDuration(meta.duration_ns), meta.mode]];

	UNITS.forEach((unit, i) => {
		if (totals[i])
			facts.push([unit.name, unit.format(totals[i]), perSecond(totals[i], unit), totals[i]]);
	});
	facts.push(costFact(meta.cost));
	facts.push(["Lost", formatCount(meta.lost.total), meta.lost.total ? "see below" : "every event kept"]);

	document.title = `${targetNames(meta.targets)} \u2013 alloctap`;
	byId("target").textContent = targetNames(meta.targets);
	byId("subtitle").textContent = subtitle(meta);
	byId("facts").replaceChildren(...facts.filter(f => f).map(([head, value, note, exact]) =>
		el("div", head === "Lost" && meta.lost.total ? {class: "bad"} : {},
		   el("dt", {}, head),
		   el("dd", exact === undefined ? {} : {title: formatExact(exact)}, value),
		   el("dd", {class: "note"}, note))));
	showWarnings(meta);
}

function targetNames(targets) {
	const names = [...new Set(targets.map(t => visible(t.comm || t.exe || `pid ${t.pid}`)))];

	return names.slice(0, 3).join(", ") + (names.length > 3 ? ` and ${names.length - 3} more` : "");
}

function subtitle(meta) {
	const [first] = meta.targets;
	const parts = [];

	if (meta.targets.length === 1)
		parts.push(`pid ${first.pid}`, visible(first.version || first.runtime), visible(first.exe));
	else
		parts.push(`${meta.targets.length} processes`);
	if (meta.start_unix_ms)
		parts.push(new Date(meta.start_unix_ms).toLocaleString("en-GB",
			{day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit"}));
	parts.push(`alloctap ${meta.tool_version}`);
	return parts.filter(part => part).join("  \u00b7  ");
}

function costFact(cost) {
	if (!cost.hits)
		return null;
	const percent = cost.target_cpu_share * 100;

	return ["Cost to the target", percent.toFixed(percent < 10 ? 2 : 1) + "\u202f% of CPU",
		`${formatCount(cost.hits)} hits \u00d7 ${formatDuration(Math.round(cost.trap_ns + cost.program_ns))}`,
		cost.hits];
}

/* Nothing is lost silently: each reason with its count and remedy. */
function showWarnings(meta) {
	const items = meta.lost.reasons.map(r =>
		el("li", {}, el("b", {}, formatExact(r.count)), " \u00d7 ", visible(r.text || r.reason)));
	const cut = [[meta.stacks_truncated, "stacks deeper than the limit: their outermost frames are missing"],
		     [meta.stacks_broken, "stacks that ended at a bad frame pointer"],
		     [meta.stacks_cut, "stacks cut short, because the page would not open with more frames"]];

	for (const [count, text] of cut) {
		if (count)
			items.push(el("li", {}, el("b", {}, formatExact(count)), " \u00d7 ", text));
	}
	if (!items.length)
		return;
	byId("warnings").hidden = false;
	byId("warnings").replaceChildren(
		el("strong", {}, meta.lost.total ? "Some of what happened was lost" : "Some stacks are not whole"),
		el("ul", {}, ...items));
}
