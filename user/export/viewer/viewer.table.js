// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Tables: sortable, filtered, with rows that open, and drawn a page of rows at a
 * time, since a large program has tens of thousands. What is in them is said by
 * columns:
 *
 *	key	which property of a row is sorted by; without it there is no sorting
 *	head	what stands above
 *	kind	class of the cells: "text" sorts upwards first, all else downwards
 *	span	cells it takes (1)
 *	cells	function of a row that makes them
 */
const TABLE_PAGE = 300;

class Table {
	/*
	 * In @panel, #panel-@id where none is given. @rows need a .name, @words(row) is what a filter looks through;
	 * @pick(row, key) is called for a row that was chosen, with the key of the column.
	 * @detail(row) makes what an opened row shows, null: nothing to open; @notes(row)
	 * what always stands below one. @empty says why there are no rows.
	 */
	constructor({id, columns, rows, sort, words, pick, detail, notes, legend, empty, panel}) {
		Object.assign(this, {id, columns, rows, words, pick, detail, notes});
		this.sort = {key: sort, down: true};
		this.limit = TABLE_PAGE;
		this.opened = new Set();
		this.rowOf = null; /* by element; made with the first look */
		this.head = el("thead", {});
		this.body = el("tbody", {});
		this.more = el("button", {class: "more", hidden: ""});
		(panel || byId("panel-" + id)).replaceChildren(rows.length ?
			el("div", {class: "scroll"}, ...legend || [],
			   el("table", {class: "grid", id}, this.head, this.body), this.more) :
			el("p", {class: "empty"}, empty));
		this.count();
		this.more.addEventListener("click", () => this.render(this.limit + TABLE_PAGE));
		this.body.addEventListener("click", event => this.click(event));
	}

	/* The first look at the table makes it: most readers come for the graph. */
	show() {
		this.render(this.rowOf ? this.limit : TABLE_PAGE);
	}

	/* Other rows in place of those it had. */
	setRows(rows) {
		this.rows = rows;
		this.opened.clear();
		this.count();
		if (this.rowOf)
			this.render(TABLE_PAGE);
	}

	count() {
		const n = byId("n-" + this.id);

		if (n)
			n.textContent = this.rows.length ? formatExact(this.rows.length) : "";
	}

	click({target}) {
		const row = this.rowOf.get(target.closest("tr"));
		const cell = target.closest("td");

		if (!row)
			return;
		if (target.closest(".open"))
			this.toggle(row);
		/* Marking text to copy it is not choosing a row. */
		else if (cell && getSelection().isCollapsed)
			this.pick(row, cell.dataset.key);
	}

	toggle(row) {
		if (!this.opened.delete(row))
			this.opened.add(row);
		const open = this.opened.has(row);

		this.render(this.limit);
		for (const [element, r] of this.rowOf) {
			if (r === row)
				element.querySelector(".open").focus();
		}
		byId("live").textContent = open ? "opened" : "closed";
	}

	sortBy(column) {
		const {key, kind} = column;

		this.sort = {key, down: this.sort.key === key ? !this.sort.down : !kind.startsWith("text")};
		this.render(this.limit);
		this.head.querySelector("th[aria-sort] button").focus();
	}

	/* The rows that pass the filter, in order. */
	select() {
		const wanted = byId("filter").value.toLowerCase();
		const {key, down} = this.sort;

		return this.rows
			.filter(r => this.words(r).some(word => word.toLowerCase().includes(wanted)))
			.sort((a, b) => compare(a[key], b[key]) * (down ? -1 : 1) || compare(a.name, b.name));
	}

	render(limit) {
		const found = this.select();

		this.limit = limit;
		this.rowOf = new Map();
		this.head.replaceChildren(el("tr", {}, ...this.columns.map(c => this.headCell(c))));
		this.body.replaceChildren(...found.slice(0, limit).flatMap(r => this.lines(r)));
		this.told(found.length, this.rows.length);
		this.more.hidden = found.length <= limit;
		this.more.textContent = `Show more of the ${formatExact(found.length - limit)} left`;
	}

	/* How many rows pass the filter. */
	told(found, all) {
		byId("filtered").textContent = found === all ? "" : `${formatExact(found)} of ${formatExact(all)}`;
	}

	headCell(c) {
		const button = c.key ? el("button", {}, c.head) : el("span", {}, c.head);
		const sorted = c.key && this.sort.key === c.key;
		const cell = el("th", {scope: "col", class: c.kind, ...(c.span ? {colspan: c.span} : {}),
				       ...(sorted ? {"aria-sort": this.sort.down ? "descending" : "ascending"} : {})},
				button);

		if (c.key)
			button.addEventListener("click", () => this.sortBy(c));
		return cell;
	}

	/* A row with what is below it. */
	lines(r) {
		const line = el("tr", {}, ...this.columns.flatMap(c => {
			const cells = c.cells(r);

			for (const cell of cells)
				cell.dataset.key = c.key || "";
			return cells;
		}));
		const below = (kind, children) => el("tr", {class: kind},
			el("td", {colspan: line.cells.length}, ...children));
		const lines = [line, ...(this.notes ? this.notes(r) : []).map(note => below("note", [note]))];

		this.rowOf.set(line, r);
		if (this.detail) {
			const open = this.opened.has(r);

			line.cells[0].prepend(el("button", {class: "open", "aria-expanded": open,
				"aria-label": `Details of ${r.name}`}, open ? "\u25be" : "\u25b8"));
			if (open)
				lines.push(below("detail", this.detail(r)));
		}
		return lines;
	}
}

/* --- columns that several tables have ------------------------------------------------ */

/* A name that is a button, shortened as r[short]. */
const nameColumn = (key, short, head) => ({
	key, head, kind: "text",
	cells: r => [el("td", {class: "text", title: r[key]}, el("button", {class: "name-of"}, r[short]))],
});

/* Where a function is: r.file with all of it, r.place what is shown; what is too long loses its beginning. */
const placeColumn = head => ({
	key: "place", head, kind: "text place",
	cells: r => [el("td", {class: "text place", title: r.file}, el("bdi", {dir: "ltr"}, r.place))],
});

const numberColumn = (key, head, format) => ({
	key, head, kind: "number",
	cells: r => [r[key] ? el("td", {class: "number", title: formatExact(r[key])}, format(r[key])) :
			      el("td", {class: "number none"}, "\u2013")],
});

/* An amount with its share of what @total() says when it is drawn. */
const partColumn = (key, head, format, total) => ({
	key, head, kind: "number", span: 2,
	cells: r => {
		const value = r[key];

		if (!value)
			return [el("td", {class: "number none"}, "\u2013"), el("td")];
		const share = el("td", {class: "number share"}, formatShare(value, total()));

		share.style.setProperty("--share", value / total());
		return [el("td", {class: "number", title: formatExact(value)}, format(value)), share];
	},
});

/* The same of a unit, by those of @totals. */
const shareColumn = (unit, totals) =>
	partColumn(UNITS[unit].key, UNITS[unit].name, UNITS[unit].format, () => totals[unit]);

const formatAverage = bytes => formatBytes(Math.round(bytes));

/* How a call site is shown: "orders.(*Store).Load", "orders/orders.go:118". */
function siteOf(profile, number) {
	const {sites} = profile.meta;
	const {name, short, file} = profile.functions[sites.function[number]];
	const line = file && sites.line[number] ? ":" + sites.line[number] : "";

	return {name, short, file: file + line, place: shortPath(file) + line};
}
