// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The table of call sites (user/report/sites.h): sortable, filtered, and drawn
 * a page of rows at a time, since a large program has tens of thousands.
 */
const SITES_PAGE = 300;

const SITE_COLUMNS = [
	{key: "name", head: "Function"},
	{key: "place", head: "Source"},
	{key: "bytes", head: "Bytes", unit: BYTES},
	{key: "objects", head: "Objects", unit: OBJECTS},
	{key: "average", head: "Average", format: v => v ? formatBytes(Math.round(v)) : "\u2013"},
	{key: "inserts", head: "Map inserts", unit: INSERTS},
];

class SiteTable {
	/* @pick is called with the name of the function in a row that was chosen. */
	constructor(profile, totals, pick) {
		const {sites} = profile.meta;

		this.totals = totals;
		this.pick = pick;
		this.rows = sites.function.map((func, i) => {
			const {name, short, file} = profile.functions[func];
			const line = file && sites.line[i] ? ":" + sites.line[i] : "";

			return {
				name, short, file: file + line, place: shortPath(file) + line,
				bytes: sites.bytes[i], objects: sites.objects[i], inserts: sites.inserts[i],
				average: sites.objects[i] ? sites.bytes[i] / sites.objects[i] : 0,
			};
		});
		this.columns = SITE_COLUMNS.filter(c => c.unit === undefined || totals[c.unit] > 0);
		this.sort = {key: (this.columns.find(c => c.unit !== undefined) || {}).key, down: true};
		this.limit = SITES_PAGE;
		this.shown = null;
		this.body = document.querySelector("#sites tbody");
		byId("filter").addEventListener("input", () => this.render(SITES_PAGE));
		byId("more").addEventListener("click", () => this.render(this.limit + SITES_PAGE));
		byId("n-sites").textContent = formatExact(this.rows.length);
		this.body.addEventListener("click", event => {
			const row = event.target.closest("tr");

			/* Marking text to copy it is not choosing a row. */
			if (row && getSelection().isCollapsed)
				this.pick(this.shown[row.rowIndex - 1].name);
		});
	}

	/* The first look at the table makes it: most readers come for the graph. */
	show() {
		if (!this.shown)
			this.render(SITES_PAGE);
	}

	sortBy(key) {
		const text = key === "name" || key === "place";

		this.sort = {key, down: this.sort.key === key ? !this.sort.down : !text};
		this.render(this.limit);
		document.querySelector("#sites th[aria-sort] button").focus();
	}

	/* The rows that pass the filter, in order. */
	select() {
		const wanted = byId("filter").value.toLowerCase();
		const {key, down} = this.sort;

		return this.rows
			.filter(r => r.name.toLowerCase().includes(wanted) || r.file.toLowerCase().includes(wanted))
			.sort((a, b) => compare(a[key], b[key]) * (down ? -1 : 1) || compare(a.name, b.name));
	}

	render(limit) {
		const found = this.select();

		this.limit = limit;
		this.shown = found.slice(0, limit);
		document.querySelector("#sites thead").replaceChildren(
			el("tr", {}, ...this.columns.flatMap(c => this.headCells(c))));
		this.body.replaceChildren(...this.shown.map(r => this.row(r)));
		byId("filtered").textContent = found.length === this.rows.length ? "" :
			`${formatExact(found.length)} of ${formatExact(this.rows.length)}`;
		byId("more").hidden = found.length <= limit;
		byId("more").textContent = `Show more of the ${formatExact(found.length - limit)} left`;
	}

	headCells(c) {
		const button = el("button", {}, c.head);
		const sorted = this.sort.key === c.key;
		const cell = el("th", {scope: "col", ...(c.unit === undefined ? {} : {colspan: 2}),
				       ...(sorted ? {"aria-sort": this.sort.down ? "descending" : "ascending"} : {}),
				       class: {name: "text", place: "text place"}[c.key] || "number"}, button);

		button.addEventListener("click", () => this.sortBy(c.key));
		return [cell];
	}

	row(r) {
		const cells = this.columns.flatMap(c => {
			const value = r[c.key];

			if (c.key === "name")
				return [el("td", {class: "text", title: r.name}, el("button", {}, r.short))];
			if (c.key === "place")
				return [el("td", {class: "text place", title: r.file}, value)];
			if (c.unit === undefined)
				return [el("td", {class: "number"}, c.format(value))];
			if (!value)
				return [el("td", {class: "number none"}, "\u2013"), el("td")];
			const share = el("td", {class: "number share"}, formatShare(value, this.totals[c.unit]));

			share.style.setProperty("--share", value / this.totals[c.unit]);
			return [el("td", {class: "number", title: formatExact(value)}, UNITS[c.unit].format(value)),
				share];
		});

		return el("tr", {}, ...cells);
	}
}
