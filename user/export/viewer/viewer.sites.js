// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The table of call sites (user/report/sites.h), added up from the samples. */
/* Of the samples that @keep lets pass (null: all). */
function siteRows(profile, keep) {
	const rows = profile.meta.sites.function.map((_, i) => ({
		...siteOf(profile, i), ...Object.fromEntries(UNITS.map(unit => [unit.key, 0])), average: 0,
	}));
	const {site} = profile.samples;

	eachAmount(profile, keep, (i, unit, amount) => rows[site[i]][UNITS[unit].key] += amount);
	for (const r of rows)
		r.average = r.objects ? r.bytes / r.objects : 0;
	return rows.filter(r => UNITS.some(unit => r[unit.key]));
}

/* Shares are of @totals, which may change. @pick is called with the name of the function in a row that was chosen. */
function siteTable(profile, totals, pick) {
	const share = unit => totals[unit] > 0 ? [shareColumn(unit, totals)] : [];
	/* Shares of these say little beside the bytes', and all of them are too wide for a screen. */
	const plain = unit => totals[unit] > 0 ? [numberColumn(UNITS[unit].key, UNITS[unit].name, UNITS[unit].format)] : [];
	const inserts = totals[FREES] > 0 ? plain(INSERTS) : share(INSERTS);

	return new Table({
		id: "sites",
		rows: siteRows(profile, null),
		columns: [nameColumn("name", "short", "Function"), placeColumn("Source"), ...share(BYTES),
			  ...share(OBJECTS), numberColumn("average", "Average", formatAverage), ...inserts,
			  ...share(FLUSHES), ...share(ASSISTS), ...plain(FREES), ...share(INUSE)],
		sort: (UNITS.find((_, i) => totals[i] > 0) || UNITS[BYTES]).key,
		words: r => [r.name, r.file],
		pick: r => pick(r.name),
		empty: "Nothing was allocated or inserted while this was recorded.",
	});
}
