// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The head of the page: what was tapped, for how long, what came out, what it
 * cost, and, loudly, what is missing.
 */
function showHeader(meta, totals) {
	const seconds = meta.duration_ns / 1e9;
	const perSecond = (value, unit) => seconds > 0 ? unit.format(value / seconds) + "/s" : "";
	const facts = [{head: "Duration", value: formatDuration(meta.duration_ns), note: meta.mode}];
	const lost = meta.lost.total;

	UNITS.forEach((unit, i) => {
		if (totals[i])
			facts.push({head: unit.name, value: unit.format(totals[i]), note: unit.state ? "when it ended" : perSecond(totals[i], unit),
				    exact: totals[i]});
	});
	if (meta.cost.hits)
		facts.push(costFact(meta.cost));
	facts.push({head: "Lost", value: formatCount(lost), note: lost ? "see below" : "every event kept",
		    kind: lost ? "bad" : ""});

	document.title = `${targetNames(meta.targets)} \u2013 alloctap`;
	byId("target").textContent = targetNames(meta.targets);
	byId("subtitle").textContent = subtitle(meta);
	showFacts(facts);
	showWarnings([...lossLines(meta), ...cutLines(meta), ...partialLines(meta)].map(([count, text]) => [`${formatExact(count)} \u00d7 `, text]),
		     lost ? "Some of what happened was lost" : partialLines(meta).length ? "Not all was seen" : "Some stacks are not whole");
}

function showFacts(facts) {
	byId("facts").replaceChildren(...facts.map(({head, value, note, exact, kind}) =>
		el("div", kind ? {class: kind} : {},
		   el("dt", {}, head),
		   el("dd", exact === undefined ? {} : {title: formatExact(exact)}, value),
		   el("dd", {class: "note"}, note))));
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

function heldNote(held) {
	return held ? `; ${held.programs} programs held ${formatDuration(held.longest_ns)} at most` : "";
}

function costFact(cost) {
	const percent = cost.target_cpu_share * 100;

	return {head: "Cost to the target", value: percent.toFixed(percent < 10 ? 2 : 1) + "\u202f% of CPU",
		note: `${formatCount(cost.hits)} hits \u00d7 ${formatDuration(Math.round(cost.trap_ns + cost.program_ns))}${heldNote(cost.held)}`,
		exact: cost.hits};
}

/* Nothing is lost silently: [count, reason with remedy] of each. */
function lossLines(meta) {
	const lost = meta.lost.reasons.map(r => [r.count, visible(r.text || r.reason)]);

	/* Native programs say why. */
	if (meta.not_whole)
		return [...lost, ...meta.not_whole.map(({count, text}) => [count, `stacks not whole: ${text}`])];
	return [...lost,
		[meta.stacks_truncated, "stacks deeper than the limit: their outermost frames are missing"],
		[meta.stacks_broken, "stacks that ended at a bad frame pointer"]].filter(([count]) => count);
}

/* The same of what only this page lacks. */
function cutLines({stacks_cut}) {
	return stacks_cut ? [[stacks_cut, "stacks cut short, because the page would not open with more frames"]] : [];
}

/* [beginning, rest] of each line. */
function showWarnings(lines, title) {
	byId("warnings").hidden = !lines.length;
	byId("warnings").replaceChildren(
		el("strong", {}, title),
		el("ul", {}, ...lines.map(([start, text]) => el("li", {}, el("b", {}, start), text))));
}
