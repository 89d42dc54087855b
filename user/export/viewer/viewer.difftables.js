// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The tables of a comparison; their rows were matched by user/report/diff.c. */

/* enum diff_match of user/report/diff.h. */
const MATCH_ALONE = 0, MATCH_BY_FUNCTION = 2;

/* What the rows of any table have: amounts of both sides, and their changes; units are the table's. */
function diffAmounts({match, before, after}, at, scale) {
	const amounts = {};

	["bytes", "objects", "inserts"].forEach(key => {
		const [a, b] = [before[key][at] * scale[BEFORE], after[key][at] * scale[AFTER]];

		Object.assign(amounts, {[key + "_before"]: a, [key + "_after"]: b, [key + "_delta"]: b - a,
					[key + "_size"]: Math.abs(b - a)});
	});
	return {...amounts, change: changeOf(amounts.bytes_before, amounts.bytes_after),
		/* Not only of its bytes nothing is left. */
		gone: match[at] === MATCH_ALONE && !after.objects[at] && !after.inserts[at]};
}

/* "orders/orders.go:118 (was 112)". */
function diffPlace(profile, {match, function: functions, line, line_before}, at) {
	const {name, short, file} = profile.functions[functions[at]];
	const moved = match[at] !== MATCH_ALONE && line_before[at] !== line[at] ?
		` (was ${line_before[at]}${match[at] === MATCH_BY_FUNCTION ? ", by its function" : ""})` : "";
	const suffix = file && line[at] ? `:${line[at]}${moved}` : "";

	return {function: name, shortFunction: short, file: file + suffix, place: shortPath(file) + suffix};
}

const amountColumn = (unit, side) => ({
	key: `bytes_${SIDE_NAMES[side]}`, head: side === BEFORE ? "Before" : "After", kind: "number",
	cells: r => {
		const value = r[`bytes_${SIDE_NAMES[side]}`];

		return [value ? el("td", {class: "number", title: formatExact(value)}, UNITS[unit].format(value)) :
			el("td", {class: "number none"}, "\u2013")];
	},
});

/* Sorted by how large the change of the amount @key is, whichever way it goes. */
const deltaColumn = (key, unit, head) => ({
	key: key + "_size", head, kind: "number",
	cells: r => {
		const delta = r[key + "_delta"];

		return [el("td", {class: "number " + changeClass(delta), title: formatExact(delta)},
			   formatChange(UNITS[unit], delta))];
	},
});

/* In percent, and as a bar to the right or left beside the @largest change of all. */
const changeColumn = largest => ({
	key: "change", head: "Relative", kind: "number", span: 2,
	cells: r => {
		const bar = el("span", {class: "delta " + changeClass(r.bytes_delta)});

		bar.style.setProperty("--share", largest ? r.bytes_size / largest : 0);
		return [el("td", {class: "number " + changeClass(r.bytes_delta)},
			   r.gone ? "gone" : formatPercent(r.bytes_before, r.bytes_after)),
			el("td", {class: "number"}, el("span", {class: "deltas"}, bar))];
	},
});

/* @pickType is called with a type's number, @pickSite with a function's name, and a unit to show. */
function diffTables(profile, pickType, pickSite) {
	const {diff, scale} = profile.meta;
	const rowsOf = (table, describe) => table.match.map((_, at) =>
		({...describe(table, at), ...diffAmounts(table, at, scale)}));
	/* Of maps that were paired by their function, with what the type was. */
	const typeOf = ({match, type, type_before}, at) => {
		const now = profile.types[type[at]], then = profile.types[type_before[at]];
		const was = match[at] === MATCH_BY_FUNCTION ? ` (was ${then.short})` : "";

		return {type: type[at], name: now.name + was, short: now.short + was, package: now.package};
	};
	const siteOfRow = (table, at) => {
		const place = diffPlace(profile, table, at);

		return {...place, name: place.function, short: place.shortFunction};
	};
	const make = (id, rows, first, rest, words, pick, empty, unit = BYTES) => new Table({
		id, rows, words, pick, empty, sort: "bytes_size",
		columns: [...first, amountColumn(unit, BEFORE), amountColumn(unit, AFTER), deltaColumn("bytes", unit, "Change"),
			  changeColumn(rows.reduce((most, r) => Math.max(most, r.bytes_size), 0)), ...rest],
	});
	const [objects, inserts] = [deltaColumn("objects", OBJECTS, "Objects"), deltaColumn("inserts", INSERTS, "Map inserts")];
	/* What lives is no amount per second. */
	const lives = () => make("leaks", diff.live.match.map((_, at) =>
		({...siteOfRow(diff.live, at), ...diffAmounts(diff.live, at, [1, 1])})),
		[nameColumn("name", "short", "Call site"), placeColumn("Source")],
		[deltaColumn("objects", INUSE_OBJECTS, "Blocks")], r => [r.name, r.file], r => pickSite(r.name, INUSE),
		"Nothing lives of what was allocated while either was recorded.", INUSE);

	byId("tab-leaks").hidden = !diff.live;
	return {
		...(diff.live ? {leaks: lives()} : {}),
		sites: make("sites", rowsOf(diff.sites, siteOfRow),
			    [nameColumn("name", "short", "Function"), placeColumn("Source")], [objects, inserts],
			    r => [r.name, r.file], r => pickSite(r.name), "Neither recording has a call site."),
		types: make("types", rowsOf(diff.types, typeOf),
			    [nameColumn("name", "short", "Type")], [objects],
			    r => [r.name, r.package], r => pickType(r.type), "Neither recording has an allocation."),
		maps: make("maps", rowsOf(diff.maps, (table, at) => ({...diffPlace(profile, table, at), ...typeOf(table, at)})),
			   [nameColumn("name", "short", "Map"), nameColumn("function", "shortFunction", "Inserted in")],
			   [objects, inserts], r => [r.name, r.function, r.file],
			   (r, key) => key === "name" ? pickType(r.type) : pickSite(r.function),
			   "Neither recording has a map insert."),
	};
}
